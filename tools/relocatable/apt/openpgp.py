"""Verifies the signatures of an archive (RFC 9580), without a program of the machine.

Sequoia, with which apt itself verifies, says whether a signature is one. The rest is here: that its
key is still good today, and words for what is wrong. Sequoia asks whether a key was good when it
signed, and whoever gets hold of an old key can say that this was long ago.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from pysequoia import Cert, Sig, verify
from pysequoia.packet import Packet, PacketPile, SignatureType, Tag

from relocatable.errors import RelocatableError

CLOCK = timedelta(hours=1)
"""How wrong a clock may be. apt allows ten seconds; the minutes of a laptop hide no attack."""

_HEADER = b"-----BEGIN PGP SIGNED MESSAGE-----"
# In the text itself a dash at a line's start is escaped.
_SIGNATURE = b"\n-----BEGIN PGP SIGNATURE-----"
_ARMORED = re.compile(
    rb"^-----BEGIN PGP PUBLIC KEY BLOCK-----$.*?^-----END PGP PUBLIC KEY BLOCK-----$",
    re.DOTALL | re.MULTILINE,
)
_STRONG = ("SHA256", "SHA384", "SHA512", "SHA3_256", "SHA3_512")
_NEW_KEY = "; if the archive has a new key, get its keyring over a way that you trust"
# Of a file; others are about keys.
_OF_FILES = (SignatureType.Binary, SignatureType.Text)
_REVOCATIONS = (SignatureType.KeyRevocation, SignatureType.SubkeyRevocation)


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key that may sign, a certificate's primary key or one of its subkeys.

    Attributes:
        fingerprint: Its own, in upper case.
        certificate: The fingerprint of the primary key, by which people know it.
        expires: The end of its own or its primary key's life, whichever is first; `None` is never.
        revoked: Whether it or its primary key was taken back.
        weak: Why nobody should believe it today; empty if there is no reason.
    """

    fingerprint: str
    certificate: str
    expires: datetime | None
    revoked: bool
    weak: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Signature:
    """What a signature says of itself, which need not be true.

    Attributes:
        issuer: Whose it is: a fingerprint, or the last 16 digits of one.
        created: When it was made; `None` if it doesn't say.
        expires: When it ends to count; `None` is never.
        digest: Name of the hash algorithm.
        packet: All of it.
    """

    issuer: str
    created: datetime | None
    expires: datetime | None
    digest: str
    packet: bytes


class Signed(NamedTuple):
    """What somebody has signed.

    Attributes:
        text: The bytes that are signed, and no others.
        signers: Fingerprints of the certificates whose signatures are good, sorted.
    """

    text: bytes
    signers: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that are trusted.

    Attributes:
        name: What error messages call it.
        certificates: The certificates, as Sequoia has them.
        keys: Each of their keys by its fingerprint.
    """

    name: str
    certificates: tuple[Cert, ...]
    keys: dict[str, Key]

    @classmethod
    def parse(cls, data: bytes, name: str) -> Self:
        """Reads certificates, in ASCII armor (any number of blocks) or in binary.

        Raises:
            RelocatableError: if there is none, or one is broken.
        """
        try:
            merged: dict[str, Cert] = {}
            for block in _ARMORED.findall(data) or [data]:
                for found in Cert.split_bytes(block):
                    known = merged.get(found.fingerprint)
                    # Of two states of a key, one may say that it is revoked.
                    merged[found.fingerprint] = known.merge(found) if known else found
            certificates = tuple(merged.values())
            keys = {key.fingerprint: key for c in certificates for key in _keys(c)}
        except RuntimeError as error:
            raise RelocatableError(
                f"{name}: wanted public keys (gpg --export gives such a file): {_first(error)}"
            ) from error
        if not certificates:
            raise RelocatableError(f"{name}: wanted public keys, found none")
        return cls(name, certificates, keys)

    def clear_signed(self, data: bytes, place: str, now: datetime) -> Signed:
        """Verifies a file that holds text and its signatures, as InRelease does.

        Args:
            data: The whole file.
            place: What error messages call it.
            now: The time, with a time zone.

        Raises:
            RelocatableError: if it isn't signed by any of the keys; the message says of each
                signature by whom and when it was made, and what is wrong with it.
        """
        if not data.startswith(_HEADER) or _SIGNATURE not in data:
            raise RelocatableError(f"{place}: is not signed: wanted a line {_HEADER.decode()}")
        signatures = _signatures(data[data.index(_SIGNATURE) + 1 :], place)
        try:
            verified = verify(data, self._store)
        except RuntimeError:
            verified = None
        good = {found.signing_key.upper() for found in verified.valid_sigs} if verified else set()
        signers = self._judge(signatures, good, place, now)
        return Signed(verified.bytes or b"" if verified else b"", signers)

    def detached(self, text: bytes, signature: bytes, place: str, now: datetime) -> Signed:
        """Verifies a file whose signatures are in another, as those of Release are in Release.gpg.

        Args:
            text: The file that is signed.
            signature: The signatures, in ASCII armor or binary.
            place: What error messages call the latter.
            now: The time, with a time zone.

        Raises:
            RelocatableError: as `clear_signed`.
        """
        signatures = _signatures(signature, place)
        good = set()
        for each in signatures:
            try:
                found = verify(text, self._store, signature=Sig.from_bytes(each.packet))
            except RuntimeError:
                continue
            good |= {valid.signing_key.upper() for valid in found.valid_sigs}
        return Signed(text, self._judge(signatures, good, place, now))

    def _store(self, _: list[str]) -> list[Cert]:
        return list(self.certificates)

    def _judge(
        self, signatures: list[_Signature], good: set[str], place: str, now: datetime
    ) -> tuple[str, ...]:
        """Who has signed; raises unless that is anybody.

        Args:
            signatures: Those that stand in the file.
            good: Fingerprints of the keys of which Sequoia has verified a signature.
            place: What error messages call the file.
            now: The time.
        """
        faults = [(self._find(each), each, self._fault(each, good, now)) for each in signatures]
        # One bad signature of a key spoils its others: which of them was verified isn't known.
        bad = {key for key, _, fault in faults if key and fault}
        signers = {key.certificate for key, _, _ in faults if key and key not in bad}
        if not signers:
            reasons = "; ".join(
                f"signed {_day(each.created)} by {each.issuer}: {fault}"
                for _, each, fault in faults
            )
            advice = "" if any(key for key, _, _ in faults) or not faults else _NEW_KEY
            raise RelocatableError(
                f"{place}: {reasons or 'has no signature of a known kind'}{advice}"
            )
        return tuple(sorted(signers))

    def _find(self, signature: _Signature) -> Key | None:
        """The key of the keyring that a signature says it is by."""
        found = [k for k in self.keys.values() if k.fingerprint.endswith(signature.issuer)]
        return found[0] if len(found) == 1 else None

    def _fault(self, signature: _Signature, good: set[str], now: datetime) -> str:
        """What is wrong with a signature; nothing if it is good."""
        key = self._find(signature)
        if not key:
            return f"that key is not in {self.name}"
        if signature.digest not in _STRONG:
            strong = ", ".join(_STRONG)
            digest = _called(signature.digest)
            return f"made with {digest}, which is too weak; wanted one of {strong}"
        if key.weak:
            return (
                f"that key or its signature on itself is too weak today: {key.weak}; ask whoever "
                "runs the archive for a keyring where that is mended"
            )
        if key.revoked:
            return "that key is revoked"
        if key.expires and key.expires <= now:
            return f"that key expired {_day(key.expires)}; get a newer keyring"
        if not signature.created or signature.created > now + CLOCK:
            return f"that is in the future, now is {_day(now)}: is this machine's clock right?"
        if signature.expires and signature.expires <= now:
            return f"the signature expired {_day(signature.expires)}"
        if key.fingerprint not in good:
            return "it is not a signature of these bytes: they were changed since"
        return ""


def _signatures(data: bytes, place: str) -> list[_Signature]:
    """The signatures of a file that are of a known kind; any others prove nothing."""
    try:
        packets = list(PacketPile.from_bytes(data))
    except RuntimeError as error:
        raise RelocatableError(f"{place}: the signature is broken: {_first(error)}") from error
    return [each for packet in packets if (each := _signature(packet))]


def _signature(packet: Packet) -> _Signature | None:
    try:
        if packet.signature_type not in _OF_FILES:
            return None
        return _Signature(
            issuer=(packet.issuer_fingerprint or packet.issuer_key_id or "an unnamed key").upper(),
            created=packet.signature_created,
            expires=packet.signature_expiration_time,
            digest=str(packet.hash_algorithm).rpartition(".")[2],
            packet=bytes(packet),
        )
    except RuntimeError:  # A number that means nothing to Sequoia.
        return None


def _keys(certificate: Cert) -> Iterator[Key]:
    """The keys of a certificate; those that expired or were revoked too."""
    primary = certificate.fingerprint.upper()
    expires, revoked, weak = _state(certificate)
    packets = list(PacketPile.from_bytes(bytes(certificate)))
    starts = [n for n, packet in enumerate(packets) if packet.fingerprint]
    for start, end in zip(starts, [*starts[1:], len(packets)], strict=True):
        key, signatures = packets[start], packets[start + 1 : end]
        ends = [expires]
        bound = ""
        if key.tag == Tag.PublicSubkey:
            ends.append(_end(key, signatures))
            bound = _weak_binding(signatures)
        yield Key(
            fingerprint=str(key.fingerprint).upper(),
            certificate=primary,
            expires=min(filter(None, ends), default=None),
            revoked=revoked or _any_revocation(signatures),
            weak=weak or bound,
        )


def _state(certificate: Cert) -> tuple[datetime | None, bool, str]:
    """When it expires, whether it is revoked, and why that can't be told.

    A keyring may well have keys from before SHA-1 and short keys were broken.
    """
    try:
        return certificate.expiration, certificate.is_revoked, ""
    except RuntimeError as error:
        return None, False, _cause(error)


def _end(subkey: Packet, signatures: Iterable[Packet]) -> datetime | None:
    """When a subkey expires: its newest binding says it (RFC 9580, 5.2.3.13)."""
    bindings = [s for s in signatures if _kind(s) == SignatureType.SubkeyBinding]
    dated = [(s.signature_created, s.key_validity_period) for s in bindings if s.signature_created]
    _, period = max(dated, key=lambda pair: pair[0], default=(None, None))
    return subkey.key_created + period if subkey.key_created and period else None


def _weak_binding(signatures: Iterable[Packet]) -> str:
    """Why nobody should believe that a subkey belongs to its primary key."""
    bindings = [s for s in signatures if _kind(s) == SignatureType.SubkeyBinding]
    digests = [str(binding.hash_algorithm).rpartition(".")[2] for binding in bindings]
    if not digests or any(digest in _STRONG for digest in digests):
        return ""
    return f"the primary key's signature on it is made with {_called(digests[0])}"


def _any_revocation(signatures: Iterable[Packet]) -> bool:
    return any(_kind(signature) in _REVOCATIONS for signature in signatures)


def _kind(packet: Packet) -> SignatureType | None:
    try:
        return packet.signature_type
    except RuntimeError:
        return None


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "without a date"


def _called(digest: str) -> str:
    """What people call a digest, where Sequoia does not."""
    return {"SHA1": "SHA-1"}.get(digest, digest)


def _cause(error: RuntimeError) -> str:
    """The innermost reason that Sequoia gives."""
    said = str(error).partition("\n\nStack backtrace:")[0].strip()
    innermost = said.splitlines()[-1].strip()
    return re.sub(r"^[0-9]+: ", "", innermost).replace("SHA1", _called("SHA1"))


def _first(error: RuntimeError) -> str:
    """Sequoia's message; a stack trace may follow it."""
    return str(error).partition("\n")[0]
