"""The programs and libraries of a tree, each read once, and which of them a name means."""

import posixpath
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

from relocatable import content, elf, macho
from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.macho import MachO
from relocatable.macho import constants as c
from relocatable.tree import Directory, File, Tree

_Object = TypeVar("_Object")


class Objects(ABC, Generic[_Object]):
    """Looks up the shared objects of one tree, all of one object format, by name."""

    def __init__(self, tree: Tree, preferred: Iterable[str]) -> None:
        """Prepares look-ups in `tree`; among files of one name, `preferred` directories win."""
        self._tree = tree
        self._preferred = tuple(preferred)
        self._read: dict[str, _Object | None] = {}
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, node in tree:
            if not isinstance(node, Directory):
                self._paths[posixpath.basename(path)].append(path)

    @abstractmethod
    def _parse(self, data: memoryview, path: str) -> _Object | None:
        """Reads a file's bytes; None if they are of no object of the format."""

    def at(self, path: str) -> _Object | None:
        """Returns the object at `path`, or None if what is there is none."""
        if path not in self._read:
            node = self._tree.nodes.get(path)
            data = content.view(node.content) if isinstance(node, File) else memoryview(b"")
            self._read[path] = self._parse(data, path)
        return self._read[path]

    def all(self) -> Iterable[tuple[str, _Object]]:
        """The objects of the tree, in the order of their paths."""
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


class ElfObjects(Objects[Elf]):
    """The ELF files of a tree."""

    def _parse(self, data: memoryview, path: str) -> Elf | None:
        return elf.read(data, path) if elf.is_elf(data[:4]) else None


class MachObjects(Objects[MachO]):
    """The Mach-O files of a tree that dyld may load, as it takes them on one machine.

    Of a file for several architectures, that is the thin file for the machine; if there is none
    for it, the first. Object files and archives of them don't count.
    """

    def __init__(self, tree: Tree, preferred: Iterable[str], cpu: int) -> None:
        """Prepares look-ups as `Objects` does; `cpu` is the `cputype` of the machine."""
        super().__init__(tree, preferred)
        self.cpu = cpu

    def _parse(self, data: memoryview, path: str) -> MachO | None:
        files = [file for file, _ in thin_objects(data, path)]
        fitting = [file for file in files if file.cpu == self.cpu]
        # Only the system's own programs run as arm64e.
        plain = [x for x in fitting if x.subtype & c.CPU_SUBTYPE_MASK != c.SUBTYPE_ARM64E]
        return next(iter([*plain, *fitting, *files]), None)


def thin_objects(data: memoryview, name: str) -> list[tuple[MachO, memoryview]]:
    """The thin files of a Mach-O file that dyld may load, with their bytes; none of another.

    Raises:
        RelocatableError: if it is damaged.
    """
    if macho.is_universal(data[:8]):
        parts = [one.view(data)[:4] for one in macho.slices(data, name)]
        if not any(map(macho.is_macho, parts)):
            return []  # Of libraries for linking, for example.
    elif not macho.is_macho(data[:4]):
        return []
    return [(file, view) for file, view in macho.thin_files(data, name) if file.is_linked]
