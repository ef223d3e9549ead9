"""The programs and libraries of a tree, each read once."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from relocatable import content, elf, macho
from relocatable.elf import Elf
from relocatable.macho import MachO
from relocatable.macho import constants as c
from relocatable.tree import File, Tree

_Object = TypeVar("_Object")


class Objects(ABC, Generic[_Object]):
    """Reads the object files of one tree, all of one object format."""

    def __init__(self, tree: Tree) -> None:
        """Prepares reading what is in `tree`."""
        self._tree = tree
        self._read: dict[str, _Object | None] = {}

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


class ElfObjects(Objects[Elf]):
    """The ELF files of a tree."""

    def _parse(self, data: memoryview, path: str) -> Elf | None:
        return elf.read(data, path) if elf.is_elf(data[:4]) else None


class MachObjects(Objects[MachO]):
    """The Mach-O files of a tree that dyld may load, as it takes them on one machine.

    Of a file for several architectures, that is the thin file for the machine; if there is none
    for it, the first. Object files and archives of them don't count.
    """

    def __init__(self, tree: Tree, cpu: int) -> None:
        """Prepares reading what is in `tree`; `cpu` is the `cputype` of the machine."""
        super().__init__(tree)
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
