"""Symbols that objects want and nothing in their scope defines."""

from collections.abc import Iterator, Sequence

from relocatable.closure.answers import Kind, Problem
from relocatable.closure.files import Files
from relocatable.errors import RelocatableError


class Symbols:
    """The dynamic symbols of a tree's files, by name only: versions are held apart elsewhere."""

    def __init__(self, files: Files) -> None:
        """Reads nothing yet."""
        self._files = files
        self._defined: dict[str, frozenset[str]] = {}
        self._wanted: dict[str, frozenset[str]] = {}
        self._scopes: dict[tuple[str, ...], frozenset[str]] = {}

    def undefined(self, paths: Sequence[str], first: int) -> Iterator[Problem]:
        """What the objects from number `first` on want, and none of `paths` defines.

        Weak symbols don't count. What is missing may never be missed: a function is looked up
        when it is first called, unless the file says otherwise.
        """
        base = tuple(paths[:first])
        if base not in self._scopes:
            self._scopes[base] = frozenset().union(*(self._read(path)[0] for path in base))
        scope = self._scopes[base].union(*(self._read(path)[0] for path in paths[first:]))
        for path in paths[first:]:
            missing = sorted(self._read(path)[1] - scope)
            if missing:
                text = f"{path} wants symbols that nothing defines: {', '.join(missing)}"
                yield Problem(Kind.UNDEFINED, path, text)

    def _read(self, path: str) -> tuple[frozenset[str], frozenset[str]]:
        """Names that the file at `path` defines, and names that it must find elsewhere."""
        if path not in self._defined:
            try:
                symbols = self._files.symbols(path)
            except RelocatableError:
                symbols = []
            self._defined[path] = frozenset(s.name for s in symbols if s.defined)
            self._wanted[path] = frozenset(s.name for s in symbols if not s.defined and not s.weak)
        return self._defined[path], self._wanted[path]
