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

    @parameterized.parameters(
        "a b", "a (1)", "a (=> 1)", "a,,b", "a |", ",a", "a (>= 1", "(a)", "a (>= a_b)"
    )
    def test_no_relation(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "^x: .*wanted .*, found"):
            parse_relations(text, "x")

    @parameterized.parameters("UPPER", "a_b", "-a", "${shlibs:Depends}")
    def test_a_name_that_nothing_has(self, name: str) -> None:
        self.assertEqual(
            parse_relations(f"a | {name}, {name} (>= 1),", "x"),
            ((Relation("a"), Relation(name)), (Relation(name, ">=", "1"),)),
        )

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
            (found.name, found.architecture, found.version, found.source, found.file.size),
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

    def test_other_architectures_in_the_same_index(self) -> None:
        found = _catalogue(*(stanza("a", "1", a) for a in ("amd64v3", "amd64", "all", "arm64")))
        self.assertEqual([c.architecture for c in found.candidates("a")], ["amd64", "all"])
        self.assertEqual(found.passed_over("a"), ["main has 1 for amd64v3", "main has 1 for arm64"])

    def test_text_that_is_not_utf_8(self) -> None:
        catalogue = Catalogue("amd64")
        catalogue.add("main", stanza("a", Maintainer="J\xfcrgen").encode("latin-1"))
        self.assertEqual([c.problem for c in catalogue.candidates("a")], [""])

    def test_lines_as_others_write_them(self) -> None:
        text = stanza("a").replace("Package", "PACKAGE").replace("Filename", "filename")
        catalogue = Catalogue("amd64")
        catalogue.add("main", f"{text} \n{stanza('b')}".replace("\n", "\r\n").encode())
        for name in ("a", "b"):
            (found,) = catalogue.candidates(name)
            self.assertEqual((found.path, found.problem), (f"pool/main/{name}_1_amd64.deb", ""))

    def test_an_empty_file(self) -> None:
        self.assertEqual(_catalogue("").candidates("a"), ())

    def test_a_stanza_without_a_name(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "^main: wanted Package: in each stanza of Packages, found 'Version: 1'$",
        ):
            _catalogue(stanza("a"), "Version: 1")

    @parameterized.parameters(
        ("Filename: pool/main/a_1_amd64.deb\n", "", "misses the field Filename"),
        ("Size: 1000000\n", "", "misses the field Size"),
        ("1000000", "many", "Size: wanted a number, found 'many'"),
        ("1000000", "9" * 99, "Size: wanted a number, found '9999"),
        ("SHA256", "SHA1", "misses the field SHA256 or SHA512"),
        ("SHA256", "SHA512", "SHA512: wanted 128 hexadecimal digits, found '"),
        ("Size", "Depends: b (1)\nSize", "Depends: wanted a package relation, found 'b [(]1[)]'"),
        (
            "Size",
            "Breaks: b (<< x_y)\nSize",
            "Breaks: b [(]<< x_y[)]: wanted Debian versions, found",
        ),
        ("Size", "Provides: (x\nSize", "Provides: wanted a package relation, found '[(]x'"),
    )
    def test_a_package_that_is_described_badly(self, old: str, new: str, problem: str) -> None:
        text = stanza("a")
        self.assertIn(old, text)
        (found,) = _catalogue(text.replace(old, new)).candidates("a")
        self.assertRegex(found.problem, f"^main: a: {problem}.*, in Packages$")

    @parameterized.parameters(
        ("Version: 1\n", "", "main has version '', which is none"),
        ("Version: 1\n", "Version: 1_2\n", "main has version '1_2', which is none"),
        ("Architecture: amd64\n", "", "main has 1 for no architecture"),
    )
    def test_a_package_that_is_passed_over(self, old: str, new: str, why: str) -> None:
        catalogue = _catalogue(stanza("a").replace(old, new))
        self.assertEqual(catalogue.candidates("a"), ())
        self.assertEqual(catalogue.passed_over("a"), [why])

    def test_what_is_only_recommended_may_be_anything(self) -> None:
        (found,) = _catalogue(stanza("a", Recommends="b (1), c, d |, e_f")).candidates("a")
        self.assertEqual(
            (found.problem, found.recommends), ("", ((Relation("c"),), (Relation("e_f"),)))
        )

    def test_a_longer_digest(self) -> None:
        text = stanza("a").replace("SHA256: ", "SHA512: " + "0" * 64)
        (found,) = _catalogue(text).candidates("a")
        self.assertEqual((found.file.kind, found.problem), ("SHA512", ""))


if __name__ == "__main__":
    absltest.main()
