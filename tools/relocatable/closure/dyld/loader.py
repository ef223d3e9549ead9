"""dyld as one of the loaders that `trace` knows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from relocatable.closure.answers import Baseline, Problem
from relocatable.closure.dyld.files import Files
from relocatable.closure.dyld.process import Process
from relocatable.closure.dyld.roots import find
from relocatable.closure.options import Options
from relocatable.closure.roots import Roots
from relocatable.content import view
from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho import version_text
from relocatable.objects import MachObjects, thin_objects
from relocatable.tree import Tree

CPUS: Final = {"arm64": c.CPU_ARM64, "x86_64": c.CPU_X86_64}
"""Machines that macOS runs on."""
_LIBRARY: Final = "/usr/lib/libSystem.B.dylib"


class Dyld:
    """Loads Mach-O files."""

    def __init__(self, tree: Tree, objects: MachObjects, options: Options) -> None:
        """Prepares loading what is in `tree`.

        Raises:
            RelocatableError: if an option means nothing to dyld.
        """
        if options.undefined:
            raise RelocatableError("undefined symbols are looked for in ELF files only")
        self._files = Files(tree, objects)
        self._options = options

    def roots(self) -> Roots:
        """What begins a load."""
        return find(self._files)

    def process(self, library_path: Sequence[str]) -> Process:
        """A process with nothing in it; dyld isn't told where to look."""
        return Process(self._files, self._options)

    def baselines(self, paths: Sequence[str]) -> tuple[Baseline, ...]:
        """The newest system that any file is built for."""
        users: dict[int, dict[str, tuple[str, ...]]] = {}
        for path in paths:
            try:
                file = self._files.macho(path)
            except RelocatableError:
                continue  # Loading it says what is wrong with it.
            for build in file.builds if file else ():
                if build.platform == "macos":
                    users.setdefault(build.minos, {})[path] = ()
        if not users:
            return ()
        newest = max(users)
        return (Baseline("macos", version_text(newest), _LIBRARY, users[newest]),)

    def undefined(self, paths: Sequence[str], first: int) -> Iterator[Problem]:
        """Nothing: who asks for them is refused above."""
        return iter(())


def most_common_cpu(tree: Tree) -> int | None:
    """The machine that most Mach-O files of a tree are for; None if there are none."""
    found: Counter[int] = Counter()
    for path, file in tree.files():
        try:
            found.update({thin.cpu for thin, _ in thin_objects(view(file.content), path)})
        except RelocatableError:
            continue  # Whoever loads it says what is wrong with it.
    known = [cpu for cpu in CPUS.values() if found[cpu]]
    return max(known, key=lambda cpu: found[cpu]) if known else None
