"""Checks of ELF files."""

import posixpath
from collections.abc import Iterator, Sequence

from relocatable import closure
from relocatable.closure import Closure, Newer, Options
from relocatable.elf import Elf
from relocatable.objects import ElfObjects
from relocatable.target import Target
from relocatable.tree import File, Tree
from relocatable.verify.contract import Promise, named

_ORIGIN = "$ORIGIN"
_GLIBC = "GLIBC"
_LOADER_DIRECTORIES = ("/lib", "/lib64")
# That are named of a version, at most.
_SYMBOLS = 3
# That are named of all that require one version, at most.
_FILES = 5


class ElfChecks:
    """Looks at the ELF files of a tree."""

    def __init__(self, tree: Tree, target: Target, promise: Promise) -> None:
        """Prepares looking at `tree`, which is for `target`."""
        self._tree, self._target, self._promise = tree, target, promise
        self._objects = ElfObjects(tree)

    def is_object(self, path: str) -> bool:
        """Whether the file at `path` is an ELF file."""
        return self._objects.at(path) is not None

    def is_loaded(self, path: str) -> bool:
        """Whether a loader has to do with it."""
        elf = self._objects.at(path)
        return elf is not None and bool(elf.dynamic)

    def problems(self, path: str, file: File) -> Iterator[str]:
        """What is wrong with the ELF file at `path`."""
        elf = self._objects.at(path)
        if elf is None:
            return
        yield from self._problems(path, file, elf)
        if self._promise.host:
            yield from self._host_problems(path, file, elf)

    def closure(self) -> Closure:
        """Loads everything as glibc's loader would; what it would find on the host is no help."""
        options = Options(host=self._promise.host)
        found = closure.trace(self._tree, options, self._objects)
        if self._promise.host or any(load.root.launchers for load in found.loads):
            return found
        # Without launchers, it is for others to start programs, with this.
        options = Options(library_path=(self._promise.libraries,))
        return closure.trace(self._tree, options, self._objects)

    def others(self, found: Closure) -> Iterator[str]:
        """What the machine's loader would start, and what asks for too new a C library."""
        if not self._promise.host:
            yield from self._unlaunched(found)
        limit = self._promise.min_glibc
        if limit is None:
            return
        newer = list(closure.newer(self._tree, self._objects, _GLIBC, limit))
        if newer:
            yield self._too_new(newer, limit)

    def _too_new(self, newer: Sequence[Newer], limit: str) -> str:
        """Which version would do, and what is in the way of an older one, by version."""
        versions: dict[str, list[str]] = {}
        for path, version, symbols in newer:
            shown = ", ".join(symbols[:_SYMBOLS]) + (", …" if len(symbols) > _SYMBOLS else "")
            told = f"{named(path, self._tree.file(path))} for {shown or 'the loader'}"
            versions.setdefault(version, []).append(told)
        newest = sorted(versions, key=lambda x: tuple(map(int, x.split("."))), reverse=True)
        groups = []
        for version in newest:
            files = versions[version]
            more = [f"and {len(files) - _FILES} more files"] if len(files) > _FILES else []
            groups.append(f"{version}: {'; '.join(files[:_FILES] + more)}")
        return (
            f"min_glibc: {newest[0]} is the lowest that is possible, {limit} is wanted. Newer than"
            f" that are required\n    " + "\n    ".join(groups)
        )

    def _unlaunched(self, found: Closure) -> Iterator[str]:
        """Programs that the kernel would give to a loader of the machine."""
        launched = {load.root.path for load in found.loads if load.root.loader is not None}
        for path, elf in self._objects.all():
            if elf.wants_loader and path not in launched:
                yield (
                    f"{named(path, self._tree.file(path))} asks for the loader {elf.interpreter} of"
                    f" the machine; a launcher that starts it by the dist's own is wanted"
                )

    def _problems(self, path: str, file: File, elf: Elf) -> Iterator[str]:
        told = named(path, file)
        if elf.machine != self._target.machine:
            yield f"{told} is for {elf.machine_name}; {self._target.name} is wanted"
        other = None if elf.wants_loader else closure.other_libc(elf)
        if other is not None:
            yield f"{told} {other}; what is for glibc is wanted"
        if elf.rpath is not None:
            yield f"{told} has an RPATH ({elf.rpath}); a RUNPATH is wanted"
        for step in (elf.runpath or "").split(":") if elf.runpath is not None else []:
            first, _, rest = step.partition("/")
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest))
            if first != _ORIGIN or there == ".." or there.startswith("../"):
                wanted = f"{_ORIGIN} and a path in the dist"
                yield f"{told} has {step!r} in its RUNPATH; {wanted} are wanted"

    def _host_problems(self, path: str, file: File, elf: Elf) -> Iterator[str]:
        """What is wrong with a file of a dist that runs on the machine's own C library."""
        told = named(path, file)
        if elf.soname in self._promise.host or posixpath.basename(path) in self._promise.host:
            yield f"{told} is part of the C library, which is left to the machine; exclude it"
        if elf.interpreter is None:
            return
        directory, name = posixpath.split(elf.interpreter)
        if name != self._target.loader or directory not in _LOADER_DIRECTORIES:
            yield (
                f"{told} asks for the loader {elf.interpreter}; machines of {self._target.name}"
                f" have {self._target.loader} in {' or '.join(_LOADER_DIRECTORIES)}"
            )
