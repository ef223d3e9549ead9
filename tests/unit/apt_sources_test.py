"""Tests for `relocatable.apt.sources`."""

import dataclasses
from pathlib import Path

from absl.testing import absltest

from relocatable.apt.sources import Entry, deb822, mirrors, one_line
from relocatable.deb_lock import Source

_SOURCE = Source("bookworm", "bookworm", ("main",))


class OneLineTest(absltest.TestCase):
    """The one-line format."""

    def test_options_comments_and_other_types(self) -> None:
        text = (
            "# deb http://commented.example/ bookworm main\n"
            "deb-src http://sources.example/ bookworm main\n"
            "deb [arch=amd64 signed-by=/x.gpg]\thttps://a.example/debian/ bookworm main x # y\n"
            "deb https://flat.example/ ./\n"
            "deb half\n"
        )
        self.assertEqual(
            list(one_line(text)),
            [
                Entry("https://a.example/debian", ("bookworm",), ("main", "x")),
                Entry("https://flat.example", ("./",), ()),
            ],
        )


class Deb822Test(absltest.TestCase):
    """The deb822 format."""

    def test_a_stanza_is_every_uri_with_every_suite(self) -> None:
        text = (
            "# Written by an installer.\n"
            "Types: deb deb-src\n"
            "URIs: http://a.example/debian/\n"
            " http://b.example/debian\n"
            "Suites: bookworm bookworm-updates\n"
            "# a comment inside\n"
            "components: main\n"
            "Signed-By:\n"
            " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
            " .\n"
        )
        suites = ("bookworm", "bookworm-updates")
        self.assertEqual(
            list(deb822(text)),
            [
                Entry("http://a.example/debian", suites, ("main",)),
                Entry("http://b.example/debian", suites, ("main",)),
            ],
        )

    def test_disabled_and_source_only_stanzas_are_left_out(self) -> None:
        stanza = "URIs: http://a.example\nSuites: bookworm\nComponents: main\n"
        text = f"Types: deb\nEnabled: no\n{stanza}\n\n  \nTypes: deb-src\n{stanza}\n{stanza}"
        self.assertEqual(list(deb822(text)), [])


class MirrorsTest(absltest.TestCase):
    """Which entries of a machine's apt offer a source."""

    def _configuration(self, **files: str) -> Path:
        directory = Path(self.create_tempdir().full_path)
        (directory / "sources.list.d").mkdir()
        for name, text in files.items():
            path = directory / name.replace("__", "/").replace("_", ".")
            path.write_text(text, encoding="utf-8")
        return directory

    def test_apts_order_without_duplicates(self) -> None:
        apt = self._configuration(
            sources_list="deb http://c.example/ bookworm main",
            sources_list_d__b_list="deb http://b.example/ bookworm main\n"
            "deb http://c.example bookworm main",
            sources_list_d__a_sources="Types: deb\nURIs: http://a.example\nSuites: bookworm\n"
            "Components: non-free main",
            sources_list_d__a_list_save="deb http://saved.example/ bookworm main",
        )
        self.assertEqual(
            mirrors(_SOURCE, apt), ["http://c.example", "http://a.example", "http://b.example"]
        )

    def test_only_the_same_archive(self) -> None:
        apt = self._configuration(
            sources_list="deb http://a.example/ bookworm-security main\n"
            "deb http://b.example/ bookworm contrib\n"
            "deb http://c.example/ bookworm/ \n"
        )
        self.assertEqual(mirrors(_SOURCE, apt), [])
        self.assertEqual(mirrors(Source("flat", "bookworm/", ()), apt), [])

    def test_none_for_a_moment_of_old(self) -> None:
        apt = self._configuration(sources_list="deb http://a.example/ bookworm main")
        source = dataclasses.replace(_SOURCE, snapshot="20260131T000000Z")
        self.assertEqual(mirrors(source, apt), [])

    def test_transports_of_apts_own_are_left_out(self) -> None:
        apt = self._configuration(
            sources_list="deb mirror+file:/etc/apt/mirrors/x.list bookworm main\n"
            "deb cdrom:[Debian_12]/ bookworm main\n"
            "deb tor+http://x.example/ bookworm main\n"
        )
        self.assertEqual(mirrors(_SOURCE, apt), [])

    def test_no_apt(self) -> None:
        self.assertEqual(mirrors(_SOURCE, Path(self.create_tempdir().full_path) / "none"), [])


if __name__ == "__main__":
    absltest.main()
