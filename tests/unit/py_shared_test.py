"""Tests for `relocatable.python.shared` and `syntax`: links, lists, ranges, and what can't be."""

import sys

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import shared, syntax
from relocatable.python.shared import Package
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))
PACKAGE = Package("demo", "1.0-1", "site-packages")
VERSIONS = ["3.11", "3.13"]
CODE = b"\x7fELF..."
MACHO = b"\xcf\xfa\xed\xfe..."


def tree(**files: bytes) -> Tree:
    made = Tree()
    for path, data in files.items():
        made.add(path.replace("__", "/").replace("_py", ".py"), File(data, RECORD))
    return made


def combined(*modules: Tree, own: dict[str, list[Tree]] | None = None) -> Tree:
    return shared.combine(PACKAGE, modules, own or {}, VERSIONS, "//:demo")


class SharedTest(parameterized.TestCase):
    def test_links(self) -> None:
        made = combined(tree(demo__a_py=b"a", demo__data=b"d"), tree(demo__b_py=b"b"))
        self.assertEqual(
            [path for path, _ in made.files()],
            [
                "share/pyshared/demo/demo/a.py",
                "share/pyshared/demo/demo/b.py",
                "share/pyshared/demo/demo/data",
                "share/pyshared/file_lists/demo_1.0-1.list",
            ],
        )
        for version in VERSIONS:
            for name in ("a.py", "b.py", "data"):
                link = f"lib/python{version}/site-packages/demo/{name}"
                node = made.nodes[link]
                assert isinstance(node, Link)
                self.assertEqual(node.target, f"../../../../share/pyshared/demo/demo/{name}")
                self.assertEqual(made.follow(link), f"share/pyshared/demo/demo/{name}")

    def test_own_files_of_a_version(self) -> None:
        own = {
            "3.11": [tree(demo__fast_so=CODE, demo__old_py=b"old")],
            "3.13": [tree(demo__fast_so=CODE, demo__a_py=b"a")],
        }
        made = combined(tree(demo__a_py=b"a"), own=own)
        packages = "lib/python{}/site-packages/demo/{}"
        self.assertIsInstance(made.nodes[packages.format("3.11", "fast_so")], File)
        # What all have is stored once, whoever brings it along.
        self.assertIsInstance(made.nodes[packages.format("3.13", "a.py")], Link)
        listed = made.file(PACKAGE.file_list).content
        self.assertEqual(
            listed, b"lib/python3.11/site-packages/demo/old.py\nshare/pyshared/demo/demo/a.py\n"
        )

    def test_two_that_disagree(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "disagree on lib/python3.13/.*/demo/a.py"):
            combined(tree(demo__a_py=b"a"), own={"3.13": [tree(demo__a_py=b"another")]})

    def test_machine_code_is_of_one_version(self) -> None:
        message = "wanted in `extensions`: demo/fast_so"
        for code in (CODE, MACHO):
            with self.assertRaisesRegex(RelocatableError, message):
                combined(tree(demo__fast_so=code))

    @parameterized.parameters(
        (">= 3.11, < 3.14", ["3.11", "3.13"]),
        (">=3.12", ["3.13"]),
        ("!= 3.13", ["3.11"]),
        ("== 3.11.*", ["3.11"]),
        ("", ["3.11", "3.13"]),
    )
    def test_ranges(self, requires: str, expected: list[str]) -> None:
        self.assertEqual(shared.supported(VERSIONS, requires), expected)

    @parameterized.parameters(
        ("3.11 or newer", "wanted a range such as '>= 3.11, < 3.14'"),
        (">= 3.11.4", "wanted MAJOR.MINOR in each version"),
        ("< 3", "allows none of 3.11, 3.13"),
    )
    def test_what_is_no_range(self, requires: str, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            shared.supported(VERSIONS, requires)

    @parameterized.parameters(
        ("../x", "1", "site-packages"), ("x", "1_0", "site-packages"), ("x", "1", "a/b")
    )
    def test_what_is_no_name(self, *names: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "wanted a"):
            Package(*names)


class SyntaxTest(absltest.TestCase):
    def test_older_grammar(self) -> None:
        texts = {
            "match.py": b"match 1:\n    case 1: pass\n",
            "plain.py": b"'''\xc3\xbc'''\nx = '\\d'\n",
            "group.py": b"try: pass\nexcept* ValueError: pass\n",
        }
        self.assertEqual(set(syntax.refused(texts, "3.9")), {"match.py", "group.py"})
        self.assertEqual(set(syntax.refused(texts, "3.10")), {"group.py"})
        self.assertEqual(syntax.refused(texts, "3.11"), {})

    def test_what_no_version_has(self) -> None:
        texts = {"two.py": b"print 1\n", "nul.py": b"a\0", "code.py": b"return 1\n"}
        for version in ("3.9", f"3.{sys.version_info.minor + 1}"):
            self.assertEqual(syntax.refused(texts, version).keys(), texts.keys())


if __name__ == "__main__":
    absltest.main()
