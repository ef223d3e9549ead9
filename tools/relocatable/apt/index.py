"""The packages that one archive offers for one architecture, read from a `Packages` file.

A `Packages` file of Debian holds more than 60 000 stanzas, of which a closure needs a hundred. So
the file is split, and a stanza is parsed when somebody asks for its package.
"""

import dataclasses
import fnmatch
import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from debian.deb822 import Packages

from relocatable.apt.relation import Alternatives, Relation, compare, parse_relations
from relocatable.deb_lock import PRIORITY
from relocatable.errors import RelocatableError

STANZA = re.compile(rb"(?:[^\n]+\n?)+")
_NAME_FIELD = re.compile(rb"^Package:[ \t]*([^\s]+)", re.MULTILINE)
# With the lines that continue it, which start with space.
_PROVIDES_FIELD = re.compile(rb"^Provides:((?:.|\n[ \t])*)", re.MULTILINE)
# Debian Policy 2.5, the best first.
_RANKS = ("required", "important", "standard", "optional")
_SOURCE = re.compile(r"(\S+)(?:\s+\((\S+)\))?")
_PROVIDED = re.compile(rb"(?:^|,)\s*([^\s,(:]+)")


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
        recommends: As `depends`; what would be nice to have.
        conflicts: Conflicts and Breaks: what may not be there together with it. What it says of
            other architectures than the catalogue's is left out.
        provides: Virtual names, with the version that is provided or `None`. A package that is
            `Multi-Arch: allowed` provides its names also with `:any`.
        built_from: Names and versions of the source packages that it was built from, its own first.
        rank: How far from required its priority is: of what provides a name, the lowest is better.
    """

    name: str
    architecture: str
    version: str
    source: str
    path: str
    size: int
    sha256: str
    depends: tuple[Alternatives, ...]
    recommends: tuple[Alternatives, ...]
    conflicts: tuple[Relation, ...]
    provides: tuple[tuple[str, str | None], ...]
    rank: int
    built_from: tuple[tuple[str, str], ...]

    def meets(self, relation: Relation) -> bool:
        """Says whether it is what a relation asks for, by its own name or one that it provides."""
        names = ((self.name, self.version), *self.provides)
        return any(name == relation.offered and relation.allows(v) for name, v in names)

    def refuses(self, other: "Candidate") -> bool:
        """Says whether it conflicts with another package. A package is no enemy of itself."""
        return self.name != other.name and any(map(other.meets, self.conflicts))

    def __str__(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


@dataclasses.dataclass(frozen=True, slots=True)
class Pin:
    """What a person says of a package's version or source.

    Attributes:
        pattern: Name of a package; `*` stands for anything.
        version: The only version that will do; empty for any.
        source: The only source whose package will do; empty for any.
    """

    pattern: str
    version: str = ""
    source: str = ""

    @classmethod
    def parse(cls, text: str) -> "Pin":
        """Reads `package=version` or `package/source`, as apt-get's command line has it."""
        rest, _, version = text.partition("=")
        pattern, _, source = rest.partition("/")
        return cls(pattern, version, source)

    def names(self, name: str) -> bool:
        """Says whether it is about a package of this name."""
        return fnmatch.fnmatchcase(name, self.pattern)

    def allows(self, candidate: "Candidate") -> bool:
        """Says whether a package that it names will do."""
        return self.version in {"", candidate.version} and self.source in {"", candidate.source}

    def __str__(self) -> str:
        """As `parse` reads it."""
        return f"{self.pattern}/{self.source}" if self.source else f"{self.pattern}={self.version}"


class Catalogue:
    """What all sources together offer for one architecture.

    `add` the indices in the order of the sources: between equal versions the earlier is preferred.

    Attributes:
        architecture: Which one.
    """

    def __init__(self, architecture: str, pins: Iterable[Pin] = ()) -> None:
        self.architecture = architecture
        self._pins = tuple(pins)
        self._stanzas: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
        self._priorities: dict[str, int] = {}
        self._flat: set[str] = set()
        self._providers: dict[str, set[str]] = defaultdict(set)
        self._parsed: dict[str, tuple[Candidate, ...]] = {}
        self._matches: dict[Relation, tuple[Candidate, ...]] = {}

    def add(
        self, source: str, packages: bytes, priority: int = PRIORITY, *, flat: bool = False
    ) -> None:
        """Adds one `Packages` file, as bytes: as text it would take four times the room.

        Args:
            source: Name of the source that it is of.
            packages: Its bytes.
            priority: A package of a source with a higher one is preferred, whatever its version.
            flat: Whether it is a flat repository's, which has all architectures in one file.

        Raises:
            RelocatableError: if a stanza has no package name.
        """
        self._parsed.clear()
        self._matches.clear()
        self._priorities[source] = priority
        if flat:
            self._flat.add(source)
        for stanza in (match[0] for match in STANZA.finditer(packages)):
            field = _NAME_FIELD.search(stanza)
            if not field:
                shown = stanza[:60].decode(errors="replace")
                raise RelocatableError(
                    f"{source}: wanted Package: in each stanza of Packages, found {shown!r}"
                )
            name = field[1].decode(errors="replace")
            self._stanzas[name].append((source, stanza))
            provides = _PROVIDES_FIELD.search(stanza)
            for virtual in _PROVIDED.findall(provides[1]) if provides else ():
                self._providers[virtual.decode(errors="replace")].add(name)

    def candidates(self, name: str) -> tuple[Candidate, ...]:
        """The packages that have this name and that pins allow, the preferred first.

        Raises:
            RelocatableError: if one of them is not described as Debian's archives do it, or pins
                allow none of them.
        """
        if name not in self._parsed:
            stanzas = self._stanzas.get(name, ())
            found = [_candidate(source, stanza, self.architecture) for source, stanza in stanzas]
            # Elsewhere another architecture is a mistake or a lie, and the lock refuses it.
            fitting = {"all", self.architecture}
            found = [c for c in found if c.source not in self._flat or c.architecture in fitting]
            found.sort(key=functools.cmp_to_key(self._preferred_first))
            self._parsed[name] = self._pinned(name, tuple(found))
        return self._parsed[name]

    def providers(self, name: str) -> list[str]:
        """Names of the packages that provide a virtual name, sorted."""
        return sorted(self._providers.get(name, ()))

    def matches(self, relation: Relation) -> tuple[Candidate, ...]:
        """The packages that meet a relation: concrete ones first, then those that provide it.

        Of the latter first those that more systems have (`Priority`), as in apt: mawk before gawk.
        """
        if relation not in self._matches:
            self._matches[relation] = tuple(self._search(relation))
        return self._matches[relation]

    def _search(self, relation: Relation) -> Iterator[Candidate]:
        if not relation.is_for(self.architecture):
            return
        yield from (found for found in self.candidates(relation.name) if found.meets(relation))
        others = (name for name in self.providers(relation.name) if name != relation.name)
        found = [c for name in others for c in self.candidates(name) if c.meets(relation)]
        yield from sorted(found, key=lambda candidate: candidate.rank)

    def _preferred_first(self, left: Candidate, right: Candidate) -> int:
        by_priority = self._priorities[right.source] - self._priorities[left.source]
        return by_priority or compare(right.version, left.version)

    def _pinned(self, name: str, found: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
        for pin in (pin for pin in self._pins if found and pin.names(name)):
            allowed = tuple(candidate for candidate in found if pin.allows(candidate))
            if not allowed:
                offers = ", ".join(f"{c.version} (from {c.source})" for c in found)
                raise RelocatableError(
                    f"pin {pin}: the sources have {name} {offers} for {self.architecture}"
                )
            found = allowed
        return found


def plain_path(path: str) -> str:
    """A path without its parts that stand for nothing (RFC 3986, 5.2.4), as in `./foo.deb`."""
    return "/".join(part for part in path.split("/") if part != ".")


def _provides(stanza: Packages, place: str) -> tuple[tuple[str, str | None], ...]:
    groups = parse_relations(stanza.get("Provides", ""), f"{place}: Provides")
    found = tuple((r.offered, r.version or None) for group in groups for r in group)
    if stanza.get("Multi-Arch") != "allowed":
        return found
    names = ((stanza["Package"], stanza["Version"]), *found)
    return found + tuple((f"{n}:any", v) for n, v in names if not n.endswith(":any"))


def _built_from(stanza: Packages, place: str) -> tuple[tuple[str, str], ...]:
    """What `Source` says, as in `gcc-12 (12.2.0-14)`, and `Built-Using`."""
    match = _SOURCE.fullmatch(stanza.get("Source", stanza["Package"]))
    if not match:
        raise RelocatableError(f"{place}: Source: wanted a name, found {stanza['Source']!r}")
    used = [
        (relation.name, relation.version)
        for field in ("Built-Using", "Static-Built-Using")
        for group in parse_relations(stanza.get(field, ""), f"{place}: {field}")
        for relation in group
    ]
    return tuple(dict.fromkeys([(match[1], match[2] or stanza["Version"]), *used]))


def _candidate(source: str, data: bytes, architecture: str) -> Candidate:
    try:
        stanza = Packages(data.decode())
    except UnicodeDecodeError as error:
        shown = data[:60].decode(errors="replace")
        raise RelocatableError(f"{source}: {shown!r} is not readable: {error}") from error
    place = f"{source}: {stanza['Package']}"
    priority = stanza.get("Priority", "")
    try:
        return Candidate(
            name=stanza["Package"],
            architecture=stanza["Architecture"],
            version=stanza["Version"],
            source=source,
            path=plain_path(stanza["Filename"]),
            size=int(stanza["Size"]),
            sha256=stanza["SHA256"],
            depends=(
                *parse_relations(stanza.get("Pre-Depends", ""), f"{place}: Pre-Depends"),
                *parse_relations(stanza.get("Depends", ""), f"{place}: Depends"),
            ),
            recommends=parse_relations(stanza.get("Recommends", ""), f"{place}: Recommends"),
            conflicts=tuple(
                relation
                for field in ("Conflicts", "Breaks")
                for group in parse_relations(stanza.get(field, ""), f"{place}: {field}")
                for relation in group
                if relation.is_for(architecture)
            ),
            provides=_provides(stanza, place),
            rank=_RANKS.index(priority) if priority in _RANKS else len(_RANKS),
            built_from=_built_from(stanza, place),
        )
    except KeyError as error:
        raise RelocatableError(f"{place}: misses the field {error.args[0]} in Packages") from error
    except ValueError as error:
        raise RelocatableError(f"{place}: {error} in Packages") from error
