"""What a C program that embeds Python is compiled and linked with: headers, and libpython."""

import posixpath
import re
from collections.abc import Sequence

from relocatable import content
from relocatable.content import Content
from relocatable.errors import RelocatableError
from relocatable.python.library import directory
from relocatable.tree import Tree


def headers(version: str, trees: Sequence[Tree]) -> dict[str, Content]:
    """Returns Python's headers by their path below `include/pythonX.Y`.

    Debian keeps what depends on the machine in `include/<triplet>/pythonX.Y`, and a file that
    chooses from such directories in its place: the chosen one is taken instead.

    Args:
        version: MAJOR.MINOR.
        trees: Where they are looked for, in any directory.

    Raises:
        RelocatableError: if there are none, or those of several machines.
    """
    name = posixpath.basename(directory(version))
    pattern = re.compile(rf"(?:.*/)?include/(?:([^/]+)/)?{re.escape(name)}/(.+)")
    common: dict[str, Content] = {}
    chosen: dict[str, Content] = {}
    for tree in trees:
        for path, file in tree.files():
            match = pattern.fullmatch(path)
            if match is None:
                continue
            triplet, header = match.groups()
            headers = chosen if triplet else common
            if header in headers and not content.equal(headers[header], file.content):
                raise RelocatableError(f"two layers disagree on Python's header {header}")
            headers[header] = file.content
    found = common | chosen
    if "Python.h" not in found:
        raise RelocatableError(
            f"include/{name}/Python.h is wanted in the trees, none has it; in Debian it is in the "
            f"package lib{name}-dev"
        )
    return found


def library(version: str, trees: Sequence[Tree]) -> Content:
    """Returns the shared libpython of `version`.

    Raises:
        RelocatableError: if there is none, or several that differ.
    """
    name = library_name(version)
    found: dict[str, Content] = {}
    for tree in trees:
        for path, file in tree.files():
            if posixpath.basename(path) == name:
                found[path] = file.content
    contents = list(found.values())
    if not contents:
        raise RelocatableError(f"{name} is wanted in the trees, none has it")
    if any(not content.equal(contents[0], other) for other in contents[1:]):
        raise RelocatableError(f"one {name} is wanted in the trees, found {', '.join(found)}")
    return contents[0]


def library_name(version: str) -> str:
    """Returns the file name of the shared libpython, which is its soname on Linux."""
    return f"lib{posixpath.basename(directory(version))}.so.1.0"
