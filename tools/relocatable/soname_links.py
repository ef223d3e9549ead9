"""The links that a shared library is found by, as ldconfig would have made them.

A build's files come without: Bazel copies what a glob's links lead to, and a rule often has only
the file with the whole version. Loaders look for a library by the file's name, which has to be its
SONAME then.

Source: ldconfig(8).
"""

import posixpath
from collections import defaultdict

from relocatable import content, elf
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Link, Tree


def add(tree: Tree, label: str) -> None:
    """Makes links of copies of a library, and adds one for a SONAME that only one library has.

    Args:
        tree: What is looked through.
        label: Who asks, for the provenance.
    """
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, file in tree.files():
        soname = _soname(path, file)
        if soname is not None:
            found[posixpath.dirname(path), soname].append(path)
    for (directory, soname), paths in found.items():
        # The longest name is the one with the whole version.
        real = max(paths, key=lambda path: (len(path), path))
        whole = tree.file(real)
        record = Record(Origin(label, real))
        for path in paths:
            file = tree.file(path)
            name = posixpath.basename(path)
            chain = name == soname or posixpath.basename(real).startswith(f"{name}.")
            same = file.executable == whole.executable
            if path != real and chain and same and content.equal(file.content, whole.content):
                tree.add(path, Link(posixpath.basename(real), record), replaces=True)
        left = [path for path in paths if isinstance(tree.nodes[path], File)]
        wanted = posixpath.join(directory, soname)
        if len(left) == 1 and wanted not in tree.nodes:
            tree.add(wanted, Link(posixpath.basename(left[0]), record))


def _soname(path: str, file: File) -> str | None:
    """The SONAME of a file that is called as a shared library is, if it has a usual one."""
    name = posixpath.basename(path)
    data = content.view(file.content)
    if not _is_library(name) or not elf.is_elf(data[:4]):
        return None
    try:
        soname = elf.read(data, path).soname
    except RelocatableError:
        return None  # Whoever links to it will say so.
    return soname if soname and "/" not in soname and _is_library(soname) else None


def _is_library(name: str) -> bool:
    return name.startswith("lib") and ".so" in name
