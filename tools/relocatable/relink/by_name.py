"""The shared objects of a tree by the names of their files."""

import posixpath
from collections import defaultdict
from collections.abc import Callable, Sequence

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, Tree


class ByName:
    """Says which files of one tree a name may mean, as the tree was at first."""

    def __init__(
        self, tree: Tree, at: Callable[[str], object | None], preferred: Sequence[str]
    ) -> None:
        """Prepares look-ups.

        Args:
            tree: what is there.
            at: gives the object file at a path; None if what is there is none.
            preferred: directories whose files come before all others, first choice first.
        """
        self._tree, self._at, self._preferred = tree, at, preferred
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, node in tree:
            if not isinstance(node, Directory):
                self._paths[posixpath.basename(path)].append(path)

    def find(self, name: str) -> list[str]:
        """Real paths of objects that are called `name`, none, or several that differ.

        One of them is enough if it is in a preferred directory; and of files with equal bytes, the
        first stands for all.
        """
        found = self._real(name)
        for directory in self._preferred:
            if directory in found:
                return [found[directory]]
        different: list[str] = []
        for real in sorted(set(found.values())):
            data = self._tree.file(real).content
            if not any(content.equal(data, self._tree.file(x).content) for x in different):
                different.append(real)
        return different

    def directory(self, name: str, real: str) -> str:
        """The directory in which the file at a real path is called `name`; its own if none is."""
        own = posixpath.dirname(real)
        found = self._real(name)
        if found.get(own) == real:
            return own
        return next((directory for directory, path in found.items() if path == real), own)

    def _real(self, name: str) -> dict[str, str]:
        """The real paths of objects that are called `name`, by directory."""
        found: dict[str, str] = {}
        for path in self._paths.get(name, ()):
            try:
                real = self._tree.follow(path)
            except RelocatableError:
                continue  # A link that dangles offers nothing.
            if self._at(real) is not None:
                found[posixpath.dirname(path)] = real
        return found
