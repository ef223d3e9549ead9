"""Completes a tree of Mach-O files from a pool of libraries, and says what each name means."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from relocatable import closure, content
from relocatable.closure import Options
from relocatable.errors import RelocatableError
from relocatable.macho import MachO
from relocatable.macho.shape import Dylib
from relocatable.objects import MachObjects, thin_objects
from relocatable.relink.pool import Pool, loaded
from relocatable.target import Target
from relocatable.tree import Tree


@dataclass(slots=True)
class MachoClosure:
    """What each Mach-O file of a tree needs; libraries come from a pool until nothing is open.

    Attributes:
        tree: what is completed.
        pool: what it may be completed from.
        target: the platform.
        libraries: the directory of the tree that libraries go to.
        universal: whether all parts of files for several machines count.
        missing: a line for each library that is nowhere.
        moved: where each program was, by where it is.
        needs: for each file, what the names mean that it has: a path in the tree; None for a
            library that is linked weakly and nowhere.
    """

    tree: Tree
    pool: Tree
    target: Target
    libraries: str
    universal: bool = False
    missing: list[str] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)
    needs: dict[str, dict[str, str | None]] = field(default_factory=dict)
    _meant: dict[tuple[str, str], str] = field(default_factory=dict)
    """What a name of a file means to dyld as long as all files are where they were."""
    _pool: Pool = field(init=False)
    _own: MachObjects = field(init=False)
    _others: MachObjects = field(init=False)

    def look(self) -> None:
        """Asks dyld what names mean before any program moves."""
        options = Options(system_prefixes=self.target.system_prefixes)
        objects = MachObjects(self.tree, (), self.target.machine)
        for load in closure.trace(self.tree, options, objects).loads:
            for resolution in load.resolutions:
                if resolution.found is not None:
                    self._meant.setdefault((resolution.by, resolution.name), resolution.found)

    def close(self) -> None:
        """Follows the names of libraries from all files of the tree."""
        self._pool = Pool(self.pool, self.tree, self.libraries)
        self._own = MachObjects(self.tree, (self.libraries,), self.target.machine)
        self._others = MachObjects(self.pool, self.target.library_directories, self.target.machine)
        now = {was: path for path, was in self.moved.items()}
        work = dict.fromkeys(path for path, _ in self._own.all())
        while work:
            path = next(iter(work))
            del work[path]
            parts = self.parts(path)
            if all(part.cpu != self.target.machine for part in parts):
                found = ", ".join(part.architecture for part in parts)
                where = self.moved.get(path, path)
                self.missing.append(
                    f"{where} is for {found}; {self.target.name} is wanted"
                    "; if it is data, waive foreign-machine"
                )
                continue
            needs = self.needs[path] = {}
            for dylib in self._dylibs(parts):
                meant = self._meant.get((self.moved.get(path, path), dylib.name))
                there = now.get(meant, meant) if meant else self._by_name(dylib, path)
                needs[dylib.name] = there
                if there is not None and there not in self.needs:
                    work[there] = None

    def parts(self, path: str) -> list[MachO]:
        """What counts of the Mach-O file at `path`: the machine's own part, or all."""
        data = content.view(self.tree.file(path).content)
        found = [file for file, _ in thin_objects(data, path)]
        own = self._own.at(path)
        if self.universal or own is None or own.cpu != self.target.machine:
            return found
        return [own]

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        return loaded(path, lambda each: filter(None, self.needs.get(each, {}).values()))

    def libraries_named(self) -> Iterator[tuple[str, str]]:
        """The libraries of the tree and their install names, those for everyone first."""
        inside = f"{self.libraries}/"
        named = [
            (path, file.install_name)
            for path, file in self._own.all()
            if file.install_name is not None and path in self.needs
        ]
        yield from sorted(named, key=lambda each: (not each[0].startswith(inside), each))

    def _dylibs(self, parts: list[MachO]) -> Iterator[Dylib]:
        """What parts of a file load that is not the system's; each name once, weak last."""
        found: dict[str, Dylib] = {}
        for part in parts:
            for dylib in part.dylibs:
                plain = posixpath.normpath(dylib.name)
                if not plain.startswith(self.target.system_prefixes):
                    known = found.get(dylib.name)
                    if known is None or known.kind == "weak":
                        found[dylib.name] = dylib
        yield from found.values()

    def _by_name(self, dylib: Dylib, path: str) -> str | None:
        """Where in the tree a library is that dyld does not find, taken from the pool if need be.

        What counts is the file's name: an install name tells where it was on another machine.
        """
        name = posixpath.basename(dylib.name)
        if ".framework/" in dylib.name:
            return self._framework(dylib, path)
        if dylib.name.startswith("@rpath/") and self._is_systems(dylib.name, path):
            return None
        try:
            here = self._own.find(name)
            there = self._others.find(name) if here is None else None
        except RelocatableError as error:
            self.missing.append(f"{self.moved.get(path, path)} needs {error}")
            return None
        if here is not None:
            return here
        if there is None:
            if dylib.kind != "weak":
                self.missing.append(
                    f"{self.moved.get(path, path)} needs {dylib.name}, and {name} is in no layer"
                    " and in none of the libraries"
                )
            return None
        return self._pool.there(name) or self._pool.take(there, name)

    def _framework(self, dylib: Dylib, path: str) -> str | None:
        """A framework is a directory with more than its library, so it comes in a layer."""
        tail = dylib.name[dylib.name.rindex("/", 0, dylib.name.index(".framework/")) :]
        found = [each for each in self.tree.nodes if f"/{each}".endswith(tail)]
        if len(found) == 1:
            return self.tree.follow(found[0])
        if dylib.kind != "weak":
            self.missing.append(
                f"{self.moved.get(path, path)} needs {dylib.name}, and {tail[1:]} is in"
                f" {'no layer' if not found else ', '.join(sorted(found))}; one layer should have"
                " it, whole"
            )
        return None

    def _is_systems(self, name: str, path: str) -> bool:
        """Whether a run path leads to the system's own directories."""
        rest = name.partition("/")[2]
        return any(
            posixpath.join(rpath, rest).startswith(self.target.system_prefixes)
            for part in self.parts(path)
            for rpath in part.rpaths
        )
