"""From packages to a tree: which paths are taken, and where they go."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from relocatable import deb as debs
from relocatable import deb_licenses
from relocatable.deb import Deb, Item, Source
from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs, translate
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree, link_destination, link_target

USR_MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32")
"""Directories of the root that Debian 12 and later keep in /usr; the root has links to them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What `extract` takes of the packages, and where it puts it.

    `include` and `exclude` are patterns (`relocatable.globs`) over the packages' own paths, of
    which those of merged directories begin with `usr/`. Then `remap` replaces the longest leading
    directories that a key matches with its value (`""` is the root), and `strip_prefix` is taken
    off; what is not below it is left out. `links` adds links, from path to path of the result.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    strip_prefix: str = ""
    remap: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def extract(
    paths: Sequence[Path],
    selection: Selection,
    label: str,
    scratch: Path,
    jobs: int,
    *,
    licenses: Tree | None = None,
    sources: Mapping[str, Source] = MappingProxyType({}),
) -> Tree:
    """Returns the tree of the packages at `paths`; file contents stay in files below `scratch`.

    What the packages say about their licences is added to `licenses`, selected or not; `sources`
    tells where they are from, by path.

    Raises:
        RelocatableError: if a package is broken, packages disagree on a path, a link would leave
            the tree, or a pattern matches nothing.
    """
    include, exclude = Globs(selection.include), Globs(selection.exclude)
    placement = _Placement(selection)
    tree = Tree()
    found: list[str] = []
    for deb in debs.unpack(paths, scratch, jobs, sources):
        for item in debs.items(deb):
            if licenses is not None:
                deb_licenses.add(licenses, deb, item)
            path = usr_merged(item.path)
            if (not include or include.match(path)) and not exclude.match(path):
                try:
                    _add(tree, deb, item, placement)
                except RelocatableError as error:
                    found.append(f"{deb.package}: {error}")
    for link, destination in selection.links.items():
        target = link_target(link, destination)
        tree.add(link, Link(target, Record(Origin(label, f"links[{link!r}]"))), replaces=True)
    kinds = {"include": include.unused(), "exclude": exclude.unused(), "remap": placement.unused()}
    found += [
        f"{kind} {pattern!r} matches nothing in {', '.join(sorted(p.name for p in paths))}"
        for kind, patterns in kinds.items()
        for pattern in patterns
    ]
    problems(found, "the packages don't make a tree:")
    return tree


def usr_merged(path: str) -> str:
    """Returns where `path` is on a system with merged /usr."""
    first, slash, rest = path.partition("/")
    return f"usr/{first}{slash}{rest}" if first in USR_MERGED else path


def _add(tree: Tree, deb: Deb, item: Item, placement: "_Placement") -> None:
    path = placement.place(usr_merged(item.path))
    if not path:
        return
    if item.refused:
        raise RelocatableError(f"{item.path} {item.refused}; exclude it")
    record = Record(Origin(deb.package, item.path))
    if item.data is not None:
        tree.add(path, File(item.data, record, item.executable))
    elif item.target is None:
        tree.add(path, Directory())
    elif item.path not in USR_MERGED:
        there = usr_merged(link_destination(item.path, item.target))
        destination = placement.place(there)
        if destination is None:
            raise RelocatableError(
                f"link {item.path} -> {item.target} leads out of strip_prefix; "
                "exclude it, or remap what it points to"
            )
        tree.add(path, Link(link_target(path, destination), record))


class _Placement:
    """Paths of packages to paths of the tree."""

    def __init__(self, selection: Selection) -> None:
        self._strip = selection.strip_prefix.strip("/")
        self._rules = {
            old: (re.compile(translate(old)), new.strip("/"))
            for old, new in selection.remap.items()
        }
        self._unused = dict.fromkeys(self._rules)

    def unused(self) -> list[str]:
        """The keys of `remap` that have moved nothing."""
        return list(self._unused)

    def place(self, path: str) -> str | None:
        """Returns where `path` goes: "" for the root, None for a path outside `strip_prefix`."""
        length, best = 0, None
        for old, (expression, new) in self._rules.items():
            match = expression.match(path)
            # The match ends behind the "/" that follows the leading directories, if one does.
            if match and match.end() > length:
                length, best = match.end(), (old, new)
        if best is not None:
            self._unused.pop(best[0], None)
            path = posixpath.join(best[1], path[length:]).rstrip("/")
        if not self._strip or path == self._strip:
            return "" if path == self._strip else path
        return path[len(self._strip) + 1 :] if path.startswith(self._strip + "/") else None
