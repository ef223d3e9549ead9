"""Where the parts of a dist go."""

from absl.testing import absltest, parameterized

from relocatable import layout
from relocatable.errors import RelocatableError
from relocatable.layout import Layout
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))


class LayoutTest(parameterized.TestCase):
    def test_what_is_not_said_is_the_default(self) -> None:
        self.assertEqual(layout.parse({}), Layout())
        self.assertEqual(layout.parse({"libraries": "a/b"}), Layout(libraries="a/b"))

    @parameterized.parameters(
        ("libexec", "libexec/tool"),
        ("bin/{name}-bin", "bin/tool-bin"),
        ("{name}.d/{name}", "tool.d/tool"),
    )
    def test_programs(self, programs: str, there: str) -> None:
        self.assertEqual(layout.parse({"programs": programs}).program("usr/bin/tool"), there)

    @parameterized.parameters((".", "bin/python3"), ("a/b", "a/b/bin/python3"))
    def test_paths_of_the_runtime(self, runtime: str, there: str) -> None:
        self.assertEqual(layout.parse({"runtime": runtime}).in_runtime("bin/python3"), there)

    @parameterized.parameters(
        ({"lib": "x"}, "wanted some of libraries, programs, runtime, found 'lib'"),
        ({"runtime": "../x"}, "layout: runtime: path '../x' is not allowed"),
        ({"libraries": "."}, "layout: libraries: path '.' is not allowed"),
        ({"programs": "/opt/{name}"}, "layout: programs: path '/opt/{name}' is not allowed"),
    )
    def test_what_is_no_layout(self, parts: dict[str, str], message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            layout.parse(parts)

    def test_a_moved_tree(self) -> None:
        tree = Tree()
        tree.add("lib/a", File(b"a", RECORD))
        tree.add("bin/a", Link("../lib/a", RECORD))
        below = layout.moved(tree, "x/y")
        self.assertEqual(below.follow("x/y/bin/a"), "x/y/lib/a")
        self.assertIs(layout.moved(tree, "."), tree)


if __name__ == "__main__":
    absltest.main()
