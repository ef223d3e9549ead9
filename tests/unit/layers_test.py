"""Layers of container images."""

from absl.testing import absltest

from relocatable.errors import RelocatableError
from relocatable.layers import layer
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree

RECORD = Record(Origin("//:target", "path"))


def tree(**nodes: bytes | str | None) -> Tree:
    """A tree of files, links (str) and directories (None); `__` in a name is a `/`."""
    made = Tree()
    for name, what in nodes.items():
        match what:
            case bytes():
                made.add(name.replace("__", "/"), File(what, RECORD))
            case str():
                made.add(name.replace("__", "/"), Link(what, RECORD))
            case None:
                made.add(name.replace("__", "/"), Directory())
    return made


RUNTIME = tree(bin__python=b"launcher", lib__libc=b"code", lib__empty=None, python="bin/python")


class LayerTest(absltest.TestCase):
    def test_the_first_is_whole(self) -> None:
        made = layer(RUNTIME, Tree(), "opt/app")
        wanted = {"opt", "opt/app", *(f"opt/app/{path}" for path in RUNTIME.nodes)}
        self.assertEqual(set(made.nodes), wanted)

    def test_the_next_is_what_is_new_and_what_is_not_the_same(self) -> None:
        dist = tree(
            bin__python=b"other",
            lib__libc=b"code",
            lib__empty=None,
            lib__new=None,
            python="bin/python3",
            app=b"app",
        )
        made = layer(dist, RUNTIME, "app")
        files = [path for path, node in made if not isinstance(node, Directory)]
        self.assertEqual(files, ["app/app", "app/bin/python", "app/python"])
        self.assertIn("app/lib/new", made.nodes)
        self.assertNotIn("app/lib/empty", made.nodes)

    def test_a_mode_is_a_difference(self) -> None:
        executable = Tree({"tool": File(b"code", RECORD, True)})
        self.assertIn("app/tool", layer(executable, tree(tool=b"code"), "app").nodes)

    def test_where_it_is_from_is_none(self) -> None:
        """Two bundles of one package: the same bytes."""
        other = Tree({"tool": File(b"code", Record(Origin("//:other", "path")))})
        self.assertEqual(list(layer(other, tree(tool=b"code"), "app").nodes), ["app"])

    def test_nothing_can_be_taken_away(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "found one without:\n  bin\n  bin/python"):
            layer(tree(app=b"app"), RUNTIME, "app")

    def test_of_many_only_some_are_named(self) -> None:
        many = Tree({f"file{i:03}": File(b"", RECORD) for i in range(100)})
        with self.assertRaisesRegex(RelocatableError, "and 80 more"):
            layer(Tree(), many, "app")

    def test_the_directory_stays_in_the_image(self) -> None:
        for bad in ("../app", "/app", "opt//app", "."):
            with self.subTest(bad), self.assertRaisesRegex(RelocatableError, "is not allowed"):
                layer(RUNTIME, Tree(), bad)


if __name__ == "__main__":
    absltest.main()
