"""The source packages of a lock: what the files are that its packages were built from.

Whoever passes on a program under the GPL owes its source to whoever asks, and owes exactly that of
the version that was passed on.
"""

import dataclasses
import fnmatch
from collections.abc import Iterable

from relocatable.deb_lock.words import FILE_PATH, NAME, SHA256, SOURCE, VERSION
from relocatable.strict_json import Reader


@dataclasses.dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a source package.

    Attributes:
        path: Path below the archive's root.
        size: Bytes.
        sha256: Digest of the file, 64 hexadecimal digits.
    """

    path: str
    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class SourcePackage:
    """A .dsc file and what it lists.

    Attributes:
        name: The source package's name.
        version: Its full version, epoch included.
        source: Name of the source (the part of an archive) it comes from.
        packages: Names of the lock's packages that were built from it or with parts of it.
        files: The .dsc, and the archives that it lists; sorted by path, all in one directory.
    """

    name: str
    version: str
    source: str
    packages: tuple[str, ...]
    files: tuple[SourceFile, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it, and the order of a lock's entries."""
        return self.name, self.version

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def dsc(self) -> SourceFile:
        """What describes it."""
        return next(file for file in self.files if file.path.endswith(".dsc"))

    def __str__(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


def named(name: str, patterns: Iterable[str]) -> bool:
    """Says whether the source of a package of this name is wanted."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def read_source_package(item: Reader) -> SourcePackage:
    """Takes an entry of a lock.

    Raises:
        RelocatableError: if it is none.
    """
    package = SourcePackage(
        name=item.string("name", NAME),
        version=item.string("version", VERSION),
        source=item.string("source", SOURCE),
        packages=item.strings("packages", NAME, least=1),
        files=tuple(_file(file) for file in item.items("files", least=1)),
    )
    item.done()
    return package


def _file(item: Reader) -> SourceFile:
    file = SourceFile(
        path=item.string("path", FILE_PATH),
        size=item.integer("size"),
        sha256=item.string("sha256", SHA256),
    )
    item.done()
    return file


def source_contradictions(
    found: tuple[SourcePackage, ...],
    patterns: tuple[str, ...],
    packages: Iterable[str],
    sources: Iterable[str],
) -> list[str]:
    """What is wrong between the source packages of a lock and the rest of it.

    Args:
        found: The source packages.
        patterns: Of which packages the declaration wants them.
        packages: Names of the lock's packages.
        sources: Names of the declaration's sources.
    """
    wanted = {name for name in packages if named(name, patterns)}
    problems = []
    keys = [package.key for package in found]
    if keys != sorted(set(keys)):
        problems.append("source_packages: wanted sorted by name and version, without duplicates")
    for package in found:
        problems += [f"source {package}: {text}" for text in _strays(package, wanted, sources)]
    lost = wanted.difference(*(package.packages for package in found))
    problems += [f"{name}: wanted with its source, which isn't there" for name in sorted(lost)]
    return problems


def _strays(package: SourcePackage, wanted: set[str], sources: Iterable[str]) -> list[str]:
    paths = [file.path for file in package.files]
    found = [
        f"is of {name}, whose source isn't wanted"
        for name in package.packages
        if name not in wanted
    ]
    if package.source not in sources:
        found.append(f"source {package.source} is not in the declaration")
    if sum(path.endswith(".dsc") for path in paths) != 1:
        found.append(f"wanted one .dsc file, found {', '.join(paths)}")
    if paths != sorted(set(paths)) or len({path.rpartition("/")[0] for path in paths}) != 1:
        found.append(f"wanted files of one directory, sorted, found {', '.join(paths)}")
    return found
