"""What a lock of Debian packages holds, and how each part of it is read."""

import dataclasses
from typing import NamedTuple

from relocatable.deb_lock.declaration import Declaration
from relocatable.deb_lock.source_packages import SourcePackage
from relocatable.deb_lock.words import (
    ARCHITECTURE,
    DEB_PATH,
    FINGERPRINT,
    LINE,
    NAME,
    SHA256,
    SOURCE,
    TARGET,
    VERSION,
)
from relocatable.strict_json import Reader


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


def read_index(item: Reader) -> Index:
    """Takes the state of a source."""
    index = Index(
        source=item.string("source", SOURCE),
        origin=item.string("origin", LINE),
        date=item.string("date", LINE),
        sha256=item.string("sha256", SHA256),
        signed_by=item.strings("signed_by", FINGERPRINT),
    )
    item.done()
    return index


def read_package(item: Reader) -> Package:
    """Takes a package."""
    package = Package(
        name=item.string("name", NAME),
        architecture=item.string("architecture", ARCHITECTURE),
        version=item.string("version", VERSION),
        source=item.string("source", SOURCE),
        path=item.string("path", DEB_PATH),
        size=item.integer("size"),
        sha256=item.string("sha256", SHA256),
        targets=item.strings("targets", TARGET, least=1),
        depends=item.strings("depends", NAME),
    )
    item.done()
    return package


def read_promise(item: Reader) -> Promise:
    """Takes a promise."""
    promise = Promise(
        name=item.string("name", NAME),
        targets=item.strings("targets", TARGET, least=1),
        wanted=item.strings("wanted", LINE, least=1),
    )
    item.done()
    return promise
