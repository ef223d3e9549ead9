"""Where loaders look: the paths of a tree, each followed once, and not more than is believable."""

import posixpath
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.tree import Directory, Link, Tree

_LIMIT: Final = 1 << 20
"""Places looked into before a tree is taken for an attack: a real one needs some ten thousand."""


class Places:
    """Looks up paths of one tree."""

    def __init__(self, tree: Tree) -> None:
        """Prepares look-ups in `tree`."""
        self.tree = tree
        self._links: dict[str, str | None] = {}
        self._directories: dict[str, str | None] = {}
        self._work = 0

    def spend(self, work: int = 1) -> None:
        """Counts `work` steps; raises RelocatableError if they are more than a real tree takes."""
        self._work += work
        if self._work > _LIMIT:
            raise RelocatableError(
                f"the object files of this tree make a loader look into more than {_LIMIT} places; "
                "no real program does"
            )

    def directory(self, path: str) -> str | None:
        """The real path of the directory that `path` leads to, or None."""
        if path not in self._directories:
            real = self._follow(path)
            found = real is not None and (
                not real or isinstance(self.tree.nodes.get(real), Directory)
            )
            self._directories[path] = real if found else None
        return self._directories[path]

    def find(self, directory: str, name: str) -> str | None:
        """The real path of `name` in `directory`, a real path; None if nothing is."""
        self.spend()
        path = f"{directory}/{name}" if directory else name
        node = self.tree.nodes.get(path)
        if not isinstance(node, Link):
            return None if node is None else path
        if path not in self._links:
            self._links[path] = self._follow(path)
        return self._links[path]

    def at(self, path: str) -> str | None:
        """The real path of what is at `path`, links above it followed; None if nothing is."""
        directory = self.directory(posixpath.dirname(path))
        return None if directory is None else self.find(directory, posixpath.basename(path))

    def _follow(self, path: str) -> str | None:
        try:
            return self.tree.follow(path)
        except RelocatableError:
            return None
