"""From packages to a tree: which paths are taken, and where they go."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from relocatable import deb as debs
from relocatable import deb_control, deb_licenses
from relocatable.deb import Deb, Item, Source
from relocatable.deb_declared import USR_MERGED, Diversions, alternative, undone, usr_merged
from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs, likest, nearest, translate
from relocatable.provenance import Dpkg, Origin, Package, Record
from relocatable.tree import Directory, File, Link, Tree, link_destination, link_target

_PATTERNS: Final = 20
"""How many of those that match nothing are told one by one."""
_NAMES: Final = 5
"""How many names of a directory are."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What `extract` takes of the packages, and where it puts it.

    `include` and `exclude` are patterns (`relocatable.globs`) over the packages' own paths, of
    which those of merged directories begin with `usr/`. Then `remap` replaces the longest leading
    directories that a key matches with its value (`""` is the root), and `strip_prefix` is taken
    off; what is not below it is left out. `links` adds links, from path to path of the result.

    Before all that, `diversions` (`relocatable.deb_declared`) give paths of packages other names.
    `alternatives` are links from path to path as packages have them, which `remap` moves as well.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    strip_prefix: str = ""
    remap: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    diversions: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, str] = field(default_factory=dict)


def extract(
    paths: Sequence[Path],
    selection: Selection,
    label: str,
    scratch: Path,
    jobs: int,
    *,
    licenses: Tree | None = None,
    sources: Mapping[str, Source] = MappingProxyType({}),
    packages: list[dict[str, Any]] | None = None,
) -> Tree:
    """Returns the tree of the packages at `paths`; file contents stay in files below `scratch`.

    What the packages say about their licences is added to `licenses`, selected or not; `sources`
    tells where they are from, by path. To `packages` is added what each package says of itself
    (`deb_control.data`), and as `undone` what its scripts would have done that the tree lacks.

    Raises:
        RelocatableError: if a package is broken, packages disagree on a path, a link would leave
            the tree, or a pattern matches nothing.
    """
    include, exclude = Globs(selection.include), Globs(selection.exclude)
    placement = _Placement(selection)
    tree = Tree()
    found: list[str] = []
    unpacked = debs.unpack(paths, scratch, jobs, sources)
    adder = _Adder(tree, placement, Diversions(selection.diversions), unpacked)
    for deb in unpacked:
        for item in debs.items(deb):
            if licenses is not None:
                deb_licenses.add(licenses, deb, item)
            try:
                path = adder.path(deb.package, item)
                if (not include or include.match(path)) and not exclude.match(path):
                    adder.add(deb.package, item, path)
            except RelocatableError as error:
                found.append(f"{deb.package}: {error}")
    found += adder.diversions.problems(deb.package for deb in unpacked)
    for link, path in selection.alternatives.items():
        try:
            here, there = alternative(tree, link, path, placement.place)
        except RelocatableError as error:
            found.append(str(error))
        else:
            record = Record(Origin(label, f"alternatives[{link!r}]"))
            tree.add(here, Link(link_target(here, there), record))
    for link, destination in selection.links.items():
        target = link_target(link, destination)
        tree.add(link, Link(target, Record(Origin(label, f"links[{link!r}]"))), replaces=True)
    kinds = {"include": include.unused(), "exclude": exclude.unused(), "remap": placement.unused()}
    if any(kinds.values()):
        found += _matching_nothing(kinds, unpacked)
    problems(found, "the packages don't make a tree:")
    if packages is not None:
        packages += [
            deb_control.data(deb.control)
            | {"undone": undone(deb.control, tree, adder.diversions, placement.place)}
            for deb in unpacked
        ]
    return tree


def _matching_nothing(kinds: Mapping[str, list[str]], unpacked: Sequence[Deb]) -> list[str]:
    """A line for each pattern, but not for very many, with what comes closest."""
    owners: dict[str, str] = {}
    for deb in unpacked:
        for item in debs.items(deb):
            owners.setdefault(usr_merged(item.path), deb.package.name)
    where = unpacked[0].path.name if len(unpacked) == 1 else f"the {len(unpacked)} packages"
    unused = [(kind, pattern) for kind, patterns in kinds.items() for pattern in patterns]
    lines = []
    for kind, pattern in unused[:_PATTERNS]:
        meant = likest(pattern, owners)
        if meant is not None:
            whose = "" if len(unpacked) == 1 else f" of {owners[meant]}"
            hint = f"is {meant!r}{whose} meant?"
        else:
            there, names = nearest(pattern, owners)
            shown = ", ".join(names[:_NAMES])
            more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
            hint = f"in {there or 'the root'} there are: {shown or 'no paths'}{more}"
        lines.append(f"{kind} {pattern!r} matches nothing in {where}; {hint}")
    if len(unused) > _PATTERNS:
        lines.append(f"…and {len(unused) - _PATTERNS} further patterns match nothing in {where}")
    return lines


class _Adder:
    """Puts paths of packages into a tree, as dpkg puts them into a system."""

    def __init__(
        self,
        tree: Tree,
        placement: "_Placement",
        diversions: Diversions,
        unpacked: Sequence[Deb],
    ) -> None:
        self.diversions = diversions
        self._tree = tree
        self._placement = placement
        self._controls = {deb.package: deb.control for deb in unpacked}
        self._conffiles = {deb.package: frozenset(deb.control.conffiles) for deb in unpacked}

    def path(self, package: Package, item: Item) -> str:
        """Where a package's path is in a system: with merged /usr, and diverted."""
        directory = item.data is None and item.target is None and item.refused is None
        return self.diversions.place(usr_merged(item.path), package, directory=directory)

    def add(self, package: Package, item: Item, path: str) -> None:
        where = self._placement.place(path)
        if not where:
            return
        if item.refused:
            raise RelocatableError(f"{item.path} {item.refused}; exclude it")
        merged = usr_merged(item.path)
        known = Dpkg(item.path in self._conffiles[package], merged if path != merged else "")
        record = Record(Origin(package, item.path), dpkg=known if any(known) else None)
        real = self._through_links(where, package)
        if item.data is not None:
            self._put(package, real, path, File(item.data, record, item.executable))
        elif item.target is None:
            self._directory(real, package)
        elif item.path not in USR_MERGED and not isinstance(self._tree.nodes.get(real), Directory):
            target = self._target(item.path, item.target, real if real != where else None)
            self._put(package, real, path, Link(link_target(real, target), record))

    def _target(self, path: str, target: str, real: str | None) -> str:
        """The path of the tree that a package's link means."""
        if real is not None and not target.startswith("/"):
            # It means what it does where it is, not where the package says that it is.
            return link_destination(real, target)
        there = usr_merged(link_destination(path, target))
        destination = self._placement.place(there)
        if destination is None:
            raise RelocatableError(
                f"link {path} -> {target} leads out of strip_prefix; "
                "exclude it, or remap what it points to"
            )
        return destination

    def _through_links(self, where: str, package: Package) -> str:
        """Where a path really is, if another package has a link to a directory above it.

        Those of the package itself dpkg makes last, so they are not followed.
        """
        nodes = self._tree.nodes
        above, _, name = where.rpartition("/")
        if not above or isinstance(nodes.get(above), Directory):
            return where
        real = ""
        for step in above.split("/"):
            real = f"{real}/{step}" if real else step
            node = nodes.get(real)
            if isinstance(node, Link) and node.record.origin.source != package:
                there = self._leads_to(real)
                if there is None:
                    return where
                real = there
        return f"{real}/{name}" if real else name

    def _directory(self, where: str, package: Package) -> None:
        """Makes a directory, unless another package has a link to one there."""
        node = self._tree.nodes.get(where)
        if isinstance(node, Link):
            if node.record.origin.source == package:
                del self._tree.nodes[where]
            elif self._leads_to(where) is not None:
                return
        self._tree.add(where, Directory())

    def _leads_to(self, link: str) -> str | None:
        """The directory that a link leads to, if it does to any."""
        try:
            there = self._tree.follow(link)
        except RelocatableError:
            return None
        return there if not there or isinstance(self._tree.nodes[there], Directory) else None

    def _put(self, package: Package, where: str, path: str, node: File | Link) -> None:
        """Adds what may take the place of another package's, or leave it its place.

        Of two packages that replace each other, the later one wins.
        """
        there = self._tree.nodes.get(where)
        if not isinstance(there, File | Link):
            return self._tree.add(where, node)
        other, was = there.record.origin.source, there.record.origin.path
        if other == package and was == node.record.origin.path:
            # One package has it twice, and the last one stays.
            return self._tree.add(where, node, replaces=True)
        if (
            isinstance(other, Package)
            and other.name != package.name
            and path == self.diversions.place(usr_merged(was), other)
        ):
            if self._controls[package].replaces(other):
                return self._tree.add(where, _instead(node, there), replaces=True)
            if self._controls[other].replaces(package):
                return self._tree.add(where, _instead(there, node), replaces=True)
        return self._tree.add(where, node)


def _instead(node: File | Link, loser: File | Link) -> File | Link:
    """`node`, with a note of what it replaces."""
    known = node.record.dpkg or Dpkg()
    lost = loser.record.dpkg.replaces if loser.record.dpkg else ()
    replaces = (*known.replaces, str(loser.record.origin.source), *lost)
    known = known._replace(replaces=tuple(dict.fromkeys(replaces)))
    return replace(node, record=replace(node.record, dpkg=known))


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
