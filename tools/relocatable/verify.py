"""Proves that a finished tree keeps the contract of a dist, from nothing but its bytes."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from relocatable import closure, content, launcher
from relocatable.closure import Options
from relocatable.closure.text import problem_lines
from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.layout import DEFAULT
from relocatable.objects import ElfObjects
from relocatable.provenance import Package
from relocatable.target import Target
from relocatable.tree import File, Link, Tree

_ORIGIN = "$ORIGIN"
_GLIBC = "GLIBC"
_LOADER_DIRECTORIES = ("/lib", "/lib64")
# That are named of a version, at most.
_SYMBOLS = 3
# What a path of the machine that built something looks like: Bazel's own, and, in a package of
# Debian, that of its builders. (Elsewhere, /build may be an example in a manual; and in CPython,
# Tools/build has generated this and that.)
_LEAK = re.compile(rb"/execroot/|/\.cache/bazel/")
_LEAK_IN_DEBIAN = re.compile(_LEAK.pattern + rb"|(?<![\w.-])/build/")
# So many, or fewer, tell one.
_LEAK_BYTES = 16


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong with it.

    Attributes:
        files: how many there are.
        links: likewise.
        objects: ELF files that a loader loads.
        launchers: native ones.
        requires: by family (`GLIBC`), the newest symbol version that the dist's objects require.
        unneeded: shared objects that no program and no Python module of the dist loads.
        problems: a line for each.
    """

    files: int = 0
    links: int = 0
    objects: int = 0
    launchers: int = 0
    requires: dict[str, str] = field(default_factory=dict)
    unneeded: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a dist may ask of its machine.

    Attributes:
        host: sonames that are left to it; nothing if the dist has its own C library.
        min_glibc: the version that it has at least; None for any.
        libraries: the directory that launchers tell the dist's own loader.
    """

    host: frozenset[str] = frozenset()
    min_glibc: str | None = None
    libraries: str = DEFAULT.libraries


def verify(tree: Tree, target: Target, promise: Promise | None = None) -> Report:
    """Checks every path of `tree`; finds all problems rather than the first."""
    promise = promise or Promise()
    report = Report()
    objects = ElfObjects(tree, ())
    for path, node in tree:
        if isinstance(node, Link):
            report.links += 1
            report.problems += _link_problems(tree, path, node)
        elif isinstance(node, File):
            report.files += 1
            elf = objects.at(path)
            if _is_launcher(node, elf):
                report.launchers += 1
                report.problems += _launcher_problems(tree, path, node)
            elif elf is None:
                report.problems += _text_problems(path, node)
            else:
                report.objects += 1
                report.problems += _object_problems(path, node, elf, target)
                if promise.host:
                    report.problems += _host_problems(path, node, elf, target, promise.host)
    _check_linkage(tree, objects, promise, report)
    report.problems.sort()
    return report


def _is_launcher(file: File, elf: Elf | None) -> bool:
    if elf is not None and elf.dynamic:
        return False
    small = content.size(file.content) <= content.CHUNK
    return small and launcher.is_launcher(content.read(file.content))


def _named(path: str, node: File | Link) -> str:
    """A path and what it came from."""
    return f"{path} ({node.record.origin.source})"


def _link_problems(tree: Tree, path: str, link: Link) -> Iterator[str]:
    try:
        tree.follow(path)
    except RelocatableError as error:
        yield f"link {_named(path, link)} -> {link.target}: {error}"


def _text_problems(path: str, file: File) -> Iterator[str]:
    from_debian = isinstance(file.record.origin.source, Package)
    pattern = _LEAK_IN_DEBIAN if from_debian else _LEAK
    line, before = 1, b""
    for piece in content.pieces(file.content):
        data = before + piece
        # What stands before a match counts: so nothing begins at the first byte that is kept.
        leak = pattern.search(data, 1 if before else 0)
        if leak is not None:
            line += data.count(b"\n", 0, leak.start())
            yield (
                f"{_named(path, file)}, line {line}, names a path of the machine that built it"
                f" ({leak[0].decode()}…)"
            )
            return
        before = data[-_LEAK_BYTES:]
        line += data.count(b"\n", 0, len(data) - len(before))


def _launcher_problems(tree: Tree, path: str, file: File) -> Iterator[str]:
    try:
        settings = launcher.read(content.read(file.content))
        wanted = [settings.program] + ([settings.loader] if settings.loader else [])
        for there in wanted:
            tree.file(there)
        for directory in settings.library_path:
            tree.follow(directory)
    except RelocatableError as error:
        yield f"launcher {_named(path, file)}: {error}"


def _object_problems(path: str, file: File, elf: Elf, target: Target) -> Iterator[str]:
    named = _named(path, file)
    if elf.machine != target.machine:
        yield f"{named} is for {elf.machine_name}; {target.name} is wanted"
    if elf.rpath is not None:
        yield f"{named} has an RPATH ({elf.rpath}); a RUNPATH is wanted"
    for step in (elf.runpath or "").split(":") if elf.runpath is not None else []:
        first, _, rest = step.partition("/")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest))
        if first != _ORIGIN or there == ".." or there.startswith("../"):
            wanted = f"{_ORIGIN} and a path in the dist"
            yield f"{named} has {step!r} in its RUNPATH; {wanted} are wanted"


def _host_problems(
    path: str, file: File, elf: Elf, target: Target, host: frozenset[str]
) -> Iterator[str]:
    """What is wrong with a file of a dist that runs on the machine's own C library."""
    named = _named(path, file)
    if elf.soname in host or posixpath.basename(path) in host:
        yield f"{named} is part of the C library, which is left to the machine; exclude it"
    if elf.interpreter is None:
        return
    directory, name = posixpath.split(elf.interpreter)
    if name != target.loader or directory not in _LOADER_DIRECTORIES:
        yield (
            f"{named} asks for the loader {elf.interpreter}; machines of {target.name}"
            f" have {target.loader} in {' or '.join(_LOADER_DIRECTORIES)}"
        )


def _check_linkage(tree: Tree, objects: ElfObjects, promise: Promise, report: Report) -> None:
    """Loads everything as a loader would; what it would find on the host doesn't count."""
    paths = None if promise.host else (promise.libraries,)
    found = closure.trace(tree, Options(library_path=paths, host=promise.host), objects)
    loaded = replace(found, unread=())  # Which the checks above have told of.
    report.problems += [text for text, fatal in problem_lines(loaded) if fatal]
    report.requires = {baseline.family: baseline.version for baseline in found.baselines}
    report.unneeded = found.unneeded
    if promise.min_glibc is None:
        return
    for path, version, symbols in closure.newer(tree, objects, _GLIBC, promise.min_glibc):
        shown = ", ".join(symbols[:_SYMBOLS]) + (", …" if len(symbols) > _SYMBOLS else "")
        report.problems.append(
            f"{_named(path, tree.file(path))} requires glibc {version}"
            f" (for {shown or 'the loader'}); at most {promise.min_glibc} is wanted"
        )
