"""What a package installs, from the root of the file system on, and what it says about that.

Source: Debian Policy 10.5 (links), 10.7 (configuration files), 12.5 (copyright); deb-conffiles(5),
deb-md5sums(5), deb-substvars(5) for Installed-Size.
"""

import hashlib
import posixpath
from collections.abc import Iterable, Mapping
from typing import Final

from relocatable import content
from relocatable.elf import is_elf
from relocatable.errors import RelocatableError, problems
from relocatable.layout import moved
from relocatable.macho.reader import is_macho
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree, link_target

MADE_BY: Final = Record(Origin("@rules_relocatable//tools:dist_deb", "package"))
_ETC: Final = "etc/"
_KIB: Final = 1024


def installed(dist: Tree, prefix: str, others: Iterable[Tree], links: Mapping[str, str]) -> Tree:
    """Returns what is installed of a dist and what comes with it, all paths from the root on.

    Args:
        dist: the tree.
        prefix: where it goes, relative to the root; `.` is the root.
        others: trees whose paths are from the root on already.
        links: from paths, relative to the root, to paths in the dist.

    Raises:
        RelocatableError: if two of these disagree on a path, a link leads nowhere, or a path is
            none that dpkg can list.
    """
    tree = moved(dist, prefix)
    tree = Tree(dict(tree.nodes))
    for other in others:
        tree.merge(other)
    for path, inside in links.items():
        target = posixpath.normpath(posixpath.join(prefix, inside))
        if target not in tree.nodes:
            raise RelocatableError(
                f"deb: the link /{path} is to lead to {inside}, which is not in the dist"
            )
        tree.add(path, Link(_text(path, target), MADE_BY))
    problems(
        [repr(path) for path in tree.nodes if "\n" in path],
        "deb: dpkg knows no names with a line end; rename:",
    )
    return tree


def _text(path: str, target: str) -> str:
    """Relative below one directory of the root, else absolute (Policy 10.5)."""
    same = path.partition("/")[0] == target.partition("/")[0]
    return link_target(path, target) if same else f"/{target}"


def check_architecture(tree: Tree, package: str) -> None:
    """Checks that a package for all architectures has no code for one.

    Raises:
        RelocatableError: that names all that it has.
    """
    heads = ((path, bytes(content.view(file.content)[:4])) for path, file in tree.files())
    found = [path for path, head in heads if is_elf(head) or is_macho(head)]
    problems(found, f"deb {package}: wanted no machine code with architecture_all, found")


def conffiles(tree: Tree, named: Iterable[str]) -> list[str]:
    """Returns the configuration files: those that are named, and all that is in /etc.

    Raises:
        RelocatableError: if one that is named is no file of the package.
    """
    missing = [f"/{path}" for path in named if not isinstance(tree.nodes.get(path), File)]
    problems(missing, "deb: wanted as conffiles, but no files of the package:")
    return sorted({*named, *(path for path, _ in tree.files() if path.startswith(_ETC))})


def md5sums(tree: Tree, left_out: Iterable[str]) -> bytes:
    """Returns the checksums of all files but the configuration files, as md5sum reads them."""
    without = frozenset(left_out)
    lines = []
    for path, file in tree.files():
        if path in without:
            continue
        digest = hashlib.md5(usedforsecurity=False)
        for piece in content.pieces(file.content):
            digest.update(piece)
        lines.append(f"{digest.hexdigest()}  {path}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def size(tree: Tree) -> int:
    """Returns how large it is when installed, in KiB: files rounded up, directories one each."""
    return sum(_kib(node) for _, node in tree)


def _kib(node: File | Link | Directory) -> int:
    match node:
        case File():
            return -(-content.size(node.content) // _KIB)
        case Link():
            return -(-len(node.target.encode("utf-8", "surrogateescape")) // _KIB)
        case Directory():
            return 1
