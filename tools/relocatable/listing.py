"""What is in a tree, as lines of text that are kept under version control, and how two such differ.

A line is what a person wants to be asked about: that a file came or went, what kind it is, whose it
is. Sizes, digests and versions change with each update of a package and tell nothing by
themselves, so they are there on demand only.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Final

from relocatable import content
from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs
from relocatable.printable import printable
from relocatable.tree import Directory, File, Link, Node, Tree

NOTHING: Final = "-"
"""Stands in a column that has nothing to say of a path."""
_SHOWN: Final = 200
"""Lines of a difference that are printed: more than that, nobody reads."""


def _kind(node: Node) -> str:
    match node:
        case File():
            return "x" if node.executable else "f"
        case Link():
            return "l"
        case Directory():
            return "d"


def _package(node: Node) -> str:
    if isinstance(node, Directory):
        return NOTHING
    source = node.record.origin.source
    if not isinstance(source, str):
        return source.name
    # Bazel 7 writes `~` where later ones write `+` between the parts of a repository's name.
    repository, slashes, rest = source.partition("//")
    return repository.replace("~", "+") + slashes + rest


def _version(node: Node) -> str:
    source = "" if isinstance(node, Directory) else node.record.origin.source
    return NOTHING if isinstance(source, str) else source.version


def _size(node: Node) -> str:
    return str(content.size(node.content)) if isinstance(node, File) else NOTHING


def _sha256(node: Node) -> str:
    if not isinstance(node, File):
        return NOTHING
    digest = hashlib.sha256()
    for piece in content.pieces(node.content):
        digest.update(piece)
    return digest.hexdigest()


COLUMNS: Final[Mapping[str, Callable[[Node], str]]] = {
    "kind": _kind,
    "package": _package,
    "version": _version,
    "size": _size,
    "sha256": _sha256,
}
"""What may stand before a path, by name."""


def listing(tree: Tree, columns: Sequence[str], exclude: Sequence[str]) -> list[str]:
    """Returns a line for each path of a tree, in the tree's order: the columns, then the path.

    Directories are left out unless they are empty: what is in them tells of them. Columns are not
    aligned, because then one long name would change all lines.

    Args:
        tree: the tree.
        columns: keys of `COLUMNS`.
        exclude: patterns of paths that are left out.

    Raises:
        RelocatableError: if a column is unknown, or a pattern matches nothing.
    """
    unknown = [column for column in columns if column not in COLUMNS]
    problems(unknown, f"columns are {', '.join(COLUMNS)}; there is no")
    left_out = Globs(exclude)
    parents = {path.rpartition("/")[0] for path in tree.nodes}
    lines = []
    for path, node in tree:
        if left_out.match(path) or (isinstance(node, Directory) and path in parents):
            continue
        cells = [_cell(COLUMNS[column](node)) for column in columns]
        target = f" -> {printable(node.target)}" if isinstance(node, Link) else ""
        lines.append(" ".join([*cells, printable(path) + target]))
    problems(left_out.unused(), "these match no path:")
    return lines


def golden(lines: Iterable[str], header: Sequence[str]) -> str:
    """Returns the text of a file that `parse` reads, with `header` as its comment."""
    return "".join(f"{line}\n" for line in [*(f"# {line}" for line in header), *lines])


def parse(data: bytes, name: str) -> list[str]:
    """Returns the lines of a committed listing, without its comments.

    Raises:
        RelocatableError: if it isn't text; `name` stands in the message.
    """
    try:
        lines = data.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RelocatableError(f"{name} is no listing: {error}") from error
    return [line for line in lines if line and not line.startswith("#")]


def difference(committed: Sequence[str], found: Sequence[str]) -> list[str]:
    """Returns what to change in one listing to get the other; empty if they are the same.

    Lines that go are marked with `-`, those that come with `+`, and a count of both is the last.
    """
    changes: list[str] = []
    for kind, start, end, at, to in SequenceMatcher(None, committed, found, False).get_opcodes():
        if kind != "equal":
            changes += [f"- {line}" for line in committed[start:end]]
            changes += [f"+ {line}" for line in found[at:to]]
    if not changes:
        return []
    more = len(changes) - _SHOWN
    came = sum(change.startswith("+") for change in changes)
    return [
        *changes[:_SHOWN],
        *([f"and {more} lines more"] if more > 0 else []),
        f"{came} came, {len(changes) - came} went",
    ]


def _cell(text: str) -> str:
    """One word: what stands in a column."""
    return printable(text).replace(" ", r"\x20") or NOTHING
