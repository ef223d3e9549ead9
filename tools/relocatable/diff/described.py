"""Reads the metadata of a dist that `relocatable.metadata` wrote, of this version or another."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relocatable import metadata
from relocatable.errors import RelocatableError
from relocatable.strict_json import Reader, Text

_ANY: Final = Text("a string", re.compile(r".+", re.DOTALL))
_SHA256: Final = Text("a SHA-256 in hex", re.compile(r"[0-9a-f]{64}"))
_SIZE_LIMIT: Final = 64 << 20
"""Bytes of a metadata file. Real ones have some ten thousand."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where files came from: a package or a wheel with its version and digest, or a label."""

    name: str
    version: str | None
    sha256: str | None
    wheel: bool
    bytes: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a comparison takes from the metadata of a dist; docs/relocatable_dist.md has all of it.

    Attributes:
        about: single facts by name, those without a value left out.
        entry_points: paths.
        baseline: the newest version of glibc that is required, if one is.
        minimum_os: the newest version of macOS that is, if one is.
        archives: SHA-256 and size by the ending of the file's name, such as `tar.zst`.
        files: their number in the dist.
        bytes: their sizes, added up.
        sources: where they came from.
    """

    about: Mapping[str, str]
    baseline: str | None
    minimum_os: str | None
    entry_points: tuple[str, ...]
    archives: Mapping[str, tuple[str, int]]
    files: int
    bytes: int
    sources: tuple[Source, ...]


def read(path: Path) -> Metadata:
    """Reads a metadata file; fields that are not known are passed over.

    Raises:
        RelocatableError: if it is none, or of a format that means something else.
        OSError: if it can't be read.
    """
    if path.stat().st_size > _SIZE_LIMIT:
        raise RelocatableError(f"{path}: {_SIZE_LIMIT} bytes are the most that metadata has")
    top = Reader.parse(path.read_bytes(), str(path))
    found = top.count("format")
    if found != metadata.FORMAT:
        raise RelocatableError(f"{path}: wanted format {metadata.FORMAT}, found {found}")
    libc, tree, name = top.item("libc"), top.item("tree"), top.string("name", _ANY)
    about = {
        "platform": top.string("platform", _ANY),
        "python_version": top.optional_string("python_version", _ANY),
        "libc": libc.string("mode", _ANY),
    }
    return Metadata(
        about={name: value for name, value in about.items() if value is not None},
        baseline=libc.optional_string("baseline", _ANY),
        # Releases from before dists for macOS didn't write it.
        minimum_os=top.optional_string("minimum_os", _ANY) if "minimum_os" in top.left else None,
        entry_points=top.strings("entry_points", _ANY),
        archives={
            archive.string("file", _ANY).removeprefix(f"{name}."): (
                archive.string("sha256", _SHA256),
                archive.count("size"),
            )
            for archive in top.items("archives")
        },
        files=tree.count("files"),
        bytes=tree.count("bytes"),
        sources=tuple(map(_source, top.items("sources"))),
    )


def _source(item: Reader) -> Source:
    if "label" in item.left:
        return Source(item.string("label", _ANY), None, None, False, item.count("bytes"))
    return Source(
        item.string("name", _ANY),
        item.string("version", _ANY),
        item.string("sha256", _SHA256),
        "file" in item.left,
        item.count("bytes"),
    )
