"""What in a tree of Mach-O files begins a load."""

import posixpath
import re
from dataclasses import replace
from typing import Final

from relocatable import content, launcher
from relocatable.closure.answers import Kind, Problem, Root, RootKind
from relocatable.closure.dyld.files import Files
from relocatable.closure.roots import Roots
from relocatable.content import CHUNK
from relocatable.errors import RelocatableError
from relocatable.tree import File, Link

_MODULE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\.[\w-]+)?\.so", re.ASCII)


def find(files: Files) -> Roots:
    """Looks at every path of the tree."""
    roots = Roots()
    programs: list[str] = []
    launched: dict[Root, list[str]] = {}
    for path, node in files.tree:
        try:
            if isinstance(node, File):
                started = _launched(files, path, node)
                if started is not None:
                    launched.setdefault(started, []).append(path)
                    continue
                file = files.macho(path)
                if file is not None and not is_launcher(node):
                    (programs if file.is_program else roots.objects).append(path)
            module = _module(files, path) if isinstance(node, File | Link) else None
            if module is not None:
                roots.modules.append(module)
        except RelocatableError as error:
            text = str(error) if path in str(error) else f"{path}: {error}"
            roots.problems.append(Problem(Kind.UNUSABLE, path, text))
    roots.programs = [replace(root, launchers=tuple(by)) for root, by in launched.items()]
    behind = {root.path for root in launched}
    roots.programs += [Root(RootKind.PROGRAM, x, x) for x in programs if x not in behind]
    return roots


def is_launcher(node: File) -> bool:
    """Whether a file is a launcher, of either kind."""
    if content.size(node.content) > CHUNK:
        return False
    return launcher.is_launcher(content.read(node.content))


def _launched(files: Files, path: str, node: File) -> Root | None:
    """How the launcher at `path` starts its program; None if it is none."""
    if not is_launcher(node):
        return None
    settings = launcher.read(content.read(node.content))
    above = path.split("/")[: -1 - settings.depth]
    real = files.tree.follow("/".join([*above, settings.program]))
    return Root(RootKind.PROGRAM, real, real) if files.macho(real) is not None else None


def _module(files: Files, path: str) -> Root | None:
    """The extension module at `path`, which may be a link, if it is one."""
    match = _MODULE.fullmatch(posixpath.basename(path))
    real = files.at(path) if match else None
    if match is None or real is None or not isinstance(files.tree.nodes[real], File):
        return None
    if files.macho(real) is None or not files.mentions(real, f"PyInit_{match[1]}"):
        return None
    return Root(RootKind.MODULE, real, path)
