"""One process and dyld: what is loaded, and what the next name that it meets means.

A model of dyld 4 (dyld/Loader.cpp, JustInTimeLoader.cpp in Apple's sources), which has the say
where it and dyld(1) differ. Left out: the variables DYLD_*, which are the user's own, and the
fallback to /usr/local/lib, which belongs to the machine.
"""

import posixpath
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from relocatable.closure.answers import Kind, Place, Problem, Resolution, Root, Rule
from relocatable.closure.dyld.files import Files, Load
from relocatable.closure.options import Options
from relocatable.errors import RelocatableError
from relocatable.macho import MachO
from relocatable.macho.shape import Dylib

RPATH: Final = "@rpath/"
LOADER: Final = "@loader_path"
EXECUTABLE: Final = "@executable_path"
_SHOWN: Final = 8
"""Places named in a message."""


@dataclass(eq=False, slots=True)
class Loaded:
    """An object in a process: its real path, and what it says."""

    path: str
    file: MachO


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """Who led to whom: `@rpath` stands for the run paths of all of them, the last one's first."""

    image: Loaded
    previous: "Chain | None"


@dataclass(slots=True)
class Process:
    """What has been loaded so far, and what came of it.

    Attributes:
        files: the tree.
        options: what else decides.
        objects: what is loaded, in order.
        resolutions: what each name meant, in order.
        problems: what went wrong.
        main: the program, if there is one.
        has_python: whether Python, which opens extension modules, is loaded.
    """

    files: Files
    options: Options
    objects: list[Loaded] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    main: Loaded | None = None
    has_python: bool = False
    _by_path: dict[str, Loaded] = field(default_factory=dict)
    _by_install_name: dict[str, Loaded] = field(default_factory=dict)
    _followed: set[str] = field(default_factory=set)
    """Paths of objects whose libraries have been loaded."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Real paths of what is loaded, in order."""
        return tuple(loaded.path for loaded in self.objects)

    def fork(self) -> "Process":
        """A process in which the same is loaded, and that has reported nothing yet."""
        self.files.spend(len(self._by_path))
        return replace(
            self,
            objects=list(self.objects),
            resolutions=[],
            problems=[],
            _by_path=dict(self._by_path),
            _by_install_name=dict(self._by_install_name),
            _followed=set(self._followed),
        )

    def start(self, root: Root) -> None:
        """Loads a program and all that it needs; dyld is the system's."""
        path = root.path
        file = self.files.macho(path)
        if file is None:
            raise RelocatableError(f"{path} is no Mach-O file, so no program")
        self.main = self._add(path, file)
        self._follow(Chain(self.main, None))
        self.has_python = self.files.mentions(path, "PyModule_Create2") or self._python is not None

    def open(self, path: str, opened_as: str, loader: str | None) -> None:
        """Loads the object at a real path as dlopen does, and all that it needs.

        Python is taken to call dlopen: its own run paths count, and the program's.
        """
        refusal = self.files.refusal(path, Load.OPENED)
        file = None if refusal else self.files.macho(path)
        if file is None:
            self._problem(Kind.UNUSABLE, path, f"{opened_as} can't be loaded: {refusal}")
        elif path not in self._by_path:
            chain = Chain(self.main, None) if self.main else None
            if self._python is not None:
                chain = Chain(self._python, chain)
            self._follow(Chain(self._add(path, file), chain))

    def state(self) -> Hashable:
        """Equal for processes in which opening an object comes to the same."""
        if self.main is None:
            return None
        others = frozenset(self._by_path) - {self.main.path}
        return posixpath.dirname(self.main.path), self.main.file.rpaths, others

    @property
    def _python(self) -> Loaded | None:
        for loaded in self.objects:
            name = posixpath.basename(loaded.file.install_name or "")
            if name.startswith("libpython") or name == "Python":
                return loaded
        return None

    def _add(self, path: str, file: MachO) -> Loaded:
        added = Loaded(path, file)
        self.objects.append(added)
        self._by_path[path] = added
        if file.install_name is not None:
            self._by_install_name.setdefault(file.install_name, added)
        return added

    def _follow(self, first: Chain) -> None:
        """Loads what the last of a chain needs: first all that it names, then what those do."""
        work = [first]
        while work:
            chain = work.pop()
            if chain.image.path in self._followed:
                continue
            self._followed.add(chain.image.path)
            found = [self._want(dylib, chain) for dylib in chain.image.file.dylibs]
            work += [Chain(each, chain) for each in reversed(found) if each is not None]

    def _want(self, dylib: Dylib, chain: Chain) -> Loaded | None:
        """What a library's name means; None if it is the system's or nowhere."""
        name, by = dylib.name, chain.image.path
        loaded = self._by_install_name.get(name)
        if loaded is not None and name.startswith((RPATH, "/")):
            self.resolutions.append(Resolution(name, by, loaded.path, Rule.LOADED))
            return loaded
        places: list[Place] = []
        skipped: dict[str, str] = {}
        system = self._is_system(name)
        for path, place in self._candidates(name, chain):
            self.files.spend()
            places.append(place)
            if path is None:
                system = system or self._is_system(f"{place.text}/{posixpath.basename(name)}")
                continue
            found = self.files.at(path)
            if found is None:
                continue
            loaded = self._by_path.get(found)
            refusal = "" if loaded is not None else self.files.refusal(found, Load.LINKED)
            if refusal:
                skipped[found] = refusal
                continue
            file = self.files.macho(found)
            if loaded is None and file is not None:
                loaded = self._add(found, file)
            self.resolutions.append(
                Resolution(name, by, found, place.rule, place, tuple(skipped), ())
            )
            return loaded
        missing = Resolution(name, by, None, Rule.HOST if system else None, None, tuple(skipped))
        self.resolutions.append(missing)
        if not system:
            self._miss(missing, dylib, list(dict.fromkeys(places)), skipped)
        return None

    def _candidates(self, name: str, chain: Chain) -> Iterator[tuple[str | None, Place]]:
        """Paths in the tree that a name may mean; None for one outside of it, told by its place."""
        if not name.startswith(RPATH):
            directory, last = posixpath.split(name)
            yield self._place(directory, last, chain.image, None)
            return
        link: Chain | None = chain
        while link is not None:
            self.files.spend()
            for text in link.image.file.rpaths:
                yield self._place(text, name[len(RPATH) :], link.image, link.image.path)
            link = link.previous

    def _place(
        self, text: str, name: str, image: Loaded, of: str | None
    ) -> tuple[str | None, Place]:
        """Where a directory, as `image` calls it, has `name`."""
        first, _, rest = text.partition("/")
        base: str | None = None
        rule = Rule.PATH
        if first == LOADER:
            base, rule = posixpath.dirname(image.path), Rule.LOADER_PATH
        elif first == EXECUTABLE:
            rule = Rule.EXECUTABLE_PATH
            base = posixpath.dirname(self.main.path) if self.main else None
        elif not first and text and self.options.whole_system:
            base = ""
        inside = None if base is None else within(base, rest)
        place = Place(
            None if inside is None else self.files.directory(inside),
            text,
            rule if of is None else Rule.RUN_PATH,
            of,
        )
        return (None if inside is None else posixpath.join(inside, name)), place

    def _is_system(self, name: str) -> bool:
        return posixpath.normpath(name).startswith(self.options.system_prefixes)

    def _miss(
        self, missing: Resolution, dylib: Dylib, places: list[Place], skipped: dict[str, str]
    ) -> None:
        shown = [str(place) for place in places[:_SHOWN]]
        if len(places) > _SHOWN:
            shown.append(f"{len(places) - _SHOWN} more")
        if not shown:
            where = "and no LC_RPATH tells dyld where to look"
        elif not dylib.name.startswith("@"):
            where = "which is a path outside of the tree"
        elif dylib.name.startswith(EXECUTABLE) and self.main is None:
            where = "which depends on the program"
        else:
            where = f"which is not in: {', '.join(shown)}"
        where += "".join(f"; {path}: {why}" for path, why in skipped.items())
        kind = Kind.MISSING_WEAK if dylib.kind == "weak" else Kind.MISSING
        self._problem(kind, missing.by, f"{missing.by} needs {missing.name}, {where}")

    def _problem(self, kind: Kind, path: str, text: str) -> None:
        self.problems.append(Problem(kind, path, text))


@lru_cache(1 << 14)
def within(base: str, rest: str) -> str | None:
    """The path in a tree that `rest` means from `base`; None if it leaves the tree."""
    inside = posixpath.normpath(posixpath.join("/", base, rest)).strip("/")
    depth = len(base.split("/")) if base else 0
    for step in rest.split("/"):
        depth += -1 if step == ".." else step not in ("", ".")
        if depth < 0:
            return None
    return inside
