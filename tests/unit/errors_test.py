"""How one problem reads, and how several do."""

from absl.testing import absltest

from relocatable.errors import RelocatableError, printable, problems


class ProblemsTest(absltest.TestCase):
    def test_none(self) -> None:
        problems([], "it is wrong:")

    def test_one_stands_in_the_line(self) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, "it is wrong: a"):
            problems(["a", "a"], "it is wrong:")

    def test_several_are_listed(self) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, "it is wrong:\n  a\n  b"):
            problems(["b", "a", "b"], "it is wrong:")


class PrintableTest(absltest.TestCase):
    def test_what_a_terminal_would_obey(self) -> None:
        self.assertEqual(printable("a\x1b[2Jb\r\u202ec"), r"a\x1b[2Jb\r\u202ec")

    def test_what_people_write_stays(self) -> None:
        self.assertEqual(printable("über → 日本\n  b"), "über → 日本\n  b")


if __name__ == "__main__":
    absltest.main()
