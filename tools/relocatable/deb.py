"""Debian packages: what they say of themselves, and the paths that they bring.

Nothing is trusted: each size is checked against the file before it is read, and maintainer scripts
are never run.

Source: deb(5), deb-control(5); Debian Policy 10.5 for links.
"""

import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from debian.deb822 import Deb822

from relocatable import ar, content
from relocatable.content import CHUNK, Extent, Store
from relocatable.decompress import decompress
from relocatable.errors import RelocatableError
from relocatable.provenance import Package

_WORDS = {
    "Package": re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*"),
    "Version": re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:-]*"),
    "Architecture": re.compile(r"[a-z0-9][a-z0-9-]*"),
}
"""deb-control(5), but names may be as short as one letter, and have capital ones."""
_SOURCE = re.compile(
    r"(?P<name>{Package})(?:\s+\((?P<version>{Version})\))?".format(
        **{field: word.pattern for field, word in _WORDS.items()}
    )
)


@dataclass(frozen=True, slots=True)
class Deb:
    """An unpacked package: its identity, and its data archive as an uncompressed tar."""

    path: Path
    package: Package
    data: Extent


@dataclass(frozen=True, slots=True)
class Item:
    """One path of a package as the archive tells it.

    `path` has no leading `./`. Of a regular file (or a hard link to one) `data` holds the bytes;
    of a symbolic link `target` is its text; of a directory both are None.
    """

    path: str
    executable: bool = False
    data: Extent | None = None
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
        control, data = _members(store)
        controls.append(control)
        archives.append(data)
    with ThreadPoolExecutor(jobs) as pool:
        hashes = pool.map(_sha256, stores)
        unpacked = decompress([(m.name, m.data) for m in controls + archives], scratch, jobs)
        return [
            Deb(
                store.path,
                replace(
                    _package(store.path, control, digest),
                    **sources.get(str(store.path), Source())._asdict(),
                ),
                data,
            )
            for store, control, data, digest in zip(
                stores, unpacked[: len(paths)], unpacked[len(paths) :], hashes, strict=True
            )
        ]


def identity(path: Path, scratch: Path) -> Package:
    """Reads what a package says of itself, and nothing of what it brings.

    Raises:
        RelocatableError: if the file is not a whole .deb.
    """
    store = Store(path)
    control, _ = _members(store)
    (unpacked,) = decompress([(control.name, control.data)], scratch, 1)
    return _package(path, unpacked, _sha256(store))


def items(deb: Deb) -> Iterator[Item]:
    """Yields the paths of a package in the order of its archive.

    Raises:
        RelocatableError: if the archive is corrupt or truncated, or a path leaves the root.
    """
    found: dict[str, Item] = {}
    try:
        with tarfile.open(fileobj=_File(deb.data), mode="r:") as archive:
            for info in archive:
                item = _item(deb, info, found)
                if item.path:
                    found[item.path] = item
                    yield item
            _check_end(deb, archive.offset)
    except (tarfile.TarError, UnicodeError, ValueError) as error:
        raise RelocatableError(f"{deb.path}: the data archive is corrupt: {error}") from error


def _check_end(deb: Deb, offset: int) -> None:
    """A damaged header is no error to tarfile: there, the archive just seems to end."""
    size = min(tarfile.BLOCKSIZE, deb.data.size - offset)
    if deb.data.store.read(deb.data.offset + offset, size) != bytes(tarfile.BLOCKSIZE):
        raise RelocatableError(
            f"{deb.path}: the data archive is corrupt: no header and no end at offset {offset}"
        )


def _members(store: Store) -> tuple[ar.Member, ar.Member]:
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


def _package(path: Path, control: Extent, sha256: str) -> Package:
    try:
        with tarfile.open(fileobj=_File(control), mode="r:") as archive:
            info = next((i for i in archive if i.name.removeprefix("./") == "control"), None)
            file = info and archive.extractfile(info)
            fields = Deb822(file.read() if file else b"")
        for field, word in _WORDS.items():
            if not word.fullmatch(fields[field]):
                raise RelocatableError(f"{path}: {fields[field]!r} can be no {field}")
        name, version = fields["Package"], fields["Version"]
        built = _SOURCE.fullmatch(fields.get("Source", name))
        if built is None:
            raise RelocatableError(f"{path}: {fields['Source']!r} can be no Source: NAME (VERSION)")
        return Package(
            name,
            version,
            fields["Architecture"],
            sha256,
            source=_other(built["name"], name),
            source_version=_other(built["version"] or version, version),
        )
    except (tarfile.TarError, UnicodeError, ValueError) as error:
        raise RelocatableError(f"{path}: the control archive is corrupt: {error}") from error
    except KeyError as error:
        raise RelocatableError(f"{path}: the control file has no field {error}") from error


def _other(value: str, usual: str) -> str:
    return "" if value == usual else value


def _item(deb: Deb, info: tarfile.TarInfo, found: dict[str, Item]) -> Item:
    path = _inside(deb, info.name)
    executable = bool(info.mode & 0o111)
    if info.isdir():
        return Item(path)
    if info.issym():
        return Item(path, target=info.linkname)
    if info.islnk():
        linked = found.get(_inside(deb, info.linkname))
        if linked is None or linked.data is None:
            raise RelocatableError(f"{deb.path}: hard link {path} has no file {info.linkname}")
        return Item(path, linked.executable, linked.data, refused=linked.refused)
    if not info.isreg() or info.issparse():
        return Item(path, refused=f"is of the tar type {info.type!r}")
    offset = deb.data.offset + info.offset_data
    if offset + info.size > deb.data.offset + deb.data.size:
        raise RelocatableError(f"{deb.path}: the data archive is truncated in {path}")
    data = Extent(deb.data.store, offset, info.size)
    refused = "is setuid or setgid" if info.mode & 0o6000 else None
    return Item(path, executable, data, refused=refused)


def _inside(deb: Deb, name: str) -> str:
    names = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in names or name.startswith("/"):
        raise RelocatableError(f"{deb.path}: path {name!r} leaves the package's root")
    return "/".join(names)


class _File(io.RawIOBase):
    """An extent as a file that tarfile can read and seek in."""

    def __init__(self, data: Extent) -> None:
        self._data = data
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._data.size}
        self._position = start[whence] + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._data.size - self._position)
        count = left if size < 0 else min(size, left)
        data = self._data.store.read(self._data.offset + self._position, count)
        self._position += count
        return data
