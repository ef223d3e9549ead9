"""Whatever an archive says, it is read as it is meant or refused with a message of ours."""

from collections import Counter
from datetime import UTC, datetime

from absl.testing import absltest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysequoia import Cert

from relocatable.apt.index import Catalogue
from relocatable.apt.openpgp import Keyring
from relocatable.apt.release import parse
from relocatable.apt.source_packages import find, read_dsc
from relocatable.errors import RelocatableError
from support.apt_archive import packages, release_text, source_stanza, stanza
from support.openpgp_cases import CASES, TEXT

_SETTINGS = settings(derandomize=True, deadline=None, database=None)
_NOW = datetime(2026, 7, 1, tzinfo=UTC)
_GOOD = CASES["sha512"]
_KEYRING = Keyring.parse(_GOOD.keyring, "a.asc")
_BINARY = bytes(Cert.from_bytes(_GOOD.keyring))
_RELEASE = release_text(
    {"main/a": b"1", "main/b": b"22"}, Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC"
).encode()
_PACKAGES = packages(
    stanza("root", "1:2.0-1", Depends="aa (>= 1) | bb:any, cc", Pre_Depends="dd", Provides="v1"),
    stanza("aa", Provides="vv (= 1), ww"),
)
_SOURCES = packages(source_stanza("aa", "1:2-1"), source_stanza("bb", "1")).encode()
_WANTED = {("aa", "1:2-1"), ("bb", "1")}
_PLAIN_DSC = source_stanza("aa", "1:2-1").replace("Package:", "Source:").encode()
# Nobody looks at the signature.
_DSC = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    + _PLAIN_DSC
    + b"\n-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
)

# What means something in one of the formats, and bytes that mean nothing.
_PUT_IN = st.sampled_from(
    (b"", b"\n", b"\n\n", b" ", b":", b",", b"|", b"(", b"-", b"0", b"../")
) | (st.binary(min_size=1, max_size=4))


@st.composite
def _damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Some bytes of `data` replaced, removed or put in, or the end cut off."""
    result = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(result)))
        removed = draw(st.sampled_from((0, 0, 1, 1, 1, 2, 20, len(data))))
        result[at : at + removed] = draw(_PUT_IN)
    return bytes(result)


class HostileTest(absltest.TestCase):
    """Damaged files; each test says how many of them it saw, and what became of them."""

    seen: Counter[str]

    def setUp(self) -> None:
        super().setUp()
        self.seen = Counter()

    def tearDown(self) -> None:
        print(f"{self.id()}: {dict(self.seen)}")
        super().tearDown()

    @settings(_SETTINGS, max_examples=1000)
    @given(_damaged(_GOOD.message))
    def test_a_damaged_message_is_refused_or_says_the_same(self, data: bytes) -> None:
        try:
            signed = _KEYRING.clear_signed(data, "x", _NOW)
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            # The damage is around the signed text, in line ends or in what isn't signed.
            self.assertEqual(
                [line.rstrip() for line in signed.text.splitlines()], TEXT.split(b"\n")
            )
            self.seen["verified"] += 1

    @settings(_SETTINGS, max_examples=1000)
    @given(_damaged(_BINARY))
    def test_a_damaged_keyring_trusts_no_more(self, data: bytes) -> None:
        try:
            signed = Keyring.parse(data, "x").clear_signed(_GOOD.message, "x", _NOW)
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            self.assertEqual(signed.text, TEXT)
            self.seen["verified"] += 1

    @settings(_SETTINGS, max_examples=2000)
    @given(_damaged(_RELEASE) | st.binary(max_size=200))
    def test_a_damaged_release(self, data: bytes) -> None:
        try:
            release = parse(data, "x")
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            for file in release.files.values():
                self.assertLen(file.digest, 64)
                self.assertGreaterEqual(file.size, 0)
            self.seen["read"] += 1

    @settings(_SETTINGS, max_examples=2000)
    @given(_damaged(_PACKAGES.encode()) | st.binary(max_size=200))
    def test_a_damaged_index(self, data: bytes) -> None:
        catalogue = Catalogue("amd64")
        try:
            catalogue.add("main", data)
            for name in ("root", "aa"):
                catalogue.candidates(name)
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            self.seen["read"] += 1

    @settings(_SETTINGS, max_examples=2000)
    @given(_damaged(_SOURCES) | st.binary(max_size=200))
    def test_a_damaged_index_of_sources(self, data: bytes) -> None:
        try:
            found = find(_WANTED, data, "x")
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            self.assertLessEqual(found.keys(), _WANTED)
            self.seen["read"] += 1

    @settings(_SETTINGS, max_examples=2000)
    @given(_damaged(_PLAIN_DSC) | _damaged(_DSC) | st.binary(max_size=200))
    def test_a_damaged_dsc(self, data: bytes) -> None:
        try:
            _, _, files = read_dsc(data, "x")
        except RelocatableError:
            self.seen["refused"] += 1
        else:
            for file in files.values():
                self.assertLen(file.digest, 64)
            self.seen["read"] += 1


if __name__ == "__main__":
    absltest.main()
