"""The standard library as a tree of its own, without the features that nobody asked for."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.globs import Globs
from relocatable.python import features
from relocatable.tree import Directory, File, Link, Node, Tree, link_destination, link_target

LANDMARK = "os.py"
"""The file by which CPython itself recognises its library (Modules/getpath.py)."""
_VERSION = re.compile(r"3\.[0-9]+")


@dataclass(slots=True)
class Size:
    """How many files, and how many bytes in them."""

    files: int = 0
    bytes: int = 0

    def add(self, node: Node) -> None:
        """Counts `node`."""
        if isinstance(node, File):
            self.files += 1
            self.bytes += content.size(node.content)


@dataclass(slots=True)
class Report:
    """What trimming did: totals, and what each excluded feature took away."""

    before: Size = field(default_factory=Size)
    after: Size = field(default_factory=Size)
    excluded: dict[str, Size] = field(default_factory=dict)


def directory(version: str) -> str:
    """Returns where the standard library of `version` (for example "3.11") is below a prefix.

    Raises:
        RelocatableError: if `version` is not of that form.
    """
    if not _VERSION.fullmatch(version):
        raise RelocatableError(f"Python version {version!r}: MAJOR.MINOR is wanted, such as 3.11")
    return f"lib/python{version}"


def trim(source: Tree, version: str, exclude: Sequence[str]) -> tuple[Tree, Report]:
    """Returns the standard library in `source`, at `lib/pythonX.Y`, without excluded features.

    Links that lead out of the library (Debian's `sitecustomize.py` leads to /etc) are left out:
    what they lead to is not part of it.

    Raises:
        RelocatableError: if `source` has no library of this version or several, or a feature is
            unknown.
    """
    home = directory(version)
    root = _find(source, home)
    report = Report()
    dropped = {name: Globs(found) for name, found in features.patterns(exclude).items()}
    report.excluded = {name: Size() for name in sorted(dropped)}
    tree = Tree()
    for path, node in source:
        if not path.startswith(root + "/"):
            continue
        inside = path[len(root) + 1 :]
        report.before.add(node)
        names = [name for name, globs in dropped.items() if globs.match(inside)]
        for name in names:
            report.excluded[name].add(node)
        moved = _moved(path, node, root, home)
        if not names and moved is not None:
            report.after.add(node)
            tree.add(f"{home}/{inside}", moved)
    _drop_dangling(tree)
    _drop_empty(tree)
    return tree, report


def _find(source: Tree, home: str) -> str:
    name = posixpath.basename(home)
    wanted = f"{name}/{LANDMARK}"
    found = [
        posixpath.dirname(path)
        for path, _ in source
        if path == wanted or path.endswith("/" + wanted)
    ]
    if len(found) != 1:
        raise RelocatableError(
            f"one {wanted} is wanted in the tree, "
            + (f"several are there: {', '.join(found)}" if found else "none is there")
        )
    return found[0]


def _moved(path: str, node: Node, root: str, home: str) -> Node | None:
    if not isinstance(node, Link):
        return node
    there = link_destination(path, node.target)
    if not there.startswith(root + "/"):
        return None
    link = home + path.removeprefix(root)
    return Link(link_target(link, home + there.removeprefix(root)), node.record)


def _drop_dangling(tree: Tree) -> None:
    for path, node in list(tree):
        if isinstance(node, Link) and link_destination(path, node.target) not in tree.nodes:
            del tree.nodes[path]


def _drop_empty(tree: Tree) -> None:
    """Removes directories that held only what was dropped."""
    used = {posixpath.dirname(path) for path in tree.nodes}
    for path, node in reversed(list(tree)):
        if isinstance(node, Directory) and path not in used:
            del tree.nodes[path]
            used = {posixpath.dirname(path) for path in tree.nodes}
