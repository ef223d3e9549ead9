"""Compares two dists, aspect by aspect."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from relocatable import content
from relocatable.diff import linking
from relocatable.diff.aspects import Aspects, Value, Version, described, inspected
from relocatable.diff.linking import Linking
from relocatable.diff.moves import equal, moves
from relocatable.diff.side import Side
from relocatable.errors import RelocatableError
from relocatable.tree import Tree

ASPECTS: Final = {
    "about": "facts",
    "baselines": "newest symbol versions that are required",
    "packages": "Debian packages",
    "distributions": "Python distributions",
    "sources": "bytes by source",
    "entry_points": "entry points",
    "sonames": "shared objects by soname",
    "needed": "libraries that a file needs",
    "exports": "exported symbols of a shared object",
    "requires": "symbol versions required",
    "defines": "symbol versions defined",
    "modules": "Python modules",
    "paths": "paths",
    "archives": "archives",
}
"""All that is compared, in the order in which it is told, and what people read."""


@dataclass(slots=True)
class Changes:
    """How one mapping becomes another, in the order of the keys."""

    added: dict[str, Value] = field(default_factory=dict)
    removed: dict[str, Value] = field(default_factory=dict)
    changed: dict[str, tuple[Value, Value]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.added or self.removed or self.changed)


@dataclass(slots=True)
class Difference:
    """What differs between two dists.

    Attributes:
        old: one of them.
        new: the other one.
        seen: the aspects of both, by name, that were compared.
        changes: how they differ, by name, in the order of `ASPECTS`; also those that don't.
        moved: of the paths that went, those that are elsewhere now, and where.
        sizes: bytes unpacked and of each archive that both have. Archives don't count as a
            difference: their bytes depend on how hard they are compressed.
        notes: what was not compared, and why.
    """

    old: Side
    new: Side
    seen: dict[str, tuple[Mapping[str, Value], Mapping[str, Value]]] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not any(self.changes.values())


def compare(old: Side, new: Side) -> Difference:
    """Returns what differs between two dists, as far as both tell it.

    Raises:
        RelocatableError: if one is metadata and there is none of the other.
    """
    for side, other in ((old, new), (new, old)):
        if side.tree is None and other.metadata is None:
            raise RelocatableError(
                f"{side.name} is metadata, which is compared with metadata: {other.name} has none"
            )
    found = Difference(old, new)
    aspects = (described(old), described(new))
    if old.tree is not None and new.tree is not None:
        aspects = _inspect(found, old.tree, new.tree, aspects)
    found.notes += [f"{side.name}: {note}" for side in (old, new) for note in side.notes]
    found.sizes = {
        name: (size, new.sizes[name]) for name, size in old.sizes.items() if name in new.sizes
    }
    if _platform(aspects[0]) != _platform(aspects[1]):
        aspects = _without_digests(aspects[0]), _without_digests(aspects[1])
    for name in ASPECTS:
        if name in aspects[0] and name in aspects[1]:
            found.seen[name] = (aspects[0][name], aspects[1][name])
            found.changes[name] = changes(*found.seen[name])
    if "paths" in found.changes:
        paths = found.changes["paths"]
        found.moved = moves(paths.removed, paths.added)
    return found


def changes(old: Mapping[str, Value], new: Mapping[str, Value]) -> Changes:
    """Returns how a mapping becomes another."""
    return Changes(
        {key: new[key] for key in sorted(new.keys() - old.keys())},
        {key: old[key] for key in sorted(old.keys() - new.keys())},
        {
            key: (old[key], new[key])
            for key in sorted(old.keys() & new.keys())
            if not equal(old[key], new[key])
        },
    )


def _inspect(
    found: Difference, old: Tree, new: Tree, told: tuple[Aspects, Aspects]
) -> tuple[Aspects, Aspects]:
    """Adds what is in the trees to what metadata tells, and replaces what is better known now."""
    modes = found.old.modes and found.new.modes
    links = (linking.read(old), linking.read(new))
    before = told[0] | inspected(old, links[0], found.old.notes, modes=modes)
    after = told[1] | inspected(new, links[1], found.new.notes, modes=modes)
    if not modes:
        found.notes.append("modes: in a directory that Bazel made, all files are executable")
    common = links[0].needed.keys() & links[1].needed.keys()
    for mine, linked in zip((before, after), links, strict=True):
        mine.pop("archives", None)
        mine["needed"] = {path: linked.needed[path] for path in common}
    before["exports"], after["exports"] = _exports(links, found.notes)
    return before, after


def _platform(aspects: Aspects) -> Value:
    return aspects.get("about", {}).get("platform")


def _without_digests(aspects: Aspects) -> Aspects:
    """The same, for a dist of another platform: its packages are other files in any case."""
    return {
        name: {
            key: replace(value, sha256=None) if isinstance(value, Version) else value
            for key, value in values.items()
        }
        for name, values in aspects.items()
    }


def _exports(
    links: tuple[Linking, Linking], notes: list[str]
) -> tuple[dict[str, Value], dict[str, Value]]:
    """The symbols of shared objects that both have, and that are not the same bytes in both."""
    sides: tuple[dict[str, Value], dict[str, Value]] = ({}, {})
    for soname in sorted(links[0].sonames.keys() & links[1].sonames.keys()):
        if content.equal(*(link.tree.file(link.sonames[soname]).content for link in links)):
            continue
        try:
            exports = [link.exports(soname) for link in links]
        except RelocatableError as error:
            notes.append(f"symbols of {soname}: {error}")
            continue
        for side, names in zip(sides, exports, strict=True):
            side[soname] = names
    return sides
