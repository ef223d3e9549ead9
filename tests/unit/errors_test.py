"""How one problem reads, and how several do."""

from absl.testing import absltest

from relocatable.errors import RelocatableError, problems


class ProblemsTest(absltest.TestCase):
    def test_none(self) -> None:
        problems([], "it is wrong:")

    def test_one_stands_in_the_line(self) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, "it is wrong: a"):
            problems(["a", "a"], "it is wrong:")

    def test_several_are_listed(self) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, "it is wrong:\n  a\n  b"):
            problems(["b", "a", "b"], "it is wrong:")


if __name__ == "__main__":
    absltest.main()
