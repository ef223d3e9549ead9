"""The Python distributions in a tree, as their own metadata tells."""

import email
import posixpath
import re
from email.message import Message

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from relocatable import content
from relocatable.provenance import Wheel
from relocatable.python import record
from relocatable.sbom import component
from relocatable.sbom.component import Component
from relocatable.tree import File, Tree

_METADATA = re.compile(r"(?:.*/)?site-packages/[^/]+\.dist-info/METADATA")


class Distributions:
    """Which files belong to a distribution that isn't known by its wheel; and licences.

    What a target of the build has installed (`pip.parse`, `py_library`) comes as files without an
    archive that they were in, but says in its metadata what it is.
    """

    def __init__(self, tree: Tree) -> None:
        """Reads the metadata in `tree`; raises RelocatableError for a RECORD that is none."""
        self._licenses: dict[Wheel, str] = {}
        self._owners: dict[str, Component] = {}
        for path, file in tree.files():
            if _METADATA.fullmatch(path):
                about = email.message_from_bytes(content.read(file.content))
                source = file.record.origin.source
                if isinstance(source, Wheel):
                    self._licenses[source] = expression(about)
                elif isinstance(source, str) and about["Name"] and about["Version"]:
                    self._own(tree, path, about, source)

    def license(self, wheel: Wheel) -> str:
        """Returns what a wheel declares as its licence, empty unless it is certain."""
        return self._licenses.get(wheel, "")

    def owner(self, path: str) -> Component | None:
        """Returns the distribution that the file at `path` belongs to, if it is one's."""
        return self._owners.get(path)

    def _own(self, tree: Tree, metadata: str, about: Message, label: str) -> None:
        found = component.of_distribution(about["Name"], about["Version"], label, expression(about))
        directory = posixpath.dirname(metadata)
        packages = posixpath.dirname(directory)
        listed = f"{directory}/{record.NAME}"
        node = tree.nodes.get(listed)
        names = record.parse(content.read(node.content), listed) if isinstance(node, File) else {}
        for path in [metadata, *(posixpath.normpath(f"{packages}/{name}") for name in names)]:
            there = tree.nodes.get(path)
            if isinstance(there, File) and isinstance(there.record.origin.source, str):
                self._owners[path] = found


def expression(about: Message) -> str:
    """Returns the SPDX expression of a METADATA, empty if it has none that is sound (PEP 639)."""
    try:
        return canonicalize_license_expression(about["License-Expression"] or "")
    except InvalidLicenseExpression:
        return ""
