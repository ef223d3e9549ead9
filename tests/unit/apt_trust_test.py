"""Tests for `relocatable.apt.trust` and `relocatable.apt.keyrings`."""

import dataclasses
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable.apt.keyrings import INCLUDED, keyring
from relocatable.apt.trust import Trust, open_release
from relocatable.deb_lock import Index
from relocatable.errors import RelocatableError
from support.apt_archive import DATE, SIGNER, SOURCE, TRUST, FakeArchive, release, release_text

_INRELEASE = "dists/bookworm/InRelease"
_RELEASE = "dists/bookworm/Release"
_UNSIGNED = dataclasses.replace(SOURCE, keyring="", allow_unsigned=True)


class OpenReleaseTest(parameterized.TestCase):
    """What is believed, and what is not."""

    def assert_refused(self, message: str, files: dict[str, bytes], trust: Trust = TRUST) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            open_release(SOURCE, "dists/bookworm", FakeArchive(files), trust)

    def _index(self, files: FakeArchive, **changes: Any) -> Index:
        source = dataclasses.replace(SOURCE, **changes)
        return open_release(source, "dists/bookworm", files, TRUST)[1]

    def test_a_signature_in_a_file_of_its_own(self) -> None:
        data = release_text({}).encode()
        files = FakeArchive({_RELEASE: data, f"{_RELEASE}.gpg": SIGNER.detached(data)})
        found = self._index(files)
        self.assertEqual(files.asked, [_INRELEASE, _RELEASE, f"{_RELEASE}.gpg"])
        self.assertEqual((found.date, found.signed_by), (DATE, (SIGNER.fingerprint,)))
        files.files[_RELEASE] += b"Evil: yes\n"
        self.assert_refused(f"^{_RELEASE}.gpg: signed .* they were changed since$", files.files)

    def test_no_signature(self) -> None:
        self.assert_refused(
            f"^{_RELEASE}: is not signed: {_INRELEASE}: HTTP Error 404.*; {_RELEASE}.gpg: HTTP .*; "
            "if it never is, and you trust the network and the mirror: --allow_unsigned=main$",
            {_RELEASE: release_text({}).encode()},
        )
        self.assert_refused(
            f"^{_INRELEASE}: is not signed: wanted a line -----BEGIN PGP SIGNED MESSAGE-----$",
            {_INRELEASE: release_text({}).encode()},
        )

    def test_unsigned_on_purpose(self) -> None:
        files = FakeArchive({_RELEASE: b"Codename: bookworm\nSHA256:\n"})
        trust = dataclasses.replace(TRUST, keyring=None)
        found, index = open_release(_UNSIGNED, "dists/bookworm", files, trust)
        self.assertEqual((found.date, index.signed_by), ("", ()))

    def test_unsigned_on_purpose_although_it_is_signed(self) -> None:
        files = FakeArchive(release({"main/x": "y"}))
        trust = dataclasses.replace(TRUST, keyring=None)
        found, index = open_release(_UNSIGNED, "dists/bookworm", files, trust)
        self.assertEqual((found.date, index.signed_by), (DATE, ()))
        self.assertEqual(list(found.files), ["main/x", "main/x.xz"])
        with self.assertRaisesRegex(RelocatableError, f"^{_RELEASE}: HTTP Error 404"):
            open_release(_UNSIGNED, "dists/bookworm", FakeArchive({}), trust)

    def test_a_signed_file_without_a_date(self) -> None:
        message = SIGNER.clear_sign("Codename: bookworm\nSHA256:\n")
        self.assert_refused(f"^{_INRELEASE}: has no Date", {_INRELEASE: message})

    def test_another_suite(self) -> None:
        self.assert_refused(
            f"^{_INRELEASE}: wanted suite bookworm, found trixie and stable; if that is what is "
            "meant: --source=main,…,release_suite=trixie$",
            release({}, Codename="trixie", Suite="stable"),
        )
        self.assert_refused(
            f"^{_INRELEASE}: wanted suite bookworm, found none; if that is what is meant: "
            "--source=main,…,release_suite=-$",
            release({}, Codename="", Suite=""),
        )

    @parameterized.parameters(
        ("7.0", {"Codename": "x", "Suite": "7.0"}),
        ("7.0", {"Codename": "7.0", "Suite": ""}),
        ("-", {"Codename": "", "Suite": ""}),
    )
    def test_another_name_that_is_meant(self, name: str, names: dict[str, str]) -> None:
        source = dataclasses.replace(SOURCE, release_suite=name)
        files = FakeArchive(release({}, **names))
        open_release(source, source.directory, files, TRUST)
        # Any other is not.
        other = FakeArchive(release({}))
        with self.assertRaisesRegex(
            RelocatableError, f"wanted suite {name}, found bookworm and oldstable"
        ):
            open_release(source, source.directory, other, TRUST)

    def test_another_origin(self) -> None:
        self.assert_refused(
            f"^{_INRELEASE}: wanted origin Other, found Debian$",
            release({}),
            dataclasses.replace(TRUST, origin="Other"),
        )

    def test_an_expired_one_on_purpose(self) -> None:
        files = release({}, Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC")
        self.assert_refused("or say --allow_expired=main$", files)
        self.assertEqual(self._index(FakeArchive(files), allow_expired=True).date, DATE)
        self.assertEqual(self._index(FakeArchive(files), snapshot="20250111T000000Z").date, DATE)

    def test_what_a_module_declares_is_changed_there(self) -> None:
        self.assert_refused(
            r'or say debs.source\(name = "main", allow_expired = True\)$',
            release({}, Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC"),
            dataclasses.replace(TRUST, in_module=True),
        )


class KeyringTest(absltest.TestCase):
    """Where a source's keys are."""

    def test_a_file_of_the_workspace(self) -> None:
        workspace = Path(self.create_tempdir().full_path)
        (workspace / "test.asc").write_bytes(SIGNER.keyring)
        found = keyring(SOURCE, workspace)
        assert found is not None
        self.assertEqual([c.fingerprint.upper() for c in found.certificates], [SIGNER.fingerprint])

    def test_those_that_come_with_us(self) -> None:
        for name in INCLUDED:
            found = keyring(dataclasses.replace(SOURCE, keyring=name), Path("nowhere"))
            assert found is not None
            self.assertEqual(found.name, f"the keyring {name}")

    def test_none_is_wanted(self) -> None:
        self.assertIsNone(keyring(_UNSIGNED, Path("nowhere")))

    def test_an_absent_file(self) -> None:
        message = "^source main: wanted its keyring, .*, at nowhere/test.asc: No such file or "
        with self.assertRaisesRegex(RelocatableError, message):
            keyring(SOURCE, Path("nowhere"))


if __name__ == "__main__":
    absltest.main()
