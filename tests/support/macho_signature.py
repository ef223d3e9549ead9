"""Signs tiny Mach-O files as `codesign` does, independently of what is tested.

Source: osfmk/kern/cs_blobs.h of XNU.
"""

import hashlib
import struct
from collections.abc import Callable
from typing import Any, Final

from relocatable import macho
from relocatable.macho import Edits
from support.macho_builder import MachOBuilder


def _blob(magic: int, content: bytes) -> bytes:
    return struct.pack(">2I", magic, 8 + len(content)) + content


REQUIREMENTS: Final = _blob(0xFADE0C01, bytes(4) + b"anything that nobody reads here.")
ENTITLEMENTS: Final = _blob(0xFADE7171, b"<plist>entitled</plist>")
ENTITLEMENTS_DER: Final = _blob(0xFADE7172, b"\x70\x03der")
_IDENTIFIER: Final = b"org.example.tiny\0"
_TEAM: Final = b"TEAM123456\0"


def signed(
    builder: MachOBuilder,
    *,
    flags: int,
    cms: bytes = b"",
    hash_type: int = 2,
    info: bytes | None = None,
) -> bytes:
    """A file with a signature that has everything that an application's has.

    Args:
        builder: makes the file.
        flags: of the code directory.
        cms: what an identity adds; then a team is named.
        hash_type: 1 for SHA-1, 2 for SHA-256.
        info: the hash of Info.plist.
    """
    # Any signature of this size in this place will do: each of its bytes is written anew.
    data = builder.build()
    room = Edits(sign="always", identifier="x" * 1000)
    plain = bytearray(macho.plan(memoryview(data), "a", room).apply(data))
    file = macho.read(memoryview(plain), "a")
    assert file.signature is not None
    offset, size = file.signature
    text = file.segment("__TEXT")
    assert text is not None
    digest: Callable[[bytes], Any] = hashlib.sha1 if hash_type == 1 else hashlib.sha256
    length = 20 if hash_type == 1 else 32
    blobs = {2: REQUIREMENTS, 5: ENTITLEMENTS, 7: ENTITLEMENTS_DER}
    special = {slot: digest(blob).digest() for slot, blob in blobs.items()}
    special |= {1: (info or b"1" * 32)[:length], 3: b"3" * length}
    slots = b"".join(special.get(slot, bytes(length)) for slot in range(7, 0, -1))
    pages = [bytes(plain[at : min(at + 4096, offset)]) for at in range(0, offset, 4096)]
    names = _IDENTIFIER + (_TEAM if cms else b"")
    hashes_at = 96 + len(names) + len(slots)
    hashes = b"".join(digest(page).digest() for page in pages)
    directory = struct.pack(
        ">9I4B4IQ3Q2I",
        *(0xFADE0C02, hashes_at + len(hashes), 0x20500, flags, hashes_at, 96, 7, len(pages)),
        *(offset, length, hash_type, 0, 12, 0, 0, 96 + len(_IDENTIFIER) if cms else 0, 0),
        *(0, 0, text.filesize, 0, 0xE0500, 0),
    )
    assert len(directory) == 96, len(directory)
    blobs = {0: directory + names + slots + hashes, **blobs, 0x10000: _blob(0xFADE0B01, cms)}
    at = 12 + 8 * len(blobs)
    index = b""
    for slot, blob in blobs.items():
        index += struct.pack(">2I", slot, at)
        at += len(blob)
    whole = struct.pack(">3I", 0xFADE0CC0, at, len(blobs)) + index + b"".join(blobs.values())
    assert len(whole) <= size, (len(whole), size)
    plain[offset:] = whole.ljust(size, b"\0")
    return bytes(plain)
