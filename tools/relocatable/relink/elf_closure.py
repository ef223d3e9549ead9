"""What the ELF files of a tree need, and which RUNPATH leads each of them to it."""

import posixpath
from collections.abc import Collection, Iterator, Mapping

from relocatable import content
from relocatable.closure import wants
from relocatable.elf import Elf
from relocatable.objects import ElfObjects
from relocatable.relink.tree_closure import HINT, TreeClosure, Want
from relocatable.target import Target
from relocatable.tree import File, Tree


class ElfClosure(TreeClosure[ElfObjects]):
    """Completes a tree of ELF files.

    Attributes:
        loader: where the loader is; None if programs start by that of the machine.
    """

    def __init__(
        self, tree: Tree, pool: Tree, target: Target, libraries: str, host: frozenset[str]
    ) -> None:
        """Prepares completing `tree` from `pool`; the sonames in `host` are left to the machine."""
        super().__init__(tree, pool, target, libraries)
        self._host = host
        self.loader: str | None = None
        self._search: dict[str, list[str]] = {}
        """For each file, the directories that have what it needs."""
        self._opened: dict[str, dict[str, None]] = {}
        """For each library, the directories in which it is found."""

    def take_loader(self, wanted_by: str) -> None:
        """Takes the loader as well, if there is anything for it to load."""
        files = (file for _, file in self._own.all())
        if any(x.wants_loader or (x.dynamic and not x.is_never_opened) for x in files):
            self.loader = self._find(Want(self.target.loader, optional=False), wanted_by)
            self.missing += self._hidden()

    def elf(self, path: str) -> Elf | None:
        """The ELF file that is at `path`, as it was before any edit."""
        return self._own.at(path)

    def close(self) -> None:
        """Follows the names from all files of the tree, and decides where each file looks."""
        super().close()
        for path, needs in self.needs.items():
            led = {
                name: (need, self._own_names.directory(name, need))
                for name, need in needs.items()
                if need is not None
            }
            for need, directory in led.values():
                self._opened.setdefault(need, {})[directory] = None
            self._search[path] = self._in_order(path, led)

    def runpath(self, path: str) -> str | None:
        """Returns the RUNPATH that leads the file at `path` to what it needs; None to leave it.

        The files of the loader's own package are left as they are, if what they need is where
        launchers tell the loader to look: nothing starts without having found it already.
        """
        file, directories = self._own.at(path), self._search.get(path)
        if directories is None or file is None:
            return None
        if not directories:
            return None if file.runpath is None and file.rpath is None else ""
        if self._is_libc(path) and {
            self.libraries,
            posixpath.dirname(self.loader or ""),
        }.issuperset(directories):
            return None
        # $ORIGIN is the directory by whose name a file is opened: its own, or that of a link to it.
        origins = {**self._opened.get(path, {}), posixpath.dirname(path): None}
        steps = dict.fromkeys(
            posixpath.relpath("/" + directory, "/" + origin)
            for origin in origins
            for directory in directories
        )
        return ":".join("$ORIGIN" if step == "." else f"$ORIGIN/{step}" for step in steps)

    def _in_order(self, path: str, led: Mapping[str, tuple[str, str]]) -> list[str]:
        """Directories in an order in which none hides what is to be found in a later one."""
        left = list(dict.fromkeys(directory for _, directory in led.values()))
        # What is always loaded already when the file wants it is not searched for.
        key = self._told(path)
        searched = {
            name: found
            for name, found in led.items()
            if (key, name) in self._searched or (key, name) not in self._meant
        }
        ordered: list[str] = []
        while left:
            free = [each for each in left if self._hides(each, led, left) is None]
            free = free or [each for each in left if self._hides(each, searched, left) is None]
            if not free:
                hidden = [(each, self._hides(each, searched, left)) for each in left]
                told = " and ".join(f"{each} has another {name}" for each, name in hidden)
                self.missing.append(
                    f"{key} needs files of {', '.join(left)}, but {told}, so that no search path"
                    f" leads to them all. {HINT}"
                )
                return [*ordered, *left]
            left.remove(free[0])
            ordered.append(free[0])
        return ordered

    def _hides(
        self, directory: str, led: Mapping[str, tuple[str, str]], left: Collection[str]
    ) -> str | None:
        """A name that is to be found in another directory, and means something else in this."""
        for name, (need, place) in led.items():
            if place != directory and place in left:
                real = self._object(posixpath.join(directory, name))
                if real is not None and not self._is_same(real, need):
                    return name
        return None

    def _hidden(self) -> Iterator[str]:
        """What the dist's loader would not find, since launchers name the library directory first.

        A RUNPATH comes after that; the RPATH that may have led somewhere else came before.
        """
        for path, needs in self.needs.items():
            for name, need in needs.items():
                first = f"{self.libraries}/{name}"
                real = None if need is None else self._object(first)
                if need is not None and real is not None and not self._is_same(real, need):
                    yield (
                        f"{self._told(path)} needs {name}, which is {need} where it comes from, and"
                        f" would be {first} in the dist, as launchers name {self.libraries} first;"
                        f" they differ. {HINT}"
                    )

    def _find(self, want: Want, path: str) -> str | None:
        if "/" in want.name:  # No search path leads to it.
            if not want.optional:
                self.missing.append(f"{self._told(path)} needs {want.name}, a path to nothing")
            return None
        return super()._find(want, path)

    def _read(self, tree: Tree) -> ElfObjects:
        return ElfObjects(tree)

    def _machine(self, path: str) -> str | None:
        file = self._own.at(path)
        if file is None or file.machine == self.target.machine:
            return None
        return file.machine_name

    def _wants(self, path: str) -> Iterator[Want]:
        file = self._own.at(path)
        if file is not None:
            data = content.view(self.tree.file(path).content)
            yield from (Want(name, optional) for name, optional in wants(file, data))

    def _is_machines(self, name: str, path: str) -> bool:
        return name in self._host

    def _is_libc(self, path: str) -> bool:
        loader = self.tree.nodes.get(self.loader or "")
        node = self.tree.nodes[path]
        return (
            isinstance(loader, File)
            and isinstance(node, File)
            and loader.record.origin.source == node.record.origin.source
        )
