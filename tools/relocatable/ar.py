"""The ar container, as far as .deb files use it.

Source: deb(5) and ar(5), the common format without long-name tables.
"""

from dataclasses import dataclass

from relocatable.content import Extent, Store
from relocatable.errors import RelocatableError

MAGIC = b"!<arch>\n"
HEADER_BYTES = 60


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive: its name, and where its bytes are."""

    name: str
    data: Extent


def members(store: Store) -> list[Member]:
    """Returns the members of the archive in `store`, in order.

    Raises:
        RelocatableError: if it is not an ar archive or is truncated.
    """
    if store.size < len(MAGIC) or store.read(0, len(MAGIC)) != MAGIC:
        raise RelocatableError(
            f"{store.path} is not an ar archive: it doesn't start with {MAGIC!r}"
        )
    found = []
    offset = len(MAGIC)
    while offset < store.size:
        header = store.read(offset, HEADER_BYTES)
        digits = header[48:58].rstrip(b" ")
        if header[58:] != b"`\n" or not digits.isdigit():
            raise RelocatableError(f"{store.path} has a broken member header at offset {offset}")
        offset += HEADER_BYTES
        size = int(digits)
        if offset + size > store.size:
            raise RelocatableError(
                f"{store.path} is truncated: a member of {size} bytes starts at offset {offset} of "
                f"{store.size}"
            )
        name = header[:16].rstrip(b" ").removesuffix(b"/").decode("ascii", "replace")
        found.append(Member(name, Extent(store, offset, size)))
        offset += size + size % 2
    return found
