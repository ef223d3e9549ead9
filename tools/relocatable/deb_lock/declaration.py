"""What a person asks for, as a lock of Debian packages has it."""

import dataclasses
import json

from relocatable.deb_lock.words import (
    COMPONENT,
    KEYRING,
    MOMENT,
    NAME,
    PATTERN,
    PIN,
    RELEASE_SUITE,
    SOURCE,
    SUITE,
    TARGET,
    URL,
)
from relocatable.errors import RelocatableError, problems
from relocatable.strict_json import Reader

PRIORITY = 500
"""Of a source that declares none, as in apt_preferences(5)."""

SNAPSHOT = "{snapshot}"
"""Stands in a mirror's URL for the moment whose state is wanted."""

NAMELESS = "-"
"""Stands for the suite of a Release file that names none."""


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
        release_suite: The suite or code name in its Release file, where that isn't `suite`;
            `NAMELESS` if it has neither.
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
    release_suite: str = ""

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


def checked(declaration: Declaration) -> Declaration:
    """Gives back a declaration that did not come from a lock file, or says what is wrong with it.

    Raises:
        RelocatableError: if a lock file couldn't hold it.
    """
    data = json.dumps(dataclasses.asdict(declaration)).encode()
    found = read_declaration(Reader.parse(data, "declaration"))
    problems([p for source in found.sources if (p := untrusted(source))], "declaration:")
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


def untrusted(source: Source) -> str:
    """What is wrong with a source that says of nobody that it is to be believed; else nothing."""
    if source.keyring or source.allow_unsigned:
        return ""
    name = source.name
    return (
        f"{name}: wanted a keyring (--keyring={name}=FILE) or allow_unsigned "
        f"(--allow_unsigned={name}), found neither"
    )


def read_declaration(item: Reader) -> Declaration:
    """Takes the declaration of a lock.

    Raises:
        RelocatableError: if it is none.
    """
    # What a person starts with need not have what is empty, or is in MODULE.bazel.
    declaration = Declaration(
        sources=_sources(item) if item.has("sources") else (),
        architectures=item.strings("architectures", TARGET, least=1),
        roots=item.strings("roots", NAME, least=1),
        exclude=item.strings("exclude", NAME) if item.has("exclude") else (),
        pins=item.strings("pins", PIN) if item.has("pins") else (),
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
        suite=item.string("suite", SUITE),
        components=item.strings("components", COMPONENT),
        mirrors=item.strings("mirrors", URL) if item.has("mirrors") else (),
        keyring=item.string("keyring", KEYRING) if item.has("keyring") else "",
        allow_unsigned=item.has("allow_unsigned") and item.boolean("allow_unsigned"),
        allow_expired=item.has("allow_expired") and item.boolean("allow_expired"),
        architectures=(item.strings("architectures", TARGET) if item.has("architectures") else ()),
        priority=item.integer("priority") if item.has("priority") else PRIORITY,
        snapshot=item.string("snapshot", MOMENT) if item.has("snapshot") else "",
        release_suite=(
            item.string("release_suite", RELEASE_SUITE) if item.has("release_suite") else ""
        ),
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
