"""A tree as one compressed file, and what is written beside it.

Compressors run with settings that decide their output alone: zstd gives the same bytes for any
number of workers, if there is at least one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import zstandard

from relocatable import content as contents
from relocatable import launcher, tree_tar
from relocatable.content import CHUNK, Content, Extent, Patched, Spliced
from relocatable.output import whole
from relocatable.provenance import Package, Wheel
from relocatable.target import Target
from relocatable.tree import Directory, File, Link, Tree

METADATA_FORMAT = 1
"""Rises when a reader of the old metadata would misread the new."""


class _Compressor(Protocol):
    def write(self, data: bytes | memoryview, /) -> int: ...


@dataclass(frozen=True, slots=True)
class _Sink:
    """Where a tree's tar is written to: a compressor, fed in chunks."""

    compressor: _Compressor

    def write(self, content: Content) -> None:
        if isinstance(content, Extent):
            for start in range(0, content.size, CHUNK):
                size = min(CHUNK, content.size - start)
                self.compressor.write(content.store.read(content.offset + start, size))
        elif isinstance(content, Spliced):
            for part in content.parts:
                self.write(part)
        else:
            data = contents.view(content) if isinstance(content, Patched) else content
            self.compressor.write(data)

    def flush(self) -> None:
        """Nothing is held back here."""


def write_tar_zst(tree: Tree, path: Path, top: str, level: int, workers: int) -> None:
    """Writes `tree` below the one directory `top` to a .tar.zst file.

    Args:
        tree: What to write.
        path: The file; it is there only when whole.
        top: The name of the directory that unpacking makes.
        level: zstd's, 1 to 22.
        workers: Threads, at least one; their number changes nothing but the time.
    """
    parameters = zstandard.ZstdCompressionParameters.from_level(
        level, threads=workers, write_checksum=True
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with whole(path) as file, compressor.stream_writer(file, closefd=False) as stream:
        tree_tar.write_to(tree, _Sink(stream), top)


def write_sha256(archive: Path, path: Path) -> str:
    """Writes the checksum of `archive` in the form that `sha256sum --check` reads; returns it."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with whole(path) as file:
        file.write(f"{digest}  {archive.name}\n".encode())
    return digest


@dataclass(frozen=True, slots=True)
class Facts:
    """What a dist is, as far as its tree doesn't tell."""

    name: str
    target: Target
    libc: str
    python_version: str | None
    tool_version: str


def metadata(tree: Tree, facts: Facts, archive: Path, sha256: str) -> bytes:
    """Returns the metadata of a dist as JSON; docs/relocatable_dist.md tells its fields."""
    sources: dict[Package | Wheel | str, dict[str, int]] = {}
    entry_points: list[str] = []
    total = {"files": 0, "links": 0, "directories": 0, "bytes": 0}
    for path, node in tree:
        match node:
            case Directory():
                total["directories"] += 1
            case Link():
                total["links"] += 1
            case File():
                size = contents.size(node.content)
                if size <= CHUNK and launcher.is_launcher(contents.read(node.content)):
                    entry_points.append(path)
                total["files"] += 1
                total["bytes"] += size
                source = sources.setdefault(node.record.origin.source, {"files": 0, "bytes": 0})
                source["files"] += 1
                source["bytes"] += size
    libc = next((s.version for s in sources if isinstance(s, Package) and s.name == "libc6"), None)
    document = {
        "format": METADATA_FORMAT,
        "name": facts.name,
        "platform": facts.target.name,
        "python_version": facts.python_version,
        "libc": {"mode": facts.libc, "version": libc},
        "entry_points": entry_points,
        "archive": {"file": archive.name, "sha256": sha256, "size": archive.stat().st_size},
        "tree": total,
        "sources": _sources(sources),
        "tool": {"name": "rules_relocatable", "version": facts.tool_version},
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _sources(sources: Mapping[Package | Wheel | str, dict[str, int]]) -> list[dict[str, Any]]:
    named = [
        ({"label": source} if isinstance(source, str) else asdict(source)) | counts
        for source, counts in sources.items()
    ]
    return sorted(named, key=lambda source: (source.get("name", ""), source.get("label", "")))
