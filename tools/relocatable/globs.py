"""Patterns over the paths of a tree.

`*` and `?` match within one name, `[abc]` one character, `**` any number of whole names. A pattern
that matches a directory matches everything below it.
"""

import difflib
import posixpath
import re
from collections.abc import Iterable

from relocatable.errors import RelocatableError


class Globs:
    """A list of patterns that remembers which of them ever matched."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compiles `patterns`; raises RelocatableError for one that can match nothing."""
        self._patterns = {pattern: re.compile(translate(pattern)) for pattern in patterns}
        self._unused = dict.fromkeys(self._patterns)

    def __bool__(self) -> bool:
        """Whether there are any patterns."""
        return bool(self._patterns)

    def match(self, path: str) -> bool:
        """Tells whether any pattern matches `path` or a directory above it."""
        found = False
        for pattern, expression in self._patterns.items():
            if expression.match(path):
                self._unused.pop(pattern, None)
                found = True
        return found

    def unused(self) -> list[str]:
        """The patterns that no path given to `match` has matched."""
        return list(self._unused)


def likest(pattern: str, paths: Iterable[str]) -> str | None:
    """The path that was probably meant by a pattern that matches none.

    It has the pattern's last name, or is in its directory with a similar one.
    """
    directory, name = posixpath.split(pattern.rstrip("/"))
    same: set[str] = set()
    beside: dict[str, str] = {}
    for path in paths:
        parent, other = posixpath.split(path)
        if other == name:
            same.add(path)
        elif parent == directory:
            beside[other] = path
    if same:
        return difflib.get_close_matches(pattern, sorted(same), 1, cutoff=0)[0]
    similar = difflib.get_close_matches(name, sorted(beside), 1)
    return beside[similar[0]] if similar else None


def nearest(pattern: str, paths: Iterable[str]) -> tuple[str, list[str]]:
    """How far a pattern that matches none of `paths` gets, and what is there instead.

    Returns:
        The longest leading part of the pattern that a path has ("" for none), and the names in the
        directories that it matches, sorted, those most like the pattern's next name first.
    """
    parts = pattern.strip("/").split("/")
    every = list(paths)
    reached = 0
    while reached < len(parts) - 1:
        expression = re.compile(translate("/".join(parts[: reached + 1])))
        below = [path for path in every if expression.match(path)]
        if not below:
            break
        every, reached = below, reached + 1
    found = "/".join(parts[:reached])
    names = {path.split("/")[reached] for path in every if path.count("/") >= reached}
    likely = difflib.get_close_matches(parts[reached], sorted(names), 3, cutoff=0.3)
    return found, [*likely, *sorted(names - set(likely))]


def translate(pattern: str) -> str:
    """Returns the regular expression of a pattern, to be used with `match`."""
    names = pattern.strip("/").split("/")
    if names == [""] or "." in names or ".." in names:
        raise RelocatableError(
            f"pattern {pattern!r} can match no path: a pattern is relative to the tree's root and "
            "has no '.' or '..' in it"
        )
    expression = ""
    for index, name in enumerate(names):
        last = index == len(names) - 1
        if name == "**":
            expression += ".*" if last else "(?:[^/]+/)*"
        else:
            expression += _name(name) + ("" if last else "/")
    return expression + r"(?:/|\Z)" if names[-1] != "**" else expression


def _name(name: str) -> str:
    expression = ""
    position = 0
    while position < len(name):
        character = name[position]
        end = name.find("]", position + 2) if character == "[" else -1
        if character == "*":
            expression += "[^/]*"
        elif character == "?":
            expression += "[^/]"
        elif end > 0:
            inside = name[position + 1 : end].replace("\\", r"\\")
            expression += f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]"
            position = end
        else:
            expression += re.escape(character)
        position += 1
    return expression
