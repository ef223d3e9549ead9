"""Tests for `relocatable.apt.release`."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

from absl.testing import absltest, parameterized

from relocatable.apt.release import File, Release, check_dates, parse, time_of
from relocatable.errors import RelocatableError
from support.apt_archive import release_text

_MADE = datetime(2025, 1, 11, 10, 16, 37, tzinfo=UTC)
_DIGEST = "0123456789abcdef" * 4


class ParseTest(parameterized.TestCase):
    """What a Release file says."""

    def test_all_of_it(self) -> None:
        text = release_text(
            {"main/x": b"abc"},
            Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC",
            Acquire_By_Hash="yes",
        )
        digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        self.assertEqual(
            parse(text.encode(), "x"),
            Release(
                origin="Debian",
                suites=("bookworm", "oldstable"),
                date="Sat, 11 Jan 2025 10:16:37 UTC",
                made=_MADE,
                valid_until=_MADE + timedelta(days=7),
                by_hash=True,
                files={"main/x": File(3, digest)},
            ),
        )

    def test_words_that_are_not_utf_8(self) -> None:
        self.assertEqual(parse(b"Origin: J\xfcrgen\nSHA256:\n", "x").origin, "J\ufffdrgen")

    def test_a_longer_digest(self) -> None:
        text = f"SHA512:\n {_DIGEST * 2} 3 main/x\n"
        self.assertEqual(
            parse(text.encode(), "x").files, {"main/x": File(3, _DIGEST * 2, "SHA512")}
        )
        both = f"{text}SHA256:\n {_DIGEST} 3 main/x\n"
        self.assertEqual(parse(both.encode(), "x").files, {"main/x": File(3, _DIGEST)})

    @parameterized.parameters(
        ("", True),
        ("Architectures: all amd64\n", True),
        ("Architectures: amd64\n", False),
        ("Architectures: all\nNo-Support-for-Architecture-all: Packages\n", False),
    )
    def test_what_is_for_all_architectures(self, text: str, apart: bool) -> None:
        self.assertEqual(parse(f"{text}SHA256:\n".encode(), "x").all_apart, apart)

    def test_what_is_offered(self) -> None:
        names = ("b/binary-all/Packages", "b/binary-amd64/Packages.gz", "a/source/Sources", "x")
        text = "SHA256:\n" + "".join(f" {_DIGEST} 1 {name}\n" for name in names)
        self.assertEqual(parse(text.encode(), "x").offers, {"b": ["all", "amd64"]})

    def test_what_may_be_absent(self) -> None:
        self.assertEqual(parse(b"SHA256:\n", "x"), Release("", (), "", None, None, False, {}))

    @parameterized.parameters(
        (b"", "wanted a Release file with SHA256 or SHA512 digests, found no"),
        (b"<html>\n<body>Log in</body>", "with SHA256 or SHA512 digests, found no digests"),
        (b"MD5Sum:\n a 1 x\nSHA1:\n", "with SHA256 or SHA512 digests, found MD5Sum, SHA1"),
        (b"SHA512:\n 00 1 x\n", "SHA512: wanted a digest, a size and a path, found ' 00 1 x'"),
        (b"SHA256:\nDate: soon\n", "Date: wanted a date, found 'soon'"),
        (b"SHA256:\nValid-Until: Sat, 99 Jul 2026 10:16:37 UTC\n", "Valid-Until: wanted a date"),
        *(
            (f"SHA256:\n {line}\n".encode(), "SHA256: wanted a digest, a size and a path")
            for line in (
                f"{_DIGEST} 1",
                f"{_DIGEST} many x",
                f"{_DIGEST} -1 x",
                f"{_DIGEST} 1_0 x",
                f"{_DIGEST} 9999999999999999 x",
                f"{_DIGEST[1:]} 1 x",
                f"{_DIGEST} 1 x y",
            )
        ),
    )
    def test_what_is_wrong(self, data: bytes, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, f"^a/Release: .*{message}"):
            parse(data, "a/Release")

    def test_dates(self) -> None:
        self.assertEqual(time_of("Sat, 11 Jan 2025 10:16:37 UTC"), _MADE)
        self.assertEqual(time_of("Sat, 11 Jan 2025 10:16:37 -0000"), _MADE)
        self.assertEqual(time_of("Sat, 11 Jan 2025 11:16:37 +0100"), _MADE)
        self.assertIsNone(time_of(""))


class CheckDatesTest(parameterized.TestCase):
    """Which state of an archive is refused."""

    def assert_refused(self, message: str, **changes: Any) -> None:
        with self.assertRaisesRegex(RelocatableError, f"^x: {message}"):
            self._check(**changes)

    def _check(
        self,
        *,
        now: datetime = _MADE + timedelta(days=1),
        not_before: datetime | None = None,
        expired: str = "say so",
        **changes: Any,
    ) -> None:
        release = dataclasses.replace(parse(release_text({}).encode(), "x"), **changes)
        check_dates(release, "x", now, not_before=not_before, expired=expired)

    def test_a_good_one(self) -> None:
        self._check()
        self._check(valid_until=_MADE + timedelta(days=2), not_before=_MADE)
        self._check(now=_MADE - timedelta(minutes=59))

    def test_no_date(self) -> None:
        self.assert_refused("has no Date, so that nothing tells an old state", made=None)

    def test_the_future(self) -> None:
        self.assert_refused(
            "is of Sat, 11 Jan 2025 10:16:37 UTC, now is 2025-01-11 09:15 UTC: is this machine's",
            now=_MADE - timedelta(minutes=61),
        )

    def test_an_expired_one(self) -> None:
        until = _MADE + timedelta(hours=1)
        self.assert_refused(
            "is of Sat, 11 .* was valid until 2025-01-11: the mirror is behind, .* or say so$",
            valid_until=until,
        )
        self._check(valid_until=until, expired="")

    def test_an_older_one(self) -> None:
        self.assert_refused(
            "is of Sat, 11 Jan .* but the lock was made from that of 2025-01-11 10:17 UTC: .* "
            "to go back: --allow_downgrade$",
            not_before=_MADE + timedelta(minutes=1),
        )


if __name__ == "__main__":
    absltest.main()
