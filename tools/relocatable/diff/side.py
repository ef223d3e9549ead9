"""One of the two that are compared: an archive, a directory or metadata, and what is beside it.

`NAME.json` beside `NAME.tar.zst` (or `NAME.zip`, `NAME.directory`, `NAME/`…) tells of which
packages it is made; `NAME.provenance.jsonl` beside `NAME.tar`, the tree itself, tells it as well.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from relocatable import content, provenance, tree_read
from relocatable.diff import described
from relocatable.diff.described import Metadata, Source
from relocatable.errors import RelocatableError
from relocatable.provenance import Package, Record, Wheel
from relocatable.tree import Directory, File, Link, Tree

_ENDING: Final = re.compile(r"\.(?:tar(?:\.[a-z0-9]+)?|t[a-z]+z2?|tzst|zip|directory)\Z")


@dataclass(slots=True)
class Side:
    """What is known of a dist.

    Attributes:
        name: as its user calls it.
        tree: what is in it, unless only its metadata is there.
        metadata: if there is any.
        sources: what it was made of, if something tells.
        sizes: bytes: `unpacked`, and of archives by the ending of their name, such as `tar.zst`.
        modes: whether its files' modes say something.
        notes: what could not be made use of, and why.
    """

    name: str
    tree: Tree | None = None
    metadata: Metadata | None = None
    sources: Sequence[Source] | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    modes: bool = True
    notes: list[str] = field(default_factory=list)


def read(path: Path) -> Side:
    """Reads a dist, or its metadata.

    Raises:
        RelocatableError: if it is neither, or damaged.
        OSError: if it can't be read.
    """
    side = Side(str(path))
    if path.suffix == ".json" and not path.is_dir():
        side.metadata = described.read(path)
        side.sources = side.metadata.sources
        side.sizes["unpacked"] = side.metadata.bytes
        side.sizes |= {ending: size for ending, (_, size) in side.metadata.archives.items()}
        return side
    tree = tree_read.read(path)
    place = path.resolve() if path.is_dir() else path.absolute()
    stem = place.with_name(_ENDING.sub("", place.name))
    side.sizes["unpacked"] = sum(content.size(file.content) for _, file in tree.files())
    if path.is_dir():
        # Bazel makes all files in the directories that it hands on executable.
        side.modes = not all(file.executable for _, file in tree.files())
    else:
        side.sizes[place.name.removeprefix(f"{stem.name}.")] = path.stat().st_size
    records = stem.with_name(f"{stem.name}.provenance.jsonl")
    if path.suffix == ".tar" and records.exists():
        side.tree = tree  # As a rule made it, without a directory around it.
        side.sources = _summed(tree, provenance.read(records))
    else:
        side.tree = tree if path.is_dir() else _inside(tree)
    _describe(side, path, stem.with_name(f"{stem.name}.json"))
    return side


def _describe(side: Side, path: Path, beside: Path) -> None:
    """Adds what the metadata beside a dist says, if it is that of this dist."""
    if not beside.exists():
        if side.sources is None:
            side.notes.append(f"its packages: there is no {beside.name} beside it")
        return
    try:
        found = described.read(beside)
    except RelocatableError as error:
        side.notes.append(f"its metadata: {error}")
        return
    if not _is_of(found, side, path):
        side.notes.append(f"its metadata: {beside.name} beside it is of another dist")
        return
    side.metadata = found
    side.sources = side.sources or found.sources


def _is_of(metadata: Metadata, side: Side, path: Path) -> bool:
    for ending, (digest, size) in metadata.archives.items():
        if ending in side.sizes:
            if side.sizes[ending] != size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == digest
    files = sum(1 for _ in side.tree.files()) if side.tree is not None else 0
    return (files, side.sizes["unpacked"]) == (metadata.files, metadata.bytes)


def _inside(tree: Tree) -> Tree:
    """What is in the one directory that an archive unpacks to, if it does."""
    top = min(tree.nodes, default="").partition("/")[0]
    if not isinstance(tree.nodes.get(top), Directory):
        return tree
    prefix = f"{top}/"
    if not all(path == top or path.startswith(prefix) for path in tree.nodes):
        return tree
    return Tree({path[len(prefix) :]: node for path, node in tree.nodes.items() if path != top})


def _summed(tree: Tree, records: Mapping[str, Record]) -> list[Source]:
    sizes: dict[Package | Wheel | str, int] = {}
    for path, node in tree:
        record = records.get(path)
        if record is None or isinstance(node, Directory | Link):
            continue
        source = record.origin.source
        sizes[source] = sizes.get(source, 0) + _size(node)
    return [
        Source(source, None, None, False, size)
        if isinstance(source, str)
        else Source(source.name, source.version, source.sha256, isinstance(source, Wheel), size)
        for source, size in sizes.items()
    ]


def _size(node: File) -> int:
    return content.size(node.content)
