"""What each object file of a tree needs: its loader's own answer, completed from a pool."""

import posixpath
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from relocatable import closure, content
from relocatable.closure import Load, Opener, Options, RootKind, Rule
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects, MachObjects
from relocatable.relink.by_name import ByName
from relocatable.target import Target
from relocatable.tree import File, Link, Tree, link_target

_Objects = TypeVar("_Objects", ElfObjects, MachObjects)


HINT: Final = (
    "Leave out all but one: `exclude` of deb_extract names files of packages, `files` of file_tree"
    " those of a build"
)
"""What to do about files of one name that differ."""


class Want(NamedTuple):
    """A name in an object file, and whether that does without what it means."""

    name: str
    optional: bool


class TreeClosure(ABC, Generic[_Objects]):
    """What the object files of a tree need, where that is, and what is taken from a pool for it.

    First the loader is asked (`look`), as long as everything is where it was; then, when programs
    have moved, all names are followed (`close`). What the loader doesn't find is looked for by the
    name of its file, in the tree and then in the pool. Of what is taken from the pool, the loader
    says what it means there, as in a system.

    Attributes:
        tree: what is completed.
        pool: what it may be completed from.
        target: the platform.
        libraries: the directory of the tree that libraries go to.
        missing: a line for each library that is nowhere or can't be decided on, and for each file
            of another machine.
        moved: where each program was, by where it is.
        needs: for each file, what the names mean that it has: a path in the tree; None for what is
            the machine's, or nowhere.
    """

    def __init__(self, tree: Tree, pool: Tree, target: Target, libraries: str) -> None:
        """Prepares completing `tree` from `pool`."""
        self.tree, self.pool = tree, pool
        self.target, self.libraries = target, libraries
        self.missing: list[str] = []
        self.moved: dict[str, str] = {}
        self.needs: dict[str, dict[str, str | None]] = {}
        self._meant: dict[tuple[str, str], str] = {}
        self._searched: set[tuple[str, str]] = set()
        """What the loader has ever had to search for, where it was not loaded already."""
        self._taken: dict[str, str] = {}
        """Paths in the tree of what has been taken, by its path in the pool."""
        self._came: dict[str, str] = {}
        """The other way round."""

    @abstractmethod
    def _read(self, tree: Tree) -> _Objects:
        """The object files of a tree."""

    @abstractmethod
    def _machine(self, path: str) -> str | None:
        """Which machine the file at `path` is for, if for another; else None."""

    @abstractmethod
    def _wants(self, path: str) -> Iterable[Want]:
        """The names that the file at `path` has."""

    @abstractmethod
    def _is_machines(self, name: str, path: str) -> bool:
        """Whether what a name of the file at `path` means is the machine's, if nobody has it."""

    def look(self) -> None:
        """Asks the loader what names mean before any program moves."""
        starts: dict[tuple[str, str], Load] = {}
        for load in closure.trace(self.tree, self._options(), self._read(self.tree)).loads:
            for resolution in load.resolutions:
                key, found = (resolution.by, resolution.name), resolution.found
                if found is None:
                    continue
                first = self._meant.setdefault(key, found)
                if resolution.rule is not Rule.LOADED and found == first:
                    self._searched.add(key)
                if load.root.kind is not RootKind.PROGRAM:
                    continue
                start = starts.setdefault(key, load)
                if not self._is_same(first, found):
                    self.missing.append(
                        f"{key[0]} needs {key[1]}, which is {first} when {start.root.path} is"
                        f" started and {found} when {load.root.path} is; they differ, and in a dist"
                        f" one is for both. {HINT}"
                    )

    def close(self) -> None:
        """Follows the names from all files of the tree, until nothing is open."""
        self._own: _Objects = self._read(self.tree)
        others = self._read(self.pool)
        self._own_names = ByName(self.tree, self._own.at, (self.libraries,))
        self._pool_names = ByName(self.pool, others.at, self.target.library_directories)
        self._opener = Opener(self.pool, self._options(system=True), others)
        now = {was: path for path, was in self.moved.items()}
        work = dict.fromkeys(path for path, _ in self._own.all())
        while work:
            path = next(iter(work))
            del work[path]
            machine = self._machine(path)
            if machine is not None:
                self.missing.append(
                    f"{self._told(path)} is for {machine}; {self.target.name} is wanted"
                    "; if it is data, waive foreign-machine"
                )
                continue
            needs = self.needs[path] = {}
            there = self._there(path)
            for want in self._wants(path):
                meant = self._meant.get((self._told(path), want.name))
                if meant is not None:
                    found: str | None = now.get(meant, meant)
                elif self._is_machines(want.name, path):
                    found = None
                elif want.name in there:
                    found = self._take(there[want.name], posixpath.basename(want.name), path)
                else:
                    found = self._find(want, path)
                needs[want.name] = found
                if found is not None and found not in self.needs:
                    work[found] = None

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        seen: set[str] = set()
        work = [path]
        while work:
            for needed in self.needs.get(work.pop(), {}).values():
                if needed is not None and needed not in seen:
                    seen.add(needed)
                    work.append(needed)
        return {posixpath.basename(needed) for needed in seen}

    def _options(self, *, system: bool = False) -> Options:
        """What decides beside the tree, or beside a pool, which is laid out as a system is."""
        if not system:
            return Options(system_prefixes=self.target.system_prefixes)
        return Options(
            system_prefixes=self.target.system_prefixes,
            whole_system=self.target.is_elf,
            default_directories=self.target.library_directories,
        )

    def _told(self, path: str) -> str:
        """How people know the file that is at `path` now."""
        return self.moved.get(path, path)

    def _there(self, path: str) -> dict[str, str]:
        """What names mean in the pool, to a file that was taken from it."""
        came = self._came.get(path)
        if came is None:
            return {}
        return {r.name: r.found for r in self._opener.open(came) if r.by == came and r.found}

    def _find(self, want: Want, path: str) -> str | None:
        """Where in the tree a library is that the loader doesn't find, taken if need be."""
        name = posixpath.basename(want.name)
        if here := self._own_names.find(name):
            return self._one(here, self.tree, want.name, path)
        taken = self._object(f"{self.libraries}/{name}")
        if taken is not None:
            return taken
        if there := self._pool_names.find(name):
            one = self._one(there, self.pool, want.name, path)
            return None if one is None else self._take(one, name, path)
        if not want.optional:
            which = "which" if name == want.name else f"and {name}"
            self.missing.append(
                f"{self._told(path)} needs {want.name}, {which} is in no layer and in none of the"
                " libraries"
            )
        return None

    def _one(self, found: Sequence[str], tree: Tree, name: str, path: str) -> str | None:
        """The one file that was found; None, and a line about them, if there are several."""
        if len(found) == 1:
            return found[0]
        where = "layers" if tree is self.tree else "libraries"
        self.missing.append(
            f"{self._told(path)} needs {name}, and the {where} have {len(found)} files of that name"
            f" that differ: {', '.join(_origin(tree, each) for each in found)}. {HINT}"
        )
        return None

    def _take(self, found: str, name: str, wanted_by: str) -> str:
        """Gives the tree a file of the pool, under the name that is asked for; says where it is."""
        node = self.pool.file(found)
        path = f"{self.libraries}/{name}"
        known = self._taken.get(found) or self._copy(node)
        mine: str | None = self._object(path)
        if mine is not None:
            same = mine == known or _equal(self.tree.file(mine), node)
            if not same:
                origins = [_origin(self.tree, mine), _origin(self.pool, found)]
                self.missing.append(
                    f"{self._told(wanted_by)} needs {name}, and others need another file of that"
                    f" name: {', '.join(origins)}. {HINT}"
                )
            return mine
        if known is None:
            self.tree.add(path, node)
            self._came[path] = found
            known = path
        else:
            # Two names for one file: two copies would be two instances when loaded.
            self.tree.add(path, Link(link_target(path, known), node.record))
        self._taken[found] = known
        return known

    def _object(self, path: str) -> str | None:
        """The real path of the object file that `path` leads to; None if it leads to none."""
        try:
            real = self.tree.follow(path)
        except RelocatableError:
            return None
        return real if self._own.at(real) is not None else None

    def _copy(self, node: File) -> str | None:
        """Where something with the same bytes is that has been taken."""
        for other, there in self._taken.items():
            if _equal(self.pool.file(other), node):
                return there
        return None

    def _is_same(self, path: str, other: str) -> bool:
        return path == other or _equal(self.tree.file(path), self.tree.file(other))


def _equal(file: File, other: File) -> bool:
    return file is other or content.equal(file.content, other.content)


def _origin(tree: Tree, path: str) -> str:
    """A path, and what brought it."""
    return f"{path} ({tree.file(path).record.origin.source})"
