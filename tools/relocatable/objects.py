"""The ELF files of a tree, each read once, and which of them a soname means."""

import posixpath
from collections import defaultdict
from collections.abc import Iterable

from relocatable import content, elf
from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Tree


class Objects:
    """Looks up the shared objects of one tree by name."""

    def __init__(self, tree: Tree, preferred: Iterable[str]) -> None:
        """Prepares look-ups in `tree`; among files of one name, `preferred` directories win."""
        self._tree = tree
        self._preferred = tuple(preferred)
        self._read: dict[str, Elf | None] = {}
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, node in tree:
            if not isinstance(node, Directory):
                self._paths[posixpath.basename(path)].append(path)

    def at(self, path: str) -> Elf | None:
        """Returns the ELF file at `path`, or None if what is there is none."""
        if path not in self._read:
            node = self._tree.nodes.get(path)
            data = content.view(node.content) if isinstance(node, File) else memoryview(b"")
            self._read[path] = elf.read(data, path) if elf.is_elf(data[:4]) else None
        return self._read[path]

    def all(self) -> Iterable[tuple[str, Elf]]:
        """The ELF files of the tree, in the order of their paths."""
        for path, _ in self._tree.files():
            found = self.at(path)
            if found is not None:
                yield path, found

    def find(self, name: str) -> str | None:
        """Returns the real path of the shared object that is called `name`, or None.

        Raises:
            RelocatableError: if several different files are, and no preferred directory decides.
        """
        found: dict[str, str] = {}
        for path in self._paths.get(name, ()):
            try:
                real = self._tree.follow(path)
            except RelocatableError:
                continue  # A link that dangles offers nothing.
            if self.at(real) is not None:
                found[posixpath.dirname(path)] = real
        for directory in self._preferred:
            if directory in found:
                return found[directory]
        real_paths = sorted(set(found.values()))
        if len(real_paths) > 1:
            raise RelocatableError(
                f"{name} is there more than once: {', '.join(real_paths)}; exclude all but one"
            )
        return real_paths[0] if real_paths else None
