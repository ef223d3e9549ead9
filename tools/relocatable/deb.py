"""Debian packages: what they say of themselves, and the paths that they bring.

Nothing is trusted: each size is checked against the file before it is read, and maintainer scripts
are never run.

Source: deb(5), deb-control(5); Debian Policy 10.5 for links.
"""

import hashlib
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, cast

from relocatable import content, deb_control, deb_tar
from relocatable.content import CHUNK, Extent, Spliced, Store
from relocatable.deb_control import Control
from relocatable.deb_members import CONTROL_LIMIT, data_limit, members
from relocatable.decompress import Growing, decompress
from relocatable.errors import RelocatableError
from relocatable.provenance import Package

_SPARSE_LIMIT = 1 << 30
"""Bytes that a file with holes may have: it takes nearly none in the package, but all in a tree."""
_HOLE = bytes(CHUNK)
_EXPANDED = 8
"""Times what a data archive may have: its files may have that, with holes and hard links. (Mesa's
hard links make 13 times its archive of it, but that is a small one.)"""


@dataclass(frozen=True, slots=True)
class Deb:
    """An unpacked package: what it is and says, and its data archive as an uncompressed tar."""

    path: Path
    package: Package
    control: Control
    data: Extent
    limit: int
    """Bytes that its data archive may have, and `_EXPANDED` times that all its files."""


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a package as the archive tells it.

    `path` has no leading `./`. Of a regular file (or a hard link to one) `data` holds the bytes;
    of a symbolic link (likewise) `target` is its text; of a directory both are None.
    """

    path: str
    executable: bool = False
    data: Extent | Spliced | None = None
    target: str | None = None
    refused: str | None = None
    """Why a tree can't hold it (a device, a setuid file), told to whoever wants to keep it."""


class Source(NamedTuple):
    """Where a package is from, as far as that is known: see `provenance.Package`."""

    vendor: str = ""
    url: str = ""


def unpack(
    paths: Sequence[Path],
    scratch: Path,
    jobs: int,
    sources: Mapping[str, Source] = MappingProxyType({}),
) -> list[Deb]:
    """Opens packages and decompresses their data into nameless files in the directory `scratch`.

    Args:
        paths: Of the files.
        scratch: Where there is room.
        jobs: Threads that decompress.
        sources: Where a file is from, by its path.

    Raises:
        RelocatableError: if a file is not a whole, sound .deb; the message names it.
    """
    stores = [Store(path) for path in paths]
    found = [members(store) for store in stores]
    with ThreadPoolExecutor(jobs) as pool:
        hashes = pool.map(_sha256, stores)
        # How much a package may bring is told by what it says of itself; so that comes first.
        packed = [(each.control.name, each.control.data) for each in found]
        controls = [
            _control(control, digest, sources.get(str(store.path), Source()))
            for store, control, digest in zip(
                stores,
                decompress(packed, scratch, jobs, [CONTROL_LIMIT] * len(packed)),
                hashes,
                strict=True,
            )
        ]
        limits = [
            data_limit(each.data, told.fields) for each, told in zip(found, controls, strict=True)
        ]
        packed = [(each.data.name, each.data.data) for each in found]
        archives = decompress(packed, scratch, jobs, limits)
        return [
            Deb(store.path, told.package, told, data, limit)
            for store, told, data, limit in zip(stores, controls, archives, limits, strict=True)
        ]


def _control(archive: Extent, sha256: str, source: Source) -> Control:
    told = deb_control.read(deb_tar.Whole(archive), sha256)
    return replace(told, package=replace(told.package, **source._asdict()))


def control(path: Path, scratch: Path) -> Control:
    """Reads what a package says of itself, and nothing of what it brings.

    Raises:
        RelocatableError: if the file is not a whole .deb.
    """
    store = Store(path)
    member = members(store).control
    archive = Growing(member.name, member.data, scratch, CONTROL_LIMIT)
    return deb_control.read(archive, _sha256(store))


def identity(path: Path, scratch: Path) -> Package:
    """Returns which package a file is; errors as for `control`."""
    return control(path, scratch).package


def items(deb: Deb) -> Iterator[Item]:
    """Yields the paths of a package in the order of its archive.

    Raises:
        RelocatableError: if the archive is corrupt or truncated, a path leaves the root, or holes
            and hard links make more of it than can be meant.
    """
    # Hard links are to what came before.
    known: dict[str, Item] = {}
    total = 0
    for info in deb_tar.entries(deb_tar.Whole(deb.data), "data"):
        item = _item(deb, info, known)
        if item.path:
            if not info.isdir():
                known[item.path] = item
            if item.data is not None:
                total += content.size(item.data)
            if total > _EXPANDED * deb.limit:
                raise RelocatableError(
                    f"{deb.path}: with holes and hard links, its files have more than "
                    f"{_EXPANDED * deb.limit} bytes, which is taken for an attack"
                )
            yield item


def _sha256(store: Store) -> str:
    digest = hashlib.sha256()
    for offset in range(0, store.size, CHUNK):
        digest.update(store.read(offset, min(CHUNK, store.size - offset)))
    return digest.hexdigest()


def _item(deb: Deb, info: tarfile.TarInfo, known: Mapping[str, Item]) -> Item:
    path = _inside(deb, info.name)
    executable = bool(info.mode & 0o111)
    if info.isdir():
        return Item(path)
    if info.issym():
        return Item(path, target=info.linkname)
    if info.islnk():
        linked = known.get(_inside(deb, info.linkname))
        if linked is None:
            return Item(path, refused=f"is a hard link to {info.linkname}, which isn't there")
        return replace(linked, path=path)
    if not info.isreg():
        return Item(path, refused=f"is of the tar type {info.type!r}")
    if info.issparse() and info.size > _SPARSE_LIMIT:
        return Item(
            path,
            refused=f"has holes, and {info.size} bytes (at most {_SPARSE_LIMIT} are wanted)",
        )
    data = _sparse(deb, info, path) if info.issparse() else _run(deb, info.offset_data, info.size)
    if data is None:
        raise RelocatableError(f"{deb.path}: the data archive is truncated in {path}")
    refused = "is setuid or setgid" if info.mode & 0o6000 else None
    return Item(path, executable, data, refused=refused)


def _run(deb: Deb, offset: int, size: int) -> Extent | None:
    if offset + size > deb.data.size:
        return None
    return Extent(deb.data.store, deb.data.offset + offset, size)


def _sparse(deb: Deb, info: tarfile.TarInfo, path: str) -> Spliced | None:
    """A file with holes, which tarfile knows in the forms of GNU tar, as what it stands for."""
    parts: list[Extent | bytes] = []
    position, stored = 0, info.offset_data
    # typeshed has another type; and tarfile keeps empty ones, which stand for nothing.
    told = [part for part in cast("Sequence[tuple[int, int]]", info.sparse or ()) if part[1]]
    for start, size in [*told, (info.size, 0)]:
        if start < position or size < 0 or start + size > info.size:
            raise RelocatableError(f"{deb.path}: {path} has parts that overlap or are not in it")
        data = _run(deb, stored, size)
        if data is None:
            return None
        # One object for all of them: a hole takes a pointer for each MiB.
        parts += [_HOLE] * ((start - position) // CHUNK)
        parts.append(bytes((start - position) % CHUNK))
        parts.append(data)
        position = start + size
        # GNU tar begins each part with a block.
        stored += size + -size % tarfile.BLOCKSIZE
    return Spliced(tuple(part for part in parts if content.size(part)))


def _inside(deb: Deb, name: str) -> str:
    names = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in names or name.startswith("/"):
        raise RelocatableError(f"{deb.path}: path {name!r} leaves the package's root")
    return "/".join(names)
