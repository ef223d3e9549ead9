"""What links to what in a dist, and why each object is there; docs/dist_report.md tells the fields.

It is what the closure's simulated loader finds, brought from loads to objects: each knows what it
asks for, who asks for it, and the shortest way that leads to it from something that is started.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from relocatable import content
from relocatable.closure import Closure, Options, Resolution, RootKind, Rule, trace
from relocatable.closure.dyld.roots import is_launcher
from relocatable.closure.files import Files
from relocatable.objects import ElfObjects, MachObjects
from relocatable.provenance import Origin
from relocatable.tree import Tree

FORMAT = 1
"""Rises when a reader of the old JSON would misread the new."""

# Where ways begin, the best known first, and what JSON calls it.
_BEGINNINGS = {RootKind.PROGRAM: "program", RootKind.MODULE: "module", RootKind.ALONE: None}


@dataclass(slots=True)
class Object:
    """A dynamic ELF file, or a Mach-O file that dyld loads.

    Attributes:
        path: where it is.
        soname: how others ask for it; of Mach-O, its install name.
        size: in bytes.
        source: the package or label that it is from.
        opened: `program` or `module` if something opens it by its path; None if not.
        layer: the label of what it is kept from; None if it was taken from the libraries.
        needs: what its NEEDED entries mean, in their order.
        needed_by: paths of the objects that link to it, sorted.
        chain: paths to it from a program; else from a module; else from what nothing links to;
            empty if only a circle leads to it.
        requires: symbol versions by the library that is to have them, both sorted.
    """

    path: str
    soname: str | None
    size: int
    source: str
    opened: str | None = None
    layer: str | None = None
    needs: list[dict[str, Any]] = field(default_factory=list)
    needed_by: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    requires: dict[str, list[str]] = field(default_factory=dict)


def document(
    tree: Tree, options: Options, kept: Mapping[Origin, str], cpu: int | None = None
) -> dict[str, Any]:
    """Returns the linkage of a dist, ready for JSON.

    Args:
        tree: the dist.
        options: as `closure.trace` takes them.
        kept: of what the dist was asked to keep, the origins, and the label of what has them.
        cpu: `cputype` of the machine, if it is a Mac; else the dist is of ELF files.
    """
    lookup = ElfObjects(tree) if cpu is None else MachObjects(tree, cpu)
    found = trace(tree, options, lookup)
    objects = {
        each.path: each
        for each in (_elf(tree, lookup) if isinstance(lookup, ElfObjects) else _macho(tree, lookup))
    }
    for path, each in objects.items():
        each.layer = kept.get(tree.file(path).record.origin)
    edges = _link(objects, found)
    _explain(objects, found, edges)
    return {
        "format": FORMAT,
        "programs": [
            {
                "path": load.root.path,
                "launchers": list(load.root.launchers),
                "loader": load.root.loader,
                "library_path": list(load.root.library_path),
                "objects": len(load.objects),
            }
            for load in found.loads
            if load.root.kind is RootKind.PROGRAM
        ],
        "baselines": [
            {
                "family": each.family,
                "version": each.version,
                "library": each.library,
                "users": {path: list(symbols) for path, symbols in each.users.items()},
            }
            for each in found.baselines
        ],
        "host": sorted({r.name for r in _resolutions(found) if r.rule is Rule.HOST}),
        "unneeded": list(found.unneeded),
        "objects": [_plain(each) for each in objects.values()],
    }


def _plain(each: Object) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Object.__slots__}


def _elf(tree: Tree, lookup: ElfObjects) -> Iterator[Object]:
    files = Files(tree, lookup, whole_system=False)
    for path, elf in lookup.all():
        if not elf.dynamic:
            continue
        requires: dict[str, set[str]] = {}
        for requirement in files.requirements(path):
            requires.setdefault(requirement.library, set()).add(requirement.version)
        found = _object(tree, path, elf.soname)
        found.requires = {library: sorted(requires[library]) for library in sorted(requires)}
        yield found


def _macho(tree: Tree, lookup: MachObjects) -> Iterator[Object]:
    for path, macho in lookup.all():
        if not is_launcher(tree.file(path)):
            yield _object(tree, path, macho.install_name)


def _object(tree: Tree, path: str, name: str | None) -> Object:
    file = tree.file(path)
    return Object(path, name, content.size(file.content), str(file.record.origin.source))


def _resolutions(found: Closure) -> Iterable[Resolution]:
    return (resolution for load in found.loads for resolution in load.resolutions)


def _link(objects: Mapping[str, Object], found: Closure) -> dict[str, list[str]]:
    """Fills in what links to what; returns for each object what it links to, once."""
    told: set[tuple[str, str]] = set()
    edges: dict[str, list[str]] = {}
    for each in _resolutions(found):
        if each.by not in objects or (each.by, each.name) in told:
            continue
        told.add((each.by, each.name))
        how = None if each.rule is None else str(each.rule)
        objects[each.by].needs.append({"name": each.name, "found": each.found, "how": how})
        found_here = each.found if each.found in objects else None
        if found_here and found_here not in edges.setdefault(each.by, []):
            edges[each.by].append(found_here)
    for by, targets in edges.items():
        for target in targets:
            objects[target].needed_by.append(by)
    for each_object in objects.values():
        each_object.needed_by.sort()
    return edges


def _explain(objects: Mapping[str, Object], found: Closure, edges: Mapping[str, list[str]]) -> None:
    """Finds the shortest way to each object."""
    for kind, name in _BEGINNINGS.items():
        begin = [load.root for load in found.loads if load.root.kind is kind]
        if kind is RootKind.ALONE:
            linked = {path for path, each in objects.items() if each.needed_by}
            begin = [root for root in begin if root.path not in linked]
        work: deque[str] = deque()
        for root in begin:
            # The loader starts programs, and nothing else may link to it.
            started_by = root.loader if kind is RootKind.PROGRAM else None
            ways = [[root.path]] + ([[root.path, started_by]] if started_by else [])
            for way in ways:
                if way[-1] in objects and not objects[way[-1]].chain:
                    objects[way[-1]].chain = way
                    work.append(way[-1])
            if root.path in objects:
                objects[root.path].opened = objects[root.path].opened or name
        while work:
            path = work.popleft()
            for target in edges.get(path, ()):
                if not objects[target].chain:
                    objects[target].chain = [*objects[path].chain, target]
                    work.append(target)
