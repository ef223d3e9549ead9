"""Which paths only moved: the same thing under the same name, in another directory."""

import hashlib
import posixpath
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from relocatable import content
from relocatable.diff.aspects import Entry, Value


def moves(removed: Mapping[str, Value], added: Mapping[str, Value]) -> dict[str, str]:
    """Returns where each path of `removed` is now that is among `added`, with the same bytes.

    Of several that it could be, it is the first: each is there once.
    """
    names = {_name(*item) for item in removed.items()} & {_name(*item) for item in added.items()}
    places: dict[tuple[object, bytes], deque[str]] = defaultdict(deque)
    for path, entry in added.items():
        if (name := _name(path, entry)) in names:
            places[name, _digest(entry)].append(path)
    found = {}
    for path, entry in removed.items():
        if (name := _name(path, entry)) in names and (there := places[name, _digest(entry)]):
            found[path] = there.popleft()
    return found


def _name(path: str, entry: Value) -> tuple[str, Value]:
    """What has to be the same before it pays to look at the bytes."""
    return posixpath.basename(path), entry


def _digest(entry: Value) -> bytes:
    data = content.view(entry.content) if isinstance(entry, Entry) else b""
    return hashlib.sha256(data).digest()


def equal(old: Value, new: Value) -> bool:
    """Whether two values are the same, contents of files included."""
    if old != new:
        return False
    if isinstance(old, Entry) and isinstance(new, Entry):
        return content.equal(old.content, new.content)
    return True


def groups(moved: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """Returns the old paths by what makes a new path of them: the directory before, and after.

    Directories that both have at the end are no part of that: `lib/a/x` that is `app/lib/a/x` now
    came from the root to `app`.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for old, new in moved:
        before, after = old.split("/"), new.split("/")
        while before and after and before[-1] == after[-1]:
            before.pop()
            after.pop()
        found.setdefault(("/".join(before), "/".join(after)), []).append(old)
    return found
