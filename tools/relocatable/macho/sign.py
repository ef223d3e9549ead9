"""Makes ad-hoc signatures: nobody's, but the kernel of an arm64 Mac runs nothing without one.

What has no signature gets what Apple's and LLVM's linkers make (`linker-signed`): one code
directory, which `codesign` replaces without being forced to. So does what had that. Another ad-hoc
signature keeps its flags, requirements and entitlements. Of one that was made by an identity, what
only that identity can claim is dropped: the CMS blob, the team, the designated requirement, and
flags, of which the hardened runtime would refuse to load libraries of no team.

Source: as `signature`; lld's MachO/SyntheticSections.cpp for the layout (facts, no code).
"""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from relocatable.macho.signature import (
    CMS,
    CODE_DIRECTORY,
    DIRECTORY,
    EMBEDDED,
    FLAG_AD_HOC,
    FLAG_LINKER_SIGNED,
    FLAG_RUNTIME,
    HEADER,
    INDEX,
    PAGE,
    REQUIREMENTS,
    SHA256,
    SLOT_CMS,
    SLOT_ENTITLEMENTS,
    SLOT_ENTITLEMENTS_DER,
    SLOT_REQUIREMENTS,
    Signature,
)

ALIGNMENT: Final = 16
"""Of a signature in the file, and of its size."""

_PAGE_POWER: Final = 12
_HASH_SIZE: Final = 32
_FIXED: Final = 88
_FIXED_WITH_RUNTIME: Final = 96
_MAIN_BINARY: Final = 1
_KEPT_BLOBS: Final = (SLOT_REQUIREMENTS, SLOT_ENTITLEMENTS, SLOT_ENTITLEMENTS_DER, SLOT_CMS)
_NO_REQUIREMENTS: Final = HEADER.pack(REQUIREMENTS, HEADER.size, 0)
_NO_CMS: Final = INDEX.pack(CMS, INDEX.size)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a signature says beside hashes of pages.

    Attributes:
        identifier: what the signed thing is called.
        flags: `CS_…` flags.
        blobs: requirements, entitlements and an empty CMS, by slot.
        special: hashes of what isn't in the file, by slot: SHA-256.
        executable_flags: those of the executable segment, or None for what a linker says.
        runtime: version of the hardened runtime.
    """

    identifier: str
    flags: int = FLAG_AD_HOC | FLAG_LINKER_SIGNED
    blobs: Mapping[int, bytes] | None = None
    special: Mapping[int, bytes] | None = None
    executable_flags: int | None = None
    runtime: int = 0


def claims_of(signature: Signature) -> Claims:
    """What of a signature an ad-hoc one may go on to say."""
    directory = signature.directory
    if signature.kind == "linker-signed" and not signature.blobs:
        return Claims(identifier=directory.identifier)
    blobs = {slot: signature.blobs[slot] for slot in _KEPT_BLOBS if slot in signature.blobs}
    flags = directory.flags
    runtime = directory.runtime
    if signature.by_identity:
        blobs[SLOT_REQUIREMENTS] = _NO_REQUIREMENTS
        blobs[SLOT_CMS] = _NO_CMS
        flags = runtime = 0
    if not runtime:
        flags &= ~FLAG_RUNTIME
    # Hashes of files of an app bundle; another kind of hash can't be turned into SHA-256.
    outside = directory.special if directory.hash_type == SHA256 else {}
    return Claims(
        identifier=directory.identifier,
        flags=flags | FLAG_AD_HOC,
        blobs=dict(sorted(blobs.items())),
        special={slot: found for slot, found in outside.items() if slot not in _KEPT_BLOBS},
        executable_flags=directory.executable[2] if directory.executable else None,
        runtime=runtime,
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """A signature before the pages are hashed: its size depends on their number only.

    Attributes:
        claims: what it says.
        code_limit: where it begins in the file.
        executable: offset and size of the executable segment.
        is_program: whether the file is one.
    """

    claims: Claims
    code_limit: int
    executable: tuple[int, int]
    is_program: bool

    @property
    def size(self) -> int:
        """Bytes in the file, a multiple of 16."""
        length = self._blobs_at + sum(map(len, self._blobs.values()))
        return -(-length // ALIGNMENT) * ALIGNMENT

    def signature(self, chunks: Iterable[memoryview | bytes]) -> bytes:
        """The signature of the file whose bytes up to the signature are `chunks`."""
        claims = self.claims
        special = dict(claims.special or {})
        for slot, blob in self._blobs.items():
            if slot != SLOT_CMS:
                special[slot] = hashlib.sha256(blob).digest()
        count = self._special_count
        slots = [special.get(slot, bytes(_HASH_SIZE)) for slot in range(count, 0, -1)]
        identifier = _encoded(claims.identifier)
        hashes_at = self._hashes_at
        flags = claims.executable_flags
        if flags is None:
            flags = _MAIN_BINARY if self.is_program else 0
        start = hashes_at - count * _HASH_SIZE
        directory = b"".join(
            [
                DIRECTORY.pack(
                    *(CODE_DIRECTORY, hashes_at + self._pages * _HASH_SIZE),
                    *(0x20500 if claims.runtime else 0x20400, claims.flags),
                    *(hashes_at, self._fixed, count, self._pages, self.code_limit),
                    *(_HASH_SIZE, SHA256, 0, _PAGE_POWER, 0),
                ),
                struct.pack(">3IQ3Q", 0, 0, 0, 0, *self.executable, flags),
                struct.pack(">2I", claims.runtime, 0) if claims.runtime else b"",
                identifier,
            ]
        )
        directory = directory.ljust(start, b"\0") + b"".join(slots) + hash_pages(chunks)
        return self._put_together(directory)

    def cdhash(self, signature: bytes) -> bytes:
        """What the system knows the file by, of the signature that was made: 20 bytes."""
        size = INDEX.unpack_from(signature, self._head)[1]
        return hashlib.sha256(signature[self._head : self._head + size]).digest()[:20]

    def _put_together(self, directory: bytes) -> bytes:
        at = self._blobs_at
        index = [INDEX.pack(0, self._head)]
        for slot, blob in self._blobs.items():
            index.append(INDEX.pack(slot, at))
            at += len(blob)
        head = HEADER.pack(EMBEDDED, at, len(index)) + b"".join(index)
        whole = b"".join([head.ljust(self._head, b"\0"), directory, *self._blobs.values()])
        return whole.ljust(self.size, b"\0")

    @property
    def _blobs(self) -> Mapping[int, bytes]:
        return self.claims.blobs or {}

    @property
    def _pages(self) -> int:
        return -(-self.code_limit // PAGE)

    @property
    def _head(self) -> int:
        """Where the code directory begins: at a multiple of 8, as linkers have it."""
        return -(-(HEADER.size + INDEX.size * (1 + len(self._blobs))) // 8) * 8

    @property
    def _fixed(self) -> int:
        return _FIXED_WITH_RUNTIME if self.claims.runtime else _FIXED

    @property
    def _special_count(self) -> int:
        slots = [*(self.claims.special or {}), *(slot for slot in self._blobs if slot != SLOT_CMS)]
        return max(slots, default=0)

    @property
    def _hashes_at(self) -> int:
        """Where in the code directory the hashes of pages begin."""
        named = self._head + self._fixed + len(_encoded(self.claims.identifier))
        aligned = -(-named // ALIGNMENT) * ALIGNMENT - self._head
        return aligned + self._special_count * _HASH_SIZE

    @property
    def _blobs_at(self) -> int:
        return self._head + self._hashes_at + self._pages * _HASH_SIZE


def hash_pages(chunks: Iterable[memoryview | bytes]) -> bytes:
    """The SHA-256 of each 4096 bytes of what `chunks` are together."""
    digests: list[bytes] = []
    rest = b""
    for piece in chunks:
        chunk = memoryview(piece)
        start = 0
        if rest:
            start = min(PAGE - len(rest), len(chunk))
            rest += bytes(chunk[:start])
            if len(rest) < PAGE:
                continue
            digests.append(hashlib.sha256(rest).digest())
        end = start + (len(chunk) - start) // PAGE * PAGE
        digests += [
            hashlib.sha256(chunk[at : at + PAGE]).digest() for at in range(start, end, PAGE)
        ]
        rest = bytes(chunk[end:])
    if rest:
        digests.append(hashlib.sha256(rest).digest())
    return b"".join(digests)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape") + b"\0"
