"""The members of a .deb: where its two archives are, and how large they may be when unpacked.

Source: deb(5); for what it leaves open, what dpkg-deb does.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from relocatable import ar
from relocatable.content import Store
from relocatable.decompress import SIZE_LIMIT
from relocatable.errors import RelocatableError

CONTROL_LIMIT: Final = 64 << 20
"""Bytes of a control archive, decompressed; the largest of Debian have some MiB of checksums."""
_DATA_LEAST: Final = 256 << 20
"""Bytes that any data archive may have, decompressed."""
_DATA_FACTOR: Final = 4
"""Times Installed-Size: an archive also has headers, which are most of it if files are empty."""
_RATIO: Final = 16
"""Times the compressed size, for the packages that say less than is true."""
_RATIO_UNTOLD: Final = 100
"""Times the compressed size, for the packages that don't say."""

_INSTALLED_SIZE: Final = re.compile(r"\s*([0-9]{1,12})\s*")
_VERSION: Final = re.compile(rb"2\.[0-9]+\n")
_VERSION_BYTES: Final = 64
_CONTROL: Final = ("control.tar", "control.tar.gz", "control.tar.xz", "control.tar.zst")
_DATA: Final = (
    *("data.tar", "data.tar.gz", "data.tar.xz", "data.tar.zst"),
    *("data.tar.bz2", "data.tar.lzma"),
)


class Members(NamedTuple):
    """The two archives of a .deb."""

    control: ar.Member
    data: ar.Member


def members(store: Store) -> Members:
    """Returns where the control archive and the data archive of a .deb are.

    They have to stand in this order behind the version. Before each there may be members whose
    names begin with `_`; what is behind them is nobody's.

    Raises:
        RelocatableError: if it is no .deb.
    """
    found = ar.members(store)
    head = found[0].data if found and found[0].name == "debian-binary" else None
    if head is None or not _VERSION.match(store.read(head.offset, min(head.size, _VERSION_BYTES))):
        raise RelocatableError(f"{store.path} is not a .deb: it has no debian-binary of version 2")
    parts = []
    rest = (member for member in found[1:] if not member.name.startswith("_"))
    for part, names in (("control.tar", _CONTROL), ("data.tar", _DATA)):
        member = next(rest, None)
        if member is None:
            raise RelocatableError(f"{store.path} is not a .deb: it has no {part}")
        if member.name not in names:
            raise RelocatableError(
                f"{store.path} is not a .deb: where {part} has to be, in one of its compressions "
                f"({', '.join(name.removeprefix(part) for name in names[1:])}), is {member.name!r}"
            )
        parts.append(member)
    return Members(*parts)


def data_limit(data: ar.Member, fields: Mapping[str, str]) -> int:
    """Returns how many bytes the data archive of a package may have, decompressed.

    Args:
        data: The archive, as it is.
        fields: Of the package's control file.
    """
    told = _INSTALLED_SIZE.fullmatch(fields.get("Installed-Size", ""))
    if told is None:
        most = _RATIO_UNTOLD * data.data.size
    else:
        most = max(_DATA_FACTOR * 1024 * int(told[1]), _RATIO * data.data.size)
    return min(max(most, _DATA_LEAST), SIZE_LIMIT)
