"""The files of a tree as glibc's loader meets them, each looked up and read once."""

import os
import re
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Final

from relocatable import content
from relocatable.closure.places import Places
from relocatable.closure.tokens import expand
from relocatable.elf import Elf
from relocatable.elf import constants as c
from relocatable.elf.reader import read_string
from relocatable.elf.symbols import Symbol, defines, symbols
from relocatable.elf.versions import Requirement, definitions, requirements
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects
from relocatable.tree import Directory, Tree

_TREE: Final = "\0"
"""Stands for the path of the tree's directory, wherever that is; no string in ELF has it."""
# How glibc's loader holds its default directories: one after the other, with a slash at the end.
_DEFAULT_DIRECTORIES: Final = re.compile(rb"(?:/(?:[\w.+-]+/)*lib[\w/.+-]*/\0){2,8}")
_FILTERS: Final = (c.DT_AUXILIARY, c.DT_FILTER)
_WANTS: Final = (c.DT_NEEDED, *_FILTERS)


class Use(Enum):
    """What a loader does with a file that it finds."""

    TAKE = 1
    SKIP = 2
    GIVE_UP = 3


class Files(Places):
    """Looks up and reads the files of one tree."""

    def __init__(self, tree: Tree, objects: ElfObjects, *, whole_system: bool) -> None:
        """Prepares look-ups.

        Args:
            tree: what is there.
            objects: its ELF files.
            whole_system: whether absolute paths count from the tree's root.
        """
        super().__init__(tree)
        self._objects = objects
        self._root = "" if whole_system else _TREE
        self._wants: dict[str, tuple[tuple[str, bool], ...]] = {}
        self._requirements: dict[str, tuple[Requirement, ...]] = {}
        self._definitions: dict[str, frozenset[tuple[str, int]]] = {}

    def expand(self, text: str, origin: str, values: Mapping[str, str | None]) -> str | None:
        """Replaces tokens as `tokens.expand` does; `origin` is what `$ORIGIN` means in the tree."""
        here = f"{self._root}/{origin}" if origin else self._root or "/"
        return expand(text, {**values, "ORIGIN": here})

    def inside(self, path: str | None) -> str | None:
        """The path in the tree that an expanded path means; None if it is outside of it."""
        if path is None or not f"{path}/".startswith(f"{self._root}/"):
            return None
        inside = path[len(self._root) :].strip("/")
        return None if _TREE in inside else inside

    def elf(self, path: str) -> Elf | None:
        """The ELF file at the real path `path`, or None; raises RelocatableError if damaged."""
        return self._objects.at(path)

    def use(self, path: str, like: Elf) -> tuple[Use, str]:
        """What a process whose program is `like` does with the file at a real path, and why."""
        if isinstance(self.tree.nodes.get(path), Directory):
            return Use.GIVE_UP, "it is a directory"
        try:
            found = self.elf(path)
        except RelocatableError as error:
            return Use.GIVE_UP, str(error).removeprefix(f"{path}: ")
        if found is None:
            return Use.GIVE_UP, "it is no ELF file"
        if found.bits != like.bits:
            return Use.SKIP, f"it is for {found.machine_name} with {found.bits} bits"
        if found.little != like.little:
            return Use.GIVE_UP, "it has another byte order"
        if found.machine != like.machine:
            return Use.SKIP, f"it is for {found.machine_name}"
        if found.is_never_opened:
            return Use.GIVE_UP, "it is a program"
        if found.type != c.ET_DYN:
            return Use.GIVE_UP, "it is neither a program nor a shared object"
        if not found.dynamic:
            return Use.GIVE_UP, "it has no dynamic section"
        return Use.TAKE, ""

    def requirements(self, path: str) -> tuple[Requirement, ...]:
        """The symbol versions that the ELF file at `path` requires."""
        if path not in self._requirements:
            self._requirements[path] = requirements(*self._read(path))
        return self._requirements[path]

    def definitions(self, path: str) -> frozenset[tuple[str, int]]:
        """Names and hashes of the symbol versions that the ELF file at `path` defines."""
        if path not in self._definitions:
            elf, data = self._read(path)
            self._definitions[path] = frozenset((d.version, d.hash) for d in definitions(elf, data))
        return self._definitions[path]

    def symbols(self, path: str, versions: Collection[int] | None = None) -> list[Symbol]:
        """The dynamic symbols of the ELF file at `path`, of all versions or some; not kept."""
        return list(symbols(*self._read(path), versions))

    def defines(self, path: str, name: str) -> bool:
        """Whether the ELF file at `path` defines the symbol `name`."""
        return defines(*self._read(path), name)

    def wants(self, path: str) -> tuple[tuple[str, bool], ...]:
        """The names that the ELF file at `path` wants, each with whether it does without."""
        if path not in self._wants:
            self._wants[path] = wants(*self._read(path))
        return self._wants[path]

    def default_directories(self, path: str) -> tuple[str, ...]:
        """Where the loader at `path` looks in the end: absolute paths, as they stand in it."""
        try:
            found = _DEFAULT_DIRECTORIES.search(self._read(path)[1])
        except RelocatableError:
            found = None  # Whoever is started by it is told.
        if found is None:
            return ()
        return tuple(os.fsdecode(text.rstrip(b"/")) for text in found[0][:-1].split(b"\0"))

    def _read(self, path: str) -> tuple[Elf, memoryview]:
        elf = self.elf(path)
        if elf is None:
            raise RelocatableError(f"{path} is no ELF file")
        return elf, content.view(self.tree.file(path).content)


def wants(elf: Elf, data: memoryview) -> tuple[tuple[str, bool], ...]:
    """The names that an ELF file wants, each with whether it does without.

    Raises:
        RelocatableError: if the file is damaged.
    """
    if not any(tag in _FILTERS for tag, _ in elf.dynamic):
        return tuple((name, False) for name in elf.needed)
    return tuple(
        (read_string(elf, data, value), tag == c.DT_AUXILIARY)
        for tag, value in elf.dynamic
        if tag in _WANTS
    )
