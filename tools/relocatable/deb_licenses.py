"""What Debian packages say about their licences, kept beside the tree that is made of them.

A package has its `copyright` in `/usr/share/doc/PACKAGE`, or a link there to another package's
directory. Common licences are not repeated in it: those texts are in the package base-files.

Source: Debian Policy 12.5.
"""

import contextlib
import re
from typing import Final

from relocatable.deb import Deb, Item
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Package, Record
from relocatable.tree import Directory, File, Link, Tree, link_destination, link_target

DOCUMENTATION: Final = "usr/share/doc"
COMMON: Final = "usr/share/common-licenses"
_WANTED: Final = re.compile(
    rf"{DOCUMENTATION}/[^/]+(?:/(?:copyright|NOTICE[^/]*))?|{re.escape(COMMON)}/[^/]+"
)


def root(package: Package) -> str:
    """Returns the directory for what a package has, called as apt calls the file of the package."""
    # A colon, of an epoch, can't be in a file's name everywhere.
    return f"{package.name}_{package.version.replace(':', '%3a')}_{package.architecture}"


def add(tree: Tree, deb: Deb, item: Item) -> None:
    """Adds a path of a package to `tree` if it says something about licences."""
    tree.nodes.setdefault(root(deb.package), Directory())
    if not _WANTED.fullmatch(item.path):
        return
    record = Record(Origin(deb.package, item.path))
    place = f"{root(deb.package)}/{item.path}"
    # Nobody has asked for these paths: what is wrong with one is told as a text that is missing.
    with contextlib.suppress(RelocatableError):
        if item.data is not None and not item.refused:
            tree.add(place, File(item.data, record))
        elif item.target is not None:
            there = f"{root(deb.package)}/{link_destination(item.path, item.target)}"
            tree.add(place, Link(link_target(place, there), record))
