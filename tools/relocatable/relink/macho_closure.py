"""What the Mach-O files of a tree need."""

import posixpath
from collections.abc import Iterator

from relocatable import content
from relocatable.macho import MachO
from relocatable.macho.shape import Dylib
from relocatable.objects import MachObjects, thin_objects
from relocatable.relink.tree_closure import TreeClosure, Want
from relocatable.target import Target
from relocatable.tree import Tree


class MachoClosure(TreeClosure[MachObjects]):
    """Completes a tree of Mach-O files.

    What counts, where dyld finds nothing, is the file's name: an install name tells where it was on
    another machine.
    """

    def __init__(
        self, tree: Tree, pool: Tree, target: Target, libraries: str, *, universal: bool
    ) -> None:
        """Prepares completing `tree` from `pool`.

        Args:
            tree: what is completed.
            pool: what it may be completed from.
            target: the platform.
            libraries: the directory of the tree that libraries go to.
            universal: whether all parts of files for several machines count.
        """
        super().__init__(tree, pool, target, libraries)
        self._universal = universal

    def parts(self, path: str) -> list[MachO]:
        """What counts of the Mach-O file at `path`: the machine's own part, or all."""
        data = content.view(self.tree.file(path).content)
        found = [file for file, _ in thin_objects(data, path)]
        own = self._own.at(path)
        if self._universal or own is None or own.cpu != self.target.machine:
            return found
        return [own]

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

    def _read(self, tree: Tree) -> MachObjects:
        return MachObjects(tree, self.target.machine)

    def _machine(self, path: str) -> str | None:
        parts = self.parts(path)
        if any(part.cpu == self.target.machine for part in parts):
            return None
        return ", ".join(part.architecture for part in parts)

    def _wants(self, path: str) -> Iterator[Want]:
        for dylib in self._dylibs(self.parts(path)):
            yield Want(dylib.name, dylib.kind == "weak")

    def _find(self, want: Want, path: str) -> str | None:
        if ".framework/" in want.name:
            return self._framework(want, path)
        return super()._find(want, path)

    def _framework(self, want: Want, path: str) -> str | None:
        """A framework is a directory with more than its library, so it comes in a layer."""
        tail = want.name[want.name.rindex("/", 0, want.name.index(".framework/")) :]
        found = [each for each in self.tree.nodes if f"/{each}".endswith(tail)]
        if len(found) == 1:
            return self.tree.follow(found[0])
        if not want.optional:
            self.missing.append(
                f"{self._told(path)} needs {want.name}, and {tail[1:]} is in"
                f" {'no layer' if not found else ', '.join(sorted(found))}; one layer should have"
                " it, whole"
            )
        return None

    def _is_machines(self, name: str, path: str) -> bool:
        """Whether a run path leads to the system's own directories."""
        first, _, rest = name.partition("/")
        return first == "@rpath" and any(
            posixpath.join(rpath, rest).startswith(self.target.system_prefixes)
            for part in self.parts(path)
            for rpath in part.rpaths
        )
