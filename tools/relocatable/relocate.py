"""From layers to one tree that runs from anywhere: closure, RUNPATHs, launchers.

Everything that the layers hold is kept. What their ELF files need beyond that is taken from the
libraries, and nothing else is. Each program moves aside, and a launcher takes its place.
"""

import enum
import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from relocatable import content, elf, launcher, layout, policies
from relocatable.complete import Closure
from relocatable.content import Extent, Patched, Spliced
from relocatable.elf import Edits
from relocatable.errors import RelocatableError, problems
from relocatable.launcher import Settings, shell
from relocatable.layout import DEFAULT, Layout
from relocatable.objects import ElfObjects
from relocatable.policies import Policies, Variables
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import launchers, metadata
from relocatable.python.launchers import Start
from relocatable.target import Target
from relocatable.tree import File, Tree


class Strip(enum.Enum):
    """What ELF files lose before anything else is done to them."""

    NONE = "none"
    DEBUG = "debug"
    ALL = "all"


class Libc(enum.Enum):
    """Whose C library and loader programs run on."""

    BUNDLED = "bundled"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class Request:
    """What `relocate` makes of the layers.

    Attributes:
        label: who asks, for messages and provenance.
        target: the platform that it is for.
        launcher: the bytes of the platform's native launcher; None for scripts instead.
        launchers: path of a launcher to path of the program (in the layers) that it starts.
            Programs that are not named here get a launcher at their own path.
        environment: variables for all programs; `{root}` in a value is the dist's directory.
        python_environment: variables for the programs that load libpython, likewise; there the root
            is the runtime's.
        strip: what ELF files lose.
        libc: whose C library programs run on. The machine's is never taken from the libraries.
        policies: whose character sets, locales, name services and certificates programs find.
        layout: where the parts of the dist go.
        python_programs: path of a launcher to path of the main module that the runtime's
            interpreter runs, in the runtime.
    """

    label: str
    target: Target
    launcher: bytes | None
    launchers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    python_environment: Mapping[str, str | None] = field(default_factory=dict)
    strip: Strip = Strip.NONE
    libc: Libc = Libc.BUNDLED
    policies: Policies = policies.DEFAULT
    layout: Layout = DEFAULT
    python_programs: Mapping[str, str] = field(default_factory=dict)

    @property
    def home_environment(self) -> dict[str, str | None]:
        """`python_environment` for where the runtime is in the dist."""
        return {
            name: None if value is None else _rooted(value, self.layout.runtime)
            for name, value in self.python_environment.items()
        }

    @property
    def host(self) -> frozenset[str]:
        """The sonames that are left to the machine."""
        system = self.target.system_libraries if self.libc is Libc.HOST else ()
        return frozenset(system)


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
    pool = Tree()
    for layer in libraries:
        pool.merge(layer)
    request.policies.check(own_libc=request.libc is Libc.BUNDLED)
    variables = policies.take(tree, pool, request.policies, place.libraries)
    programs = _take_programs(tree, place)
    scripts = launchers.take_scripts(tree, programs, place)
    starts = _python_programs(tree, programs, request)
    _check_places(request, programs, [*programs, *scripts, *starts])
    closure = Closure(tree, pool, request.target, place.libraries, request.host)
    closure.close()
    if request.libc is Libc.BUNDLED:
        closure.add(request.target.loader, request.label)
    problems(closure.missing, "the dist is not complete:")
    for path, whole in list(tree.files()):
        file = tree.nodes[path] = _stripped(path, whole, request.strip)
        runpath = closure.runpath(path)
        if runpath is not None:
            edits = Edits(search_path=runpath or None, search_path_tag="runpath")
            tree.nodes[path] = _edited(path, file, edits)
        elif (found := closure.elf(path)) and (edit := policies.edits(found, request.policies)):
            tree.nodes[path] = _edited(path, file, edit)
    for path, program in programs.items():
        start = None
        if launchers.is_interpreter(path):
            start = launchers.interpreter(request.home_environment)
        elif any(name.startswith("libpython") for name in closure.loaded(program)):
            start = launchers.embedder(request.home_environment)
        starts[path] = Started(program, start)
    for path, script in scripts.items():
        start = launchers.script(script.path, script.interpreter, request.home_environment)
        starts[path] = Started(programs[script.interpreter], start)
    named = request.launchers
    places = {path: start for path, start in starts.items() if path not in named.values()}
    places |= {path: starts[program] for path, program in named.items()}
    for path, started in places.items():
        tree.add(path, _launcher(path, started, request, variables))
    metadata.refresh(tree, programs | {path: script.path for path, script in scripts.items()})
    return tree


@dataclass(frozen=True, slots=True)
class Started:
    """What a launcher starts: a program, in a way that is Python's or its own."""

    program: str
    start: Start | None


def _launcher(path: str, started: Started, request: Request, variables: Variables) -> File:
    start = started.start
    environment: dict[str, str | None] = {**dict(variables.environment), **request.environment}
    environment |= start.environment if start else {}
    bundled = request.libc is Libc.BUNDLED
    libraries = request.layout.libraries
    settings = Settings(
        depth=path.count("/"),
        program=started.program,
        loader=f"{libraries}/{request.target.loader}" if bundled else None,
        library_path=(libraries,) if bundled else (),
        arguments=start.arguments if start else (),
        environment=tuple(sorted(environment.items(), key=lambda item: item[0])),
        argv0=start.argv0 if start else None,
        in_c=variables.in_c + (start.in_c if start else ()),
        files=variables.files,
    )
    if request.launcher is None:
        data, source = shell.text(settings), "@rules_relocatable//tools/relocatable"
    else:
        data = launcher.patch(request.launcher, settings)
        source = f"@rules_relocatable//toolchains/launcher:{request.target.name}"
    record = Record(Origin(source, "launcher"), (Edit("settings", None, started.program),))
    return File(data, record, executable=True)


def _take_programs(tree: Tree, place: Layout) -> dict[str, str]:
    """Moves programs to where launchers find them; returns where each was and is."""
    moved: dict[str, str] = {}
    objects = ElfObjects(tree, ())
    for path, program in list(objects.all()):
        if program.is_program and program.soname is None and program.dynamic:
            node = tree.nodes.pop(path)
            moved[path] = place.program(path)
            tree.add(moved[path], node)
    return moved


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


def _rooted(value: str, directory: str) -> str:
    """A value in which roots are the runtime's, with the dist's."""
    if directory == ".":
        return value
    for root in (launcher.ROOT, launcher.ROOT_WITHOUT_COLON):
        value = value.replace(root, f"{root}/{directory}")
    return value


def _stripped(path: str, file: File, strip: Strip) -> File:
    if strip is Strip.NONE:
        return file
    data = content.view(file.content)
    if not elf.is_elf(data[:4]):
        return file
    try:
        plan = elf.plan_strip(elf.read(data, path), data, debug_only=strip is Strip.DEBUG)
    except elf.NotStrippableError:
        return file  # What can't be stripped is no worse than before: an object file, …
    if not plan:
        return file
    base = file.content if isinstance(file.content, bytes | Extent) else content.read(file.content)
    edits = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Spliced.of(base, plan.parts), *edits)


def _edited(path: str, file: File, edits: Edits) -> File:
    data = content.view(file.content)
    plan = elf.plan(elf.read(data, path), data, edits)
    if not plan:
        return file
    base = content.read(file.content) if isinstance(file.content, Patched) else file.content
    log = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Patched(base, plan.patches, plan.append), *log)
