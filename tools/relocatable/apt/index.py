"""The packages that one archive offers for one architecture, read from a `Packages` file.

A `Packages` file of Debian holds more than 60 000 stanzas, of which a closure needs a hundred. So
the file is split, and a stanza is parsed when somebody asks for its package.
"""

import dataclasses
import functools
import re
from collections import defaultdict
from collections.abc import Iterator

from debian.deb822 import Packages, PkgRelation
from debian.debian_support import NativeVersion

from relocatable.deb_lock import NAME
from relocatable.errors import RelocatableError

# Policy 7.1 and its deprecated spellings, as the results of `compare` that each allows.
_COMPARISONS = {
    "<<": (-1,),
    "<": (-1, 0),
    "<=": (-1, 0),
    "=": (0,),
    ">=": (0, 1),
    ">": (0, 1),
    ">>": (1,),
}
_BLANK_LINES = re.compile(r"\n{2,}")
_NAME_FIELD = re.compile(r"^Package:[ \t]*(\S+)", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Relation:
    """One alternative of a dependency: a name, and which packages of that name will do.

    Attributes:
        name: Name of a package, concrete or virtual.
        comparison: One of `<< <= = >= >>`, or empty: then any version will do.
        version: What the comparison is with.
        qualifier: What follows a colon after the name: empty, "any" or an architecture.
    """

    name: str
    comparison: str = ""
    version: str = ""
    qualifier: str = ""

    def allows(self, version: str | None) -> bool:
        """Says whether a version will do; `None` is a `Provides` without one (Policy 7.5)."""
        if not self.comparison:
            return True
        if version is None:
            return False
        return compare(version, self.version) in _COMPARISONS[self.comparison]

    def __str__(self) -> str:
        """The way that a control file writes it."""
        qualified = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{qualified} ({self.comparison} {self.version})" if self.comparison else qualified


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A package that an archive offers.

    Attributes:
        name: Package name.
        architecture: The package's own architecture, which may be "all".
        version: Full version, epoch included.
        source: Name of the source that offers it.
        path: Path below the archive's root.
        size: Bytes.
        sha256: Digest of the file.
        depends: Pre-Depends and Depends: every one has to be met, by any of its alternatives.
        provides: Virtual names, with the version that is provided or `None`.
    """

    name: str
    architecture: str
    version: str
    source: str
    path: str
    size: int
    sha256: str
    depends: tuple[tuple[Relation, ...], ...]
    provides: tuple[tuple[str, str | None], ...]


class Catalogue:
    """What all sources together offer for one architecture.

    `add` the indices in the order of the sources: between equal versions the earlier is preferred.
    """

    def __init__(self, architecture: str) -> None:
        self.architecture = architecture
        self._stanzas: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._providers: dict[str, set[str]] = defaultdict(set)
        self._parsed: dict[str, tuple[Candidate, ...]] = {}

    def add(self, source: str, packages: str) -> None:
        """Adds the text of one `Packages` file.

        Raises:
            RelocatableError: if a stanza has no package name or an unreadable `Provides`.
        """
        self._parsed.clear()
        for stanza in filter(None, _BLANK_LINES.split(packages.strip())):
            field = _NAME_FIELD.search(stanza)
            if not field:
                raise RelocatableError(
                    f"{source}: wanted Package: in each stanza of Packages, found {stanza[:60]!r}"
                )
            self._stanzas[field[1]].append((source, stanza))
            if "\nProvides:" in stanza:
                for virtual, _ in _provides(Packages(stanza), f"{source}: {field[1]}"):
                    self._providers[virtual].add(field[1])

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """The packages that have this name, the newest first.

        Raises:
            RelocatableError: if one of them is not described as Debian's archives do it.
        """
        if name not in self._parsed:
            found = [_candidate(source, stanza) for source, stanza in self._stanzas.get(name, ())]
            found.sort(key=functools.cmp_to_key(_newest_first))
            self._parsed[name] = tuple(found)
        return self._parsed[name]

    def providers(self, name: str) -> list[str]:
        """Names of the packages that provide a virtual name, sorted."""
        return sorted(self._providers.get(name, ()))

    def matches(self, relation: Relation) -> Iterator[Candidate]:
        """The packages that meet a relation: concrete ones first, then those that provide it."""
        if relation.qualifier not in {"", "any", self.architecture}:
            return
        for candidate in self.candidates(relation.name):
            if relation.allows(candidate.version):
                yield candidate
        for provider in self.providers(relation.name):
            for candidate in self.candidates(provider):
                if any(n == relation.name and relation.allows(v) for n, v in candidate.provides):
                    yield candidate


def compare(left: str, right: str) -> int:
    """Orders two versions as dpkg does: -1, 0 or 1.

    Raises:
        RelocatableError: if one of them is no Debian version.
    """
    try:
        a, b = NativeVersion(left), NativeVersion(right)
    except ValueError as error:
        raise RelocatableError(f"wanted Debian versions, found {left!r}, {right!r}") from error
    return (a > b) - (a < b)


def _newest_first(left: Candidate, right: Candidate) -> int:
    return compare(right.version, left.version)


def parse_relations(text: str, place: str) -> tuple[tuple[Relation, ...], ...]:
    """Reads a field like Depends: all of the outer tuple are wanted, any of each inner one.

    Args:
        text: The field's value.
        place: What error messages call it.

    Raises:
        RelocatableError: if it isn't a list of relations (Policy 7.1).
    """
    groups = PkgRelation.parse_relations(text) if text.strip() else []
    return tuple(tuple(_relation(item, place) for item in group) for group in groups)


def _relation(item: "PkgRelation.ParsedRelation", place: str) -> Relation:
    comparison, version = item["version"] or ("", "")
    # python-debian gives what it can't read as a name.
    if not NAME.pattern.fullmatch(item["name"]) or comparison not in {"", *_COMPARISONS}:
        raise RelocatableError(f"{place}: wanted a package relation, found {item['name']!r}")
    return Relation(item["name"], comparison, version, item["archqual"] or "")


def _provides(stanza: Packages, place: str) -> tuple[tuple[str, str | None], ...]:
    groups = parse_relations(stanza.get("Provides", ""), f"{place}: Provides")
    return tuple((r.name, r.version or None) for group in groups for r in group)


def _candidate(source: str, text: str) -> Candidate:
    stanza = Packages(text)
    place = f"{source}: {stanza['Package']}"
    try:
        return Candidate(
            name=stanza["Package"],
            architecture=stanza["Architecture"],
            version=stanza["Version"],
            source=source,
            path=stanza["Filename"].removeprefix("./"),
            size=int(stanza["Size"]),
            sha256=stanza["SHA256"],
            depends=(
                *parse_relations(stanza.get("Pre-Depends", ""), f"{place}: Pre-Depends"),
                *parse_relations(stanza.get("Depends", ""), f"{place}: Depends"),
            ),
            provides=_provides(stanza, place),
        )
    except KeyError as error:
        raise RelocatableError(f"{place}: misses the field {error.args[0]} in Packages") from error
    except ValueError as error:
        raise RelocatableError(f"{place}: {error} in Packages") from error
