"""All licence texts of a dist in one place, with an index that leaves nothing unsaid.

Each component has a directory with its texts, and an entry in the index: which texts these are, and
what should be there and isn't.
"""

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from relocatable.deb_licenses import COMMON, root
from relocatable.licenses.debian import Packages, Texts, references
from relocatable.provenance import Origin, Package, Record
from relocatable.sbom.component import Component, Kind
from relocatable.tree import File, Tree

FORMAT: Final = 1
"""Rises when a reader of the old index would misread the new."""
INDEX: Final = "index.json"

_MADE_BY: Final = "@rules_relocatable//tools:dist_licenses"
_COMMON_PLACE: Final = "common-licenses"
_DIST_INFO: Final = re.compile(r".*/[^/]+\.dist-info/(.+)")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9.+~_-]+")
_CALLED_SO: Final = re.compile(r"(?i)(?:un)?licen[cs]e|copying|notice|authors")


@dataclass(frozen=True, slots=True)
class Known:
    """What texts can come from, besides the dist itself.

    Attributes:
        packages: what Debian packages say about their licences.
        own: the text for what is ours.
    """

    packages: Packages
    own: File


def collect(tree: Tree, owner: Mapping[str, Component], known: Known, name: str) -> Tree:
    """Returns a tree of all texts, and their index.

    Args:
        tree: the dist.
        owner: the component of each of its files.
        known: where else there are texts.
        name: the dist's.
    """
    files: dict[Component, list[str]] = defaultdict(list)
    for path, component in owner.items():
        files[component].append(path)
    result = Tree()
    entries = []
    for component in sorted(files, key=lambda each: (each.name, each.ref)):
        found = texts(component, tree, files[component], known)
        place = _place(component, result)
        wanted = sorted({name for text in found.files.values() for name in references(text)})
        common = {name: text for name in wanted if (text := known.packages.common(name))}
        for path, text in found.files.items():
            result.add(f"{place}/{path}", text)
        for each, text in common.items():
            result.add(f"{_COMMON_PLACE}/{each}", text)
        entries.append(
            {
                "name": component.name,
                "version": component.version,
                "kind": component.kind,
                "license": component.license,
                "files": len(files[component]),
                "texts": sorted(f"{place}/{path}" for path in found.files),
                "common": [f"{_COMMON_PLACE}/{each}" for each in common],
                "missing": ([found.missing] if found.missing else [])
                + [
                    f"/{COMMON}/{each}, of the package base-files"
                    for each in wanted
                    if each not in common
                ],
            }
        )
    index = {"format": FORMAT, "name": name, "components": entries}
    data = (json.dumps(index, indent=1) + "\n").encode()
    result.add(INDEX, File(data, Record(Origin(_MADE_BY, INDEX))))
    return result


def _place(component: Component, result: Tree) -> str:
    if isinstance(component.source, Package):
        place = root(component.source)
    else:
        place = _PLAIN.sub("-", f"{component.name}_{component.version}").strip("-_")
    return component.ref if place in result.nodes else place


def texts(component: Component, tree: Tree, paths: Iterable[str], known: Known) -> Texts:
    """Returns the texts of one component, whose files in the dist are at `paths`."""
    if isinstance(component.source, Package):
        return known.packages.texts(component.source)
    if component.kind is Kind.TOOL:
        return Texts({"LICENSE": known.own})
    if component.kind is Kind.TARGET:
        called = [(path, path) for path in paths if _is_called_so(path)]
        missing = "a text: none of its files is called LICENSE or the like"
    else:
        called = list(_of_distribution(paths))
        missing = "a text: its dist-info has none"
    if isinstance(component.source, str) and (found := known.packages.of_target(component.source)):
        return Texts(found)
    files = {name: node for path, name in called if isinstance(node := tree.nodes[path], File)}
    return Texts(files, "" if files else missing)


def _of_distribution(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The texts in a metadata directory: PEP 639's directory, and what came before it."""
    for path in paths:
        match = _DIST_INFO.fullmatch(path)
        if match and (
            match[1].startswith(("licenses/", "license_files/")) or _is_called_so(match[1])
        ):
            yield path, match[1]


def _is_called_so(path: str) -> bool:
    return bool(_CALLED_SO.match(posixpath.basename(path)))
