"""Which modules of the library can be reached from where a program starts, and over which imports.

Modules are nodes, imports are edges. Modules built into the interpreter are nodes as well, without
a file: what they import by themselves is in `relocatable.python.dynamic`.
"""

import fnmatch
import sys
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from relocatable.errors import RelocatableError, problems
from relocatable.python import dynamic, imports
from relocatable.python.imports import Import, Kind
from relocatable.python.library import Library
from relocatable.tree import Link

_TABLES = (
    (Kind.REQUIRED, dynamic.NEEDED),
    (Kind.OPTIONAL, dynamic.USED),
    (Kind.DEFERRED, dynamic.CALLED),
)


@dataclass(frozen=True, slots=True)
class Edge:
    """An import of one module by another, by their full names."""

    importer: str
    imported: str
    line: int
    kind: Kind


@dataclass(frozen=True)
class Graph:
    """The imports of a library's modules, each read when it is first asked for.

    Attributes:
        library: What they are of.
        unread: Why texts can't be read, by what they are called; CPython's tests have such.
    """

    library: Library
    unread: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    _edges: dict[str, tuple[Edge, ...]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def nodes(self) -> frozenset[str]:
        """Names of modules: those with a file, and those in the interpreter that import others."""
        return frozenset(self.library.modules).union(*(table for _, table in _TABLES))

    def edges(self, name: str) -> tuple[Edge, ...]:
        """The imports of a module, those that its tables tell included; see `unread`."""
        if name not in self._edges:
            self._edges[name] = tuple(self._of(name))
        return self._edges[name]

    def of_text(self, importer: str, text: bytes) -> list[Edge]:
        """The imports of the library in a text that is not part of it; see `unread`."""
        return list(self._resolved(importer, self._imports(importer, text, "", is_package=False)))

    def expand(self, pattern: str) -> list[str]:
        """The modules that a name stands for; it may end with `*`."""
        if not pattern.endswith("*"):
            return [pattern] if pattern in self.nodes else []
        return sorted(fnmatch.filter(self.library.modules, pattern))

    def _of(self, name: str) -> Iterator[Edge]:
        module = self.library.modules.get(name)
        if module is not None:
            if module.parent:
                yield Edge(name, module.parent, 0, Kind.REQUIRED)
            if isinstance(self.library.nodes[module.path], Link):
                yield from self._linked(name, module.path)
            elif module.is_source:
                text = self.library.read(module.path)
                found = self._imports(name, text, name, is_package=module.is_package)
                yield from self._resolved(name, found)
        for kind, table in _TABLES:
            for pattern in table.get(name, ()):
                for imported in self.expand(pattern):
                    yield Edge(name, imported, 0, kind)

    def _imports(
        self, shown: str, text: bytes, module: str, *, is_package: bool
    ) -> Sequence[Import]:
        try:
            return imports.of_source(text, module, is_package=is_package)
        except RelocatableError as error:
            # Nobody can import it either, so nothing that it wants is missing.
            self.unread[shown] = str(error)
            return ()

    def _linked(self, name: str, path: str) -> Iterator[Edge]:
        there = self.library.target(path)
        owner = self.library.owners.get(there or "")
        if owner:
            yield Edge(name, owner, 0, Kind.REQUIRED)

    def _resolved(self, importer: str, found: Iterable[Import]) -> Iterator[Edge]:
        for each in found:
            kind = each.kind
            if kind is Kind.FALLBACK and all(map(self._is_there, each.instead_of)):
                continue
            for name in self._names(each):
                if name != importer:
                    yield Edge(importer, name, each.line, kind)

    def _names(self, each: Import) -> Iterator[str]:
        if each.member:
            if each.name in self.nodes:
                yield each.name
            return
        parts = each.name.split(".")
        for length in range(1, len(parts) + 1):
            name = ".".join(parts[:length])
            if name in self.nodes:
                yield name

    def _is_there(self, name: str) -> bool:
        """Whether an import that has a fallback will not need it."""
        return name in self.library.modules or name in dynamic.ACCELERATORS


@dataclass(frozen=True, slots=True)
class Start:
    """Where reaching starts: a module, and why (what people read, for example `root json`)."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """How a module was first reached: over an import, or because it is a start."""

    edge: Edge | None
    why: str = ""


def reach(
    graph: Graph, starts: Iterable[Start], cut: Collection[str], *, deferred: bool
) -> dict[str, Step]:
    """Returns the modules that are reached, each with how: breadth first, so by a shortest way.

    Args:
        graph: The imports.
        starts: Modules to start from, the most telling first.
        cut: Modules that are not to be entered.
        deferred: Whether imports in functions are followed.
    """
    followed = {Kind.REQUIRED, Kind.OPTIONAL, Kind.FALLBACK} | (
        {Kind.DEFERRED} if deferred else set()
    )
    steps: dict[str, Step] = {}
    queue: deque[str] = deque()
    starting = set()
    for start in starts:
        starting.add(start.name)
        if start.name not in steps and start.name not in cut:
            steps[start.name] = Step(None, start.why)
            queue.append(start.name)
    while queue:
        name = queue.popleft()
        for edge in graph.edges(name):
            wanted = edge.kind in followed or (edge.kind is Kind.MAIN and name in starting)
            if wanted and edge.imported not in steps and edge.imported not in cut:
                steps[edge.imported] = Step(edge)
                queue.append(edge.imported)
    return steps


def chain(steps: Mapping[str, Step], name: str) -> list[str]:
    """Returns how a module was reached: why its start was one, that start, …, the module."""
    names = [name]
    while (edge := steps[names[-1]].edge) is not None:
        names.append(edge.importer)
    return [steps[names[-1]].why, *reversed(names)]


def check_roots(graph: Graph, roots: Iterable[str]) -> list[Start]:
    """Returns the modules that roots stand for.

    Raises:
        RelocatableError: if one is no module of the library, nor one in the interpreter.
    """
    starts = []
    unknown = []
    for root in roots:
        names = graph.expand(root)
        if not names and root not in sys.stdlib_module_names:
            unknown.append(root)
        starts += [Start(name, f"root {root}") for name in names]
    version = graph.library.version
    problems(
        [f"{root} is no module of Python {version}'s standard library" for root in unknown],
        "wrong roots:",
    )
    return starts
