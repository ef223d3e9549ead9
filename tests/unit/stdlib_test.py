"""Trimming the standard library."""

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import features, stdlib
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))


def library(*paths: str, root: str = "usr/lib/python3.11") -> Tree:
    tree = Tree()
    for path in ("os.py", *paths):
        tree.add(f"{root}/{path}", File(b"12345", RECORD))
    return tree


class StdlibTest(parameterized.TestCase):
    def test_features_are_dropped_and_counted(self) -> None:
        source = library(
            "idlelib/a.py", "idlelib/icons/b.gif", "unittest/test/c.py", "unittest/d.py"
        )
        tree, report = stdlib.trim(source, "3.11", ["test", "idlelib", "turtledemo"])
        self.assertEqual(
            [path for path, _ in tree.files()],
            ["lib/python3.11/os.py", "lib/python3.11/unittest/d.py"],
        )
        self.assertNotIn("lib/python3.11/idlelib", tree.nodes)
        self.assertEqual(report.before, stdlib.Size(5, 25))
        self.assertEqual(report.after, stdlib.Size(2, 10))
        self.assertEqual(report.excluded["idlelib"], stdlib.Size(2, 10))
        self.assertEqual(report.excluded["turtledemo"], stdlib.Size(0, 0))

    def test_links_stay_inside(self) -> None:
        source = library("_sysconfigdata_x.py")
        home = "usr/lib/python3.11"
        source.add(f"{home}/sitecustomize.py", Link("../../../etc/python3.11/s.py", RECORD))
        source.add(f"{home}/_sysconfigdata_y.py", Link("_sysconfigdata_x.py", RECORD))
        source.add(f"{home}/dangling.py", Link("test/x.py", RECORD))
        tree, _ = stdlib.trim(source, "3.11", [])
        links = {path: node.target for path, node in tree if isinstance(node, Link)}
        self.assertEqual(links, {"lib/python3.11/_sysconfigdata_y.py": "_sysconfigdata_x.py"})

    def test_unknown_features_are_named_with_those_that_exist(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "unknown feature of the standard library: ilde, tests; there are asyncio,",
        ):
            stdlib.trim(library(), "3.11", ["tests", "test", "ilde"])

    @parameterized.parameters(
        ("3.12", "one python3.12/os.py is wanted in the tree, none is there"),
        ("3", "Python version '3': MAJOR.MINOR is wanted, such as 3.11"),
    )
    def test_wrong_versions(self, version: str, message: str) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, message):
            stdlib.trim(library(), version, [])

    def test_two_libraries(self) -> None:
        source = library()
        source.merge(library(root="opt/lib/python3.11"))
        with self.assertRaisesRegex(
            RelocatableError, "several are there: opt/lib/python3.11, usr/"
        ):
            stdlib.trim(source, "3.11", [])

    @parameterized.parameters(*features.FEATURES)
    def test_every_pattern_is_one(self, name: str) -> None:
        self.assertNotEmpty(features.patterns([name])[name])


if __name__ == "__main__":
    absltest.main()
