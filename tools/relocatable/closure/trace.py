"""Loads everything in a tree, as far as a loader would."""

from collections.abc import Iterator
from dataclasses import replace

from relocatable.closure.answers import Closure, Load, Problem, Root, RootKind
from relocatable.closure.baseline import baselines
from relocatable.closure.files import Files
from relocatable.closure.options import Options
from relocatable.closure.process import HWCAPS, Process
from relocatable.closure.roots import Roots, find
from relocatable.closure.undefined import Symbols
from relocatable.errors import RelocatableError
from relocatable.objects import Objects
from relocatable.tree import Tree


def trace(tree: Tree, options: Options | None = None, objects: Objects | None = None) -> Closure:
    """Returns what loading everything in `tree` comes to.

    Args:
        tree: what is there.
        options: what else decides.
        objects: the tree's ELF files, if some have been read already.

    Raises:
        RelocatableError: if an option means nothing, or the tree is made to take forever.
    """
    options = options or Options()
    levels = [level for known in HWCAPS.values() for level in known]
    if options.cpu is not None and options.cpu not in levels:
        raise RelocatableError(
            f"there is no processor level {options.cpu!r}; these are: {', '.join(levels)}"
        )
    files = Files(tree, objects or Objects(tree, ()), whole_system=options.whole_system)
    return _Trace(files, options).closure()


class _Trace:
    """The work of `trace`, in its order."""

    def __init__(self, files: Files, options: Options) -> None:
        self._files = files
        self._options = options
        self._symbols = Symbols(files) if options.undefined else None
        self._loads: list[Load] = []

    def closure(self) -> Closure:
        roots = find(self._files)
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
        found = baselines(self._files, sorted({*programs, *roots.objects}))
        return Closure(tuple(self._loads), tuple(unneeded), found, tuple(roots.problems))

    def _start(self, root: Root) -> tuple[Root, Process]:
        process = Process.new(self._files, self._options, root.library_path)
        process.start(root.path, root.opened_as, root.loader)
        self._done(root, process, 0)
        return root, process

    def _open(self, root: Root, process: Process) -> None:
        before = len(process.objects)
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
        self._open(root, Process.new(self._files, self._options, library_path))

    def _done(self, root: Root, process: Process, before: int) -> None:
        problems: list[Problem] = process.problems
        paths = tuple(loaded.path for loaded in process.objects)
        if self._symbols is not None:
            problems += self._symbols.undefined(paths, before)
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
