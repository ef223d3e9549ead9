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

from relocatable import ar, content, deb_control, deb_tar
from relocatable.content import CHUNK, Extent, Spliced, Store
from relocatable.deb_control import Control
from relocatable.decompress import Growing, decompress
from relocatable.errors import RelocatableError
from relocatable.provenance import Package

_SPARSE_LIMIT = 1 << 30
"""Bytes that a file with holes may have: it takes nearly none in the package, but all in a tree."""
_HOLE = bytes(CHUNK)


@dataclass(frozen=True, slots=True)
class Deb:
    """An unpacked package: what it is and says, and its data archive as an uncompressed tar."""

    path: Path
    package: Package
    control: Control
    data: Extent


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a package as the archive tells it.

    `path` has no leading `./`. Of a regular file (or a hard link to one) `data` holds the bytes;
    of a symbolic link `target` is its text; of a directory both are None.
    """

    path: str
    executable: bool = False
    data: Extent | Spliced | None = None
    target: str | None = None
    refused: str | None = None
    """Why a tree can't hold it (a device, a setuid file), for whoever wants to keep it."""


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
    controls, archives = [], []
    for store in stores:
        control, data = members(store)
        controls.append(control)
        archives.append(data)
    with ThreadPoolExecutor(jobs) as pool:
        hashes = pool.map(_sha256, stores)
        unpacked = decompress([(m.name, m.data) for m in controls + archives], scratch, jobs)
        return [
            _deb(store, control, digest, data, sources.get(str(store.path), Source()))
            for store, control, data, digest in zip(
                stores, unpacked[: len(paths)], unpacked[len(paths) :], hashes, strict=True
            )
        ]


def _deb(store: Store, control: Extent, sha256: str, data: Extent, source: Source) -> Deb:
    told = deb_control.read(deb_tar.Whole(control), sha256)
    package = replace(told.package, **source._asdict())
    return Deb(store.path, package, replace(told, package=package), data)


def control(path: Path, scratch: Path) -> Control:
    """Reads what a package says of itself, and nothing of what it brings.

    Raises:
        RelocatableError: if the file is not a whole .deb.
    """
    store = Store(path)
    member, _ = members(store)
    archive = Growing(member.name, member.data, scratch)
    return deb_control.read(archive, _sha256(store))


def identity(path: Path, scratch: Path) -> Package:
    """Returns which package a file is; errors as for `control`."""
    return control(path, scratch).package


def items(deb: Deb) -> Iterator[Item]:
    """Yields the paths of a package in the order of its archive.

    Raises:
        RelocatableError: if the archive is corrupt or truncated, or a path leaves the root.
    """
    # Hard links are to files that came before.
    files: dict[str, Item] = {}
    for info in deb_tar.entries(deb_tar.Whole(deb.data), "data"):
        item = _item(deb, info, files)
        if item.path:
            if item.data is not None:
                files[item.path] = item
            yield item


def members(store: Store) -> tuple[ar.Member, ar.Member]:
    """Returns where the control archive and the data archive of a .deb are.

    Raises:
        RelocatableError: if it is no .deb.
    """
    names = ar.members(store)
    if (
        not names
        or names[0].name != "debian-binary"
        or not content.read(names[0].data).startswith(b"2.")
    ):
        raise RelocatableError(f"{store.path} is not a .deb: it has no debian-binary of version 2")
    parts = []
    for part in ("control.tar", "data.tar"):
        member = next((m for m in names if m.name == part or m.name.startswith(part + ".")), None)
        if member is None:
            raise RelocatableError(f"{store.path} is not a .deb: it has no {part}")
        parts.append(member)
    return parts[0], parts[1]


def _sha256(store: Store) -> str:
    digest = hashlib.sha256()
    for offset in range(0, store.size, CHUNK):
        digest.update(store.read(offset, min(CHUNK, store.size - offset)))
    return digest.hexdigest()


def _item(deb: Deb, info: tarfile.TarInfo, files: Mapping[str, Item]) -> Item:
    path = _inside(deb, info.name)
    executable = bool(info.mode & 0o111)
    if info.isdir():
        return Item(path)
    if info.issym():
        return Item(path, target=info.linkname)
    if info.islnk():
        linked = files.get(_inside(deb, info.linkname))
        if linked is None:
            raise RelocatableError(f"{deb.path}: hard link {path} has no file {info.linkname}")
        return Item(path, linked.executable, linked.data, refused=linked.refused)
    if not info.isreg():
        return Item(path, refused=f"is of the tar type {info.type!r}")
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
    if info.size > _SPARSE_LIMIT:
        raise RelocatableError(
            f"{deb.path}: {path} has holes, and {info.size} bytes; wanted at most {_SPARSE_LIMIT}"
        )
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
