"""The conditions that dists are tried in."""

from pathlib import Path

from absl.testing import absltest

from relocatable import conditions
from relocatable.conditions import CONDITIONS
from relocatable.errors import RelocatableError


class ConditionsTest(absltest.TestCase):
    def test_places_are_below_a_directory(self) -> None:
        for name, condition in CONDITIONS.items():
            self.assertNotIn("..", condition.place.split("/"), name)
            self.assertFalse(condition.place.startswith("/"), name)
        self.assertLen(CONDITIONS["long_path"].place, 200)

    def test_the_order_is_that_of_all(self) -> None:
        found = [name for name, _ in conditions.chosen(["moved", "colon", "plain"])]
        self.assertEqual(found, ["plain", "colon", "moved"])

    def test_an_unknown_one(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "^no such condition: empty, moon; there are plain, spaces, "
        ):
            list(conditions.chosen(["moon", "plain", "empty"]))

    def test_decoys_do_harm(self) -> None:
        directory = self.create_tempdir().full_path
        found = conditions.make_decoys(Path(directory) / "decoys", "/seen/as")
        self.assertEqual(found["PATH"], "/seen/as")
        self.assertEqual(found["PYTHONSTARTUP"], "/seen/as/python")


if __name__ == "__main__":
    absltest.main()
