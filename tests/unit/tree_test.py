"""Trees: what may be added, what merges, where links lead."""

import random
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import tree_tar
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Package, Record, Wheel
from relocatable.tree import Directory, File, Link, Node, Tree, link_destination, link_target

RECORD = Record(Origin(Package("p", "1", "all", "0" * 64), "x"))


def file(data: bytes = b"", *, executable: bool = False) -> File:
    return File(data, RECORD, executable)


def link(target: str) -> Link:
    return Link(target, RECORD)


class TreeTest(parameterized.TestCase):
    def test_parents_are_made(self) -> None:
        tree = Tree()
        tree.add("a/b/c", file())
        self.assertEqual([path for path, _ in tree], ["a", "a/b", "a/b/c"])

    @parameterized.parameters("", "/a", "a/", "a//b", "./a", "a/../b", "..", "a\0b")
    def test_paths_that_are_not_normal(self, path: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "is not allowed in a tree"):
            Tree().add(path, file())

    def test_the_same_twice_is_fine(self) -> None:
        tree = Tree()
        for _ in range(2):
            tree.add("a", Directory())
            tree.add("a/f", file(b"1"))
            tree.add("a/l", link("f"))
        self.assertLen(tree.nodes, 3)

    def test_a_conflict_names_both(self) -> None:
        tree = Tree()
        tree.add("f", file(b"12"))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "two layers disagree on f: it is a file of 2 bytes (p 1 all: x) and a link to g "
            "(p 1 all: x); exclude one of them",
        ):
            tree.add("f", link("g"))

    def test_a_file_is_no_directory(self) -> None:
        tree = Tree()
        tree.add("f", file(b"12"))
        with self.assertRaisesRegex(RelocatableError, "f/g can't be added: f is a file of 2 bytes"):
            tree.add("f/g", file())

    def test_follow(self) -> None:
        tree = Tree()
        tree.add("usr/lib/x.so.1", file(b"x"))
        tree.add("lib", link("usr/lib"))
        tree.add("opt/a/x.so", link("../../lib/./x.so.1"))
        self.assertEqual(tree.follow("opt/a/x.so"), "usr/lib/x.so.1")
        self.assertEqual(tree.file("lib/x.so.1").content, b"x")

    @parameterized.parameters(
        ("dangling", "leads to nowhere, which does not exist"),
        ("circle", "runs in a circle of links"),
        ("outside", "leaves the tree"),
    )
    def test_links_that_lead_nowhere(self, path: str, message: str) -> None:
        tree = Tree()
        tree.add("dangling", link("nowhere"))
        tree.add("circle", link("circle"))
        tree.add("outside", link("../x"))
        with self.assertRaisesRegex(RelocatableError, message):
            tree.follow(path)

    @parameterized.parameters(
        ("a/b", "/c/d", "c/d", "../c/d"),
        ("a/b", "c", "a/c", "c"),
        ("a/b/c", "../../d", "d", "../../d"),
    )
    def test_link_targets(self, path: str, target: str, there: str, relative: str) -> None:
        self.assertEqual(link_destination(path, target), there)
        self.assertEqual(link_target(path, there), relative)

    def test_a_link_that_leaves(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "link a/b -> ../../c leaves the tree"):
            link_destination("a/b", "../../c")


class TreeTarTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = Path(self.create_tempdir().full_path)
        self.tar, self.lines = directory / "tree.tar", directory / "tree.jsonl"

    def sample(self) -> Tree:
        nodes: list[tuple[str, Node]] = [
            ("empty", Directory()),
            ("bin/tool", file(b"#!", executable=True)),
            ("long/" + "n" * 100, file(b"1" * 513)),
            ("ünïcode/" + "l" * 99, link("../" + "t" * 120)),
            ("not utf-8 \udcff", file()),
            (
                "wheel.py",
                File(b"", Record(Origin(Wheel("w", "1", "w-1-py3-none-any.whl", "1"), "w"))),
            ),
            ("made", File(b"", Record(Origin("//:made", "it")))),
            ("edited", file(b"old").edited(b"new", Edit("text", "old", "new"))),
        ]
        random.shuffle(nodes)
        tree = Tree()
        for path, node in nodes:
            tree.add(path, node)
        return tree

    def test_round_trip(self) -> None:
        tree_tar.write(self.sample(), self.tar, self.lines)
        again = tree_tar.read(self.tar, self.lines)
        for path, node in self.sample():
            found = again.nodes[path]
            if isinstance(node, File):
                assert isinstance(found, File)
                self.assertEqual(again.file(path).record, node.record)
                self.assertEqual(found.executable, node.executable)
            else:
                self.assertEqual(found, node)

    def test_order_of_adding_does_not_matter(self) -> None:
        found = set()
        for _ in range(5):
            tree_tar.write(self.sample(), self.tar, self.lines)
            found.add((self.tar.read_bytes(), self.lines.read_bytes()))
        self.assertLen(found, 1)

    def test_every_changed_header_is_refused(self) -> None:
        tree = Tree()
        tree.add("d/f", file(b"x" * 700))
        tree_tar.write(tree, self.tar, self.lines)
        good = self.tar.read_bytes()
        for offset in [*range(512), *range(512, 1024)]:
            bad = bytearray(good)
            bad[offset] ^= 0x01
            self.tar.write_bytes(bad)
            with self.assertRaises(RelocatableError, msg=f"offset {offset}"):
                tree_tar.read(self.tar, self.lines)

    def test_every_truncation_is_refused(self) -> None:
        tree = Tree()
        tree.add("f", file(b"x" * 700))
        tree_tar.write(tree, self.tar, self.lines)
        good = self.tar.read_bytes()
        for length in (0, 1, 511, 512, 600, 1024, 1536, *range(len(good) - 1025, len(good))):
            self.tar.write_bytes(good[:length])
            with self.assertRaisesRegex(
                RelocatableError, "is not a tree in normal form.*truncated"
            ):
                tree_tar.read(self.tar, self.lines)

    def test_what_goes_on_behind_the_end_is_refused(self) -> None:
        tree_tar.write(self.sample(), self.tar, self.lines)
        self.tar.write_bytes(self.tar.read_bytes() + bytes(512))
        with self.assertRaisesRegex(RelocatableError, "goes on, behind its last entry"):
            tree_tar.read(self.tar, self.lines)

    def test_both_files_or_none(self) -> None:
        with self.assertRaises(FileNotFoundError):
            tree_tar.write(self.sample(), self.tar, self.lines / "not a directory")
        self.assertEmpty(list(self.tar.parent.iterdir()))

    def test_flags_that_name_no_provenance(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "TAR=PROVENANCE is wanted for a tree, found 'tree.tar'"
        ):
            tree_tar.read_all(["tree.tar"])

    def test_provenance_that_lacks_a_path(self) -> None:
        tree_tar.write(self.sample(), self.tar, self.lines)
        self.lines.write_bytes(b"\n".join(self.lines.read_bytes().split(b"\n")[1:]))
        with self.assertRaisesRegex(RelocatableError, r"has no line for 'bin/tool' of"):
            tree_tar.read(self.tar, self.lines)

    def test_provenance_that_is_none(self) -> None:
        tree_tar.write(self.sample(), self.tar, self.lines)
        self.lines.write_bytes(b'{"path": 1}\n')
        with self.assertRaisesRegex(RelocatableError, "tree.jsonl:1: not a provenance line"):
            tree_tar.read(self.tar, self.lines)


if __name__ == "__main__":
    absltest.main()
