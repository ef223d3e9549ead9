"""Compares packages with what their index says of them.

Their digests are in the lock, whatever they are; but an index that nobody has signed, or that was
made carelessly, may give the name of one package to the bytes of another.
"""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from relocatable import deb
from relocatable.apt.archive import Archive
from relocatable.apt.release import File
from relocatable.deb_lock import Package
from relocatable.errors import RelocatableError, problems


def verify_packages(packages: Iterable[Package], archives: Mapping[str, Archive]) -> None:
    """Downloads packages and reads what they say of themselves.

    Args:
        packages: Entries of a lock.
        archives: The archive of each source.

    Raises:
        RelocatableError: if one can't be had, is broken, or is another package; for all of them.
    """
    found = []
    with tempfile.TemporaryDirectory() as name:
        for package in packages:
            try:
                found += _compare(package, archives[package.source], Path(name))
            except RelocatableError as error:
                found.append(f"{package.key}: {error}")
    problems(found, "packages that are not what their index says:")


def _compare(package: Package, archive: Archive, scratch: Path) -> list[str]:
    data = archive.package(package.path, File(package.size, package.sha256))
    file = scratch / "package.deb"
    file.write_bytes(data)
    try:
        found = deb.identity(file, scratch)
    except RelocatableError as error:
        # The scratch file's name means nothing to anybody.
        raise RelocatableError(str(error).replace(str(file), package.path)) from error
    wanted = (package.name, package.version, package.architecture)
    if (found.name, found.version, found.architecture) == wanted:
        return []
    other = f"{found.name}:{found.architecture} {found.version}"
    return [f"{package.key}: {package.path}: wanted version {package.version}, found {other}"]
