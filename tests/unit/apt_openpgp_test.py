"""Tests for `relocatable.apt.openpgp`."""

from datetime import UTC, datetime
from importlib import resources

from absl.testing import absltest, parameterized
from pysequoia import ArmorKind, Cert, Sig, armor
from pysequoia.packet import PacketPile, SignatureType

from relocatable.apt.openpgp import Keyring
from relocatable.errors import RelocatableError
from support.apt_archive import Signer
from support.openpgp_cases import CASES, TEXT

_REVOKED = SignatureType.KeyRevocation
_NOW = datetime(2026, 7, 1, tzinfo=UTC)


def _now() -> datetime:
    # What a test signs itself was signed just now.
    return datetime.now(UTC)


class OldSignaturesTest(parameterized.TestCase):
    """Keys and signatures that time has passed over."""

    @parameterized.parameters("sha512", "subkey")
    def test_good_ones(self, name: str) -> None:
        case = CASES[name]
        signed = Keyring.parse(case.keyring, "a.asc").clear_signed(case.message, "x", _NOW)
        self.assertEqual(signed.text, TEXT)
        primary = Cert.from_bytes(case.keyring).fingerprint.upper()
        self.assertEqual(signed.signers, (primary,))

    @parameterized.parameters(
        (
            "expired-key",
            "signed 2020-06-01 by [0-9A-F]{40}: that key expired 2020-12-31; get a newer",
        ),
        ("subkey-expired", "signed 2020-06-01 by .*: that key expired 2020-12-31; get a newer"),
        ("revoked", "signed 2020-06-01 by [0-9A-F]{40}: that key is revoked$"),
        ("subkey-revoked", "signed 2020-06-01 by [0-9A-F]{40}: that key is revoked$"),
        ("expired-signature", "2020-06-01 by [0-9A-F]{40}: the signature expired 2020-06-02$"),
        (
            "weak-hash",
            "2020-06-01 by .*: made with SHA-1, which is too weak; wanted one of SHA256, ",
        ),
        (
            "weak-key",
            "2024-06-01 by .*: that key or its signature on itself is too weak today: RSA1024 is "
            "not considered secure since 2014-02-01T00:00:00Z; ask whoever runs the archive",
        ),
        (
            "weak-self-signature",
            "2024-06-01 by .*: that key or its signature on itself is too weak today: SHA-1 is not "
            "considered secure since 2023-02-01T00:00:00Z; ask whoever runs the archive",
        ),
        (
            "future",
            "signed 2099-01-01 by .* is in the future, now is 2026-07-01: is this machine's",
        ),
    )
    def test_bad_ones(self, name: str, message: str) -> None:
        case = CASES[name]
        with self.assertRaisesRegex(RelocatableError, f"^InRelease: .*{message}"):
            Keyring.parse(case.keyring, "a.asc").clear_signed(case.message, "InRelease", _NOW)

    def test_a_key_expires_when_it_says(self) -> None:
        case = CASES["expired-key"]
        keyring = Keyring.parse(case.keyring, "a.asc")
        signed = keyring.clear_signed(case.message, "x", datetime(2020, 12, 30, tzinfo=UTC))
        self.assertLen(signed.signers, 1)


class SignaturesTest(parameterized.TestCase):
    """Signatures that are made in the test."""

    def setUp(self) -> None:
        super().setUp()
        self.signer = Signer()
        self.keyring = Keyring.parse(self.signer.keyring, "a.asc")

    def test_only_what_is_signed_counts(self) -> None:
        message = self.signer.clear_sign("a: b\n- c\n")
        signed = self.keyring.clear_signed(message + b"\nevil: yes\n", "x", _now())
        self.assertEqual(signed.text, b"a: b\n- c\n")
        self.assertEqual(signed.signers, (self.signer.fingerprint,))

    def test_a_detached_signature(self) -> None:
        signature = self.signer.detached(b"text")
        signed = self.keyring.detached(b"text", signature, "x", _now())
        self.assertEqual(signed, (b"text", (self.signer.fingerprint,)))

    def test_one_of_several_signatures_is_enough(self) -> None:
        signatures = b"".join(
            bytes(Sig.from_bytes(signer.detached(b"text"))) for signer in (Signer(), self.signer)
        )
        signed = self.keyring.detached(b"text", signatures, "x", _now())
        self.assertEqual(signed.signers, (self.signer.fingerprint,))
        with self.assertRaisesRegex(RelocatableError, "not in a.asc; .* changed since$"):
            self.keyring.detached(b"other", signatures, "x", _now())

    def test_a_good_signature_beside_a_bad_one_of_the_same_key(self) -> None:
        signatures = b"".join(
            bytes(Sig.from_bytes(self.signer.detached(text))) for text in (b"text", b"text")
        )
        signed = self.keyring.detached(b"text", signatures, "x", _now())
        self.assertEqual(signed.signers, (self.signer.fingerprint,))

    @parameterized.parameters(True, False)
    def test_changed_bytes(self, clear: bool) -> None:
        message = "it is not a signature of these bytes: they were changed since$"
        with self.assertRaisesRegex(RelocatableError, f"^x: signed .*{message}"):
            if clear:
                changed = self.signer.clear_sign("a: b\n").replace(b"a: b", b"a: c")
                self.keyring.clear_signed(changed, "x", _now())
            else:
                self.keyring.detached(b"changed", self.signer.detached(b"text"), "x", _now())

    def test_another_key(self) -> None:
        other = Signer()
        with self.assertRaisesRegex(
            RelocatableError,
            "^x: signed [0-9-]{10} by [0-9A-F]{40}: that key is not in a.asc; if the archive has "
            "a new key, get its keyring over a way that you trust$",
        ):
            self.keyring.clear_signed(other.clear_sign("a: b\n"), "x", _now())

    @parameterized.parameters(b"", b"Origin: x\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n")
    def test_no_signature(self, data: bytes) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "^x: is not signed: wanted a line -----BEGIN"
        ):
            self.keyring.clear_signed(data, "x", _now())

    def test_a_signature_of_a_kind_that_nobody_knows(self) -> None:
        packet = bytearray(bytes(Sig.from_bytes(self.signer.detached(b"text"))))
        # A packet's tag and length, the version, then the type (RFC 9580, 5.2.3).
        packet[packet.index(b"\x04\x00") + 1] = 0x0D
        with self.assertRaisesRegex(RelocatableError, "^x: has no signature of a known kind$"):
            self.keyring.detached(b"text", bytes(packet), "x", _now())

    def test_a_broken_signature(self) -> None:
        message = self.signer.clear_sign("a: b\n")
        with self.assertRaisesRegex(RelocatableError, "^x: the signature is broken: "):
            self.keyring.clear_signed(message[:-120], "x", _now())
        with self.assertRaisesRegex(RelocatableError, "^x: the signature is broken: "):
            self.keyring.detached(b"text", b"no signature", "x", _now())
        with self.assertRaisesRegex(RelocatableError, "^x: has no signature of a known kind$"):
            self.keyring.detached(b"text", self.signer.keyring, "x", _now())


class KeyringTest(parameterized.TestCase):
    """Files of keys."""

    def test_several_blocks_in_one_file(self) -> None:
        first, second = Signer(), Signer()
        keyring = Keyring.parse(b"Ours:\n" + first.keyring + b"\n" + second.keyring, "a.asc")
        for signer in (first, second):
            signed = keyring.clear_signed(signer.clear_sign("a: b\n"), "x", _now())
            self.assertEqual(signed.signers, (signer.fingerprint,))

    def test_a_key_that_is_there_before_and_after_it_was_revoked(self) -> None:
        case = CASES["revoked"]
        packets = [p for p in PacketPile.from_bytes(case.keyring) if p.signature_type != _REVOKED]
        before = armor(b"".join(map(bytes, packets)), ArmorKind.PublicKey).encode()
        Keyring.parse(before, "a.asc").clear_signed(case.message, "x", _NOW)
        for keyring in (before + case.keyring, case.keyring + b"\n" + before):
            with self.assertRaisesRegex(RelocatableError, "that key is revoked$"):
                Keyring.parse(keyring, "a.asc").clear_signed(case.message, "x", _NOW)

    def test_a_weak_key_beside_a_good_one(self) -> None:
        good = Signer()
        keyring = Keyring.parse(CASES["weak-key"].keyring + good.keyring, "a.asc")
        signed = keyring.clear_signed(good.clear_sign("a: b\n"), "x", _now())
        self.assertEqual(signed.signers, (good.fingerprint,))

    def test_binary_as_well(self) -> None:
        first, second = Signer(), Signer()
        data = b"".join(bytes(Cert.from_bytes(signer.keyring)) for signer in (first, second))
        keyring = Keyring.parse(data, "a.pgp")
        self.assertEqual(
            {key.certificate for key in keyring.keys.values()},
            {first.fingerprint, second.fingerprint},
        )

    @parameterized.parameters(b"", b"none", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n", b"\x99\x01")
    def test_no_keys(self, data: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^a.asc: wanted public keys"):
            Keyring.parse(data, "a.asc")

    def test_the_one_that_comes_with_us(self) -> None:
        path = resources.files("relocatable.apt") / "keyrings" / "debian.asc"
        keyring = Keyring.parse(path.read_bytes(), "debian")
        self.assertEqual(
            sorted({key.certificate for key in keyring.keys.values()}),
            [
                "04B54C3CDCA79751B16BC6B5225629DF75B188BD",
                "05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0",
                "1F89983E0081FDE018F3CC9673A4F27B8DD47936",
                "41587F7DB8C774BCCF131416762F67A0B2C39DE4",
                "4D64FEC119C2029067D6E791F8D2585B8783D481",
                "5E04A1E3223A19A20706E20F9904613D4CCE68C6",
                "A4285295FC7B1A81600062A9605C66F00D6C9793",
                "AC530D520F2F3269F5E98313A48449044AAD5C5D",
                "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8",
            ],
        )
        self.assertFalse(any(key.revoked for key in keyring.keys.values()))


if __name__ == "__main__":
    absltest.main()
