"""From layers to one tree that runs from anywhere: closure, names of libraries, launchers.

Everything that the layers hold is kept. What their programs and libraries need beyond that is taken
from the libraries, and nothing else is. Each program moves aside, and a launcher takes its place.
"""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from relocatable import foreign, launcher, layout, policies
from relocatable.errors import RelocatableError, problems
from relocatable.launcher import Settings, shell
from relocatable.policies import Variables
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import launchers, metadata
from relocatable.python.launchers import Start
from relocatable.relink import relinker
from relocatable.request import Libc, Request, Strip
from relocatable.tree import File, Tree
from relocatable.waivers import Waivers

__all__ = ["Libc", "Request", "Strip", "relocate"]


def relocate(
    layers: Sequence[Tree],
    libraries: Sequence[Tree],
    request: Request,
    runtime: Sequence[Tree] = (),
) -> Tree:
    """Returns the merged, closed and edited tree.

    Args:
        layers: What is kept whole.
        libraries: What may be taken from.
        request: What to make of them.
        runtime: The Python inside and what belongs into its prefix; kept whole as well.

    Raises:
        RelocatableError: all problems together: layers that disagree, libraries that are nowhere,
            files of another machine, launchers without a program.
    """
    place = request.layout
    tree = Tree()
    for layer in layers:
        tree.merge(layer)
    for layer in runtime:
        tree.merge(layout.moved(layer, place.runtime))
    place = layout.in_tree(place, tree)
    request = replace(request, layout=place)
    pool = Tree()
    for layer in libraries:
        pool.merge(layer)
    data = foreign.set_aside(tree, request.target, Waivers(request.waivers))
    linked = relinker(tree, pool, request)
    if unknown := sorted(set(request.inherited) - request.environment.keys()):
        names = ", ".join(request.environment) or "it is empty"
        raise RelocatableError(
            f"env_inherited: wanted names of env ({names}), found {', '.join(unknown)}"
        )
    request.policies.check(own_libc=request.libc is Libc.BUNDLED)
    variables = policies.take(tree, pool, request.policies, place.libraries)
    programs = linked.take_programs()
    scripts = launchers.take_scripts(tree, programs, place)
    starts = _python_programs(tree, programs, request)
    _check_places(request, programs, [*programs, *scripts, *starts])
    linked.close()
    problems(linked.missing, "the dist is not complete:")
    for path, whole in list(tree.files()):
        tree.nodes[path] = linked.edited(path, whole)
    tree.nodes.update(data)
    for path, program in programs.items():
        start = None
        if launchers.is_interpreter(path):
            start = launchers.interpreter(request.home_environment)
        elif any(name.startswith("libpython") for name in linked.loaded(program)):
            start = launchers.embedder(request.home_environment, request.target)
        starts[path] = Started(program, start)
    for path, script in scripts.items():
        start = launchers.script(script.path, script.interpreter, request.home_environment)
        starts[path] = Started(programs[script.interpreter], start)
    named = request.launchers
    places = {path: start for path, start in starts.items() if path not in named.values()}
    places |= {path: starts[program] for path, program in named.items()}
    through = _through(tree, linked.loader, place.libraries)
    for path, started in places.items():
        tree.add(path, _launcher(path, started, request, variables, through))
    metadata.refresh(tree, programs | {path: script.path for path, script in scripts.items()})
    return tree


@dataclass(frozen=True, slots=True)
class Started:
    """What a launcher starts: a program, in a way that is Python's or its own."""

    program: str
    start: Start | None


@dataclass(frozen=True, slots=True)
class Through:
    """The loader that starts programs, None for the machine's, and where it looks first."""

    loader: str | None = None
    library_path: tuple[str, ...] = ()


def _through(tree: Tree, loader: str | None, libraries: str) -> Through:
    """How launchers start programs by a loader, which may lie in a layer, as its C library then."""
    if loader is None:
        return Through()
    directories = dict.fromkeys((libraries, posixpath.dirname(loader)))
    return Through(loader, tuple(each for each in directories if each in tree.nodes))


def _launcher(
    path: str, started: Started, request: Request, variables: Variables, through: Through
) -> File:
    start = started.start
    own = {k: v for k, v in request.environment.items() if k not in request.inherited}
    environment: dict[str, str | None] = {**dict(variables.environment), **own}
    if start:
        kept = _kept(start, own, variables) - start.environment.keys()
        environment |= start.environment
        if kept:
            environment[launcher.KEPT] = ":".join(sorted(kept))
    settings = Settings(
        depth=path.count("/"),
        program=started.program,
        loader=through.loader,
        library_path=through.library_path,
        arguments=start.arguments if start else (),
        environment=tuple(sorted(environment.items(), key=lambda item: item[0])),
        argv0=start.argv0 if start else None,
        inherited=tuple(sorted((k, request.environment[k]) for k in request.inherited)),
        in_c=variables.in_c + (start.in_c if start else ()),
        lost=variables.lost,
        files=variables.files,
    )
    if request.launcher is None:
        data, source = shell.text(settings), "@rules_relocatable//tools/relocatable"
    else:
        data = launcher.patch(request.launcher, settings)
        source = f"@rules_relocatable//toolchains/launcher:{request.target.name}"
    record = Record(Origin(source, "launcher"), (Edit("settings", None, started.program),))
    return File(data, record, executable=True)


def _kept(start: Start, own: Collection[str], variables: Variables) -> set[str]:
    """What Python's start-up leaves in place, and spares only other programs."""
    kept = {*own, *(name for name, _ in variables.files)}
    if start.keeps_policies:
        policy = (*variables.environment, *variables.in_c, *variables.lost)
        kept |= {name for name, _ in policy}
    return kept


def _python_programs(
    tree: Tree, programs: Mapping[str, str], request: Request
) -> dict[str, Started]:
    """How Python's programs start that have no file of their own but their main module."""
    if not request.python_programs:
        return {}
    directory = request.layout.in_runtime("bin")
    interpreter = next(
        (
            path
            for path in programs
            if posixpath.dirname(path) == directory and launchers.is_interpreter(path)
        ),
        None,
    )
    if interpreter is None:
        raise RelocatableError(
            f"{', '.join(request.python_programs)}: a Python program wants an interpreter, and "
            "there is none in the runtime: give py_runtime_bundle a tree with bin/pythonX.Y"
        )
    return {
        path: Started(
            programs[interpreter],
            launchers.script(
                request.layout.in_runtime(main), interpreter, request.home_environment
            ),
        )
        for path, main in request.python_programs.items()
    }


def _check_places(
    request: Request, programs: Mapping[str, str], startable: Collection[str]
) -> None:
    """Raises unless each launcher has something to start, and a place of its own."""
    problems(
        [
            f"launcher {path} is to start {program}, which is no program of the layers; "
            f"these are: {', '.join(sorted(startable))}"
            for path, program in request.launchers.items()
            if program not in startable
        ],
        "launchers without a program:",
    )
    free = set(request.launchers.values()) - set(request.launchers)
    problems(
        [
            f"{path} stays where it is, so that its launcher has no place"
            for path, there in programs.items()
            if path == there and path not in free
        ],
        f"layout: programs = {request.layout.programs!r}: a directory of its own is wanted, or a "
        "name of its own, such as bin/{name}-bin:",
    )
