"""Checks of Mach-O files."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from relocatable import closure, content
from relocatable.closure import Closure, Options
from relocatable.closure.dyld.process import EXECUTABLE, LOADER, within
from relocatable.errors import RelocatableError
from relocatable.macho import MachO, verify_signature, version_text
from relocatable.macho import constants as c
from relocatable.objects import MachObjects, thin_objects
from relocatable.target import Target
from relocatable.tree import File, Tree
from relocatable.verify.contract import Promise, named
from relocatable.verify.files import is_launcher

_PLATFORM = "macos"
_VARIABLES = (LOADER, EXECUTABLE, "@rpath")


class MachoChecks:
    """Looks at the Mach-O files of a tree."""

    def __init__(self, tree: Tree, target: Target, promise: Promise) -> None:
        """Prepares looking at `tree`, which is for `target`."""
        self._tree, self._target = tree, target
        self._objects = MachObjects(tree, target.machine)
        self._oldest = _version(promise.min_macos or target.minimum_os)

    def is_object(self, path: str) -> bool:
        """Whether the file at `path` is a Mach-O file that dyld loads."""
        return self._objects.at(path) is not None

    def is_loaded(self, path: str) -> bool:
        """Whether it is more than a launcher."""
        return self.is_object(path) and not is_launcher(self._tree.file(path))

    def problems(self, path: str, file: File) -> Iterator[str]:
        """What is wrong with the Mach-O file at `path`."""
        told = named(path, file)
        parts = thin_objects(content.view(file.content), path)
        if all(thin.cpu != self._target.machine for thin, _ in parts):
            found = ", ".join(thin.architecture for thin, _ in parts)
            yield f"{told} is for {found}; {self._target.name} is wanted"
        for thin, data in parts:
            where = told if len(parts) == 1 else f"{told}, its part for {thin.architecture},"
            if thin.cpu == self._target.machine:  # Another machine's may be of another age.
                yield from self._builds(where, thin)
            yield from self._names(where, thin)
            yield from self._rpaths(where, path, thin)
            yield from _signature(where, thin, data)

    def closure(self) -> Closure:
        """Loads everything as dyld would; what it would find outside doesn't count."""
        options = Options(system_prefixes=self._target.system_prefixes)
        return closure.trace(self._tree, options, self._objects)

    def others(self, found: Closure) -> Iterator[str]:
        """Which libraries have one install name; the one that is loaded first would be both."""
        paths: dict[str, list[str]] = defaultdict(list)
        for path, file in self._objects.all():
            if file.install_name is not None:
                paths[file.install_name].append(path)
        for name, several in paths.items():
            if len(several) > 1:
                yield f"{' and '.join(several)} have one install name, {name}; one each is wanted"

    def _builds(self, told: str, file: MachO) -> Iterator[str]:
        if file.encrypted:
            yield f"{told} is encrypted, so that only the store's machines can load it"
        for build in file.builds:
            if build.platform != _PLATFORM:
                yield f"{told} is for {build.platform}; {_PLATFORM} is wanted"
            elif build.minos > self._oldest:
                yield (
                    f"{told} is built for macOS {version_text(build.minos)}; at most"
                    f" {version_text(self._oldest)} is wanted (min_macos)"
                )

    def _names(self, told: str, file: MachO) -> Iterator[str]:
        name = file.install_name
        if name is not None and not self._is_known(name):
            yield f"{told} has the install name {name!r}; {_wanted('@rpath/NAME')}"
        for dylib in file.dylibs:
            if not self._is_known(dylib.name):
                yield f"{told} loads {dylib.name!r}; {_wanted('@rpath/NAME')}"

    def _rpaths(self, told: str, path: str, file: MachO) -> Iterator[str]:
        for rpath in dict.fromkeys(file.rpaths):
            if file.rpaths.count(rpath) > 1:
                yield f"{told} has the run path {rpath!r} twice, which newer macOS refuses"
            first, _, rest = rpath.partition("/")
            base = posixpath.dirname(path)
            outside = within(base, rest) is None
            # Where the program is that loads a library, the library can't say.
            if first == EXECUTABLE and not file.is_program:
                outside = False
            if first not in (LOADER, EXECUTABLE):
                outside = not self._is_system(rpath + "/")
            if outside:
                yield f"{told} has the run path {rpath!r}; {_wanted(LOADER + '/PATH')}"

    def _is_known(self, name: str) -> bool:
        return name.partition("/")[0] in _VARIABLES or self._is_system(name)

    def _is_system(self, path: str) -> bool:
        plain = posixpath.normpath(path) + ("/" if path.endswith("/") else "")
        return plain.startswith(self._target.system_prefixes)


def _signature(told: str, file: MachO, data: memoryview) -> Iterator[str]:
    """Each arm64 Mac wants one, and each Mac a right one."""
    if file.signature is None:
        if file.cpu == c.CPU_ARM64:
            yield f"{told} has no signature, without which no arm64 Mac runs it"
        return
    try:
        for problem in verify_signature(file, data):
            yield f"{told}: {problem.removeprefix(f'{file.name}: ')}"
    except RelocatableError as error:
        yield f"{told}: {str(error).removeprefix(f'{file.name}: ')}"


def _wanted(what: str) -> str:
    return f"{what} in the dist is wanted, or a path of the system's"


def _version(text: str) -> int:
    """A version as Mach-O files have it."""
    major, minor, patch, *_ = [*map(int, text.split(".")), 0, 0]
    return major << 16 | minor << 8 | patch
