"""Tests for `relocatable.apt.archive`."""

import dataclasses
import gzip
import hashlib
import lzma

from absl.testing import absltest, parameterized

from relocatable.apt.archive import Archive, open_archive
from relocatable.deb_lock import Index
from relocatable.errors import RelocatableError
from support.apt_archive import (
    DATE,
    SIGNER,
    SOURCE,
    TRUST,
    FakeArchive,
    Signer,
    archive,
    release,
    release_text,
    stanza,
)

_INRELEASE = "dists/bookworm/InRelease"
_PACKAGES = "dists/bookworm/main/binary-amd64/Packages"


class ArchiveTest(parameterized.TestCase):
    """What Archive reads, and what it refuses."""

    def assert_refused(self, message: str, files: FakeArchive) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            Archive(SOURCE, files, TRUST).packages("amd64")

    def test_the_chain_from_inrelease(self) -> None:
        files = archive(amd64=stanza("a"), arm64=stanza("b"))
        found = Archive(SOURCE, files, TRUST)
        self.assertEqual(found.packages("amd64"), [stanza("a").encode()])
        self.assertEqual(files.asked, [_INRELEASE, f"{_PACKAGES}.xz"])
        self.assertEqual(
            found.index,
            Index(
                source="main",
                origin="Debian",
                date=DATE,
                sha256=hashlib.sha256(files.files[_INRELEASE]).hexdigest(),
                signed_by=(SIGNER.fingerprint,),
            ),
        )

    @parameterized.parameters((".gz", gzip.compress), ("", bytes))
    def test_other_compressions(self, suffix: str, pack: type[bytes]) -> None:
        data = pack(stanza("a").encode())
        name = f"main/binary-amd64/Packages{suffix}"
        text = release_text({name: data})
        files = FakeArchive({_INRELEASE: SIGNER.clear_sign(text), f"{_PACKAGES}{suffix}": data})
        self.assertEqual(Archive(SOURCE, files, TRUST).packages("amd64"), [stanza("a").encode()])

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
        name = "main/binary-amd64/Packages"
        bomb = lzma.compress(b"x" * (1 << 24))
        text = release_text({name: b"x" * 10, f"{name}.xz": bomb})
        files = FakeArchive({_INRELEASE: SIGNER.clear_sign(text), f"{_PACKAGES}.xz": bomb})
        self.assert_refused(f"^{_PACKAGES}.xz: wanted 10 bytes unpacked, found more$", files)

    @parameterized.parameters(b"no xz", lzma.compress(b"x" * 99)[:-9])
    def test_an_index_that_is_not_readable(self, data: bytes) -> None:
        text = release_text({"main/binary-amd64/Packages.xz": data})
        files = FakeArchive({_INRELEASE: SIGNER.clear_sign(text), f"{_PACKAGES}.xz": data})
        self.assert_refused(f"^{_PACKAGES}.xz: is not readable: ", files)

    def test_an_index_by_its_hash(self) -> None:
        files = FakeArchive(
            release({"main/binary-amd64/Packages": stanza("a")}, Acquire_By_Hash="yes")
        )
        data = files.files.pop(f"{_PACKAGES}.xz")
        path = f"dists/bookworm/main/binary-amd64/by-hash/SHA256/{hashlib.sha256(data).hexdigest()}"
        files.files[path] = data
        self.assertEqual(Archive(SOURCE, files, TRUST).packages("amd64"), [stanza("a").encode()])
        self.assertEqual(files.asked, [_INRELEASE, path])

    def test_an_index_by_its_name_where_the_mirror_has_no_hashes(self) -> None:
        files = FakeArchive(
            release({"main/binary-amd64/Packages": stanza("a")}, Acquire_By_Hash="yes")
        )
        self.assertEqual(Archive(SOURCE, files, TRUST).packages("amd64"), [stanza("a").encode()])

    def test_an_index_that_only_another_mirror_has(self) -> None:
        good, bad = archive(amd64=stanza("a")), archive(amd64=stanza("a"))
        bad.files = {**good.files, f"{_PACKAGES}.xz": b"old"}
        gone = FakeArchive({_INRELEASE: good.files[_INRELEASE]})
        found = Archive(SOURCE, bad, TRUST, (gone, good))
        self.assertEqual(found.packages("amd64"), [stanza("a").encode()])
        with self.assertRaisesRegex(RelocatableError, "found 3 with .*; .*HTTP Error 404"):
            Archive(SOURCE, bad, TRUST, (gone,)).packages("amd64")

    def test_an_index_that_is_absent(self) -> None:
        files = archive(amd64=stanza("a"))
        del files.files[f"{_PACKAGES}.xz"]
        self.assert_refused(f"^{_PACKAGES}.xz: HTTP Error 404", files)

    def test_an_architecture_that_is_absent(self) -> None:
        self.assert_refused(
            "^dists/bookworm: wanted component main for amd64, its Release file lists it for "
            "arm64; give the source other architectures$",
            archive(arm64=""),
        )

    def test_a_component_that_is_absent(self) -> None:
        files = FakeArchive(release({f"{c}/binary-amd64/Packages": "" for c in ("b/c", "a")}))
        self.assert_refused(
            "^dists/bookworm: wanted component main, its Release file lists a, b/c; give the "
            "source other components$",
            files,
        )

    def test_a_suite_that_is_absent(self) -> None:
        page = b'<a href="../">Parent</a> <a href="trixie/">trixie/</a> <a href="sid/">sid/</a>'
        self.assert_refused(
            f"^{_INRELEASE}: HTTP Error 404: Not Found; its dists/ has sid, trixie$",
            FakeArchive({"dists/": page}),
        )

    def test_another_suite(self) -> None:
        files = FakeArchive(release({}, Codename="trixie", Suite="stable"))
        self.assert_refused(
            f"^{_INRELEASE}: wanted suite bookworm, found trixie and stable; if that is what is "
            "meant: --source=main,…,release_suite=trixie$",
            files,
        )


class OpenArchiveTest(absltest.TestCase):
    """Which of several mirrors is taken."""

    def test_the_first_that_has_it_and_is_to_be_believed(self) -> None:
        servers = {
            "http://a": FakeArchive({}),
            "http://b": FakeArchive(release({}, Origin="Other")),
            "http://c": FakeArchive({_INRELEASE: Signer().clear_sign(release_text({}))}),
            "http://d": FakeArchive(release({})),
        }
        said: list[str] = []
        debian = dataclasses.replace(TRUST, origin="Debian")
        found = open_archive(SOURCE, servers, debian, servers.__getitem__, said.append)
        self.assertEqual(found.index.origin, "Debian")
        self.assertEqual(
            servers["http://a"].asked, [_INRELEASE, "dists/bookworm/Release", "dists/"]
        )
        self.assertLen(said, 3)
        self.assertRegex(
            said[2], "^main: passed over a mirror: http://c: .* that key is not in test.asc; .*$"
        )
        found = open_archive(SOURCE, servers, TRUST, servers.__getitem__, said.append)
        self.assertEqual(found.index.origin, "Other")

    def test_none_has_it(self) -> None:
        servers = {
            "http://a": FakeArchive({}),
            "http://b": FakeArchive(release({}, Origin="Other")),
        }
        debian = dataclasses.replace(TRUST, origin="Debian")
        with self.assertRaises(RelocatableError) as caught:
            open_archive(SOURCE, servers, debian, servers.__getitem__)
        self.assertEqual(
            str(caught.exception),
            f"source main (bookworm main): http://a: {_INRELEASE}: HTTP Error 404: Not Found; "
            f"http://b: {_INRELEASE}: wanted origin Debian, found Other; "
            "name a mirror: --mirror=main=URL",
        )

    def test_nowhere_to_look(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "this machine's apt has no archive with it"):
            open_archive(SOURCE, [], TRUST)


if __name__ == "__main__":
    absltest.main()
