"""Completes a tree from a pool of libraries, and says which RUNPATH leads each file to its own."""

import posixpath
from dataclasses import dataclass, field

from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects
from relocatable.relink.pool import Pool, loaded
from relocatable.target import Target
from relocatable.tree import File, Tree


@dataclass(slots=True)
class ElfClosure:
    """What each ELF file of a tree needs; libraries come from a pool until nothing is open.

    Attributes:
        tree: What is completed.
        pool: What it may be completed from.
        target: The platform.
        libraries: The directory of the tree that libraries go to.
        host: The sonames that are left to the machine.
        missing: A line for each that is nowhere.
    """

    tree: Tree
    pool: Tree
    target: Target
    libraries: str
    host: frozenset[str] = frozenset()
    missing: list[str] = field(default_factory=list)
    _needs: dict[str, list[str]] = field(default_factory=dict)
    """For each ELF file's path, the paths of the libraries that its NEEDED entries mean."""
    _pool: Pool = field(init=False)
    _own: ElfObjects = field(init=False)
    _others: ElfObjects = field(init=False)

    def close(self) -> None:
        """Follows NEEDED entries from all files of the tree."""
        self._pool = Pool(self.pool, self.tree, self.libraries)
        self._own = ElfObjects(self.tree, (self.libraries,))
        self._others = ElfObjects(self.pool, self.target.library_directories)
        work = dict(self._own.all())
        while work:
            path = next(iter(work))
            file = work.pop(path)
            if file.machine != self.target.machine:
                self.missing.append(
                    f"{path} is for {file.machine_name}; {self.target.name} is wanted"
                    "; if it is data, waive foreign-machine"
                )
                continue
            self._needs[path] = needs = []
            for name in file.needed:
                there = self._at_own_path(path, file, name) or self.add(name, path)
                if there is None:
                    continue
                needs.append(there)
                added = self._own.at(there)
                if added is not None and there not in self._needs:
                    work[there] = added

    def _at_own_path(self, path: str, file: Elf, name: str) -> str | None:
        """Where in the tree the file's own search path leads.

        Packages may bring libraries of one name that differ, each in a directory beside it.
        """
        for step in (file.runpath or file.rpath or "").split(":"):
            first, _, rest = step.partition("/")
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest, name))
            if first in {"$ORIGIN", "${ORIGIN}"} and there in self.tree.nodes:
                real = self.tree.follow(there)
                if self._own.at(real) is not None:
                    return real
        return None

    def add(self, name: str, wanted_by: str) -> str | None:
        """Returns where in the tree library `name` is, taken from the pool if it was not there."""
        if name in self.host:
            return None
        try:
            here = self._own.find(name)
            there = self._others.find(name) if here is None else None
        except RelocatableError as error:
            self.missing.append(f"{wanted_by} needs {error}")
            return None
        here = here or self._pool.there(name)
        if here is not None:
            return here
        if there is None:
            self.missing.append(
                f"{wanted_by} needs {name}, which is in no layer and in none of the libraries"
            )
            return None
        return self._pool.take(there, name)

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        return loaded(path, lambda each: self._needs.get(each, ()))

    @property
    def is_dynamic(self) -> bool:
        """Whether the tree has anything for a loader to load."""
        return any(
            file.wants_loader or (file.dynamic and not file.is_never_opened)
            for _, file in self._own.all()
        )

    def elf(self, path: str) -> Elf | None:
        """The ELF file that is at `path`, as it was before any edit."""
        return self._own.at(path)

    def runpath(self, path: str) -> str | None:
        """Returns the RUNPATH that leads the file at `path` to what it needs; None to leave it.

        The files of the loader's own package are left as they are: nothing starts without having
        found them already.
        """
        needs = self._needs.get(path)
        file = self._own.at(path)
        if needs is None or file is None or self._is_libc(path):
            return None
        directory = posixpath.dirname(path)
        steps = dict.fromkeys(
            posixpath.relpath("/" + posixpath.dirname(need), "/" + directory) for need in needs
        )
        if not steps:
            return None if file.runpath is None and file.rpath is None else ""
        return ":".join("$ORIGIN" if step == "." else f"$ORIGIN/{step}" for step in steps)

    def _is_libc(self, path: str) -> bool:
        loader = self.tree.nodes.get(f"{self.libraries}/{self.target.loader}")
        node = self.tree.nodes[path]
        return (
            isinstance(loader, File)
            and isinstance(node, File)
            and loader.record.origin.source == node.record.origin.source
        )
