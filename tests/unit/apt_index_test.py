"""Tests for `relocatable.apt.index`."""

from absl.testing import absltest, parameterized

from relocatable.apt.index import Catalogue
from relocatable.apt.relation import Relation, compare, parse_relations
from relocatable.errors import RelocatableError
from support.apt_archive import packages, stanza


def _catalogue(*stanzas: str) -> Catalogue:
    catalogue = Catalogue("amd64")
    catalogue.add("main", packages(*stanzas).encode())
    return catalogue


def _names(catalogue: Catalogue, relation: Relation) -> list[str]:
    return [f"{match.name} {match.version}" for match in catalogue.matches(relation)]


class RelationTest(parameterized.TestCase):
    """Relations between packages."""

    def test_every_part_of_a_relation(self) -> None:
        self.assertEqual(
            parse_relations("a, b:any (>= 1:2~rc1) | c(<<3),\n d:arm64 [amd64]", "x"),
            (
                (Relation("a"),),
                (Relation("b", ">=", "1:2~rc1", "any"), Relation("c", "<<", "3")),
                (Relation("d", qualifier="arm64"),),
            ),
        )

    @parameterized.parameters(
        ("<<", "1", False),
        ("<<", "0.9", True),
        ("<=", "1", True),
        ("<", "1", True),
        ("=", "1", True),
        ("=", "1-0", True),
        ("=", "1.0", False),
        (">=", "1~", False),
        (">", "1", True),
        (">>", "1", False),
        (">>", "1:0", True),
        ("=", None, False),
        ("", None, True),
    )
    def test_versions(self, comparison: str, version: str | None, allowed: bool) -> None:
        self.assertEqual(Relation("x", comparison, "1").allows(version), allowed)

    @parameterized.parameters("a b", "a (1)", "a (=> 1)", "a,,b", "a |", "UPPER", "-a")
    def test_no_relation(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "^x: wanted a package relation, found"):
            parse_relations(text, "x")

    def test_no_version(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "wanted Debian versions, found 'a b', '1'"):
            compare("a b", "1")


class CatalogueTest(parameterized.TestCase):
    """What the stanzas of a Packages file become."""

    def test_a_candidate(self) -> None:
        text = stanza(
            "a", "1:2-3", "all", Pre_Depends="b", Depends="c | d", Provides="e (= 4),\n f"
        )
        (found,) = _catalogue(text).candidates("a")
        self.assertEqual(
            (found.name, found.architecture, found.version, found.source, found.size),
            ("a", "all", "1:2-3", "main", 1000000),
        )
        self.assertEqual(found.path, "pool/main/a_2-3_all.deb")
        self.assertEqual(found.depends, ((Relation("b"),), (Relation("c"), Relation("d"))))
        self.assertEqual(found.provides, (("e", "4"), ("f", None)))

    def test_newest_first_and_the_earlier_source_between_equals(self) -> None:
        catalogue = Catalogue("amd64")
        catalogue.add("one", packages(stanza("a", "1"), stanza("a", "10")).encode())
        catalogue.add("two", packages(stanza("a", "10"), stanza("a", "9")).encode())
        self.assertEqual(
            [(found.version, found.source) for found in catalogue.candidates("a")],
            [("10", "one"), ("10", "two"), ("9", "two"), ("1", "one")],
        )

    def test_concrete_packages_before_providers(self) -> None:
        catalogue = _catalogue(
            stanza("z", Provides="a"), stanza("b", Provides="a (= 3)"), stanza("a", "2")
        )
        self.assertEqual(_names(catalogue, Relation("a")), ["a 2", "b 1", "z 1"])
        self.assertEqual(_names(catalogue, Relation("a", ">=", "3")), ["b 1"])
        self.assertEqual(_names(catalogue, Relation("nothing")), [])

    def test_qualifiers(self) -> None:
        catalogue = _catalogue(stanza("a"), stanza("b", Multi_Arch="allowed"))
        self.assertEqual(_names(catalogue, Relation("a", qualifier="any")), [])
        self.assertEqual(_names(catalogue, Relation("b", qualifier="any")), ["b 1"])
        self.assertEqual(_names(catalogue, Relation("a", qualifier="amd64")), ["a 1"])
        self.assertEqual(_names(catalogue, Relation("a", qualifier="i386")), [])

    def test_other_architectures_of_a_flat_repository(self) -> None:
        found = Catalogue("amd64")
        index = packages(*(stanza("a", "1", a) for a in ("amd64", "all", "arm64")))
        found.add("flat", index.encode(), flat=True)
        self.assertEqual([c.architecture for c in found.candidates("a")], ["amd64", "all"])

    def test_text_that_is_not_readable(self) -> None:
        catalogue = Catalogue("amd64")
        catalogue.add("main", stanza("a", Depends="\xff").encode("latin-1"))
        with self.assertRaisesRegex(RelocatableError, "^main: 'Package: a.*is not readable: "):
            catalogue.candidates("a")

    def test_an_empty_file(self) -> None:
        self.assertEqual(_catalogue("").candidates("a"), ())

    def test_a_stanza_without_a_name(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "^main: wanted Package: in each stanza of Packages, found 'Version: 1'$",
        ):
            _catalogue(stanza("a"), "Version: 1")

    @parameterized.parameters("Version", "Architecture", "Filename", "Size", "SHA256")
    def test_a_missing_field(self, field: str) -> None:
        lines = [line for line in stanza("a").splitlines() if not line.startswith(field)]
        with self.assertRaisesRegex(
            RelocatableError, f"^main: a: misses the field {field} in Packages$"
        ):
            _catalogue("\n".join(lines)).candidates("a")

    def test_a_size_that_is_no_number(self) -> None:
        text = stanza("a").replace("1000000", "many")
        with self.assertRaisesRegex(RelocatableError, "^main: a: .*'many' in Packages$"):
            _catalogue(text).candidates("a")


if __name__ == "__main__":
    absltest.main()
