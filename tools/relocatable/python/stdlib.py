"""The standard library as a tree of its own, with no more in it than what is wanted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from relocatable.errors import problems
from relocatable.globs import Globs
from relocatable.python import dynamic, features, reach
from relocatable.python.imports import Kind
from relocatable.python.library import Library, directory
from relocatable.python.reach import Edge, Graph, Start
from relocatable.tree import File, Link

__all__ = ["Options", "Plan", "directory", "plan"]

_LICENCE = re.compile(r"(LICENSE|COPYING|NOTICE)(\.\w+)?")


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted of a library. The ways to choose combine.

    Attributes:
        exclude_features: Features (`relocatable.python.features`) to leave out.
        exclude: Patterns (`relocatable.globs`) of paths in the library to leave out.
        keep: Patterns of paths that stay, whatever else would leave them out.
        roots: Modules whose imports are followed; only what is reached stays. `x.*` is all of x.
            Empty: everything stays that is not excluded.
        texts: The same for modules that are not of the library, by what to call them.
        deferred_imports: Whether imports in functions are followed.
    """

    exclude_features: Sequence[str] = ()
    exclude: Sequence[str] = ()
    keep: Sequence[str] = ()
    roots: Sequence[str] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    deferred_imports: bool = True

    @property
    def by_roots(self) -> bool:
        """Whether only what is reached stays."""
        return bool(self.roots or self.texts)


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays and what goes, and why.

    Attributes:
        library: What it is about.
        features: For each path, the features that it belongs to.
        kept: For each path that stays: the import chain from a root, or another reason alone.
        dropped: For each path that goes: what left it out.
        warnings: Imports of kept modules that will fail, which the modules can do without; and
            modules that can't be read.
    """

    library: Library
    features: Mapping[str, tuple[str, ...]]
    kept: Mapping[str, Sequence[str]]
    dropped: Mapping[str, str]
    warnings: Sequence[str]

    def texts(self) -> dict[str, bytes]:
        """The texts of the modules that stay, by their paths."""
        return {
            module.path: self.library.read(module.path)
            for module in self.library.modules.values()
            if module.is_source
            and module.path in self.kept
            and isinstance(self.library.nodes[module.path], File)
        }


def plan(library: Library, options: Options) -> Plan:
    """Decides about each path of a library.

    Raises:
        RelocatableError: if a feature or root is unknown, a pattern matches nothing, or a module
            that stays imports, when it is imported, one that goes.
    """
    features.check(options.exclude_features)
    of_features = {
        path: tuple(
            name
            for name, feature in features.FEATURES.items()
            if feature.match(path, library.minor)
        )
        for path in library.nodes
    }
    held, cut = _selected(library, options, of_features)
    graph = Graph(library)
    kept: dict[str, Sequence[str]] = {}
    dropped = dict(cut)
    if options.by_roots:
        steps = _reached(graph, options, held, cut)
        for path in library.nodes.keys() - cut.keys():
            owner = library.owners[path]
            if path in held:
                kept[path] = (held[path],)
            elif owner in steps:
                kept[path] = reach.chain(steps, owner)
            elif _LICENCE.fullmatch(path):
                kept[path] = ("licence",)
            else:
                dropped[path] = "no root reaches it" if owner else "data of no module"
    else:
        kept = {
            path: (held.get(path, "not left out"),) for path in library.nodes if path not in cut
        }
    _drop_dangling(library, kept, dropped)
    return Plan(library, of_features, kept, dropped, _check(graph, options, kept, dropped))


def _selected(
    library: Library, options: Options, of_features: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Returns the paths that are held by name and those that are left out by name, with why."""
    keep = {pattern: Globs([pattern]) for pattern in options.keep}
    exclude = {pattern: Globs([pattern]) for pattern in options.exclude}
    held: dict[str, str] = {}
    cut: dict[str, str] = {}
    for path in library.nodes:
        for pattern, globs in keep.items():
            if globs.match(path):
                held.setdefault(path, f"keep {pattern}")
        wanted_out = [
            f"exclude {pattern}" for pattern, globs in exclude.items() if globs.match(path)
        ]
        wanted_out += [
            f"feature {name}" for name in of_features[path] if name in options.exclude_features
        ]
        if wanted_out and path not in held:
            cut[path] = wanted_out[0]
    problems(
        [
            f"{name}: {pattern!r} matches nothing in the library of Python {library.version}"
            for name, patterns in (("exclude", exclude), ("keep", keep))
            for pattern, globs in patterns.items()
            if globs.unused()
        ],
        "wrong patterns:",
    )
    return held, cut


def _reached(
    graph: Graph, options: Options, held: Mapping[str, str], cut: Mapping[str, str]
) -> dict[str, reach.Step]:
    owners = graph.library.owners
    by_path = {module.path: module.name for module in graph.library.modules.values()}
    starts = reach.check_roots(graph, options.roots)
    for name, text in sorted(options.texts.items()):
        starts += [
            Start(edge.imported, f"imported by {name}") for edge in graph.of_text(name, text)
        ]
    starts += [Start(name, "start-up") for each in dynamic.START_UP for name in graph.expand(each)]
    starts += [Start(owners[path], why) for path, why in held.items() if owners[path]]
    gone = {name for path, name in by_path.items() if path in cut}
    return reach.reach(graph, starts, gone, deferred=options.deferred_imports)


def _drop_dangling(
    library: Library, kept: dict[str, Sequence[str]], dropped: dict[str, str]
) -> None:
    for path in list(kept):
        if isinstance(library.nodes[path], Link) and library.target(path) not in kept:
            del kept[path]
            dropped[path] = "a link to what is left out"


def _check(
    graph: Graph,
    options: Options,
    kept: Mapping[str, Sequence[str]],
    dropped: Mapping[str, str],
) -> list[str]:
    """Raises an error for imports that would fail, and returns warnings for those that may."""
    modules = graph.library.modules
    gone = {
        module.name: dropped[module.path] for module in modules.values() if module.path in dropped
    }
    failures: dict[str, list[Edge]] = {}
    warnings = set()
    for edge in _edges(graph, options, kept):
        if edge.imported not in gone:
            continue
        if edge.kind is Kind.REQUIRED:
            failures.setdefault(f"{_top(edge.importer)} {_top(edge.imported)}", []).append(edge)
        elif edge.kind in {Kind.OPTIONAL, Kind.FALLBACK}:
            warnings.add(f"{_sentence(edge)} ({gone[edge.imported]}), {edge.kind.value}")
    problems(
        [_failure(edges, gone) for edges in failures.values()],
        f"these imports would fail in the trimmed library of Python {graph.library.version}:",
    )
    warnings |= {
        f"{name} {why}; what it imports is not known" for name, why in graph.unread.items()
    }
    return sorted(warnings)


def _edges(graph: Graph, options: Options, kept: Mapping[str, Sequence[str]]) -> Iterator[Edge]:
    for module in graph.library.modules.values():
        if module.path in kept:
            yield from graph.edges(module.name)
    for name, text in sorted(options.texts.items()):
        yield from graph.of_text(name, text)


def _failure(edges: list[Edge], gone: Mapping[str, str]) -> str:
    first = edges[0]
    more = f" (and {len(edges) - 1} more like it)" if len(edges) > 1 else ""
    return (
        f"{_sentence(first)}, which is left out: {gone[first.imported]}{more}; "
        f"leave out {first.importer} too, or keep {first.imported}"
    )


def _sentence(edge: Edge) -> str:
    place = f" (line {edge.line})" if edge.line else ""
    return f"{edge.importer}{place} imports {edge.imported}"


def _top(name: str) -> str:
    return name.partition(".")[0]
