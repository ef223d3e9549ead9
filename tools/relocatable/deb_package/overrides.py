"""What lintian is told: the tags that hold for each package that brings along what it needs.

They are what a dist is: it has its own loader and libraries, and starts programs with small static
ones. Each is said of the dist's directory alone, so that lintian still sees whatever else there is.

Source: lintian(1); Lintian User's Manual, "Overrides"; the descriptions of the tags.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from relocatable import content
from relocatable.elf import is_elf
from relocatable.python.library import LANDMARK
from relocatable.python.shared import FILE_LISTS
from relocatable.tree import Tree

DIRECTORY: Final = "usr/share/lintian/overrides"

_OF_ELF: Final = (
    "embedded-library *",
    "library-not-linked-against-libc",
    "shared-library-is-executable *",
    "shared-library-lacks-prerequisites",
    "statically-linked-binary",
    "undeclared-elf-prerequisites *",
)
_OF_PYTHON: Final = (
    "interpreter-in-usr-local *",
    "python3-script-but-no-python3-dep *",
    "script-not-executable",
    "unusual-interpreter *",
)
"""Of a Python inside: modules that name, in their first line, one that they are not run by."""
_PYTHON: Final = re.compile(rf"(?:.*/)?lib/python3\.\d+/{re.escape(LANDMARK)}")
_SHARED: Final = re.compile(rf"(?:.*/)?{FILE_LISTS}/")
"""Modules that several Pythons share, each at its own place for each of them."""
_OF_TEXTS: Final = tuple(
    f"copyright-file-contains-full-{name}-license" for name in ("apache-2", "gfdl", "gpl")
)


def text(package: str, tree: Tree, prefix: str, named: Iterable[str]) -> bytes:
    """Returns the overrides of a package, in the form that lintian reads.

    Args:
        package: its name.
        tree: what it installs.
        prefix: where the dist is, relative to the root; `.` is the root.
        named: tags that a user overrides.
    """
    tags = sorted({*named, *_needed(package, tree, prefix)})
    return "".join(f"{package}: {tag}\n" for tag in tags).encode()


def _needed(package: str, tree: Tree, prefix: str) -> Iterator[str]:
    below = "*" if prefix == "." else f"{prefix}/*"
    if "opt" in tree.nodes:
        yield "dir-or-file-in-opt [opt/*]"
    if any(is_elf(bytes(content.view(file.content)[:4])) for _, file in tree.files()):
        yield from (f"{tag} [{below}]" for tag in _OF_ELF)
    if any(_PYTHON.fullmatch(path) for path in tree.nodes):
        inside = below.removesuffix("*") + "*python3.*"
        yield from (f"{tag} [{inside}]" for tag in _OF_PYTHON)
    if any(_SHARED.match(path) for path in tree.nodes):
        yield "python-module-in-wrong-location *"
    documentation = f"usr/share/doc/{package}"
    if not any(path.startswith(f"{documentation}/changelog") for path in tree.nodes):
        yield f"no-changelog {documentation}/changelog*"
    # Texts are in it as they came; what refers to a common licence does so in its own words.
    yield from _OF_TEXTS
