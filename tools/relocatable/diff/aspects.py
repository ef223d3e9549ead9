"""A dist as aspects: mappings, each of which says one kind of thing about it.

Those of `described` are what metadata tells, those of `inspected` what is in the tree. A key that a
mapping has no value for is there or not, and nothing else about it counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from relocatable import content as contents
from relocatable import launcher
from relocatable.content import CHUNK, Content
from relocatable.diff import modules
from relocatable.diff.described import Source
from relocatable.diff.linking import Linking
from relocatable.diff.side import Side
from relocatable.python.wheel import normal
from relocatable.tree import Directory, File, Link, Node, Tree


@dataclass(frozen=True, slots=True)
class Version:
    """A version, and the SHA-256 (hex) of the file that it came in, if that is known."""

    version: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What is at a path.

    Attributes:
        kind: `file`, `executable`, `link` or `directory`.
        size: of a file, in bytes.
        target: of a link.
        content: of a file.
    """

    kind: str
    size: int | None = None
    target: str | None = None
    content: Content = field(default=b"", compare=False, repr=False)


Value: TypeAlias = str | int | Version | Entry | frozenset[str] | None
Aspects: TypeAlias = dict[str, Mapping[str, Value]]


def described(side: Side) -> Aspects:
    """What the metadata of a dist says, as far as there is any."""
    found: Aspects = {}
    if side.metadata is not None:
        found["about"] = dict(side.metadata.about)
        baselines = {"GLIBC": side.metadata.baseline, "macos": side.metadata.minimum_os}
        found["baselines"] = {name: known for name, known in baselines.items() if known is not None}
        found["entry_points"] = dict.fromkeys(side.metadata.entry_points)
        # The only thing to say whether contents are the same.
        found["archives"] = {name: sha for name, (sha, _) in side.metadata.archives.items()}
    if side.sources is not None:
        found["sources"] = _sizes(side.sources)
        debs = [(source.name, source) for source in side.sources if not source.wheel]
        wheels = [(normal(source.name), source) for source in side.sources if source.wheel]
        found["packages"], found["distributions"] = _versions(debs), _versions(wheels)
    return found


def inspected(tree: Tree, linked: Linking, notes: list[str], *, modes: bool) -> Aspects:
    """What is in a dist.

    Args:
        tree: of the dist.
        linked: its ELF files.
        notes: takes what can't be read in it.
        modes: whether to tell executable files from others.
    """
    found, unread = modules.modules(tree)
    notes += [*linked.notes, *unread]
    parents = {path.rpartition("/")[0] for path in tree.nodes}
    return {
        "baselines": linked.baselines,
        "distributions": {
            name: Version(version) for name, version in modules.distributions(tree).items()
        },
        "entry_points": dict.fromkeys(path for path, file in tree.files() if _is_launcher(file)),
        "paths": {
            path: _entry(node, modes=modes)
            for path, node in tree
            if not isinstance(node, Directory) or path not in parents
        },
        "sonames": linked.sonames,
        "requires": linked.requires,
        "defines": linked.defines,
        "modules": found,
    }


def _sizes(sources: Iterable[Source]) -> dict[str, int]:
    found: dict[str, int] = {}
    for source in sources:
        found[source.name] = found.get(source.name, 0) + source.bytes
    return found


def _versions(named: Iterable[tuple[str, Source]]) -> dict[str, Version]:
    """The version of each; of those that are there in several, all of them in one text."""
    found: dict[str, dict[str, str | None]] = {}
    for name, source in named:
        if source.version is not None:
            found.setdefault(name, {})[source.version] = source.sha256
    return {
        name: Version(", ".join(sorted(digests)), *(digests.values() if len(digests) == 1 else ()))
        for name, digests in found.items()
    }


def _entry(node: Node, *, modes: bool) -> Entry:
    match node:
        case File():
            kind = "executable" if node.executable and modes else "file"
            return Entry(kind, contents.size(node.content), content=node.content)
        case Link():
            return Entry("link", target=node.target)
        case Directory():
            return Entry("directory")


def _is_launcher(file: File) -> bool:
    if contents.size(file.content) > CHUNK:
        return False
    return launcher.is_launcher(contents.read(file.content))
