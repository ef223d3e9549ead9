"""Tests for `relocatable.apt.archive`."""

import gzip
import hashlib
import lzma

from absl.testing import absltest, parameterized

from relocatable.apt.archive import Archive, open_archive
from relocatable.deb_lock import Index
from relocatable.errors import RelocatableError
from support.apt_archive import SOURCE, FakeArchive, archive, release, signed, stanza

_INRELEASE = "dists/bookworm/InRelease"
_PACKAGES = "dists/bookworm/main/binary-amd64/Packages"


class ArchiveTest(parameterized.TestCase):
    """What Archive reads, and what it refuses."""

    def assert_refused(self, message: str, files: FakeArchive) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            Archive(SOURCE, files).packages("amd64")

    def test_the_chain_from_inrelease(self) -> None:
        files = archive(amd64=stanza("a"), arm64=stanza("b"))
        found = Archive(SOURCE, files)
        self.assertEqual(found.packages("amd64"), [stanza("a")])
        self.assertEqual(files.asked, [_INRELEASE, f"{_PACKAGES}.xz"])
        self.assertEqual(
            found.index,
            Index(
                source="main",
                origin="Debian",
                date="Sat, 11 Jul 2026 10:16:37 UTC",
                sha256=hashlib.sha256(files.files[_INRELEASE]).hexdigest(),
            ),
        )

    @parameterized.parameters((".gz", gzip.compress), ("", bytes))
    def test_other_compressions(self, suffix: str, pack: type[bytes]) -> None:
        data = pack(stanza("a").encode())
        name = f"main/binary-amd64/Packages{suffix}"
        text = (
            f"Codename: bookworm\nSHA256:\n {hashlib.sha256(data).hexdigest()} {len(data)} {name}"
        )
        files = FakeArchive({_INRELEASE: signed(text), f"{_PACKAGES}{suffix}": data})
        self.assertEqual(Archive(SOURCE, files).packages("amd64"), [stanza("a")])

    def test_an_index_with_other_bytes(self) -> None:
        files = archive(amd64=stanza("a"))
        files.files[f"{_PACKAGES}.xz"] = lzma.compress(b"Package: evil\n")
        self.assert_refused(
            f"^{_PACKAGES}.xz: wanted .* bytes with sha256 .*; is the mirror being updated", files
        )

    def test_an_index_that_is_cut_off(self) -> None:
        files = archive(amd64=stanza("a"))
        files.files[f"{_PACKAGES}.xz"] = files.files[f"{_PACKAGES}.xz"][:-1]
        self.assert_refused(f"^{_PACKAGES}.xz: wanted", files)

    def test_an_index_that_unpacks_to_more_than_it_says(self) -> None:
        files = archive(amd64=stanza("a"))
        size = len(stanza("a"))
        lie = files.files[_INRELEASE].replace(f" {size} ".encode(), b" 10 ")
        files.files[_INRELEASE] = lie
        self.assert_refused(f"^{_PACKAGES}.xz: wanted 10 bytes unpacked, found more$", files)

    @parameterized.parameters(b"no xz", lzma.compress(b"x" * 99)[:-9], lzma.compress(b"\xff"))
    def test_an_index_that_is_not_readable(self, data: bytes) -> None:
        name = "main/binary-amd64/Packages.xz"
        text = (
            f"Codename: bookworm\nSHA256:\n {hashlib.sha256(data).hexdigest()} {len(data)} {name}"
        )
        files = FakeArchive({_INRELEASE: signed(text), f"{_PACKAGES}.xz": data})
        self.assert_refused(f"^{_PACKAGES}.xz: is not readable: ", files)

    def test_an_index_that_is_absent(self) -> None:
        files = archive(amd64=stanza("a"))
        del files.files[f"{_PACKAGES}.xz"]
        self.assert_refused(f"^{_PACKAGES}.xz: HTTP Error 404", files)

    def test_an_architecture_that_is_absent(self) -> None:
        self.assert_refused(
            f"^{_INRELEASE}: lists no main/binary-amd64/Packages$", archive(arm64="")
        )

    def test_another_suite(self) -> None:
        files = FakeArchive(release({}, Codename="trixie", Suite="stable"))
        self.assert_refused(
            f"^{_INRELEASE}: wanted suite bookworm, found trixie and stable$", files
        )

    @parameterized.parameters(b"", b"<html>\n<body>Log in</body>", b"\xff\xfe\x00", b"Codename")
    def test_no_release_at_all(self, data: bytes) -> None:
        self.assert_refused(f"^{_INRELEASE}: ", FakeArchive({_INRELEASE: data}))

    @parameterized.parameters("many main/x", "1")
    def test_a_broken_list_of_digests(self, line: str) -> None:
        text = f"Codename: bookworm\nSHA256:\n {'0' * 64} {line}"
        self.assert_refused(
            f"^{_INRELEASE}: is not readable: ", FakeArchive({_INRELEASE: signed(text)})
        )


class OpenArchiveTest(absltest.TestCase):
    """Which of several mirrors is taken."""

    def test_the_first_that_has_it(self) -> None:
        servers = {
            "http://a": FakeArchive({}),
            "http://b": FakeArchive(release({}, Origin="Other")),
            "http://c": FakeArchive(release({})),
        }
        found = open_archive(SOURCE, servers, "Debian", servers.__getitem__)
        self.assertEqual(found.index.origin, "Debian")
        self.assertEqual(servers["http://a"].asked, [_INRELEASE])
        found = open_archive(SOURCE, servers, None, servers.__getitem__)
        self.assertEqual(found.index.origin, "Other")

    def test_none_has_it(self) -> None:
        servers = {
            "http://a": FakeArchive({}),
            "http://b": FakeArchive(release({}, Origin="Other")),
        }
        with self.assertRaises(RelocatableError) as caught:
            open_archive(SOURCE, servers, "Debian", servers.__getitem__)
        self.assertEqual(
            str(caught.exception),
            f"source main (bookworm main): {_INRELEASE}: HTTP Error 404: Not Found; "
            "http://b: wanted origin Debian, found Other; name a mirror: --mirror=main=URL",
        )

    def test_nowhere_to_look(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "this machine's apt has no archive with it"):
            open_archive(SOURCE, [], None)


if __name__ == "__main__":
    absltest.main()
