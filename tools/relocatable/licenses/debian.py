"""The texts of Debian packages, found as a reader of an installed system would find them."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relocatable import content
from relocatable.deb_licenses import COMMON, DOCUMENTATION, root
from relocatable.errors import RelocatableError
from relocatable.licenses import dep5
from relocatable.provenance import Package
from relocatable.tree import File, Node, Tree

_COPYRIGHT: Final = "copyright"
_REFERENCE: Final = re.compile(rf"/{re.escape(COMMON)}/([A-Za-z0-9.+-]*[A-Za-z0-9+])".encode())


@dataclass(frozen=True, slots=True)
class Texts:
    """What a package says about its licences.

    Attributes:
        files: the texts by name: `copyright`, perhaps `NOTICE`.
        missing: why there is no `copyright`; empty if there is one.
    """

    files: Mapping[str, File]
    missing: str = ""


class Packages:
    """What all packages that a build unpacked say about their licences."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        """Takes trees that `deb_licenses.add` filled; equal packages in several are fine."""
        self._own: dict[str, dict[str, Node]] = {}
        for tree in trees:
            for path, node in tree:
                package, slash, inside = path.partition("/")
                own = self._own.setdefault(package, {})
                if slash:
                    own[inside] = node
        self._all: dict[str, Node] = {}
        for package in sorted(self._own):
            for inside, node in self._own[package].items():
                if not isinstance(self._all.get(inside), File):
                    self._all[inside] = node

    def texts(self, package: Package) -> Texts:
        """Returns what a package says, in its own directory or through a link to another's."""
        if root(package) not in self._own:
            return Texts({}, "no rule of the dist has unpacked it")
        # Its own paths come first; of what it only links to, there is one version in a closure.
        tree = Tree(self._all | self._own[root(package)])
        directory = f"{DOCUMENTATION}/{package.name}"
        try:
            files = {_COPYRIGHT: tree.file(f"{directory}/{_COPYRIGHT}")}
            there = tree.follow(directory)
        except RelocatableError as error:
            return Texts({}, str(error))
        for path, file in tree.files():
            if posixpath.dirname(path) == there:
                files.setdefault(posixpath.basename(path), file)
        return Texts(files)

    def license(self, package: Package) -> str:
        """Returns what a package declares as its licence, empty unless it is certain."""
        text = self.texts(package).files.get(_COPYRIGHT)
        return dep5.declared(content.read(text.content)) if text else ""

    def common(self, name: str) -> File | None:
        """Returns a common licence by its name, such as `GPL-2`, if a package has it."""
        try:
            return Tree(self._all).file(f"{COMMON}/{name}")
        except RelocatableError:
            return None


def references(text: File) -> Iterator[str]:
    """Yields the names of the common licences that a text refers to, each once, sorted."""
    found = set(_REFERENCE.findall(content.read(text.content)))
    yield from sorted(name.decode() for name in found)
