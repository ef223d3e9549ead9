"""Loads everything in a tree, as far as a loader would: glibc's of ELF files, dyld of Mach-O's."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from relocatable.closure.answers import Baseline, Closure, Load, Problem, Resolution, Root, RootKind
from relocatable.closure.dyld import CPUS, Dyld, most_common_cpu
from relocatable.closure.glibc import Glibc
from relocatable.closure.options import Options
from relocatable.closure.process import HWCAPS
from relocatable.closure.roots import Roots
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects, MachObjects
from relocatable.tree import Tree


class Process(Protocol):
    """One process and its loader."""

    resolutions: list[Resolution]
    problems: list[Problem]
    has_python: bool

    @property
    def paths(self) -> tuple[str, ...]:
        """Real paths of what is loaded, in order."""

    def start(self, root: Root) -> None:
        """Loads a program and all that it needs."""

    def open(self, path: str, opened_as: str, loader: str | None) -> None:
        """Loads a shared object by its path, and all that it needs."""

    def fork(self) -> "Process":
        """A process in which the same is loaded, and that has reported nothing yet."""

    def state(self) -> Hashable:
        """Equal for processes in which opening an object comes to the same."""


class Loader(Protocol):
    """What knows one object format."""

    def roots(self) -> Roots:
        """What begins a load."""

    def process(self, library_path: Sequence[str]) -> Process:
        """A process with nothing in it."""

    def baselines(self, paths: Sequence[str]) -> tuple[Baseline, ...]:
        """The newest versions that any of `paths` requires."""

    def undefined(self, paths: Sequence[str], first: int) -> Iterator[Problem]:
        """Symbols that objects from number `first` on want, and none of `paths` defines."""


def trace(
    tree: Tree, options: Options | None = None, objects: ElfObjects | MachObjects | None = None
) -> Closure:
    """Returns what loading everything in `tree` comes to.

    Args:
        tree: what is there.
        options: what else decides.
        objects: the tree's object files of the format that counts, if some have been read already;
            None to take the tree for macOS's if that says so, or if it has Mach-O files only.

    Raises:
        RelocatableError: if an option means nothing, or the tree is made to take forever.
    """
    options = options or Options()
    return _Trace(_loader(tree, options, objects), options).closure()


def _loader(tree: Tree, options: Options, objects: ElfObjects | MachObjects | None) -> Loader:
    levels = [level for known in HWCAPS.values() for level in known]
    if options.cpu is not None and options.cpu not in [*levels, *CPUS]:
        raise RelocatableError(
            f"there is no processor level {options.cpu!r}; these are: {', '.join([*levels, *CPUS])}"
        )
    if objects is None:
        cpu = CPUS.get(options.cpu or "") or (None if options.cpu else _only_machos(tree))
        objects = ElfObjects(tree) if cpu is None else MachObjects(tree, cpu)
    if isinstance(objects, MachObjects):
        return Dyld(tree, objects, options)
    return Glibc(tree, objects, options)


def _only_machos(tree: Tree) -> int | None:
    """The machine of a tree's Mach-O files; None if it has ELF files that a loader loads."""
    objects = ElfObjects(tree)
    for path, _ in tree.files():
        try:
            elf = objects.at(path)
        except RelocatableError:
            return None  # It is one, if damaged.
        if elf is not None and elf.dynamic:
            return None
    return most_common_cpu(tree)


class Opener:
    """Opens single objects of a tree, each in a process of its own."""

    def __init__(self, tree: Tree, options: Options, objects: ElfObjects | MachObjects) -> None:
        """Prepares opening what is in `tree`; the arguments are those of `trace`."""
        self._loader = _loader(tree, options, objects)

    def open(self, path: str) -> Sequence[Resolution]:
        """What each name means, in the order of loading, when the object at `path` is opened."""
        process = self._loader.process(())
        process.open(path, path, None)
        return process.resolutions


class _Trace:
    """The work of `trace`, in its order."""

    def __init__(self, loader: Loader, options: Options) -> None:
        self._loader = loader
        self._options = options
        self._loads: list[Load] = []

    def closure(self) -> Closure:
        roots = self._loader.roots()
        bases = list(_bases([self._start(root) for root in roots.programs]))
        for module in roots.modules:
            for root, process in bases:
                self._open(replace(module, program=root.path), process.fork())
        asked = {path for load in self._loads for path in load.objects}
        asked |= {path for load in self._loads for r in load.resolutions for path in r.better}
        unneeded = [path for path in roots.objects if path not in asked]
        for path in unneeded:
            self._alone(path, roots)
        programs = [root.path for root in roots.programs]
        found = self._loader.baselines(sorted({*programs, *roots.objects}))
        return Closure(tuple(self._loads), tuple(unneeded), found, tuple(roots.problems))

    def _start(self, root: Root) -> tuple[Root, Process]:
        process = self._loader.process(root.library_path)
        process.start(root)
        self._done(root, process, 0)
        return root, process

    def _open(self, root: Root, process: Process) -> None:
        before = len(process.paths)
        process.open(root.path, root.opened_as, root.loader)
        self._done(root, process, before)

    def _alone(self, path: str, roots: Roots) -> None:
        """Opens what nothing asks for in a process with nothing but what launchers give to all."""
        library_path = self._options.library_path
        if library_path is None:
            given = (directory for root in roots.programs for directory in root.library_path)
            library_path = tuple(dict.fromkeys(given))
        loader = next((root.loader for root in roots.programs if root.loader), None)
        root = Root(RootKind.ALONE, path, path, loader=loader, library_path=library_path)
        self._open(root, self._loader.process(library_path))

    def _done(self, root: Root, process: Process, before: int) -> None:
        problems, paths = process.problems, process.paths
        if self._options.undefined:
            problems += self._loader.undefined(paths, before)
        self._loads.append(
            Load(root, paths[before:], tuple(process.resolutions), tuple(dict.fromkeys(problems)))
        )


def _bases(started: list[tuple[Root, Process]]) -> Iterator[tuple[Root, Process]]:
    """The programs that have Python; of those that have loaded the same, one stands for all."""
    seen = set()
    for root, process in started:
        state = process.state()
        if process.has_python and state not in seen:
            seen.add(state)
            yield root, process
