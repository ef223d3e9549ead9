"""Tests for `relocatable.apt.resolve`."""

from absl.testing import absltest

from relocatable.apt.index import Catalogue, Pin
from relocatable.apt.resolve import Closure, resolve
from relocatable.errors import RelocatableError
from support.apt_archive import packages, stanza


def _resolve(
    *stanzas: str,
    roots: str = "root",
    exclude: str = "",
    pins: str = "",
    recommends: bool = False,
    backports: tuple[str, ...] = (),
    priority: int = 100,
) -> Closure:
    catalogue = Catalogue("amd64", map(Pin.parse, pins.split()))
    catalogue.add("main", packages(*stanzas).encode())
    if backports:
        catalogue.add("backports", packages(*backports).encode(), priority)
    return resolve(catalogue, tuple(roots.split()), tuple(exclude.split()), recommends=recommends)


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
        found = _resolve(
            stanza("root", Depends="a:any, v:any (>= 2)"),
            stanza("a", Multi_Arch="allowed", Provides="v (= 2)"),
        )
        self.assert_chosen(found, "a root")
        self.assertEqual(found.depends["root"], {"a"})

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
        self.assertEqual(found.promises, {"a": {"a (>= 9)"}, "c": {"v | b"}})

    def test_a_chosen_package_is_better_than_an_excluded_one(self) -> None:
        found = _resolve(stanza("root", Depends="a | b, b"), stanza("a"), stanza("b"), exclude="a")
        self.assert_chosen(found, "b root")
        self.assertEqual(found.promises, {})


class VersionsTest(absltest.TestCase):
    """Which of several versions is taken, and what is taken back."""

    def assert_versions(self, versions: str, closure: Closure) -> None:
        self.assertEqual(" ".join(sorted(map(str, closure.packages.values()))), versions)

    def test_a_version_is_taken_back_for_a_later_dependency(self) -> None:
        found = _resolve(
            stanza("root", Depends="a, b"),
            stanza("a", "1"),
            stanza("a", "2", Depends="gone"),
            stanza("a", "3", Depends="c"),
            stanza("c"),
            stanza("b", Depends="a (<< 3)"),
        )
        self.assert_versions("a 1 b 1 root 1", found)
        self.assertEqual(found.depends, {"root": {"a", "b"}, "a": set(), "b": {"a"}})

    def test_an_alternative_that_leads_nowhere_is_taken_back(self) -> None:
        found = _resolve(
            stanza("root", Depends="a | b, c | d"),
            stanza("a", Depends="e"),
            stanza("e", Depends="gone"),
            *map(stanza, "bcd"),
        )
        self.assert_versions("b 1 c 1 root 1", found)

    def test_a_root_is_taken_back_last(self) -> None:
        found = _resolve(
            stanza("root", "2", Depends="a (>= 2)"), stanza("root", "1"), stanza("a", "1")
        )
        self.assert_versions("root 1", found)

    def test_only_the_decision_that_is_to_blame_is_taken_back(self) -> None:
        unrelated = [stanza(f"u{n}", str(version)) for n in range(30) for version in (1, 2)]
        found = _resolve(
            stanza("root", Depends=", ".join(["a", *(f"u{n}" for n in range(30)), "b"])),
            stanza("a", "1"),
            stanza("a", "2"),
            stanza("b", Depends="a (= 1)"),
            *unrelated,
        )
        self.assertEqual(found.packages["a"].version, "1")
        self.assertEqual({found.packages[f"u{n}"].version for n in range(30)}, {"2"})

    def test_a_source_of_lower_priority_is_used_for_what_it_alone_can(self) -> None:
        packages_of_both = (stanza("root", Depends="a, b (>= 2)"), *map(stanza, "abc"))
        backports = tuple(stanza(name, "2", Depends="c") for name in "ab")
        found = _resolve(*packages_of_both, backports=backports)
        self.assert_versions("a 1 b 2 c 1 root 1", found)
        self.assertEqual(found.packages["b"].source, "backports")
        self.assert_versions(
            "a 2 b 2 c 1 root 1", _resolve(*packages_of_both, backports=backports, priority=500)
        )

    def test_pins(self) -> None:
        stanzas = (stanza("root", Depends="aa, ab"), stanza("aa", "1"), stanza("aa", "3"))
        both = (*stanzas, stanza("ab", "1"))
        backports = (stanza("aa", "2"), stanza("ab", "2"))
        for pins, versions in (
            ("", "aa 3 ab 1 root 1"),
            ("aa=1", "aa 1 ab 1 root 1"),
            ("aa=2", "aa 2 ab 1 root 1"),
            ("ab/backports", "aa 3 ab 2 root 1"),
            ("a*/backports", "aa 2 ab 2 root 1"),
            ("aa/main aa=1", "aa 1 ab 1 root 1"),
        ):
            self.assert_versions(versions, _resolve(*both, pins=pins, backports=backports))

    def test_a_pin_that_nothing_fits(self) -> None:
        with self.assertRaises(RelocatableError) as caught:
            _resolve(stanza("root", "2"), pins="root=3", backports=(stanza("root", "1"),))
        self.assertEqual(
            str(caught.exception),
            "pin root=3: the sources have root 2 (from main), 1 (from backports) for amd64",
        )


class ConflictsTest(absltest.TestCase):
    """Packages that can't be there together."""

    def assert_chosen(self, names: str, *stanzas: str) -> None:
        self.assertEqual(" ".join(sorted(_resolve(*stanzas).packages)), names)

    def test_the_next_alternative_from_either_side(self) -> None:
        for field in ("Conflicts", "Breaks"):
            root = stanza("root", Depends="a, b | c")
            other = ({field: "b (<< 2)"}, {field: "a"})
            self.assert_chosen("a c root", root, stanza("a", **other[0]), stanza("b"), stanza("c"))
            self.assert_chosen("a c root", root, stanza("a"), stanza("b", **other[1]), stanza("c"))

    def test_another_version_is_no_enemy(self) -> None:
        self.assert_chosen(
            "a b root",
            stanza("root", Depends="a, b"),
            stanza("a", Breaks="b (<< 2)", Replaces="b (<< 2)"),
            stanza("b", "2"),
        )

    def test_who_provides_what_it_conflicts_with_is_no_enemy_of_itself(self) -> None:
        def mta(name: str) -> str:
            return stanza(name, Provides="mta", Conflicts="mta")

        self.assert_chosen("postfix root", stanza("root", Depends="postfix, mta"), mta("postfix"))
        self.assert_chosen(
            "exim root",
            stanza("root", Depends="postfix | exim, exim"),
            mta("postfix"),
            mta("exim"),
        )

    def test_a_version_of_something_virtual_has_no_enemies_without_one(self) -> None:
        root = stanza("root", Depends="a, b | c")
        a, c = stanza("a", Breaks="v (<< 2)"), stanza("c")
        self.assert_chosen("a b root", root, a, stanza("b", Provides="v"), c)
        self.assert_chosen("a c root", root, a, stanza("b", Provides="v (= 1)"), c)


class RecommendsTest(absltest.TestCase):
    """What would be nice to have."""

    def _chosen(self, *stanzas: str, exclude: str = "") -> str:
        found = _resolve(*stanzas, recommends=True, exclude=exclude)
        return " ".join(sorted(found.packages))

    def test_of_all_packages_with_what_they_need(self) -> None:
        root, a = stanza("root", Recommends="a"), stanza("a", Depends="b", Recommends="c | d")
        self.assertEqual(self._chosen(root, a, *map(stanza, "bcd")), "a b c root")

    def test_what_can_not_be_is_left_out(self) -> None:
        for problem in ({"Depends": "gone"}, {"Conflicts": "b"}, {"Depends": "b (>= 2)"}):
            self.assertEqual(
                self._chosen(
                    stanza("root", Depends="b", Recommends="a, nothing, c"),
                    stanza("a", Depends="d"),
                    stanza("d", **problem),
                    *map(stanza, "bc"),
                ),
                "b c root",
            )

    def test_excluded(self) -> None:
        root, a = stanza("root", Recommends="a"), stanza("a")
        self.assertEqual(self._chosen(root, a, exclude="a"), "root")


class UnmetTest(absltest.TestCase):
    """Sets that have none, and what is said of them."""

    def assert_unmet(
        self, message: str, *stanzas: str, roots: str = "root", exclude: str = ""
    ) -> None:
        with self.assertRaises(RelocatableError) as caught:
            _resolve(*stanzas, roots=roots, exclude=exclude)
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
            "root → b needs a (<< 2): a 2 is chosen already (root needs a (>= 2))",
            stanza("root", Depends="a (>= 2), b"),
            stanza("a", "1"),
            stanza("a", "2"),
            stanza("b", Depends="a (<< 2)"),
        )

    def test_a_conflict(self) -> None:
        self.assert_unmet(
            "root → b needs c: a 1 (root needs a) conflicts with c 1",
            stanza("root", Depends="a, b"),
            stanza("a", Conflicts="c"),
            stanza("b", Depends="c"),
            stanza("c"),
        )
        self.assert_unmet(
            "a: b 1 (a root) conflicts with a 1",
            stanza("a"),
            stanza("b", Breaks="a"),
            roots="b a",
        )

    def test_every_option_is_explained(self) -> None:
        self.assert_unmet(
            "root → b needs lost: the sources have no lost for amd64\n"
            "root → a needs gone: the sources have no gone for amd64",
            stanza("root", Depends="a | b"),
            stanza("a", Depends="gone"),
            stanza("b", Depends="lost"),
        )

    def test_another_architecture(self) -> None:
        self.assert_unmet(
            "root needs a:arm64: a:arm64 is for another architecture than amd64, and a closure has "
            "packages of one; exclude it, if the result works without",
            stanza("root", Depends="a:arm64"),
            stanza("a"),
        )

    def test_a_search_that_takes_too_long_ends(self) -> None:
        """The pigeonhole problem, which no search of this kind can do."""
        holes = range(8)
        everything = [
            stanza(f"p{pigeon}-{hole}", Provides=f"p{pigeon}, h{hole}", Conflicts=f"h{hole}")
            for pigeon in range(9)
            for hole in holes
        ]
        root = stanza("root", Depends=", ".join(f"p{pigeon}" for pigeon in range(9)))
        with self.assertRaisesRegex(RelocatableError, "^gave up after 2000 steps back; pin "):
            _resolve(root, *everything)

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
