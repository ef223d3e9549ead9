"""The lock file of Debian packages: what was asked for, and exactly what that is.

A lock is one JSON object. `declaration` is written by people (by hand, in MODULE.bazel, or through
the flags of `tools/update_deb_lock.py`); the rest is computed from it and the archive's indices.
`rules/private/deb_lock.bzl` reads the same format; `docs/debs.md` describes each field.
"""

import dataclasses
import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from relocatable import output
from relocatable.deb_source_lock import (
    SourcePackage,
    read_source_package,
    source_contradictions,
)
from relocatable.deb_words import DEB_PATH, NAME, PATTERN, SHA256, SOURCE, VERSION
from relocatable.errors import RelocatableError, problems
from relocatable.strict_json import Reader, Text

FORMAT = 1
"""Rises when a reader of the old format would misread the new one."""

PRIORITY = 500
"""Of a source that declares none, as in apt_preferences(5)."""

SNAPSHOT = "{snapshot}"
"""Stands in a mirror's URL for the moment whose state is wanted."""

# The Debian architectures that `toolchains/` has target facts for.
ARCHITECTURES = ("amd64", "arm64")

UPDATE = "bazel run @rules_relocatable//tools:update_deb_lock -- --lock="
"""The command that makes a lock; the file's path follows."""

_TARGET = Text(" or ".join(ARCHITECTURES), re.compile("|".join(ARCHITECTURES)))
_ARCHITECTURE = Text(f"all, {_TARGET.meaning}", re.compile(f"all|{_TARGET.pattern.pattern}"))
_COMPONENT = Text("a component", re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*"))
_SUITE = Text(
    "a suite, or a flat repository's directory with a slash at its end",
    re.compile(rf"(\.?/)|{_COMPONENT.pattern.pattern}"),
)
_PIN = Text(
    "package=version or package/source",
    re.compile(rf"[a-z0-9*][a-z0-9+.*-]*(={VERSION.pattern.pattern}|/{SOURCE.pattern.pattern})"),
)
_URL = Text("an http or https URL", re.compile(r"https?://[^\s/]+(/\S*)?"))
_LINE = Text("one line of text", re.compile(r"[^\n]*"))
_KEYRING = Text(
    "a keyring's path in the workspace, or its name",
    re.compile(r"(?!.*(^|/)\.\.?(/|$))[^/\s][^\s]*|"),
)
_SNAPSHOT = Text("a moment like 20260131T000000Z", re.compile(r"[0-9]{8}T[0-9]{6}Z|"))
# Of version 4 (SHA-1) or 6 (SHA-256): RFC 9580, 5.5.4.
_FINGERPRINT = Text("a key's fingerprint", re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}"))


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A part of an archive, as in one line of apt's sources.list.

    Attributes:
        name: What packages and `debs.source` call it.
        suite: Directory below `dists/`, a code name rather than "stable". With a slash at its end,
            a directory below the archive's root: a flat repository, as "./" often is.
        components: Parts of the suite, for example "main". A flat repository has none.
        mirrors: Public URLs of the archive's root, tried when the machine's apt has none.
        keyring: Whose signatures are good: a file in the workspace, or the name of a keyring that
            `relocatable.apt.keyrings` has; empty if the source is `allow_unsigned`.
        allow_unsigned: Whether nobody's signature is wanted: then the lock is as good as the
            network path to the mirror was when it was made.
        allow_expired: Whether a state of the archive will do that was meant to be replaced by now.
        architectures: Debian architectures that it has; none stands for those of the declaration.
        priority: A package of a source with a higher one is preferred, whatever its version.
        snapshot: The moment whose state is wanted, as archives of old states name it; it takes the
            place of `{snapshot}` in `mirrors`. Empty for what the archive has now.
    """

    name: str
    suite: str
    components: tuple[str, ...]
    mirrors: tuple[str, ...] = ()
    keyring: str = ""
    allow_unsigned: bool = False
    allow_expired: bool = False
    architectures: tuple[str, ...] = ()
    priority: int = PRIORITY
    snapshot: str = ""

    @property
    def urls(self) -> tuple[str, ...]:
        """Where its mirrors have it."""
        return tuple(url.replace(SNAPSHOT, self.snapshot) for url in self.mirrors)

    @property
    def flat(self) -> bool:
        """Whether it has neither suites nor components (`deb URL ./`)."""
        return self.suite.endswith("/")

    @property
    def directory(self) -> str:
        """Where its Release file is, below the archive's root."""
        return self.suite.rstrip("/") or "." if self.flat else f"dists/{self.suite}"

    def has(self, architecture: str) -> bool:
        """Says whether it is for an architecture."""
        return not self.architectures or architecture in self.architectures


@dataclasses.dataclass(frozen=True, slots=True)
class Declaration:
    """What a person asks for.

    Attributes:
        sources: Where packages may come from; the earlier wins between equal versions.
        architectures: Debian architectures to make a closure for.
        roots: Packages that are wanted; what they depend on comes along.
        exclude: Packages that are not wanted although something depends on them: a promise that
            the result works without them.
        pins: Which version (`package=version`) or source (`package/source`) a package has to be of.
            In the package's name, `*` stands for anything.
        recommends: Whether what packages recommend comes along, where it can.
        with_source: Packages whose source is pinned, too; `*` stands for anything.
    """

    sources: tuple[Source, ...]
    architectures: tuple[str, ...]
    roots: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    recommends: bool = False
    with_source: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Index:
    """Which state of a source the lock was made from.

    Builds compute nothing from it; the next refresh takes no other archive and no older state.

    Attributes:
        source: Name of the source.
        origin: The archive's own name for itself (`Origin` of its Release file).
        date: The Release file's `Date`.
        sha256: Digest of the Release file with its signature (`InRelease`), or of `Release` alone.
        signed_by: Fingerprints of the keys whose signatures were verified; none if nobody's was.
    """

    source: str
    origin: str
    date: str
    sha256: str
    signed_by: tuple[str, ...] = ()


class Key(NamedTuple):
    """What identifies a package of a lock, and the order of its entries.

    Attributes:
        name: Package name.
        architecture: The package's own architecture, which may be "all".
    """

    name: str
    architecture: str

    def __str__(self) -> str:
        """The way that apt writes it."""
        return f"{self.name}:{self.architecture}"


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """One .deb file.

    Attributes:
        name: Package name.
        architecture: The package's own architecture, which may be "all".
        version: Full Debian version, epoch included.
        source: Name of the source it comes from.
        path: Path below the archive's root; its last part is the file's name.
        size: Bytes.
        sha256: Digest of the file, 64 hexadecimal digits.
        targets: Architectures whose closure holds this package.
        depends: Names of the packages that its dependencies were resolved to, over all `targets`.
    """

    name: str
    architecture: str
    version: str
    source: str
    path: str
    size: int
    sha256: str
    targets: tuple[str, ...]
    depends: tuple[str, ...]

    @property
    def key(self) -> Key:
        """What identifies it."""
        return Key(self.name, self.architecture)


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """What the target has to have, because it was excluded.

    Attributes:
        name: The excluded package.
        targets: Architectures whose closure asks for it.
        wanted: The dependencies that it stands for, the way that a control file writes them.
    """

    name: str
    targets: tuple[str, ...]
    wanted: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Lock:
    """A whole lock file.

    `packages` are sorted by name and architecture, `promises` by name, `source_packages` by name
    and version.
    """

    declaration: Declaration
    indices: tuple[Index, ...]
    packages: tuple[Package, ...]
    promises: tuple[Promise, ...] = ()
    source_packages: tuple[SourcePackage, ...] = ()

    def closure(self, architecture: str) -> tuple[Package, ...]:
        """The packages for a target architecture, sorted by name."""
        return tuple(p for p in self.packages if architecture in p.targets)


def read(path: Path) -> Lock:
    """Reads a lock file and checks all of it.

    Raises:
        RelocatableError: if it is no lock file of this format, or contradicts itself.
    """
    lock = parse(path.read_bytes(), str(path))
    problems(contradictions(lock), f"{path}: contradicts itself (run {UPDATE}{path}):")
    return lock


def parse(data: bytes, name: str) -> Lock:
    """Reads a lock file's bytes; each value is checked by itself.

    This is what the update tool needs: a declaration that was edited by hand is not yet in
    agreement with the packages. A file with nothing but a declaration is one that a person starts.

    Args:
        data: The file's bytes.
        name: What error messages call it.

    Raises:
        RelocatableError: if it is no lock file of this format.
    """
    file = Reader.parse(data, name)
    if file.left.keys() == {"declaration"}:
        return Lock(_declaration(file.item("declaration")), (), ())
    found = file.integer("version")
    if found != FORMAT:
        raise RelocatableError(
            f"{name}: wanted lock format {FORMAT}, found {found}; "
            "use the rules_relocatable that wrote it, or delete it and start anew"
        )
    lock = Lock(
        declaration=_declaration(file.item("declaration")),
        indices=tuple(_index(item) for item in file.items("indices")),
        packages=tuple(_package(item) for item in file.items("packages")),
        promises=tuple(
            _promise(item) for item in (file.items("promises") if file.has("promises") else ())
        ),
        source_packages=tuple(
            read_source_package(item)
            for item in (file.items("source_packages") if file.has("source_packages") else ())
        ),
    )
    file.done()
    return lock


def write(lock: Lock, path: Path) -> None:
    """Writes a lock file, one line per value, so that a diff shows what changed in each package.

    Raises:
        RelocatableError: if `read` would refuse it, for whatever an archive says about a package.
    """
    check(lock, path)
    with output.whole(path) as file:
        file.write(render(lock))


def check(lock: Lock, path: Path) -> None:
    """Refuses a lock that `read` would refuse, before anything is done with it.

    Raises:
        RelocatableError: for whatever an archive says about a package.
    """
    parse(render(lock), f"{path} (not written)")
    problems(contradictions(lock), f"{path}: not written, the lock contradicts itself:")


def render(lock: Lock) -> bytes:
    """The bytes of a lock file."""
    content = {"version": FORMAT, **_said(lock, ("promises", "source_packages"))}
    content["declaration"] = {
        **_said(lock.declaration, ("pins", "recommends", "with_source")),
        "sources": [
            _said(source, ("architectures", "priority", "snapshot"))
            for source in lock.declaration.sources
        ],
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _said(item: Lock | Declaration | Source, optional: tuple[str, ...]) -> dict[str, object]:
    """An object's attributes, without those optional ones that say nothing."""
    defaults = {f.name: f.default for f in dataclasses.fields(item) if f.name in optional}
    found = dataclasses.asdict(item)
    return {key: value for key, value in found.items() if defaults.get(key, ...) != value}


def contradictions(lock: Lock) -> list[str]:
    """What is wrong between the parts of a lock; empty if it is sound."""
    declared = lock.declaration
    found = [problem for source in declared.sources if (problem := _untrusted(source))]
    keys = [package.key for package in lock.packages]
    if keys != sorted(set(keys)):
        found.append("packages: wanted sorted by name and architecture, without duplicates")
    if [index.source for index in lock.indices] != [source.name for source in declared.sources]:
        found.append("indices: wanted one for each source of the declaration, in that order")
    closures = {
        target: Counter(package.name for package in lock.closure(target))
        for target in declared.architectures
    }
    for target, names in closures.items():
        found += [f"{n}: more than one package for {target}" for n in names if names[n] > 1]
        found += [
            f"{name}: a root that is not among the packages for {target}"
            for name in declared.roots
            if name not in names
        ]
    for package in lock.packages:
        known = set().union(*(closures.get(target, ()) for target in package.targets))
        found += [f"{package.key}: {problem}" for problem in _strays(package, declared, known)]
    return found + source_contradictions(
        lock.source_packages,
        declared.with_source,
        {package.name for package in lock.packages},
        {source.name for source in declared.sources},
    )


def _strays(package: Package, declared: Declaration, known: set[str]) -> list[str]:
    """What a package refers to that the lock does not have.

    Args:
        package: The package.
        declared: The lock's declaration.
        known: Names of the packages that share a target with this one.
    """
    found = [
        f"depends on {name}, which is not among the packages"
        for name in package.depends
        if name not in known
    ]
    found += [
        f"target {target} is not an architecture of the declaration"
        for target in package.targets
        if target not in declared.architectures
    ]
    if package.source not in {source.name for source in declared.sources}:
        found.append(f"source {package.source} is not in the declaration")
    if package.architecture != "all" and package.targets != (package.architecture,):
        found.append(f"wanted only its own architecture as target, found {package.targets}")
    if package.name in declared.exclude:
        found.append("is excluded by the declaration")
    return found


def checked(declaration: Declaration) -> Declaration:
    """Gives back a declaration that did not come from a lock file, or says what is wrong with it.

    Raises:
        RelocatableError: if a lock file couldn't hold it.
    """
    data = json.dumps(dataclasses.asdict(declaration)).encode()
    found = _declaration(Reader.parse(data, "declaration"))
    problems([p for source in found.sources if (p := _untrusted(source))], "declaration:")
    return found


def sources(data: bytes, name: str) -> tuple[Source, ...]:
    """Reads sources alone, as in a lock's declaration: an object whose key `sources` has them.

    Raises:
        RelocatableError: if it is anything else.
    """
    item = Reader.parse(data, name)
    found = _sources(item)
    item.done()
    return found


def _untrusted(source: Source) -> str:
    """What is wrong with a source that says of nobody that it is to be believed; else nothing."""
    if source.keyring or source.allow_unsigned:
        return ""
    name = source.name
    return (
        f"{name}: wanted a keyring (--keyring={name}=FILE) or allow_unsigned "
        f"(--allow_unsigned={name}), found neither"
    )


def _declaration(item: Reader) -> Declaration:
    # What a person starts with need not have what is empty, or is in MODULE.bazel.
    declaration = Declaration(
        sources=_sources(item) if item.has("sources") else (),
        architectures=item.strings("architectures", _TARGET, least=1),
        roots=item.strings("roots", NAME, least=1),
        exclude=item.strings("exclude", NAME) if item.has("exclude") else (),
        pins=item.strings("pins", _PIN) if item.has("pins") else (),
        recommends=item.boolean("recommends") if item.has("recommends") else False,
        with_source=item.strings("with_source", PATTERN) if item.has("with_source") else (),
    )
    item.done()
    return declaration


def _sources(item: Reader) -> tuple[Source, ...]:
    found = tuple(_source(source) for source in item.items("sources", least=1))
    names = [source.name for source in found]
    if len(set(names)) != len(names):
        raise RelocatableError(f"{item.place} wanted one source of each name, found {names}")
    return found


def _source(item: Reader) -> Source:
    # Locks of earlier days don't say whom to believe: only a refresh has to know.
    source = Source(
        name=item.string("name", SOURCE),
        suite=item.string("suite", _SUITE),
        components=item.strings("components", _COMPONENT),
        mirrors=item.strings("mirrors", _URL) if item.has("mirrors") else (),
        keyring=item.string("keyring", _KEYRING) if item.has("keyring") else "",
        allow_unsigned=item.has("allow_unsigned") and item.boolean("allow_unsigned"),
        allow_expired=item.has("allow_expired") and item.boolean("allow_expired"),
        architectures=(item.strings("architectures", _TARGET) if item.has("architectures") else ()),
        priority=item.integer("priority") if item.has("priority") else PRIORITY,
        snapshot=item.string("snapshot", _SNAPSHOT) if item.has("snapshot") else "",
    )
    item.done()
    if source.flat == bool(source.components):
        raise RelocatableError(
            f"{item.place}: wanted components, or a suite with a slash at its end, which is a flat "
            f"repository without them; found suite {source.suite}, "
            f"components {' '.join(source.components) or 'none'}"
        )
    if source.keyring and source.allow_unsigned:
        raise RelocatableError(f"{item.place}: wanted a keyring or allow_unsigned, found both")
    if any((SNAPSHOT in url) != bool(source.snapshot) for url in source.mirrors):
        raise RelocatableError(
            f"{item.place}: wanted snapshot, and {SNAPSHOT} in each of mirrors, or neither; found "
            f"snapshot {source.snapshot or 'none'}, mirrors {' '.join(source.mirrors)}"
        )
    return source


def _index(item: Reader) -> Index:
    index = Index(
        source=item.string("source", SOURCE),
        origin=item.string("origin", _LINE),
        date=item.string("date", _LINE),
        sha256=item.string("sha256", SHA256),
        signed_by=item.strings("signed_by", _FINGERPRINT),
    )
    item.done()
    return index


def _promise(item: Reader) -> Promise:
    promise = Promise(
        name=item.string("name", NAME),
        targets=item.strings("targets", _TARGET, least=1),
        wanted=item.strings("wanted", _LINE, least=1),
    )
    item.done()
    return promise


def _package(item: Reader) -> Package:
    package = Package(
        name=item.string("name", NAME),
        architecture=item.string("architecture", _ARCHITECTURE),
        version=item.string("version", VERSION),
        source=item.string("source", SOURCE),
        path=item.string("path", DEB_PATH),
        size=item.integer("size"),
        sha256=item.string("sha256", SHA256),
        targets=item.strings("targets", _TARGET, least=1),
        depends=item.strings("depends", NAME),
    )
    item.done()
    return package
