"""What `relocatable.closure` answers with: plain data, ready for JSON."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """Why a loader takes a file for a name."""

    LOADED = "already loaded"
    """An object was there that has been asked for by this name, or has it as its soname."""
    RPATH = "RPATH"
    """Of the object that wants it, or of one that led to that one."""
    LIBRARY_PATH = "library path"
    """What a launcher gives the loader."""
    RUNPATH = "RUNPATH"
    """Of the object that wants it, and of no other."""
    DEFAULT = "default directories"
    """The loader's own; in a tree they are only looked into if it is a whole file system."""
    PATH = "path"
    """The name has a slash, so nothing is searched."""
    RUN_PATH = "LC_RPATH"
    """Of a Mach-O file: its own, or of one that led to it."""
    LOADER_PATH = "@loader_path"
    """Of a Mach-O file: from where it is itself."""
    EXECUTABLE_PATH = "@executable_path"
    """Of a Mach-O file: from where the program is."""
    HOST = "host"
    """It is not in the tree, and the machine has it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A directory that the loader looks into.

    Attributes:
        directory: its real path in the tree; None if it is outside, or not there.
        text: how the file or launcher calls it.
        rule: what makes the loader look there.
        of: path of the object whose RPATH or RUNPATH it is.
    """

    directory: str | None
    text: str
    rule: Rule
    of: str | None = None

    def __str__(self) -> str:
        """For people: `lib (RUNPATH $ORIGIN/../lib of libexec/tool)`."""
        said = "" if self.text == self.directory else f" {self.text!r}"
        of = "" if self.of is None else f" of {self.of}"
        where = self.text or "the current directory" if self.directory is None else self.directory
        return f"{where or '.'} ({self.rule}{said if where != self.text else ''}{of})"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What one name turned out to mean.

    Attributes:
        name: what is wanted, as the entry says it.
        by: path of the object that wants it.
        found: real path of the file; None if it is missing, broken or the host's.
        rule: why; None if it is missing.
        place: the directory where it was found, if there was a search.
        skipped: paths of files of this name that are for another machine, so were passed over.
        better: paths of files that the loader takes instead on a newer processor (glibc-hwcaps).
    """

    name: str
    by: str
    found: str | None
    rule: Rule | None
    place: Place | None = None
    skipped: tuple[str, ...] = ()
    better: tuple[str, ...] = ()


class Kind(StrEnum):
    """What can be wrong."""

    MISSING = "missing"
    MISSING_WEAK = "missing, and may be"
    UNUSABLE = "unusable"
    """A file that the loader finds, and gives up on."""
    VERSION = "version"
    """A symbol version that is required and not defined."""
    UNVERSIONED = "unversioned"
    """A version is required of a file without any; the loader warns and goes on."""
    OTHER_LIBC = "not glibc's"
    """A file for another C library, whose loader loads in its own way: what, is not known."""
    UNDEFINED = "undefined"
    """A symbol that nothing defines; with lazy binding, an error only when it is called."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the object at `path`, as a line for people."""

    kind: Kind
    path: str
    text: str

    @property
    def fatal(self) -> bool:
        """Whether the loader gives up because of it."""
        return self.kind in {Kind.MISSING, Kind.UNUSABLE, Kind.VERSION}


class RootKind(StrEnum):
    """How an object comes to be loaded."""

    PROGRAM = "programs"
    MODULE = "Python extension modules"
    ALONE = "opened alone"
    """Nothing in the tree asks for it; if a program opens it by path, this is what happens."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where loading begins.

    Attributes:
        kind: how.
        path: real path of the file.
        opened_as: the path by which it is opened, which may be a link.
        launchers: paths of the launchers that start it.
        loader: real path of the loader that the launcher uses; None if the kernel chooses.
        library_path: directories that the launcher gives to the loader.
        program: of an extension module: path of the program that opens it.
    """

    kind: RootKind
    path: str
    opened_as: str
    launchers: tuple[str, ...] = ()
    loader: str | None = None
    library_path: tuple[str, ...] = ()
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What happens when the loader loads one root.

    Attributes:
        root: what is loaded.
        objects: real paths of all objects that come with it, in the order of loading; of a module,
            those that the program has not loaded yet.
        resolutions: what each name that these objects want means, in the order of loading.
        problems: what goes wrong.
    """

    root: Root
    objects: tuple[str, ...]
    resolutions: tuple[Resolution, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The newest version of one family that anything in the tree requires.

    Attributes:
        family: such as `GLIBC`; of Mach-O files, the system that they are built for: `macos`.
        version: such as `2.34`.
        library: the file that is to define it; of a system, what it has.
        users: path of each file that requires it, with the symbols because of which it does.
    """

    family: str
    version: str
    library: str
    users: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Closure:
    """What loading everything in a tree comes to.

    Attributes:
        loads: one for each root: programs first, then modules, then what is opened alone.
        unneeded: paths of shared objects that no program and no module loads.
        baselines: the newest required version of each family, sorted by family.
        unread: files that could not be looked at, or are not glibc's, and launchers that start
            nothing.
    """

    loads: tuple[Load, ...]
    unneeded: tuple[str, ...]
    baselines: tuple[Baseline, ...]
    unread: tuple[Problem, ...]

    def problems(self) -> dict[Problem, list[Load]]:
        """Every problem once, with the loads that have it."""
        found: dict[Problem, list[Load]] = {problem: [] for problem in self.unread}
        for load in self.loads:
            for problem in load.problems:
                found.setdefault(problem, []).append(load)
        return found
