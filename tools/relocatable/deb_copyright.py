"""The copyright file of a package, with no more of the package read than it takes to find it.

Source: Debian Policy 12.5.
"""

import posixpath
from pathlib import Path
from typing import Final

from relocatable import deb_control, deb_tar
from relocatable.content import Store
from relocatable.deb_members import CONTROL_LIMIT, data_limit, members
from relocatable.decompress import Growing
from relocatable.errors import RelocatableError
from relocatable.tree import link_destination

DOCUMENTATION: Final = "usr/share/doc"
_LIMIT: Final = 64 << 20
"""Bytes; the largest of Debian have some 5 MiB."""


def read(path: Path, scratch: Path) -> bytes:
    """Returns the copyright file of the .deb at `path`.

    Raises:
        RelocatableError: if there is none in it; if it is that of another package, whose it is.
    """
    member, data = members(Store(path))
    control = deb_control.read(Growing(member.name, member.data, scratch, CONTROL_LIMIT), "")
    name = control.package.name
    directory = f"{DOCUMENTATION}/{name}"
    wanted = f"{directory}/copyright"
    archive = Growing(data.name, data.data, scratch, data_limit(data, control.fields))
    places: dict[str, tuple[int, int]] = {}
    for info in deb_tar.entries(archive, "data"):
        entry = posixpath.normpath(info.name)
        if info.issym() and entry in {directory, wanted}:
            there = link_destination(entry, info.linkname)
            if (found := places.get(there)) is None:
                owner = there.removeprefix(f"{DOCUMENTATION}/").partition("/")[0]
                raise RelocatableError(
                    f"{path}: its copyright file is in another package: {entry} is a link to "
                    f"{info.linkname}; ask for that of {owner}"
                )
            return _bytes(path, archive, *found)
        if info.isreg() and not info.issparse() and entry.startswith(f"{DOCUMENTATION}/"):
            places[entry] = info.offset_data, info.size
        if info.islnk() and entry == wanted:
            places[entry] = places.get(posixpath.normpath(info.linkname), (0, -1))
        if wanted in places:
            return _bytes(path, archive, *places[wanted])
    raise RelocatableError(f"{path} has no {wanted}")


def _bytes(path: Path, archive: Growing, offset: int, size: int) -> bytes:
    if not 0 <= size <= _LIMIT:
        raise RelocatableError(f"{path}: the copyright file has {size} bytes; at most {_LIMIT}")
    found = archive.at(offset, size)
    if len(found) < size:
        raise RelocatableError(f"{path}: the data archive is truncated")
    return found
