"""What differs between two dists, as JSON for programs; docs/dist_diff.md tells its fields."""

import json
from collections.abc import Mapping
from typing import Any, Final

from relocatable.diff.aspects import Entry, Value, Version
from relocatable.diff.compare import Changes, Difference

FORMAT: Final = 1
"""Rises when a reader of the old JSON would misread the new."""


def document(found: Difference) -> bytes:
    """Returns all of it."""
    data = {
        "format": FORMAT,
        "same": found.same,
        "old": found.old.name,
        "new": found.new.name,
        "sizes": {name: list(sizes) for name, sizes in found.sizes.items()},
        "moved": found.moved,
        **{name: _document(changes) for name, changes in found.changes.items()},
        "not_compared": found.notes,
    }
    return (json.dumps(data, indent=1) + "\n").encode()


def _document(changes: Changes) -> dict[str, Any]:
    return {
        "added": _plain(changes.added),
        "removed": _plain(changes.removed),
        "changed": {key: _both(*values) for key, values in changes.changed.items()},
    }


def _both(old: Value, new: Value) -> Any:
    if isinstance(old, frozenset) and isinstance(new, frozenset):
        return {"added": sorted(new - old), "removed": sorted(old - new)}
    return [_value(old), _value(new)]


def _plain(found: Mapping[str, Value]) -> dict[str, Any]:
    return {key: _value(value) for key, value in found.items()}


def _value(value: Value) -> Any:
    match value:
        case Version():
            return {"version": value.version, "sha256": value.sha256}
        case Entry():
            return {"kind": value.kind, "size": value.size, "target": value.target}
        case frozenset():
            return sorted(value)
        case _:
            return value
