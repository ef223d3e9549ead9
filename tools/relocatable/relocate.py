"""From layers to one tree that runs from anywhere: closure, RUNPATHs, launchers.

Everything that the layers hold is kept. What their ELF files need beyond that is taken from the
libraries, and nothing else is. Each program moves aside, and a launcher takes its place.
"""

import enum
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from relocatable import content, elf, launcher
from relocatable.content import Extent, Patched, Spliced
from relocatable.elf import Elf
from relocatable.errors import RelocatableError, problems
from relocatable.launcher import Settings
from relocatable.layout import LIBRARIES, PROGRAMS
from relocatable.objects import Objects
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import launchers, metadata
from relocatable.python.launchers import Start
from relocatable.target import Target
from relocatable.tree import File, Link, Tree, link_target


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
        launcher: the bytes of the platform's native launcher.
        launchers: path of a launcher to path of the program (in the layers) that it starts.
            Programs that are not named here get a launcher at their own path.
        environment: variables for all programs; `{root}` in a value is the dist's directory.
        python_environment: variables for the programs that load libpython, likewise.
        strip: what ELF files lose.
        libc: whose C library programs run on. The machine's is never taken from the libraries.
    """

    label: str
    target: Target
    launcher: bytes
    launchers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    python_environment: Mapping[str, str | None] = field(default_factory=dict)
    strip: Strip = Strip.NONE
    libc: Libc = Libc.BUNDLED

    @property
    def host(self) -> frozenset[str]:
        """The sonames that are left to the machine."""
        system = self.target.system_libraries if self.libc is Libc.HOST else ()
        return frozenset(system)


def relocate(layers: Sequence[Tree], libraries: Sequence[Tree], request: Request) -> Tree:
    """Returns the merged, closed and edited tree.

    Raises:
        RelocatableError: all problems together: layers that disagree, libraries that are nowhere,
            files of another machine, launchers without a program.
    """
    tree = Tree()
    for layer in layers:
        tree.merge(layer)
    pool = Tree()
    for layer in libraries:
        pool.merge(layer)
    programs = _move_programs(tree, request)
    scripts = launchers.take_scripts(tree, programs, PROGRAMS)
    closure = _Closure(tree, pool, request.target, request.host)
    closure.close()
    if request.libc is Libc.BUNDLED:
        closure.add(request.target.loader, request.label)
    problems(closure.missing, "the dist is not complete:")
    for path, whole in list(tree.files()):
        file = tree.nodes[path] = _stripped(path, whole, request.strip)
        runpath = closure.runpath(path)
        if runpath is not None:
            tree.nodes[path] = _with_runpath(path, file, runpath)
    for path, program in programs.items():
        python = any(name.startswith("libpython") for name in closure.loaded(program))
        start = None
        if launchers.is_interpreter(program):
            start = launchers.interpreter(request.python_environment)
        elif python:
            start = launchers.embedder(request.python_environment)
        tree.add(path, _launcher(path, program, start, request))
    moved = dict(programs)
    for path, started_by in scripts.items():
        moved[path] = f"{PROGRAMS}/{posixpath.basename(path)}"
        start = launchers.script(moved[path], started_by, request.python_environment)
        tree.add(path, _launcher(path, programs[started_by], start, request))
    metadata.refresh(tree, moved)
    return tree


def _launcher(path: str, program: str, start: Start | None, request: Request) -> File:
    environment = {**request.environment, **(start.environment if start else {})}
    bundled = request.libc is Libc.BUNDLED
    settings = Settings(
        depth=path.count("/"),
        program=program,
        loader=f"{LIBRARIES}/{request.target.loader}" if bundled else None,
        library_path=(LIBRARIES,) if bundled else (),
        arguments=start.arguments if start else (),
        environment=tuple(sorted(environment.items(), key=lambda item: item[0])),
        argv0=start.argv0 if start else None,
        ctype=start.ctype if start else None,
    )
    data = launcher.patch(request.launcher, settings)
    record = Record(
        Origin(f"@rules_relocatable//toolchains/launcher:{request.target.name}", "launcher"),
        (Edit("settings", None, program),),
    )
    return File(data, record, executable=True)


def _move_programs(tree: Tree, request: Request) -> dict[str, str]:
    """Moves programs to `PROGRAMS`; returns the launchers' paths and what each starts."""
    found: list[str] = []
    moved: dict[str, str] = {}
    objects = Objects(tree, ())
    for path, program in list(objects.all()):
        if program.is_program and program.soname is None and program.dynamic:
            node = tree.nodes.pop(path)
            there = f"{PROGRAMS}/{posixpath.basename(path)}"
            tree.add(there, node)
            moved[path] = there
    places = {path: path for path in moved if path not in request.launchers.values()}
    for path, program_path in request.launchers.items():
        if program_path in moved:
            places[path] = program_path
        else:
            found.append(
                f"launcher {path} is to start {program_path}, which is no program of the layers; "
                f"these are: {', '.join(sorted(moved))}"
            )
    problems(found, "launchers without a program:")
    return {path: moved[program] for path, program in places.items()}


@dataclass(slots=True)
class _Closure:
    """What each ELF file of a tree needs; libraries come from a pool until nothing is open."""

    tree: Tree
    pool: Tree
    target: Target
    host: frozenset[str] = frozenset()
    """The sonames that are left to the machine."""
    missing: list[str] = field(default_factory=list)
    _needs: dict[str, list[str]] = field(default_factory=dict)
    """For each ELF file's path, the paths of the libraries that its NEEDED entries mean."""
    _added: dict[str, str] = field(default_factory=dict)
    """For each file taken from the pool, its path there and its path in the tree."""
    _own: Objects = field(init=False)
    _others: Objects = field(init=False)

    def close(self) -> None:
        """Follows NEEDED entries from all files of the tree."""
        self._own = Objects(self.tree, (LIBRARIES,))
        self._others = Objects(self.pool, self.target.library_directories)
        work = dict(self._own.all())
        while work:
            path = next(iter(work))
            file = work.pop(path)
            if file.machine != self.target.machine:
                self.missing.append(
                    f"{path} is for {file.machine_name}; {self.target.name} is wanted"
                )
                continue
            self._needs[path] = needs = []
            for name in file.needed:
                there = self._at_own_path(path, file, name) or self.add(name, path)
                if there is None:
                    continue
                needs.append(there)
                added = self._own.at(there)
                if added is not None and there not in self._needs:
                    work[there] = added

    def _at_own_path(self, path: str, file: Elf, name: str) -> str | None:
        """Where in the tree the file's own search path leads.

        Packages may bring libraries of one name that differ, each in a directory beside it.
        """
        for step in (file.runpath or file.rpath or "").split(":"):
            first, _, rest = step.partition("/")
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest, name))
            if first in {"$ORIGIN", "${ORIGIN}"} and there in self.tree.nodes:
                real = self.tree.follow(there)
                if self._own.at(real) is not None:
                    return real
        return None

    def add(self, name: str, wanted_by: str) -> str | None:
        """Returns where in the tree library `name` is, taken from the pool if it was not there."""
        if name in self.host:
            return None
        try:
            here = self._own.find(name)
            there = self._others.find(name) if here is None else None
        except RelocatableError as error:
            self.missing.append(f"{wanted_by} needs {error}")
            return None
        if here is not None:
            return here
        path = f"{LIBRARIES}/{name}"
        if path in self.tree.nodes:
            return self.tree.follow(path)
        if there is None:
            self.missing.append(
                f"{wanted_by} needs {name}, which is in no layer and in none of the libraries"
            )
            return None
        node = self.pool.file(there)
        if there in self._added:
            # Two names for one file: two copies would be two instances when loaded.
            target = link_target(path, self._added[there])
            self.tree.add(path, Link(target, node.record))
        else:
            self.tree.add(path, node)
            self._added[there] = path
        return self._added[there]

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        seen: set[str] = set()
        work = [path]
        while work:
            for needed in self._needs.get(work.pop(), ()):
                if needed not in seen:
                    seen.add(needed)
                    work.append(needed)
        return {posixpath.basename(needed) for needed in seen}

    def runpath(self, path: str) -> str | None:
        """Returns the RUNPATH that leads the file at `path` to what it needs; None to leave it.

        The files of the loader's own package are left as they are: nothing starts without having
        found them already.
        """
        needs = self._needs.get(path)
        file = self._own.at(path)
        if needs is None or file is None or self._is_libc(path):
            return None
        directory = posixpath.dirname(path)
        steps = dict.fromkeys(
            posixpath.relpath("/" + posixpath.dirname(need), "/" + directory) for need in needs
        )
        if not steps:
            return None if file.runpath is None and file.rpath is None else ""
        return ":".join("$ORIGIN" if step == "." else f"$ORIGIN/{step}" for step in steps)

    def _is_libc(self, path: str) -> bool:
        loader = self.tree.nodes.get(f"{LIBRARIES}/{self.target.loader}")
        node = self.tree.nodes[path]
        return (
            isinstance(loader, File)
            and isinstance(node, File)
            and loader.record.origin.source == node.record.origin.source
        )


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


def _with_runpath(path: str, file: File, runpath: str) -> File:
    data = content.view(file.content)
    plan = elf.plan_runpath(elf.read(data, path), data, runpath or None)
    if not plan:
        return file
    base = content.read(file.content) if isinstance(file.content, Patched) else file.content
    edits = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Patched(base, plan.patches, plan.append), *edits)
