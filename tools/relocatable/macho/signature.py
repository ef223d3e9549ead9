"""Reads code signatures; `verify` checks them.

A signature is a blob of blobs, all numbers stored most significant byte first. Its code directory
has a hash of each page of the file up to the signature, and, counted downwards from -1, of what
belongs to the file: its Info.plist, its requirements, its entitlements. An identity signs the code
directory alone (CMS); an ad-hoc signature has no identity.

Source: osfmk/kern/cs_blobs.h and bsd/kern/ubc_subr.c of XNU; Security's codedirectory.h.
"""

import hashlib
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from relocatable.errors import RelocatableError
from relocatable.macho.reader import MachO

EMBEDDED: Final = 0xFADE0CC0
CODE_DIRECTORY: Final = 0xFADE0C02
REQUIREMENTS: Final = 0xFADE0C01
CMS: Final = 0xFADE0B01

SLOT_INFO: Final = 1
SLOT_REQUIREMENTS: Final = 2
SLOT_ENTITLEMENTS: Final = 5
SLOT_ENTITLEMENTS_DER: Final = 7
SLOT_ALTERNATE: Final = 0x1000
SLOT_CMS: Final = 0x10000

FLAG_AD_HOC: Final = 0x2
FLAG_RUNTIME: Final = 0x10000
FLAG_LINKER_SIGNED: Final = 0x20000

SHA256: Final = 2
PAGE: Final = 0x1000

HEADER: Final = struct.Struct(">3I")
INDEX: Final = struct.Struct(">2I")
DIRECTORY: Final = struct.Struct(">9I4BI")

_HASHES: Final[Mapping[int, tuple[Callable[..., Any], int]]] = {
    # Kind: function, and the bytes that are kept.
    1: (hashlib.sha1, 20),
    3: (hashlib.sha256, 20),
    SHA256: (hashlib.sha256, 32),
    4: (hashlib.sha384, 48),
}
_RANK: Final = (1, 3, SHA256, 4)
_MOST_BLOBS: Final = 64


@dataclass(frozen=True, slots=True)
class CodeDirectory:
    """What is hashed.

    Attributes:
        version: of the form, such as 0x20400.
        flags: `CS_…` flags.
        identifier: what the signed thing is called.
        team: of the identity, or None.
        code_limit: bytes of the file that are hashed.
        page_size: bytes that each hash is for; 0 if there is one for all.
        hash_type: which hash: 1 is SHA-1, 2 is SHA-256.
        hash_size: bytes of each hash.
        pages: all hashes of pages, one after the other.
        special: the other hashes by slot, from 1 on; those that are all zeros are left out.
        executable: offset, size and flags of the executable segment, or None.
        runtime: version of the hardened runtime, 0 if there is none.
        cdhash: what the system knows the file by: 20 bytes.
    """

    version: int
    flags: int
    identifier: str
    team: str | None
    code_limit: int
    page_size: int
    hash_type: int
    hash_size: int
    pages: bytes
    special: Mapping[int, bytes]
    executable: tuple[int, int, int] | None
    runtime: int
    cdhash: bytes

    def digest(self, data: memoryview | bytes) -> bytes:
        """The hash of `data`, of this directory's kind."""
        function, size = _HASHES[self.hash_type]
        return bytes(function(data).digest()[:size])


@dataclass(frozen=True, slots=True)
class Signature:
    """A code signature.

    Attributes:
        offset: where it is in the file.
        directories: the code directories, the one that the system takes first.
        blobs: the others by slot, each whole: requirements, entitlements, CMS.
    """

    offset: int
    directories: tuple[CodeDirectory, ...]
    blobs: Mapping[int, bytes]

    @property
    def directory(self) -> CodeDirectory:
        """The code directory that counts."""
        return self.directories[0]

    @property
    def by_identity(self) -> bool:
        """Whether somebody signed, instead of nobody (ad hoc)."""
        return len(self.blobs.get(SLOT_CMS, b"")) > 8

    @property
    def kind(self) -> str:
        """`identity`, `linker-signed` or `ad-hoc`."""
        if self.by_identity:
            return "identity"
        return "linker-signed" if self.directory.flags & FLAG_LINKER_SIGNED else "ad-hoc"


def read_signature(file: MachO, data: memoryview) -> Signature | None:
    """The signature of a thin file, or None if it has none.

    Raises:
        RelocatableError: if it contradicts itself, or has a hash that nobody knows.
    """
    if file.signature is None:
        return None
    offset, size = file.signature
    try:
        return _read(file.name, offset, data[offset : offset + size])
    except struct.error as error:
        raise _damaged(file.name, str(error)) from error


def _damaged(name: str, what: str) -> RelocatableError:
    return RelocatableError(
        f"{name}: damaged code signature: {what}; remove it, or take a sound file"
    )


def _read(name: str, offset: int, area: memoryview) -> Signature:
    magic, length, count = HEADER.unpack_from(area)
    if magic != EMBEDDED or length > len(area) or count > _MOST_BLOBS:
        raise _damaged(
            name,
            f"it should begin with {EMBEDDED:#x}, at most {len(area)} bytes and"
            f" {_MOST_BLOBS} parts, found {magic:#x}, {length} and {count}",
        )
    area = area[:length]
    directories: list[CodeDirectory] = []
    left = length
    blobs: dict[int, bytes] = {}
    for number in range(count):
        slot, at = INDEX.unpack_from(area, HEADER.size + number * INDEX.size)
        kind, size = INDEX.unpack_from(area, at)
        if size < INDEX.size or at + size > length:
            raise _damaged(name, f"part {number} has {size} bytes at {at} of {length}")
        if slot in blobs:
            raise _damaged(name, f"slot {slot} is there twice")
        left -= size  # Each part becomes a copy, so none may be another's too.
        if left < 0:
            raise _damaged(name, f"its parts are together longer than its {length} bytes")
        blob = bytes(area[at : at + size])
        if slot == 0 or SLOT_ALTERNATE <= slot < SLOT_ALTERNATE + 5:
            if kind != CODE_DIRECTORY:
                raise _damaged(name, f"slot {slot} should be a code directory, found {kind:#x}")
            directories.append(_directory(name, blob))
        else:
            blobs[slot] = blob
    if not directories:
        raise _damaged(name, "it has no code directory")
    directories.sort(key=lambda one: -_RANK.index(one.hash_type))
    return Signature(offset, tuple(directories), blobs)


def _directory(name: str, blob: bytes) -> CodeDirectory:
    fields = DIRECTORY.unpack_from(blob)
    _, _, version, flags, hashes_at, ident_at, special_count, count, limit = fields[:9]
    hash_size, hash_type, _, page_power, _ = fields[9:]
    team_at = runtime = 0
    executable: tuple[int, int, int] | None = None
    if version >= 0x20200:
        team_at = struct.unpack_from(">I", blob, 48)[0]
    if version >= 0x20300:
        limit = struct.unpack_from(">Q", blob, 56)[0] or limit
    if version >= 0x20400:
        executable = struct.unpack_from(">3Q", blob, 64)
    if version >= 0x20500:
        runtime = struct.unpack_from(">I", blob, 88)[0]
    if hash_type not in _HASHES or _HASHES[hash_type][1] != hash_size:
        raise _damaged(name, f"hash {hash_type} of {hash_size} bytes is unknown")
    page_size = 1 << page_power if page_power else 0
    wanted = -(-limit // page_size) if page_size else min(limit, 1)
    # A small page would make many hashes of a file; the kernel takes these only.
    if page_power not in (0, 12, 14, 16) or count != wanted:
        raise _damaged(
            name, f"{limit} bytes in pages of 2^{page_power} have {wanted} hashes, found {count}"
        )
    start = hashes_at - special_count * hash_size
    if start < DIRECTORY.size or hashes_at + count * hash_size > len(blob):
        raise _damaged(name, "the hashes of its code directory are not inside of that")
    special = {
        slot: _slot(blob, hashes_at, slot, hash_size)
        for slot in range(1, special_count + 1)
        if any(_slot(blob, hashes_at, slot, hash_size))
    }
    return CodeDirectory(
        version=version,
        flags=flags,
        identifier=_string(name, blob, ident_at),
        team=_string(name, blob, team_at) if team_at else None,
        code_limit=limit,
        page_size=page_size,
        hash_type=hash_type,
        hash_size=hash_size,
        pages=blob[hashes_at : hashes_at + count * hash_size],
        special=special,
        executable=executable,
        runtime=runtime,
        cdhash=bytes(_HASHES[hash_type][0](blob).digest()[:20]),
    )


def _slot(blob: bytes, hashes_at: int, slot: int, size: int) -> bytes:
    at = hashes_at - slot * size
    return blob[at : at + size]


def _string(name: str, blob: bytes, offset: int) -> str:
    end = blob.find(0, offset)
    if offset < DIRECTORY.size or end < 0:
        raise _damaged(name, f"the string at {offset} of its code directory has no end")
    return blob[offset:end].decode("utf-8", "surrogateescape")
