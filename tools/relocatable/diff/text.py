"""What differs between two dists, in words."""

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Final

from relocatable.diff.aspects import Entry, Value, Version
from relocatable.diff.compare import ASPECTS, Changes, Difference
from relocatable.diff.moves import groups
from relocatable.printable import printable

_SHOWN: Final = 15
"""Lines of a section, unless all are asked for."""
_NAMED: Final = 4
"""Members of a set that a line names."""
_SEPARATORS: Final = {"modules": ".", "paths": "/"}
"""Of the aspects whose keys have parts: what is below a new name is told with it."""
# What stands in the head as a whole.
_FACTS: Final = ("about", "baselines")


def summary(found: Difference, *, everything: bool = False) -> str:
    """Returns what differs: first, in a few lines, what matters; then section by section.

    Args:
        found: the difference.
        everything: whether long sections are told in full.
    """
    lines = [f"old  {printable(found.old.name)}", f"new  {printable(found.new.name)}", ""]
    lines += ["no difference in what was compared"] if found.same else []
    lines += _table(_head(found))
    for name, changes in found.changes.items():
        if changes and name not in _FACTS:
            lines += ["", f"{ASPECTS[name]}:", *_section(found, name, everything=everything)]
    if found.notes:
        lines += ["", "not compared:", *(f"  {printable(note)}" for note in found.notes)]
    return "".join(f"{line}\n" for line in lines)


def _head(found: Difference) -> Iterator[tuple[str, str]]:
    """Names, and what became of them."""
    for name, (old, new) in found.sizes.items():
        yield name, f"{_bytes(old)} → {_bytes(new)}" + (_growth(old, new) if old != new else "")
    for name in _FACTS:
        changes = found.changes.get(name, Changes())
        for key, (before, after) in changes.changed.items():
            yield key, f"{_shown(before)} → {_shown(after)}"
        for key, value in changes.added.items():
            yield key, f"none → {_shown(value)}"
        for key, value in changes.removed.items():
            yield key, f"{_shown(value)} → none"
    for name, changes in found.changes.items():
        if changes and name not in _FACTS:
            moved = len(found.moved) if name == "paths" else 0
            counts = (
                (len(changes.added) - moved, "added"),
                (len(changes.removed) - moved, "removed"),
                (len(changes.changed), "changed"),
                (moved, "moved"),
            )
            counted = ", ".join(f"{count} {what}" for count, what in counts if count)
            lost = sum(map(_lost, changes.changed.values())) if name == "exports" else 0
            yield name, counted + (f"; {lost} symbols lost" if lost else "")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a section.

    Attributes:
        text: of it.
        weight: how much it matters, among lines that can't all be shown.
    """

    text: str
    weight: int = 0


def _section(found: Difference, name: str, *, everything: bool) -> Iterator[str]:
    """What came, went and changed, the largest first, then in the order of names."""
    changes = found.changes[name]
    old, new = found.seen[name]
    separator = _SEPARATORS.get(name)
    removed, added = dict(changes.removed), dict(changes.added)
    lines: list[_Line] = []
    if name == "paths":
        lines += _moved(found.moved, old)
        for before, after in found.moved.items():
            del removed[before], added[after]
    lines += [
        *_came("-", removed, new, separator),
        *_came("+", added, old, separator),
        *(_changed(key, *values) for key, values in changes.changed.items()),
    ]
    lines.sort(key=lambda line: -line.weight)
    more = 0 if everything else len(lines) - _SHOWN
    if more > 0:
        lines[_SHOWN:] = [_Line(f"and {more} more (--all shows them)")]
    return (f"  {line.text}" for line in lines)


def _came(
    mark: str, found: Mapping[str, Value], others: Mapping[str, Value], separator: str | None
) -> Iterator[_Line]:
    """Lines for keys that one side alone has; what is below a name of its own makes one line."""
    for top, keys in _groups(found, others, separator).items():
        weight = sum(map(_weight, (found[key] for key in keys)))
        if len(keys) == 1:
            (key,) = keys
            value = _shown(found[key])
            yield _Line(f"{mark} {printable(key)}{f'  {value}' if value else ''}", weight)
        else:
            size = f", {_bytes(weight)}" if weight else ""
            yield _Line(f"{mark} {printable(top)}{separator}…  {len(keys)} of them{size}", weight)


def _moved(found: Mapping[str, str], old: Mapping[str, Value]) -> Iterator[_Line]:
    """Lines for what only moved, one for all that did so together."""
    for (before, after), paths in groups(found.items()).items():
        weight = sum(_weight(old[path]) for path in paths)
        if len(paths) == 1:
            (path,) = paths
            yield _Line(f"> {printable(path)} → {printable(found[path])}", weight)
        else:
            places = (f"{printable(place)}/…".lstrip("/") for place in (before, after))
            yield _Line(f"> {' → '.join(places)}  {len(paths)} of them, {_bytes(weight)}", weight)


def _groups(
    found: Iterable[str], others: Iterable[str], separator: str | None
) -> dict[str, list[str]]:
    """Keys by the topmost part of them that no key of `others` has."""
    if separator is None:
        return {key: [key] for key in found}
    known = {prefix for key in others for prefix in _prefixes(key, separator)}
    groups: dict[str, list[str]] = {}
    for key in found:
        top = next(p for p in (*_prefixes(key, separator), key) if p not in known or p == key)
        groups.setdefault(top, []).append(key)
    return groups


def _prefixes(key: str, separator: str) -> Iterator[str]:
    """What a key is below of, and the key."""
    at = key.find(separator)
    while at >= 0:
        yield key[:at]
        at = key.find(separator, at + 1)
    yield key


def _changed(key: str, old: Value, new: Value) -> _Line:
    weight = abs(_weight(new) - _weight(old))
    match old, new:
        case Entry(), Entry():
            what = _entry_change(old, new)
        case frozenset(), frozenset():
            parts = (("lost", old - new), ("gained", new - old))
            what = "; ".join(f"{verb} {_some(items)}" for verb, items in parts if items)
            weight = _lost((old, new))
        case Version(), Version() if old.version == new.version:
            what = f"{_shown(new)}: other bytes under the same version"
        case int(), int():
            what = f"{_bytes(old)} → {_bytes(new)}{_growth(old, new)}"
        case _:
            what = f"{_shown(old)} → {_shown(new)}"
    return _Line(f"~ {printable(key)}  {what}", weight)


def _entry_change(old: Entry, new: Entry) -> str:
    if old.kind != new.kind and not {old.kind, new.kind} <= {"file", "executable"}:
        return f"{_shown(old)} → {_shown(new)}"
    changes = [] if old.kind == new.kind else [f"{old.kind} → {new.kind}"]
    if old.target != new.target:
        changes.append(f"{_shown(old)} → {printable(new.target or '')}")
    if old.size is not None and new.size is not None:
        if old.size != new.size:
            changes.append(f"{_bytes(old.size)} → {_bytes(new.size)}{_growth(old.size, new.size)}")
        elif not changes:
            changes.append(f"other bytes, {_bytes(new.size)} of them")
    return ", ".join(changes)


def _lost(values: tuple[Value, Value]) -> int:
    """How many members a set has lost."""
    old, new = values
    return len(old - new) if isinstance(old, frozenset) and isinstance(new, frozenset) else 0


def _weight(value: Value) -> int:
    if isinstance(value, Entry):
        return value.size or 0
    return value if isinstance(value, int) else 0


def _shown(value: Value) -> str:
    """A value as people read it, empty for none."""
    match value:
        case Version():
            return printable(value.version)
        case Entry():
            if value.target is not None:
                return f"-> {printable(value.target)}"
            return value.kind if value.size is None else _bytes(value.size)
        case int():
            return _bytes(value)
        case frozenset():
            return _some(value)
        case _:
            return printable(value or "")


def _some(items: Set[str]) -> str:
    """All of them if they are few; else how many there are, and the first."""
    names = ", ".join(printable(name) for name in sorted(items)[:_NAMED])
    return names if len(items) <= _NAMED else f"{len(items)}: {names}, …"


def _growth(old: int, new: int) -> str:
    sign = "-" if new < old else "+"
    share = f", {100 * (new - old) / old:+.1f} %" if old else ""
    return f" ({sign}{_bytes(abs(new - old))}{share})"


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def _table(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    found = list(rows)
    width = max((len(name) for name, _ in found), default=0)
    return (f"{printable(name):<{width}}  {what}" for name, what in found)
