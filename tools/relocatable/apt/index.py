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
from relocatable.apt.release import DIGESTS, File
from relocatable.deb_lock import PRIORITY
from relocatable.errors import RelocatableError

# Lines that are not blank.
STANZA = re.compile(rb"(?:[ \t\r]*[^\s][^\n]*\n?)+")
# Names of fields are in any case, and no line but a field's begins with one.
_NAME_FIELD = re.compile(rb"^[Pp][Aa][Cc][Kk][Aa][Gg][Ee]:[ \t]*([^\s]+)", re.MULTILINE)
# With the lines that continue it, which start with space.
_PROVIDES_FIELD = re.compile(rb"^[Pp][Rr][Oo][Vv][Ii][Dd][Ee][Ss]:((?:.|\n[ \t])*)", re.MULTILINE)
# Debian Policy 2.5, the best first.
_RANKS = ("required", "important", "standard", "optional")
_SOURCE = re.compile(r"(\S+)(?:\s+\((\S+)\))?")
_LONGEST_NUMBER = 16
_LONGEST_SHOWN = 128
_HEX = "0123456789abcdef"
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
        file: Its size and digest.
        depends: Pre-Depends and Depends: every one has to be met, by any of its alternatives.
        recommends: As `depends`; what would be nice to have.
        conflicts: Conflicts and Breaks: what may not be there together with it. What it says of
            other architectures than the catalogue's is left out.
        provides: Virtual names, with the version that is provided or `None`. A package that is
            `Multi-Arch: allowed` provides its names also with `:any`.
        built_from: Names and versions of the source packages that it was built from, its own first;
            nothing if what says so can't be understood.
        rank: How far from required its priority is: of what provides a name, the lowest is better.
        problem: Why it can't be taken, in words; empty if it can. It is preferred to others all the
            same: an older version in its place would be a downgrade that nobody asked for.
    """

    name: str
    architecture: str
    version: str
    source: str
    path: str
    file: File
    depends: tuple[Alternatives, ...]
    recommends: tuple[Alternatives, ...]
    conflicts: tuple[Relation, ...]
    provides: tuple[tuple[str, str | None], ...]
    rank: int
    built_from: tuple[tuple[str, str], ...]
    problem: str = ""

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
        self._passed_over: dict[str, dict[str, None]] = defaultdict(dict)
        self._providers: dict[str, set[str]] = defaultdict(set)
        self._parsed: dict[str, tuple[Candidate, ...]] = {}
        self._matches: dict[Relation, tuple[Candidate, ...]] = {}

    def add(self, source: str, packages: bytes, priority: int = PRIORITY) -> None:
        """Adds one `Packages` file, as bytes: as text it would take four times the room.

        Args:
            source: Name of the source that it is of.
            packages: Its bytes.
            priority: A package of a source with a higher one is preferred, whatever its version.

        Raises:
            RelocatableError: if a stanza has no package name.
        """
        self._parsed.clear()
        self._matches.clear()
        self._priorities[source] = priority
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
            RelocatableError: if pins allow none of them.
        """
        if name not in self._parsed:
            stanzas = self._stanzas.get(name, ())
            found = [c for source, stanza in stanzas if (c := self._read(source, stanza))]
            found.sort(key=functools.cmp_to_key(self._preferred_first))
            self._parsed[name] = self._pinned(name, tuple(found))
        return self._parsed[name]

    def passed_over(self, name: str) -> list[str]:
        """What is wrong with further packages of this name, which are no candidates, in words."""
        self.candidates(name)
        return list(self._passed_over.get(name, ()))

    def _read(self, source: str, data: bytes) -> Candidate | None:
        # What is not UTF-8 is in words for people, or in what is then refused.
        stanza = Packages(data.decode(errors="replace"))
        name, version = stanza["Package"], stanza.get("Version", "").strip()
        architecture = stanza.get("Architecture", "").strip()
        if architecture not in {"all", self.architecture}:
            # A flat repository has all in one index, and others have variants in it, as amd64v3.
            found = architecture or "no architecture"
            self._passed_over[name][f"{source} has {version} for {found}"] = None
            return None
        try:
            compare(version, version)
        except RelocatableError:
            # dpkg doesn't take it either.
            said = f"{source} has version {version!r}, which is none"
            self._passed_over[name][said] = None
            return None
        return _candidate(source, stanza, self.architecture)

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


def _candidate(source: str, stanza: Packages, architecture: str) -> Candidate:
    """What a stanza says of a package; where it can't be understood, `problem` says so."""
    read = _Reader(stanza, f"{source}: {stanza['Package']}")
    priority = stanza.get("Priority", "")
    size = read.field("Size")
    if size and not (size.isascii() and size.isdecimal() and len(size) < _LONGEST_NUMBER):
        read.problems.append(f"Size: wanted a number, found {size!r}")
    return Candidate(
        name=stanza["Package"],
        architecture=stanza.get("Architecture", ""),
        version=stanza["Version"],
        source=source,
        path=plain_path(read.field("Filename")),
        file=read.file(0 if read.problems else int(size)),
        depends=(*read.relations("Pre-Depends"), *read.relations("Depends")),
        recommends=read.optional("Recommends"),
        conflicts=tuple(
            relation
            for field in ("Conflicts", "Breaks")
            for group in read.relations(field)
            for relation in group
            if relation.is_for(architecture)
        ),
        provides=read.provides(),
        rank=_RANKS.index(priority) if priority in _RANKS else len(_RANKS),
        built_from=read.built_from(),
        problem=f"{read.place}: {'; '.join(read.problems)}, in Packages" if read.problems else "",
    )


@dataclasses.dataclass(slots=True)
class _Reader:
    """A stanza, and what of it can't be understood.

    Attributes:
        stanza: The stanza.
        place: What error messages call it.
        problems: What is wrong with it.
    """

    stanza: Packages
    place: str
    problems: list[str] = dataclasses.field(default_factory=list)

    def field(self, name: str) -> str:
        """A field that has to be there."""
        value: str = self.stanza.get(name, "").strip()
        if not value:
            self.problems.append(f"misses the field {name}")
        return value

    def file(self, size: int) -> File:
        """Size and digest: the one that locks hold, if there is a choice."""
        given = {kind: self.stanza[kind].strip() for kind in DIGESTS if kind in self.stanza}
        for kind, digest in given.items():
            if len(digest) == DIGESTS[kind] and not digest.strip(_HEX):
                return File(size, digest, kind)
            wanted = f"{kind}: wanted {DIGESTS[kind]} hexadecimal digits"
            self.problems.append(f"{wanted}, found {digest[:_LONGEST_SHOWN]!r}")
        if not given:
            self.problems.append(f"misses the field {' or '.join(DIGESTS)}")
        return File(size, "")

    def relations(self, name: str) -> tuple[Alternatives, ...]:
        """A field of relations that have to be understood."""
        try:
            return parse_relations(self.stanza.get(name, ""), name)
        except RelocatableError as error:
            self.problems.append(str(error))
            return ()

    def optional(self, name: str) -> tuple[Alternatives, ...]:
        """A field of relations; those that can't be understood are left out."""
        found: list[Alternatives] = []
        for group in self.stanza.get(name, "").split(","):
            try:
                found += parse_relations(group, name)
            except RelocatableError:
                continue
        return tuple(found)

    def provides(self) -> tuple[tuple[str, str | None], ...]:
        """Names, and the versions that are provided."""
        groups = self.relations("Provides")
        found = tuple((r.offered, r.version or None) for group in groups for r in group)
        if self.stanza.get("Multi-Arch") != "allowed":
            return found
        names = ((self.stanza["Package"], self.stanza["Version"]), *found)
        return found + tuple((f"{n}:any", v) for n, v in names if not n.endswith(":any"))

    def built_from(self) -> tuple[tuple[str, str], ...]:
        """What `Source` says, as in `gcc-12 (12.2.0-14)`, and `Built-Using`.

        Nothing if that can't be understood: only who wants sources has to know.
        """
        match = _SOURCE.fullmatch(self.stanza.get("Source", self.stanza["Package"]).strip())
        fields = ("Built-Using", "Static-Built-Using")
        try:
            used = [
                (relation.name, relation.version)
                for name in fields
                for group in parse_relations(self.stanza.get(name, ""), name)
                for relation in group
            ]
        except RelocatableError:
            return ()
        if not match:
            return ()
        return tuple(dict.fromkeys([(match[1], match[2] or self.stanza["Version"]), *used]))


def plain_path(path: str) -> str:
    """A path without its parts that stand for nothing (RFC 3986, 5.2.4), as in `./foo.deb`."""
    return "/".join(part for part in path.split("/") if part != ".")
