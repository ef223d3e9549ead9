"""Reads what is in a .zip, with the modes and links that Info-ZIP keeps in it.

Source: APPNOTE.TXT, section 4.4.15 (external file attributes).
"""

import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from relocatable.content import CHUNK, Extent, Store
from relocatable.decompress import SIZE_LIMIT
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Node

_TARGET_LIMIT: Final = 4096
"""Bytes of a link's target, as in Linux's PATH_MAX."""
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# All that `zipfile` raises for a file that is damaged, encrypted, or of a method that it lacks.
_BAD: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def members(path: Path) -> Iterator[tuple[str, Node]]:
    """The paths in a .zip and what is at each; as in a tar, of two entries the later one counts.

    Raises:
        RelocatableError: if it is damaged, or holds more than it may.
        OSError: if it can't be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryFile() as spool:
            infos = archive.infolist()
            if (size := sum(info.file_size for info in infos)) > SIZE_LIMIT:
                raise RelocatableError(f"{path} holds {size} bytes, over {SIZE_LIMIT}")
            for info in infos:
                if info.compress_type not in _METHODS:
                    raise ValueError(f"{info.filename!r} is compressed in an unknown way")
                if not info.filename or info.header_offset < 0:
                    raise ValueError(f"the entry {info.filename!r} is damaged")
            places = [_spooled(archive, info, spool) for info in infos]
            spool.flush()
            store = Store(path, os.dup(spool.fileno()))
    except _BAD as error:
        raise RelocatableError(f"{path} is no .zip that can be read: {error}") from error
    for info, (offset, size) in zip(infos, places, strict=True):
        yield from _member(info, Extent(store, offset, size), path)


def _spooled(archive: zipfile.ZipFile, info: zipfile.ZipInfo, spool: IO[bytes]) -> tuple[int, int]:
    """Appends an entry's bytes to the spool file; returns where they are."""
    offset = spool.tell()
    if not info.is_dir():
        with archive.open(info) as file:
            while chunk := file.read(CHUNK):
                spool.write(chunk)
    return offset, spool.tell() - offset


def _member(info: zipfile.ZipInfo, data: Extent, path: Path) -> Iterator[tuple[str, Node]]:
    name = info.filename.removeprefix("./").rstrip("/")
    mode = info.external_attr >> 16
    record = Record(Origin(str(path), name))
    if info.is_dir():
        if name:
            yield name, Directory()
    elif stat.S_ISLNK(mode):
        if data.size > _TARGET_LIMIT:
            raise RelocatableError(f"{path}: the link {name} has a target of {data.size} bytes")
        target = data.store.read(data.offset, data.size)
        yield name, Link(target.decode("utf-8", "surrogateescape"), record)
    elif stat.S_IFMT(mode) in {0, stat.S_IFREG}:
        yield name, File(data, record, bool(mode & stat.S_IXUSR))
