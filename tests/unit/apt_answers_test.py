"""What `relocatable.apt.resolve` says to questions that apt has answered."""

from absl.testing import absltest, parameterized

from relocatable.apt.index import Catalogue
from relocatable.apt.resolve import resolve
from relocatable.errors import RelocatableError
from support.apt_answers import QUESTIONS


class AnswersTest(parameterized.TestCase):
    """One small archive each."""

    @parameterized.parameters(*QUESTIONS)
    def test_as_apt(self, name: str) -> None:
        question = QUESTIONS[name]
        catalogue = Catalogue("amd64")
        catalogue.add("main", question.packages.encode())
        try:
            found = " ".join(sorted(resolve(catalogue, tuple(question.roots.split()), ()).packages))
        except RelocatableError:
            found = ""
        self.assertEqual(found, question.answer)


if __name__ == "__main__":
    absltest.main()
