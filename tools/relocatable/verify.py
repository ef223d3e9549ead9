"""Proves that a finished tree keeps the contract of a dist, from nothing but its bytes."""

import posixpath
from dataclasses import dataclass, field

from relocatable import content, launcher
from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.layout import LIBRARIES
from relocatable.objects import Objects
from relocatable.target import Target
from relocatable.tree import File, Link, Tree

_ORIGIN = "$ORIGIN"
# What a path of the machine that built a package looks like: Debian's builders work in /build.
_LEAKS = (b"/build/", b"/execroot/", b"/.cache/bazel/")


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong with it."""

    files: int = 0
    links: int = 0
    objects: int = 0
    launchers: int = 0
    problems: list[str] = field(default_factory=list)


def verify(tree: Tree, target: Target) -> Report:
    """Checks every path of `tree`; finds all problems rather than the first."""
    report = Report()
    objects = Objects(tree, ())
    for path, node in tree:
        if isinstance(node, Link):
            report.links += 1
            try:
                tree.follow(path)
            except RelocatableError as error:
                report.problems.append(f"link {path} -> {node.target}: {error}")
        elif isinstance(node, File):
            report.files += 1
            elf = objects.at(path)
            if elf is None:
                _check_text(path, node, report)
            elif not elf.dynamic and launcher.is_launcher(content.read(node.content)):
                report.launchers += 1
                _check_launcher(tree, path, node, report)
            else:
                report.objects += 1
                _check_object(tree, path, elf, target, report)
    return report


def _check_text(path: str, file: File, report: Report) -> None:
    data = content.read(file.content)
    for leak in _LEAKS:
        if leak in data:
            line = data[: data.index(leak)].count(b"\n") + 1
            report.problems.append(
                f"{path}:{line} names a path of the machine that built it ({leak.decode()}…)"
            )


def _check_launcher(tree: Tree, path: str, file: File, report: Report) -> None:
    try:
        settings = launcher.read(content.read(file.content))
        wanted = [settings.program] + ([settings.loader] if settings.loader else [])
        for there in wanted:
            tree.file(there)
        for directory in settings.library_path:
            tree.follow(directory)
    except RelocatableError as error:
        report.problems.append(f"launcher {path}: {error}")


def _check_object(tree: Tree, path: str, elf: Elf, target: Target, report: Report) -> None:
    if elf.machine != target.machine:
        report.problems.append(f"{path} is for {elf.machine_name}; {target.name} is wanted")
    if elf.rpath is not None:
        report.problems.append(f"{path} has an RPATH ({elf.rpath}); a RUNPATH is wanted")
    directories = [LIBRARIES]
    for step in (elf.runpath or "").split(":") if elf.runpath is not None else []:
        first, _, rest = step.partition("/")
        there = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest))
        if first != _ORIGIN or there == ".." or there.startswith("../"):
            report.problems.append(
                f"{path} has {step!r} in its RUNPATH; {_ORIGIN} and a path in the dist are wanted"
            )
        else:
            directories.append(there)
    for name in elf.needed:
        if not any(_is_file(tree, posixpath.join(directory, name)) for directory in directories):
            report.problems.append(f"{path} needs {name}, which is in none of {directories}")


def _is_file(tree: Tree, path: str) -> bool:
    try:
        tree.file(path)
    except RelocatableError:
        return False
    return True
