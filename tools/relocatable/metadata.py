"""What a dist is and what it was made of, as JSON; docs/relocatable_dist.md tells its fields."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from relocatable import content as contents
from relocatable import launcher
from relocatable.content import CHUNK
from relocatable.provenance import Package, Wheel, fields
from relocatable.target import Target
from relocatable.tree import Directory, File, Link, Tree

FORMAT = 1
"""Rises when a reader of the old metadata would misread the new."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A file that the dist is handed out as: its name, SHA-256 in hex, and size in bytes."""

    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a dist is, as far as its tree doesn't tell.

    Attributes:
        name: the target's.
        target: the platform.
        libc: whose C library it runs on.
        baseline: the newest version of glibc that its files ask for, if they do.
        minimum_os: the newest version of macOS that its files are built for, if they are.
        python_version: MAJOR.MINOR of the Python inside, if there is one.
        tool_version: of rules_relocatable.
        waived: what `VerifyDist` would have refused: `relocatable.waivers`.
    """

    name: str
    target: Target
    libc: str
    baseline: str | None
    python_version: str | None
    tool_version: str
    minimum_os: str | None = None
    waived: Sequence[Mapping[str, Any]] = ()


def metadata(tree: Tree, facts: Facts, archives: Sequence[Archive]) -> bytes:
    """Returns the metadata of a dist."""
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
        "format": FORMAT,
        "name": facts.name,
        "platform": facts.target.name,
        "python_version": facts.python_version,
        "libc": {"mode": facts.libc, "version": libc, "baseline": facts.baseline},
        "minimum_os": facts.minimum_os,
        "entry_points": entry_points,
        "archives": [asdict(archive) for archive in archives],
        "tree": total,
        "sources": _sources(sources),
        "waivers": list(facts.waived),
        "tool": {"name": "rules_relocatable", "version": facts.tool_version},
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _sources(sources: Mapping[Package | Wheel | str, dict[str, int]]) -> list[dict[str, Any]]:
    named = [
        ({"label": source} if isinstance(source, str) else fields(source)) | counts
        for source, counts in sources.items()
    ]
    return sorted(named, key=lambda source: (source.get("name", ""), source.get("label", "")))
