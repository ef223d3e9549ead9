"""Tests for `relocatable.apt.resolve`."""

from absl.testing import absltest

from relocatable.apt.index import Catalogue
from relocatable.apt.resolve import Closure, resolve
from relocatable.errors import RelocatableError
from support.apt_archive import packages, stanza


def _resolve(*stanzas: str, roots: str = "root", exclude: str = "") -> Closure:
    catalogue = Catalogue("amd64")
    catalogue.add("main", packages(*stanzas))
    return resolve(catalogue, tuple(roots.split()), tuple(exclude.split()))


class ResolveTest(absltest.TestCase):
    """Sets that have a closure."""

    def assert_chosen(self, closure: Closure, names: str) -> None:
        self.assertEqual(sorted(closure.packages), names.split())

    def test_depends_and_pre_depends_of_dependencies(self) -> None:
        found = _resolve(
            stanza("root", Depends="a"),
            stanza("a", Pre_Depends="b"),
            stanza("b", Recommends="c", Suggests="c"),
            stanza("c"),
        )
        self.assert_chosen(found, "a b root")
        self.assertEqual(found.depends, {"root": {"a"}, "a": {"b"}, "b": set()})

    def test_a_cycle(self) -> None:
        found = _resolve(stanza("root", Depends="a"), stanza("a", Depends="root, a"))
        self.assert_chosen(found, "a root")
        self.assertEqual(found.depends["a"], {"a", "root"})

    def test_the_first_alternative_that_there_is(self) -> None:
        found = _resolve(stanza("root", Depends="x | a (>= 2) | b | c"), *map(stanza, "abc"))
        self.assert_chosen(found, "b root")

    def test_a_chosen_alternative_wins_wherever_its_reason_stands(self) -> None:
        found = _resolve(
            stanza("root", Depends="a | b, c"),
            stanza("a"),
            stanza("b"),
            stanza("c", Depends="d"),
            stanza("d", Depends="b"),
        )
        self.assert_chosen(found, "b c d root")
        self.assertEqual(found.depends["root"], {"b", "c"})

    def test_a_concrete_package_before_a_virtual_one(self) -> None:
        found = _resolve(
            stanza("root", Depends="real, virtual"),
            stanza("aa", Provides="real"),
            stanza("real"),
            stanza("z", Provides="virtual"),
            stanza("m", Provides="virtual"),
        )
        self.assert_chosen(found, "m real root")
        self.assertEqual(found.depends["root"], {"m", "real"})

    def test_a_chosen_provider_wins(self) -> None:
        found = _resolve(
            stanza("root", Depends="virtual, z"),
            stanza("m", Provides="virtual"),
            stanza("z", Provides="virtual"),
        )
        self.assert_chosen(found, "root z")

    def test_any_architecture_qualifier(self) -> None:
        self.assert_chosen(_resolve(stanza("root", Depends="a:any"), stanza("a")), "a root")

    def test_the_newest_allowed_version(self) -> None:
        found = _resolve(
            stanza("root", Depends="a (<< 3)"),
            stanza("a", "1"),
            stanza("a", "3"),
            stanza("a", "2"),
        )
        self.assertEqual(found.packages["a"].version, "2")

    def test_excluded_packages_meet_dependencies(self) -> None:
        found = _resolve(
            stanza("root", Depends="a (>= 9), v | b"),
            stanza("a"),
            stanza("b"),
            stanza("c", Provides="v"),
            exclude="a c unused",
        )
        self.assert_chosen(found, "root")
        self.assertEqual(found.excluded, {"a", "c"})

    def test_a_chosen_package_is_better_than_an_excluded_one(self) -> None:
        found = _resolve(stanza("root", Depends="a | b, b"), stanza("a"), stanza("b"), exclude="a")
        self.assert_chosen(found, "b root")
        self.assertEqual(found.excluded, set())


class UnmetTest(absltest.TestCase):
    """Sets that have none, and what is said of them."""

    def assert_unmet(self, message: str, *stanzas: str, **arguments: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            _resolve(*stanzas, **arguments)
        self.assertEqual(str(caught.exception), message)

    def test_the_chain_is_named(self) -> None:
        self.assert_unmet(
            "root → a → b needs gone (>= 2) | lost: "
            "the sources have no gone for amd64; the sources have no lost for amd64",
            stanza("root", Depends="a"),
            stanza("a", Depends="b"),
            stanza("b", Depends="gone (>= 2) | lost"),
        )

    def test_a_version_that_there_is_not(self) -> None:
        self.assert_unmet(
            "root needs a (>= 3): the sources have a 2, 1 for amd64",
            stanza("root", Depends="a (>= 3)"),
            stanza("a", "1"),
            stanza("a", "2"),
        )

    def test_a_version_against_one_that_is_chosen(self) -> None:
        self.assert_unmet(
            "root → b needs a (<< 2): a 2 is chosen already",
            stanza("root", Depends="a, b"),
            stanza("a", "1"),
            stanza("a", "2"),
            stanza("b", Depends="a (<< 2)"),
        )

    def test_a_version_of_something_virtual(self) -> None:
        self.assert_unmet(
            "root needs v (>= 1): v is only provided by a",
            stanza("root", Depends="v (>= 1)"),
            stanza("a", Provides="v"),
        )

    def test_a_root_that_there_is_not(self) -> None:
        self.assert_unmet("root: the sources have no root for amd64", stanza("a"))
        self.assert_unmet("root: root is only provided by a", stanza("a", Provides="root"))

    def test_a_root_that_is_excluded(self) -> None:
        self.assert_unmet("root: is both a root and excluded", stanza("root"), exclude="root")


if __name__ == "__main__":
    absltest.main()
