"""The texts of Debian packages, found as on a system that has them installed; and of archives."""

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
    """What all that a build unpacked says about its licences."""

    def __init__(self, trees: Sequence[Tree]) -> None:
        """Takes trees that `deb_licenses.add` filled; equal packages in several are fine.

        What is in them from a label, not a package, is a text of what that label names.
        """
        self._own: dict[str, dict[str, Node]] = {}
        self._targets: dict[str, dict[str, File]] = {}
        self._merged: dict[str, dict[str, Node]] = {}
        for tree in trees:
            for path, node in tree:
                if isinstance(node, File) and isinstance(node.record.origin.source, str):
                    self._targets.setdefault(node.record.origin.source, {})[path] = node
                    continue
                package, slash, inside = path.partition("/")
                own = self._own.setdefault(package, {})
                if slash:
                    own[inside] = node

    def texts(self, package: Package) -> Texts:
        """Returns what a package says, in its own directory or through a link to another's."""
        own = self._own.get(root(package))
        if own is None:
            return Texts({}, "no rule of the dist has unpacked it")
        # Its own paths come first; of what it only links to, there is one version in a closure.
        tree = Tree(self._all(package.architecture) | own)
        directory = f"{DOCUMENTATION}/{package.name}"
        try:
            files = {_COPYRIGHT: tree.file(f"{directory}/{_COPYRIGHT}")}
            there = tree.follow(directory)
        except RelocatableError as error:
            return Texts({}, str(error))
        for path, node in tree.nodes.items():
            if isinstance(node, File) and posixpath.dirname(path) == there:
                files.setdefault(posixpath.basename(path), node)
        return Texts(files)

    def of_target(self, label: str) -> Mapping[str, File]:
        """Returns the texts, by name, of what a target has taken from something that had them."""
        return self._targets.get(label, {})

    def license(self, package: Package) -> str:
        """Returns what a package declares as its licence, empty unless it is certain."""
        text = self.texts(package).files.get(_COPYRIGHT)
        return dep5.declared(content.read(text.content)) if text else ""

    def common(self, name: str) -> File | None:
        """Returns a common licence by its name, such as `GPL-2`, if a package has it."""
        try:
            return Tree(self._all("all")).file(f"{COMMON}/{name}")
        except RelocatableError:
            return None

    def _all(self, architecture: str) -> dict[str, Node]:
        """The paths of all packages; of several at one, that of this architecture, if there is."""
        if architecture not in self._merged:
            order = sorted(self._own, key=lambda name: (name.endswith(f"_{architecture}"), name))
            self._merged[architecture] = {
                path: node for name in order for path, node in self._own[name].items()
            }
        return self._merged[architecture]


def references(text: File) -> Iterator[str]:
    """Yields the names of the common licences that a text refers to, each once, sorted."""
    found = set(_REFERENCE.findall(content.read(text.content)))
    yield from sorted(name.decode() for name in found)
