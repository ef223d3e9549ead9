"""The standard library out of an archive: CPython's source, or one that has it installed."""

import posixpath
import re
from dataclasses import replace
from pathlib import Path

from relocatable import content, tree_read
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import library
from relocatable.python.library import LANDMARK, Library
from relocatable.tree import File, Link, Tree

_LIB, _HEADER = "Lib", "Include/patchlevel.h"
# At the root of the source, and where it is installed to.
_LICENSE = re.compile(
    r"(?:[^/]+/)?LICENSE|(?:.*/)?lib/python3\.\d+/LICENSE\.txt|[^/]+/licenses/[^/]+"
)
_VERSION = re.compile(rb'^#define\s+PY_VERSION\s+"([^"]+)"', re.MULTILINE)


def read(path: Path, version: str, label: str, licenses: Tree | None = None) -> Library:
    """Returns the library in the archive at `path`, a .tar of any compression.

    Args:
        path: The archive. In CPython's source the library is `Lib`; else it has to be installed.
        version: MAJOR.MINOR that is wanted.
        label: What the archive is called in provenance.
        licenses: What the archive says about its licence is added to this.

    Raises:
        RelocatableError: if the archive can't be read, or has no library of this version.
    """
    library.directory(version)
    tree = tree_read.read(path)
    roots = [
        posixpath.dirname(posixpath.dirname(each))
        for each, _ in tree.files()
        if re.fullmatch(rf"(?:[^/]+/)?{_LIB}/{re.escape(LANDMARK)}", each)
    ]
    if roots:
        _check_version(tree, roots[0], version, path)
        found = library.inside(tree, posixpath.join(roots[0], _LIB), version)
    else:
        found = library.find(tree, version)
    if licenses is not None:
        for each, file in tree.files():
            if _LICENSE.fullmatch(each):
                licenses.add(posixpath.basename(each), _relabelled(file, label), replaces=True)
    nodes = {name: _relabelled(node, label) for name, node in found.nodes.items()}
    return replace(found, nodes=nodes)


def _check_version(tree: Tree, root: str, version: str, path: Path) -> None:
    try:
        header = content.read(tree.file(posixpath.join(root, _HEADER)).content)
    except RelocatableError as error:
        raise RelocatableError(f"{path.name} is no source of CPython: {error}") from error
    match = _VERSION.search(header)
    found = match[1].decode("ascii", "replace") if match else "of no version that it tells"
    if not found.startswith(version + "."):
        raise RelocatableError(f"{path.name} is CPython {found}; {version} is wanted")


def _relabelled(node: File | Link, label: str) -> File | Link:
    return replace(node, record=Record(Origin(label, node.record.origin.path)))
