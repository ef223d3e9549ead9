"""What a dist consists of: its files by component, and which component needs which."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from relocatable import content, elf, macho
from relocatable.closure.trace import trace
from relocatable.licenses.debian import Packages
from relocatable.provenance import Package, Wheel
from relocatable.sbom import component, identity
from relocatable.sbom.component import Component
from relocatable.sbom.distributions import Distributions
from relocatable.tree import File, Tree


@dataclass(frozen=True, slots=True)
class Facts:
    """What a dist is, as far as its tree doesn't tell.

    Attributes:
        name: the target's.
        tool_version: of rules_relocatable.
        version: what its makers call this one; may be empty.
        platform: the name of the platform's facts.
        deb_vendor: the distribution that Debian packages are from, as package URLs call it.
    """

    name: str
    tool_version: str
    version: str = ""
    platform: str = ""
    deb_vendor: str = "debian"


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a dist.

    Attributes:
        ref: what documents call it.
        path: in the dist, as a document can hold it.
        sha1: of its bytes, in hex; SPDX demands it.
        sha256: the same.
        is_code: whether it is machine code.
        origin: its path in what it is from, shown likewise.
        edits: what was done to it since, a line for each.
    """

    ref: str
    path: str
    sha1: str
    sha256: str
    is_code: bool
    origin: str
    edits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a dist consists of.

    Attributes:
        facts: what it is.
        items: the files of each component, in the order of their paths; components by name.
        needs: from the ref of a component to those, sorted, whose libraries its own load.
    """

    facts: Facts
    items: Mapping[Component, tuple[Item, ...]]
    needs: Mapping[str, tuple[str, ...]]

    @property
    def ref(self) -> str:
        """What documents call the dist itself."""
        return identity.of_thing("dist", self.facts.name, self.facts.name)


def owners(tree: Tree, facts: Facts, packages: Packages) -> dict[str, Component]:
    """Returns the component of each file in a dist.

    Args:
        tree: the dist.
        facts: what it is.
        packages: what Debian packages in it say about their licences.

    Raises:
        RelocatableError: if the metadata of a Python distribution in it is none.
    """
    distributions = Distributions(tree)

    def made(source: Package | Wheel | str) -> Component:
        match source:
            case Package():
                return component.of_package(source, facts.deb_vendor, packages.license(source))
            case Wheel():
                return component.of_wheel(source, distributions.license(source))
            case str():
                return component.of_label(source, facts.tool_version)

    known: dict[Package | Wheel | str, Component] = {}
    found = {}
    for path, file in tree.files():
        source = file.record.origin.source
        owner = distributions.owner(path) or known.get(source)
        found[path] = owner or known.setdefault(source, made(source))
    return found


def take(tree: Tree, facts: Facts, packages: Packages) -> Inventory:
    """Returns the inventory of a dist; arguments and errors as for `owners`."""
    owner = owners(tree, facts, packages)
    found: dict[Component, list[Item]] = defaultdict(list)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Digests of large contents are made outside of the interpreter's lock.
        for (path, _), item in zip(tree.files(), pool.map(_item, tree.files()), strict=True):
            found[owner[path]].append(item)
    order = sorted(found, key=lambda each: (each.name, each.ref))
    return Inventory(facts, {each: tuple(found[each]) for each in order}, _needs(tree, owner))


def _item(found: tuple[str, File]) -> Item:
    path, file = found
    sha1, sha256 = hashlib.sha1(usedforsecurity=False), hashlib.sha256()
    head = b""
    for piece in content.pieces(file.content):
        head = head or bytes(piece[:8])
        sha1.update(piece)
        sha256.update(piece)
    return Item(
        ref=identity.of_thing("file", "", path),
        path=identity.shown(path),
        sha1=sha1.hexdigest(),
        sha256=sha256.hexdigest(),
        is_code=elf.is_elf(head[:4]) or macho.is_macho(head) or macho.is_universal(head),
        origin=identity.shown(file.record.origin.path),
        edits=tuple(identity.shown(str(edit)) for edit in file.record.edits),
    )


def _needs(tree: Tree, owner: Mapping[str, Component]) -> dict[str, tuple[str, ...]]:
    """What a loader loads for the programs and libraries of each component, from others."""
    found: dict[str, set[str]] = defaultdict(set)
    for load in trace(tree).loads:
        for resolution in load.resolutions:
            if resolution.found is not None:
                found[owner[resolution.by].ref].add(owner[resolution.found].ref)
    return {ref: tuple(sorted(needed - {ref})) for ref, needed in found.items()}
