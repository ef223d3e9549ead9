"""What in a tree begins a load: programs behind their launchers, extension modules, all objects."""

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import Final

from relocatable import content, launcher
from relocatable.closure.answers import Kind, Problem, Root, RootKind
from relocatable.closure.files import Files
from relocatable.closure.loaders import other_libc
from relocatable.content import CHUNK
from relocatable.elf import Elf, is_elf
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File

_MODULE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\.[\w-]+)?\.so", re.ASCII)


@dataclass(slots=True)
class Roots:
    """What was found.

    Attributes:
        programs: one for each way in which a program is started.
        modules: Python extension modules, by each of their paths.
        objects: real paths of all shared objects, modules too.
        problems: launchers that start nothing, files that can't be read or are not glibc's.
    """

    programs: list[Root] = field(default_factory=list)
    modules: list[Root] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def find(files: Files) -> Roots:
    """Looks at every path of the tree."""
    roots = Roots()
    programs: dict[str, Elf] = {}
    launched: dict[Root, list[str]] = {}
    for path, node in files.tree:
        if isinstance(node, Directory):
            continue
        try:
            if isinstance(node, File):
                elf = files.elf(path)
                if elf is None or not elf.dynamic:
                    started = _launched(files, path, node)
                    if started is not None:
                        launched.setdefault(started, []).append(path)
                elif elf.wants_loader:
                    programs[path] = elf
                elif why := other_libc(elf):
                    roots.problems.append(Problem(Kind.OTHER_LIBC, path, f"{path} {why}"))
                elif not elf.is_never_opened:  # Else it loads itself (static-pie).
                    roots.objects.append(path)
            module = _module(files, path)
            if module is not None:
                roots.modules.append(module)
        except RelocatableError as error:
            text = str(error) if path in str(error) else f"{path}: {error}"
            roots.problems.append(Problem(Kind.UNUSABLE, path, text))
    roots.programs = [replace(root, launchers=tuple(by)) for root, by in launched.items()]
    behind = {root.path for root in launched}
    for path, elf in programs.items():
        if path in behind:
            continue
        if why := other_libc(elf):
            roots.problems.append(Problem(Kind.OTHER_LIBC, path, f"{path} {why}"))
        else:
            roots.programs.append(Root(RootKind.PROGRAM, path, path, loader=_loader(files, elf)))
    return roots


def _launched(files: Files, path: str, node: File) -> Root | None:
    """How the launcher at `path` starts its program; None if it is none, or the program static."""
    if content.size(node.content) > CHUNK or not _may_launch(content.view(node.content)[:4]):
        return None
    data = content.read(node.content)
    if not launcher.is_launcher(data):
        return None
    settings = launcher.read(data)
    above = path.split("/")[: -1 - settings.depth]
    program = "/".join([*above, settings.program])
    real = files.tree.follow(program)
    elf = files.elf(real)
    if elf is None or not elf.dynamic:
        return None
    if settings.loader is None:
        return Root(RootKind.PROGRAM, real, real, loader=_loader(files, elf))
    return Root(
        RootKind.PROGRAM,
        real,
        program,
        loader=files.tree.follow("/".join([*above, settings.loader])),
        library_path=tuple("/".join([*above, d]) for d in settings.library_path),
    )


def _may_launch(beginning: memoryview) -> bool:
    """Whether a file that begins so may be a launcher, of either kind."""
    return bytes(beginning[:2]) == b"#!" or is_elf(beginning)


def _loader(files: Files, elf: Elf | None) -> str | None:
    """The loader that a kernel takes, if it is in the tree."""
    inside = files.inside(elf.interpreter) if elf is not None else None
    return files.at(inside) if inside else None


def _module(files: Files, path: str) -> Root | None:
    """The extension module at `path`, which may be a link, if it is one."""
    match = _MODULE.fullmatch(posixpath.basename(path))
    if match is None:
        return None
    real = files.at(path)
    if real is None or not isinstance(files.tree.nodes[real], File):
        return None
    elf = files.elf(real)
    if elf is None or not elf.dynamic or not files.defines(real, f"PyInit_{match[1]}"):
        return None
    return Root(RootKind.MODULE, real, path)
