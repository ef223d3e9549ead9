"""Tests for `relocatable.listing`: a tree as lines to commit, and how two such differ."""

from absl.testing import absltest, parameterized

from relocatable import listing
from relocatable.errors import RelocatableError
from relocatable.printable import printable
from relocatable.provenance import Origin, Package, Record, Wheel
from relocatable.tree import Directory, File, Link, Tree

DEB = Record(Origin(Package("libfoo1", "2.0-1", "amd64", "0" * 64), "usr/lib/libfoo.so.1"))
WHEEL = Record(Origin(Wheel("bar", "3", "bar-3-py3-none-any.whl", "0" * 64), "bar.py"))
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
DEFAULT = ("kind", "package")


def tree() -> Tree:
    found = Tree()
    found.add("bin/foo", File(b"", Record(Origin("@a~~b~c//x~y:z w", "foo")), executable=True))
    found.add("empty/inside", Directory())
    found.add("lib/bar.py", File(b"12", WHEEL))
    found.add("lib/libfoo.so", Link("libfoo.so.1", DEB))
    found.add("lib/libfoo.so.1", File(b"", DEB))
    return found


class ListingTest(parameterized.TestCase):
    def test_a_line_for_each_path(self) -> None:
        self.assertEqual(
            listing.listing(tree(), DEFAULT, []),
            [
                r"x @a++b+c//x~y:z\x20w bin/foo",
                "d - empty/inside",
                "f bar lib/bar.py",
                "l libfoo1 lib/libfoo.so -> libfoo.so.1",
                "f libfoo1 lib/libfoo.so.1",
            ],
        )

    def test_all_columns(self) -> None:
        lines = listing.listing(tree(), list(listing.COLUMNS), [])
        self.assertIn("d - - - - empty/inside", lines)
        self.assertIn("l libfoo1 2.0-1 - - lib/libfoo.so -> libfoo.so.1", lines)
        self.assertIn(f"f libfoo1 2.0-1 0 {EMPTY} lib/libfoo.so.1", lines)
        self.assertEqual([line.split()[3] for line in lines], ["0", "-", "2", "-", "0"])

    def test_no_columns(self) -> None:
        self.assertIn("lib/bar.py", listing.listing(tree(), [], []))

    def test_the_same_for_other_content_of_another_version(self) -> None:
        old, new = Tree(), Tree()
        old.add("lib/x", File(b"old", DEB))
        newer = Record(Origin(Package("libfoo1", "2.0-2", "amd64", "1" * 64), "elsewhere"))
        new.add("lib/x", File(b"newer", newer))
        self.assertEqual(listing.listing(old, DEFAULT, []), listing.listing(new, DEFAULT, []))

    def test_exclude(self) -> None:
        self.assertEqual(listing.listing(tree(), [], ["lib/**", "empty"]), ["bin/foo"])

    def test_a_pattern_that_matches_nothing(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "match no path:\n  a\n  b"):
            listing.listing(tree(), [], ["a", "lib", "b"])

    def test_an_unknown_column(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "columns are kind, .*; there is no owner"):
            listing.listing(tree(), ["kind", "owner"], [])

    def test_a_hostile_name_is_one_line(self) -> None:
        hostile = Tree()
        hostile.add("a\nf x b\x1b[2J\udc80 ü", File(b"", DEB))
        (line,) = listing.listing(hostile, DEFAULT, [])
        self.assertEqual(line, r"f libfoo1 a\nf x b\x1b[2J\udc80 ü")

    @parameterized.parameters(
        ("a b", "a b"), ("ü\\n", r"ü\\n"), ("\r\t\u202e", r"\r\t\u202e"), ("", "")
    )
    def test_printable(self, text: str, expected: str) -> None:
        self.assertEqual(printable(text), expected)


class DifferenceTest(absltest.TestCase):
    def test_none(self) -> None:
        lines = listing.listing(tree(), DEFAULT, [])
        written = listing.golden(lines, ["comment"])
        self.assertStartsWith(written, "# comment\nx ")
        self.assertEqual(listing.parse(written.encode(), "golden"), lines)
        as_windows_has_it = written.replace("\n", "\r\n").encode()
        self.assertEqual(listing.difference(listing.parse(as_windows_has_it, "golden"), lines), [])

    def test_what_came_and_went(self) -> None:
        old, new = ["f a x", "f a y", "f a z"], ["f a w", "f a x", "x b y", "f a z"]
        expected = ["+ f a w", "- f a y", "+ x b y", "2 came, 1 went"]
        self.assertEqual(listing.difference(old, new), expected)

    def test_a_line_twice_and_another_order(self) -> None:
        self.assertEqual(listing.difference(["a", "a"], ["a"])[-1], "0 came, 1 went")
        self.assertEqual(listing.difference(["a", "b"], ["b", "a"])[-1], "1 came, 1 went")

    def test_many(self) -> None:
        changes = listing.difference([], [str(number) for number in range(300)])
        self.assertLen(changes, 202)
        self.assertEqual(changes[-2:], ["and 100 lines more", "300 came, 0 went"])

    def test_no_text(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "golden is no listing: .*utf-8"):
            listing.parse(b"\xff", "golden")


if __name__ == "__main__":
    absltest.main()
