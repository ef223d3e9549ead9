"""Wheels: read, held against their own RECORD, and put in the places of an installation.

Nothing is trusted: no path leaves its place, no link is taken, each byte is what RECORD says.

Source: the specification "Binary distribution format" (PEP 427, PEP 491).
"""

import email
import hashlib
import itertools
import os
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from relocatable import content, provenance
from relocatable.content import CHUNK, Extent, Store
from relocatable.decompress import SIZE_LIMIT
from relocatable.errors import RelocatableError, problems
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import record, scripts
from relocatable.python.tags import Python, Tag
from relocatable.tree import File, check_path

_NAME = re.compile(
    r"(?P<name>\w[\w.]*)-(?P<version>[\w.!+]+)(?:-\d\w*)?-(?P<tags>[^-]+-[^-]+-[^-]+)"
)
_DIST_INFO = ".dist-info"
_FORMAT = "1."


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a wheel."""

    data: Extent
    executable: bool


@dataclass(frozen=True, slots=True)
class Wheel:
    """A sound wheel.

    Attributes:
        path: Of the .whl file.
        source: What provenance says of it.
        prefix: What its own directories begin with: NAME-VERSION.
        tags: What it is for; it runs where one of them does.
        files: By path in the wheel; without RECORD and signatures.
    """

    path: Path
    source: provenance.Wheel
    prefix: str
    tags: tuple[Tag, ...]
    files: Mapping[str, Item]

    def __str__(self) -> str:
        """For messages."""
        return f"{self.name} {self.version}"

    @property
    def name(self) -> str:
        """Of the distribution, as its metadata spells it."""
        return self.source.name

    @property
    def version(self) -> str:
        """Of the distribution."""
        return self.source.version

    @property
    def dist_info(self) -> str:
        """The name of its metadata directory in site-packages."""
        return self.prefix + _DIST_INFO


def read(path: Path, scratch: Path) -> Wheel:
    """Reads the wheel at `path`; its files' bytes stay in a nameless file below `scratch`.

    Raises:
        RelocatableError: if it is no wheel, is damaged, or holds a path that none may have.
    """
    match = _NAME.fullmatch(path.name.removesuffix(".whl"))
    if match is None:
        raise RelocatableError(
            f"{path} is no wheel: a name like NAME-VERSION-cp311-cp311-PLATFORM.whl is wanted"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            infos = _checked(path, archive.infolist())
            files = _unpacked(archive, infos, scratch)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise RelocatableError(f"{path} is no wheel, or is damaged: {error}") from error
    except (NotImplementedError, RuntimeError) as error:
        raise RelocatableError(f"{path} is packed in a way that no wheel is: {error}") from error
    prefix = _prefix(path, files)
    _check_record(path, prefix, files)
    metadata = email.message_from_bytes(_bytes(path, files, f"{prefix}{_DIST_INFO}/METADATA"))
    name, version = metadata["Name"] or "", metadata["Version"] or ""
    if normal(name) != normal(match["name"]) or not version:
        raise RelocatableError(
            f"{path}: its METADATA is of {name!r} {version!r}; {match['name']} is wanted"
        )
    about = email.message_from_bytes(_bytes(path, files, f"{prefix}{_DIST_INFO}/WHEEL"))
    if not (about["Wheel-Version"] or "").startswith(_FORMAT):
        raise RelocatableError(
            f"{path} has wheel format {about['Wheel-Version']}; {_FORMAT}x is wanted"
        )
    parts = [part.split(".") for part in match["tags"].split("-")]
    tags = tuple(Tag(*tag) for tag in itertools.product(*parts))
    for left_out in (record.NAME, *record.SIGNATURES):
        files.pop(f"{prefix}{_DIST_INFO}/{left_out}", None)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = provenance.Wheel(name, version, path.name, digest)
    return Wheel(path, source, prefix, tags, files)


def normal(name: str) -> str:
    """Returns a distribution's name as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_fits(wheels: Sequence[Wheel], python: Python) -> None:
    """Checks that all wheels are for `python`, and no distribution is there twice.

    Raises:
        RelocatableError: that names all that are not.
    """
    found = [
        f"{wheel.path.name} is for {' or '.join(sorted(map(str, wheel.tags)))}"
        for wheel in wheels
        if not any(map(python.takes, wheel.tags))
    ]
    problems(found, f"wheels that can't be for {python}:")


def install(wheel: Wheel, home: str, python: Python) -> Iterator[tuple[str, File]]:
    """Yields what `wheel` installs, with each path in a prefix whose library is at `home`.

    Raises:
        RelocatableError: if it has data of a kind that nobody knows.
    """
    packages = f"{home}/site-packages"
    schemes = {
        "purelib": packages,
        "platlib": packages,
        "scripts": scripts.DIRECTORY,
        "headers": f"include/python{python.version}/{wheel.name}",
        "data": "",
    }
    for path, item in wheel.files.items():
        file = File(item.data, Record(Origin(wheel.source, path)), item.executable)
        directory, _, rest = path.partition("/")
        if directory != wheel.prefix + ".data":
            yield f"{packages}/{path}", file
            continue
        scheme, _, inside = rest.partition("/")
        if scheme not in schemes or not inside:
            raise RelocatableError(
                f"{wheel.path.name}: {path} is data of no known kind; "
                f"{', '.join(sorted(schemes))} are"
            )
        if scheme == "scripts":
            file = _script(file, python.version)
        yield f"{schemes[scheme]}/{inside}".lstrip("/"), file


def _script(file: File, version: str) -> File:
    data = content.read(file.content)
    started = scripts.started_here(data, version)
    if started is None:
        return File(file.content, file.record, executable=True)
    edit = Edit("script", scripts.first_line(data), "finds its interpreter from its own place")
    return File(started, file.edited(started, edit).record, executable=True)


def _checked(path: Path, infos: Sequence[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    found: list[str] = []
    seen: set[str] = set()
    files = []
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        try:
            check_path(info.filename.removesuffix("/") if info.is_dir() else info.filename)
        except RelocatableError as error:
            found.append(str(error))
        if "\\" in info.orig_filename:
            found.append(f"path {info.orig_filename!r} has a backslash")
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            found.append(f"{info.filename} is neither a file nor a directory")
        if info.filename in seen:
            found.append(f"{info.filename} is there twice")
        seen.add(info.filename)
        if not info.is_dir():
            files.append(info)
    if (size := sum(info.file_size for info in infos)) > SIZE_LIMIT:
        found.append(f"{size} bytes of files, over {SIZE_LIMIT}")
    problems(found, f"{path} holds what no wheel may:")
    return files


def _unpacked(
    archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo], scratch: Path
) -> dict[str, Item]:
    with tempfile.TemporaryFile(dir=scratch) as spool:
        places = [_append(archive, info, spool) for info in infos]
        spool.flush()
        store = Store(Path(archive.filename or ""), os.dup(spool.fileno()))
    return {
        info.filename: Item(Extent(store, offset, size), bool((info.external_attr >> 16) & 0o111))
        for info, (offset, size) in zip(infos, places, strict=True)
    }


def _append(archive: zipfile.ZipFile, info: zipfile.ZipInfo, spool: IO[bytes]) -> tuple[int, int]:
    offset = spool.tell()
    with archive.open(info) as file:
        while chunk := file.read(CHUNK):
            spool.write(chunk)
    return offset, spool.tell() - offset


def _prefix(path: Path, files: Mapping[str, Item]) -> str:
    tops = {name.partition("/")[0] for name in files}
    found = sorted(top for top in tops if top.endswith(_DIST_INFO))
    if len(found) != 1:
        raise RelocatableError(f"{path}: one *{_DIST_INFO} directory is wanted, found {found}")
    return found[0].removesuffix(_DIST_INFO)


def _check_record(path: Path, prefix: str, files: Mapping[str, Item]) -> None:
    own = f"{prefix}{_DIST_INFO}/{record.NAME}"
    entries = record.parse(_bytes(path, files, own), f"{path}: {own}")
    unlisted = {own, *(f"{prefix}{_DIST_INFO}/{name}" for name in record.SIGNATURES)}
    found = [f"{name} is listed and not there" for name in entries.keys() - files.keys()]
    for name, item in files.items():
        if name in unlisted:
            continue
        if name not in entries:
            found.append(f"{name} is not listed")
        elif difference := record.mismatch(entries[name], content.view(item.data)):
            found.append(f"{name}: {difference}")
    problems(found, f"{path} is not what its RECORD says:")


def _bytes(path: Path, files: Mapping[str, Item], name: str) -> bytes:
    if name not in files:
        raise RelocatableError(f"{path} is no wheel: it has no {name}")
    return content.read(files[name].data)
