"""One process and its loader: what is loaded, and what the next name that it meets means.

A model of glibc's ld.so (elf/dl-load.c, dl-deps.c, dl-version.c), which has the say where it and
ld.so(8) differ. Left out: LD_LIBRARY_PATH, LD_PRELOAD and auditing, which are the user's own;
/etc/ld.so.cache, which belongs to the machine; and the directories for hardware capabilities
from before glibc-hwcaps, which glibc 2.37 dropped.
"""

import posixpath
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from relocatable.closure import loaders
from relocatable.closure.answers import Kind, Place, Problem, Resolution, Root, Rule
from relocatable.closure.files import Files, Use
from relocatable.closure.options import Options
from relocatable.closure.tokens import split
from relocatable.elf import Elf
from relocatable.elf import constants as c
from relocatable.elf.versions import Requirement
from relocatable.errors import RelocatableError

_EM_PPC64: Final = 21
# Levels of processors, the most capable first, whose libraries may lie in their own directory.
HWCAPS: Final = {
    c.EM_X86_64: ("x86-64-v4", "x86-64-v3", "x86-64-v2"),
    _EM_PPC64: ("power11", "power10", "power9"),
    c.EM_S390: ("z17", "z16", "z15", "z14", "z13"),
}
_PLATFORMS: Final = {c.EM_386: "i686", c.EM_X86_64: "x86_64", c.EM_AARCH64: "aarch64"}
_SHOWN: Final = 8
"""Directories named in a message."""


@dataclass(eq=False, slots=True)
class Loaded:
    """An object in a process.

    Attributes:
        path: its real path.
        elf: what it says.
        origin: real path of the directory from which it was opened, its `$ORIGIN`.
        opener: the object that needs it; None for a program and for what dlopen opened.
        rpath: where it, and what it led to, is looked for.
        runpath: where only what it wants itself is; None if it has no RUNPATH.
    """

    path: str
    elf: Elf
    origin: str
    opener: "Loaded | None"
    rpath: tuple[Place, ...] = ()
    runpath: tuple[Place, ...] | None = None


@dataclass(slots=True)
class Process:
    """What has been loaded so far, and what came of it.

    Attributes:
        files: the tree.
        options: what else decides.
        library_path: directories that the loader was given.
        objects: what is loaded, in order.
        resolutions: what each name meant, in order.
        problems: what went wrong.
        main: the program, if there is one.
        has_python: whether Python, which opens extension modules, is loaded.
    """

    files: Files
    options: Options
    library_path: tuple[Place, ...]
    objects: list[Loaded] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    main: Loaded | None = None
    has_python: bool = False
    _like: Elf | None = None
    """Of which machine all objects must be."""
    _tokens: dict[str, str | None] = field(default_factory=dict)
    _default_path: tuple[Place, ...] = ()
    _host: frozenset[str] = frozenset()
    _by_name: dict[str, Loaded] = field(default_factory=dict)
    _by_path: dict[str, Loaded] = field(default_factory=dict)
    _asked: dict[str, Loaded | None] = field(default_factory=dict)
    """What was asked for by name, None if it is not in the tree: the loader requires versions of
    these names only, so not of a soname by which nothing was asked for."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Real paths of what is loaded, in order."""
        return tuple(loaded.path for loaded in self.objects)

    @classmethod
    def new(cls, files: Files, options: Options, library_path: Sequence[str]) -> "Process":
        """A process with nothing in it."""
        places = [Place(files.directory(d), d, Rule.LIBRARY_PATH) for d in library_path]
        return cls(files, options, tuple(places))

    def fork(self) -> "Process":
        """A process in which the same is loaded, and that has reported nothing yet."""
        self.files.spend(len(self._by_name))
        return replace(
            self,
            objects=list(self.objects),
            resolutions=[],
            problems=[],
            _by_name=dict(self._by_name),
            _by_path=dict(self._by_path),
            _asked=dict(self._asked),
        )

    def start(self, root: Root) -> None:
        """Loads a program and all that it needs, if what starts it is a loader for it."""
        path, loader = root.path, root.loader
        program = self.files.elf(path)
        if program is None:
            raise RelocatableError(f"{path} is no ELF file, so no program")
        self._set_up(program, loader)
        self.main = self._add(path, self._directory_of(root.opened_as), None)
        wrong = list(loaders.problems(self.files, root, whole_system=self.options.whole_system))
        if wrong:
            self.problems += [Problem(Kind.UNUSABLE, path, text) for text in wrong]
            return
        if loader is None:
            self._host |= {posixpath.basename(program.interpreter or "")}
        elif loader not in self._by_path:
            self._by_name.setdefault(program.interpreter or loader, self._add(loader, "", None))
        self._close(0)
        try:
            self.has_python = self.files.defines(path, "PyModule_Create2") or any(
                (loaded.elf.soname or "").startswith("libpython") for loaded in self.objects
            )
        except RelocatableError as error:
            self._problem(Kind.UNUSABLE, path, str(error))

    def open(self, path: str, opened_as: str, loader: str | None = None) -> None:
        """Loads a shared object by its path, as dlopen does, and all that it needs.

        It doesn't matter which object calls dlopen: of all RPATHs, only the program's counts.

        Args:
            path: its real path.
            opened_as: the path by which it is opened.
            loader: real path of the loader, if nothing has been loaded yet.
        """
        elf = self.files.elf(path)
        if self._like is None and elf is not None:
            self._set_up(elf, loader)
        before = len(self.objects)
        use, why = self.files.use(path, self._like or elf) if elf else (Use.SKIP, "no ELF file")
        if use is not Use.TAKE:
            self._problem(Kind.UNUSABLE, path, f"{opened_as} can't be loaded: {why}")
        elif path not in self._by_path:
            self._add(path, self._directory_of(opened_as), None)
            self._close(before)

    def state(self) -> Hashable:
        """Equal for processes in which opening an object comes to the same."""
        others = {name: at.path for name, at in self._by_name.items() if at is not self.main}
        own = () if self.main is None else tuple(place.directory for place in self.main.rpath)
        return self.library_path, own, frozenset(others.items())

    def _set_up(self, like: Elf, loader: str | None) -> None:
        defaults = self.options.default_directories
        if loader is not None:
            defaults = self.files.default_directories(loader) or defaults
        lib = defaults[0].strip("/") if defaults else "lib64" if like.bits == 64 else "lib"
        self._like = like
        self._host = self.options.host
        self._tokens = {
            "LIB": self.options.lib or lib,
            "PLATFORM": self.options.platform or _PLATFORMS.get(like.machine),
        }
        if self.options.whole_system:
            directories = defaults or (f"/{lib}", f"/usr/{lib}")
            self._default_path = tuple(
                Place(self.files.directory(d.strip("/")), d, Rule.DEFAULT) for d in directories
            )

    def _directory_of(self, path: str) -> str:
        return self.files.directory(posixpath.dirname(path)) or ""

    def _add(self, path: str, origin: str, opener: Loaded | None) -> Loaded:
        """Adds the object at `path`, which `Files.use` has taken."""
        elf = self.files.elf(path)
        if elf is None:
            raise RelocatableError(f"{path} is no ELF file")
        added = Loaded(path, elf, origin, opener)
        if elf.runpath is not None:
            added.runpath = self._path(elf.runpath, Rule.RUNPATH, added)
        elif elf.rpath is not None:
            added.rpath = self._path(elf.rpath, Rule.RPATH, added)
        self.objects.append(added)
        self._by_path[path] = added
        if elf.soname is not None:
            self._by_name.setdefault(elf.soname, added)
        return added

    def _path(self, text: str, rule: Rule, of: Loaded) -> tuple[Place, ...]:
        """The directories of a search path."""
        places = []
        for step in split(text):
            self.files.spend()
            inside = self.files.inside(self.files.expand(step, of.origin, self._tokens))
            found = None if inside is None else self.files.directory(inside)
            places.append(Place(found, step, rule, of.path))
        return tuple(places)

    def _close(self, first: int) -> None:
        """Loads what the objects from number `first` on need, breadth first; checks versions."""
        for by in self._later(first):
            try:
                wants = self.files.wants(by.path)
            except RelocatableError as error:
                self._problem(Kind.UNUSABLE, by.path, str(error))
                continue
            for name, optional in wants:
                self._want(name, by, optional=optional)
        for by in self.objects[first:]:
            self._check_versions(by)

    def _later(self, first: int) -> Iterator[Loaded]:
        """The objects from number `first` on, with those that come while they are looked at."""
        while first < len(self.objects):
            yield self.objects[first]
            first += 1

    def _want(self, name: str, by: Loaded, *, optional: bool) -> None:
        asked = self.files.expand(name, by.origin, self._tokens)
        if not asked:
            self._problem(Kind.UNUSABLE, by.path, f"{by.path} needs {name!r}, which means nothing")
        elif (loaded := self._by_name.get(asked)) is not None:
            self._asked[asked] = loaded
            self.resolutions.append(Resolution(name, by.path, loaded.path, Rule.LOADED))
        elif "/" in asked:
            self._open(name, asked, by, optional=optional)
        else:
            self._search(name, asked, by, optional=optional)

    def _open(self, name: str, asked: str, by: Loaded, *, optional: bool) -> None:
        """Satisfies a name that is a path."""
        inside = self.files.inside(asked)
        directory = None if inside is None else self.files.directory(posixpath.dirname(inside))
        missing = Resolution(name, by.path, None, None)
        if inside is None:
            self._miss(missing, asked, "which is a path outside of the tree", optional=optional)
            return
        found = None
        if directory is not None:
            found = self.files.find(directory, posixpath.basename(inside))
        if found is None or directory is None:
            self._miss(missing, asked, f"but {inside} is not there", optional=optional)
            return
        use, why = self.files.use(found, self._like or by.elf)
        if use is Use.SKIP:
            missing = replace(missing, skipped=(found,))
            self._miss(missing, asked, f"but {found} can't be loaded: {why}", optional=optional)
            return
        resolution = Resolution(name, by.path, found, Rule.PATH)
        self._settle(resolution, asked, by, directory, "" if use is Use.TAKE else why)

    def _search(self, name: str, asked: str, by: Loaded, *, optional: bool) -> None:
        """Satisfies a name that is to be looked for."""
        skipped: dict[str, str] = {}
        better: list[str] = []
        places = []
        like = self._like or by.elf
        for place in self._places(by):
            self.files.spend()
            places.append(place)
            if place.directory is None:
                continue
            now, later = self._subdirectories(place.directory)
            better += filter(None, (self.files.find(directory, asked) for directory in later))
            for directory in (*now, place.directory):
                found = self.files.find(directory, asked)
                if found is None:
                    continue
                use, why = self.files.use(found, like)
                if use is Use.SKIP:
                    skipped[found] = why
                    continue
                resolution = Resolution(
                    name, by.path, found, place.rule, place, tuple(skipped), tuple(better)
                )
                why = "" if use is Use.TAKE else why
                self._settle(resolution, asked, by, directory, why)
                return
        missing = Resolution(name, by.path, None, None, None, tuple(skipped), tuple(better))
        if asked in self._host:
            self._asked[asked] = None
            self.resolutions.append(replace(missing, rule=Rule.HOST))
            return
        shown = [str(place) for place in dict.fromkeys(places)]
        if len(shown) > _SHOWN:
            shown[_SHOWN:] = [f"{len(shown) - _SHOWN} more"]
        where = f"which is in none of: {', '.join(shown)}"
        if not shown:
            where = "and nothing tells the loader where to look"
        where += "".join(f"; {path}: {why}" for path, why in skipped.items())
        where += "".join(f"; {path} is for newer processors" for path in better)
        self._miss(missing, asked, where, optional=optional)

    def _places(self, by: Loaded) -> Iterator[Place]:
        """Where the loader looks for what `by` wants, in order."""
        if by.runpath is None:
            opener: Loaded | None = by
            seen_main = False
            while opener is not None:
                self.files.spend()
                yield from opener.rpath
                seen_main = seen_main or opener is self.main
                opener = opener.opener
            if self.main is not None and not seen_main:
                yield from self.main.rpath
        yield from self.library_path
        yield from by.runpath or ()
        if not by.elf.ignores_default_paths:
            yield from self._default_path

    def _subdirectories(self, directory: str) -> tuple[list[str], list[str]]:
        """Directories for this processor that come before `directory`, and those for newer ones."""
        base = posixpath.join(directory, "glibc-hwcaps")
        levels = HWCAPS.get(self._like.machine, ()) if self._like is not None else ()
        if not levels or self.files.directory(base) is None:
            return [], []
        first = levels.index(self.options.cpu) if self.options.cpu in levels else len(levels)
        found = [self.files.directory(f"{base}/{level}") for level in levels]
        return [d for d in found[first:] if d is not None], [
            d for d in found[:first] if d is not None
        ]

    def _settle(
        self, resolution: Resolution, asked: str, by: Loaded, directory: str, refusal: str
    ) -> None:
        """Takes the file that was found, or says why not."""
        path = resolution.found
        if path is None or refusal:
            self._asked.setdefault(asked, None)
            self.resolutions.append(replace(resolution, found=None))
            text = f"{by.path} needs {resolution.name}, but {path} can't be loaded: {refusal}"
            self._problem(Kind.UNUSABLE, by.path, text)
            return
        loaded = self._by_path.get(path) or self._add(path, directory, by)
        self._by_name.setdefault(asked, loaded)
        self._asked[asked] = loaded
        self.resolutions.append(resolution)

    def _miss(self, missing: Resolution, asked: str, where: str, *, optional: bool) -> None:
        self._asked.setdefault(asked, None)
        self.resolutions.append(missing)
        if not optional:
            text = f"{missing.by} needs {missing.name}, {where}"
            self._problem(Kind.MISSING, missing.by, text)

    def _check_versions(self, by: Loaded) -> None:
        """Holds the versions that `by` requires against those that are defined."""
        try:
            for requirement in self.files.requirements(by.path):
                self._check_version(by, requirement)
        except RelocatableError as error:
            self._problem(Kind.UNUSABLE, by.path, str(error))

    def _check_version(self, by: Loaded, required: Requirement) -> None:
        library, version = required.library, required.version
        if library not in self._asked:
            what = f"requires {version} of {library}, but needs nothing of that name"
            self._problem(Kind.VERSION, by.path, f"{by.path} {what}; the loader stops there")
            return
        loaded = self._asked[library]
        if loaded is None:
            return
        who = f"(required by {by.path})"
        if loaded.elf.value(c.DT_VERDEF) is None:
            text = f"{loaded.path}: no version information available {who}"
            self._problem(Kind.UNVERSIONED, by.path, text)
        elif not required.weak and (version, required.hash) not in self.files.definitions(
            loaded.path
        ):
            text = f"{loaded.path}: version `{version}' not found {who}"
            self._problem(Kind.VERSION, by.path, text)

    def _problem(self, kind: Kind, path: str, text: str) -> None:
        self.problems.append(Problem(kind, path, text))
