"""Diversions and alternatives: what people declare, and what packages' scripts would have done.

Maintainer scripts are not run, so that what they do to the files of others is declared as data, or
left undone; what is left is told.

Source: dpkg-divert(1), update-alternatives(1).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from relocatable.deb_control import Control
from relocatable.deb_scripts import Diversion
from relocatable.errors import RelocatableError
from relocatable.provenance import Package
from relocatable.tree import Directory, Tree

USR_MERGED: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32")
"""Directories of the root that Debian 12 and later keep in /usr; the root has links to them."""

Place = Callable[[str], str | None]
"""From a path of the packages to that of the tree; None is outside."""


def usr_merged(path: str) -> str:
    """Returns where `path` is on a system with merged /usr."""
    first, slash, rest = path.partition("/")
    return f"usr/{first}{slash}{rest}" if first in USR_MERGED else path


class Diversions:
    """Paths of packages that go elsewhere, unless it is the package that diverts."""

    def __init__(self, declared: Mapping[str, str]) -> None:
        """Reads `PACKAGE:PATH` (or `PATH` alone: of all packages) and where it goes."""
        self._by_path: dict[str, tuple[str, Diversion]] = {}
        for key, to in declared.items():
            package, colon, path = key.partition(":")
            if not colon or "/" in package:  # A path may have a colon, a package's name none.
                package, path = "", key
            diversion = Diversion(usr_merged(path), usr_merged(to), package)
            if diversion.path in self._by_path:
                raise RelocatableError(f"diversions: {path} is diverted twice; once is wanted")
            self._by_path[diversion.path] = (key, diversion)
        self._unused = dict.fromkeys(declared)

    def place(self, path: str, package: Package, *, directory: bool = False) -> str:
        """Returns where `path` (with merged /usr) of `package` goes.

        Raises:
            RelocatableError: if it is a directory's: dpkg diverts files.
        """
        key, diversion = self._by_path.get(path, ("", None))
        if diversion is None or diversion.package == package.name:
            return path
        if directory:
            raise RelocatableError(f"diversions {key!r}: {path} is a directory; a file is wanted")
        self._unused.pop(key, None)
        return diversion.to

    def __contains__(self, path: str) -> bool:
        """Whether `path` is diverted."""
        return usr_merged(path) in self._by_path

    def problems(self, packages: Iterable[Package]) -> list[str]:
        """What is wrong with them, once all packages have been placed."""
        names = {package.name for package in packages}
        found = [
            f"diversions {key!r}: no package is called {diversion.package!r}"
            for key, diversion in self._by_path.values()
            if diversion.package and diversion.package not in names
        ]
        return found + [
            f"diversions {key!r} diverts nothing: no other package has that path"
            for key in self._unused
        ]


def alternative(tree: Tree, link: str, path: str, place: Place) -> tuple[str, str]:
    """Returns link and destination in `tree` of an alternative that is declared.

    Raises:
        RelocatableError: if the tree doesn't have what it leads to, or has something at the link.
    """
    here, there = place(usr_merged(link)), place(usr_merged(path))
    if not here:
        raise RelocatableError(f"alternatives {link!r}: strip_prefix leaves it out")
    if not there or there not in tree.nodes:
        raise RelocatableError(f"alternatives {link!r}: {path} is not in the tree; take it, too")
    if (node := tree.nodes.get(here)) is not None:
        of = f" of {node.record.origin.source}" if not isinstance(node, Directory) else ""
        raise RelocatableError(
            f"alternatives {link!r}: there is a path of that name{of}; divert or exclude it"
        )
    return here, there


def undone(control: Control, tree: Tree, diversions: Diversions, place: Place) -> dict[str, Any]:
    """Returns what the scripts of a package would have done that `tree` does without.

    An alternative counts if the tree has what it leads to, and nothing at the link; a diversion if
    the tree has another package's file where it begins.
    """
    return {
        "alternatives": [
            each._asdict()
            for each in control.found.alternatives
            if place(usr_merged(each.path)) in tree.nodes
            and (link := place(usr_merged(each.link)))
            and link not in tree.nodes
        ],
        "diversions": [
            each._asdict()
            for each in control.found.diversions
            if each.path not in diversions
            and (node := tree.nodes.get(place(usr_merged(each.path)) or ""))
            and not isinstance(node, Directory)
            and isinstance(source := node.record.origin.source, Package)
            and source.name != each.package
        ],
    }
