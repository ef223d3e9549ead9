"""Makes one tree for several machines of dists for one each."""

from collections.abc import Sequence
from dataclasses import dataclass

from relocatable import content, launcher, macho
from relocatable.closure.dyld.roots import is_launcher
from relocatable.content import Content, Spliced
from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs
from relocatable.objects import thin_objects
from relocatable.provenance import Edit
from relocatable.tree import File, Node, Tree

_SHOWN = 20
"""Files named in a message."""


@dataclass(frozen=True, slots=True)
class Part:
    """A dist for one machine, and what messages call it."""

    name: str
    tree: Tree


def merge(parts: Sequence[Part], either: Sequence[str] = ()) -> Tree:
    """Returns a tree in which each Mach-O file has what it has in each part.

    What is the same everywhere is there once. What only one part has is taken as it is.

    Args:
        parts: the dists; if a choice has to be made, the first one's file is taken.
        either: patterns of paths at which parts may differ though no machine code does.

    Raises:
        RelocatableError: all problems together: other files that differ; patterns that match none.
    """
    globs = Globs(either)
    merged = Tree()
    differing: list[str] = []
    for path in dict.fromkeys(path for part in parts for path, _ in part.tree):
        there = [(part.name, part.tree.nodes[path]) for part in parts if path in part.tree.nodes]
        try:
            node = _merged(path, there, globs)
        except RelocatableError as error:
            differing.append(str(error))
            continue
        merged.add(path, node)
    if len(differing) > _SHOWN:
        differing[_SHOWN:] = [f"and {len(differing) - _SHOWN} more"]
    differing += [f"either: {pattern!r} matches no file that differs" for pattern in globs.unused()]
    problems(differing, "the dists differ in more than machine code; exclude it, or see `either`:")
    return merged


def _merged(path: str, there: Sequence[tuple[str, Node]], either: Globs) -> Node:
    name, first = there[0]
    others = [name for name, node in there if not _same(first, node)]
    if not others:
        return first
    files = [(name, node) for name, node in there if isinstance(node, File)]
    if len(files) == len(there) and all(_is_macho(path, file.content) for _, file in files):
        return _universal(path, files)
    if either.match(path):
        return first
    raise RelocatableError(f"{path} is another in {name} than in {others[0]}")


def _universal(path: str, files: Sequence[tuple[str, File]]) -> File:
    """One file for all machines of several."""
    views = [(content.view(file.content), f"{path} of {name}") for name, file in files]
    contents = [content.read(file.content) for _, file in files]
    parts: list[bytes] = []
    for part in macho.merge(views):
        if isinstance(part, bytes):
            parts.append(part)
        else:
            number, offset, size = part
            parts.append(contents[number][offset : offset + size])
    machines = [
        ", ".join(thin.architecture for thin, _ in thin_objects(view, name)) for view, name in views
    ]
    edit = Edit("universal", machines[0], ", ".join(machines))
    made = files[0][1].edited(Spliced(tuple(parts)), edit)
    if is_launcher(made):
        try:
            launcher.read(content.read(made.content))
        except RelocatableError as error:
            raise RelocatableError(f"{path}: {error}") from error
    return made


def _is_macho(path: str, data: Content) -> bool:
    return bool(thin_objects(content.view(data), path))


def _same(left: Node, right: Node) -> bool:
    if isinstance(left, File) and isinstance(right, File):
        same = left.executable == right.executable
        return same and content.equal(left.content, right.content)
    if isinstance(left, File) or isinstance(right, File):
        return False
    return getattr(left, "target", None) == getattr(right, "target", None)
