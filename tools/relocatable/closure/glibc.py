"""glibc's loader as one of the loaders that `trace` knows."""

from collections.abc import Iterator, Sequence

from relocatable.closure.answers import Baseline, Problem
from relocatable.closure.baseline import baselines
from relocatable.closure.files import Files
from relocatable.closure.options import Options
from relocatable.closure.process import Process
from relocatable.closure.roots import Roots, find
from relocatable.closure.undefined import Symbols
from relocatable.objects import ElfObjects
from relocatable.tree import Tree


class Glibc:
    """Loads ELF files."""

    def __init__(self, tree: Tree, objects: ElfObjects, options: Options) -> None:
        """Prepares loading what is in `tree`."""
        self._files = Files(tree, objects, whole_system=options.whole_system)
        self._options = options
        self._symbols = Symbols(self._files)

    def roots(self) -> Roots:
        """What begins a load."""
        return find(self._files)

    def process(self, library_path: Sequence[str]) -> Process:
        """A process with nothing in it, whose loader is given directories."""
        return Process.new(self._files, self._options, library_path)

    def baselines(self, paths: Sequence[str]) -> tuple[Baseline, ...]:
        """The newest version that any of `paths` requires, of each family."""
        return baselines(self._files, paths)

    def undefined(self, paths: Sequence[str], first: int) -> Iterator[Problem]:
        """Symbols that objects from number `first` on want, and none of `paths` defines."""
        return self._symbols.undefined(paths, first)
