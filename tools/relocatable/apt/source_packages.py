"""Finds the source packages that packages were built from, in `Sources` files.

A package says which one that is: its own name and version, or those in `Source`, and in
`Built-Using` what else went into it (Debian Policy 5.6.1, 7.8). Archives keep the source of all
that they offer.
"""

import re
from collections.abc import Iterable, Mapping

from debian.deb822 import Deb822

from relocatable.apt.archive import Archive
from relocatable.apt.index import STANZA, Candidate, plain_path
from relocatable.apt.release import File, entry
from relocatable.deb_lock import SourceFile, SourcePackage, named
from relocatable.errors import RelocatableError, problems

_NAME_FIELD = re.compile(rb"^Package:[ \t]*(\S+)", re.MULTILINE)
# What a .dsc is at most: a list of a few files, and a signature.
_LARGEST_DSC = 1 << 20

Key = tuple[str, str]
"""Name and version of a source package."""


def pin_sources(
    patterns: tuple[str, ...],
    candidates: Iterable[Candidate],
    archives: Mapping[str, Archive],
) -> tuple[SourcePackage, ...]:
    """Finds the source of each package that a pattern names.

    Args:
        patterns: Names of packages, where `*` is anything.
        candidates: The packages of all closures.
        archives: The archive of each source; a package's own is asked first.

    Raises:
        RelocatableError: if a source is not there, or a pattern names nothing.
    """
    chosen = [candidate for candidate in candidates if named(candidate.name, patterns)]
    idle = [p for p in patterns if not any(named(c.name, [p]) for c in chosen)]
    if idle:
        raise RelocatableError(
            f"with_source: nothing that is taken is called so: {', '.join(idle)}"
        )
    users: dict[Key, list[Candidate]] = {}
    for candidate in chosen:
        for key in candidate.built_from:
            users.setdefault(key, []).append(candidate)
    found: dict[Key, SourcePackage] = {}
    for name, archive in archives.items():
        # Those of another archive after all that have it themselves.
        own = {key for key, built in users.items() if name in {c.source for c in built}}
        found |= _found(own - found.keys(), name, archive, users)
    for name, archive in archives.items():
        found |= _found(users.keys() - found.keys(), name, archive, users)
    problems(
        [
            f"source {' '.join(key)} of {users[key][0]}: not in any Sources file"
            for key in sorted(users.keys() - found.keys())
        ],
        "source packages that the sources don't have; is a mirror being updated?",
    )
    return tuple(found[key] for key in sorted(found))


def _found(
    wanted: set[Key], name: str, archive: Archive, users: Mapping[Key, list[Candidate]]
) -> dict[Key, SourcePackage]:
    """Those of the wanted ones that an archive has."""
    if not wanted:
        return {}
    entries: dict[Key, tuple[SourceFile, ...]] = {}
    for index in archive.sources():
        entries |= find(wanted, index, name)
    return {
        key: SourcePackage(*key, name, tuple(sorted({c.name for c in users[key]})), files)
        for key, files in entries.items()
    }


def find(wanted: set[Key], index: bytes, place: str) -> dict[Key, tuple[SourceFile, ...]]:
    """Reads the files of source packages from a `Sources` file.

    Args:
        wanted: Which ones.
        index: The file's bytes.
        place: What error messages call it.

    Raises:
        RelocatableError: if one that is wanted is not described as Debian's archives do it.
    """
    names = {name.encode() for name, _ in wanted}
    found = {}
    for data in (match[0] for match in STANZA.finditer(index)):
        name = _NAME_FIELD.search(data)
        if name and name[1] in names:
            stanza = _stanza(data, place)
            key = stanza["Package"], stanza.get("Version", "")
            if key in wanted:
                found[key] = _files(stanza, f"{place}: source {' '.join(key)}")
    return found


def _stanza(data: bytes, place: str) -> Deb822:
    try:
        return Deb822(data.decode())
    except UnicodeDecodeError as error:
        shown = data[:60].decode(errors="replace")
        raise RelocatableError(f"{place}: {shown!r} is not readable: {error}") from error


def _files(stanza: Deb822, place: str) -> tuple[SourceFile, ...]:
    directory = plain_path(stanza.get("Directory", ".")).rstrip("/")
    prefix = f"{directory}/" if directory else ""
    return tuple(
        sorted(
            (
                SourceFile(prefix + name, file.size, file.digest)
                for name, file in checksums(stanza, place).items()
            ),
            key=lambda file: file.path,
        )
    )


def checksums(stanza: Deb822, place: str) -> dict[str, File]:
    """What a stanza of `Sources` or a .dsc says of each file.

    Raises:
        RelocatableError: if it says nothing, or one twice.
    """
    if "Checksums-Sha256" not in stanza:
        raise RelocatableError(f"{place}: misses the field Checksums-Sha256")
    lines = [line for line in stanza["Checksums-Sha256"].splitlines() if line.strip()]
    files = dict(entry(line, f"{place}: Checksums-Sha256") for line in lines)
    if len(files) != len(lines):
        raise RelocatableError(f"{place}: Checksums-Sha256: wanted each file once")
    return files


def verify_sources(packages: Iterable[SourcePackage], archives: Mapping[str, Archive]) -> None:
    """Downloads the .dsc of source packages and compares what they say with the index.

    Raises:
        RelocatableError: if one can't be had or says something else; for all of them.
    """
    found = []
    for package in packages:
        try:
            found += _compare(package, archives[package.source])
        except RelocatableError as error:
            found.append(f"source {package}: {error}")
    problems(found, "source packages that are not what their index says:")


def _compare(package: SourcePackage, archive: Archive) -> list[str]:
    dsc = package.dsc
    if dsc.size > _LARGEST_DSC:
        return [f"source {package}: {dsc.path}: wanted at most {_LARGEST_DSC} bytes"]
    data = archive.package(dsc.path, File(dsc.size, dsc.sha256))
    listed = read_dsc(data, dsc.path)
    wanted = {
        file.path.rpartition("/")[2]: File(file.size, file.sha256)
        for file in package.files
        if file != dsc
    }
    if (*package.key, wanted) == listed:
        return []
    name, version, files = listed
    said = f"{name} {version} of {', '.join(files) or 'nothing'}, or other digests of them"
    return [f"source {package}: {dsc.path}: wanted {', '.join(wanted)}, found {said}"]


def read_dsc(data: bytes, place: str) -> tuple[str, str, dict[str, File]]:
    """Reads the name and version that a .dsc says it is of, and the files that it lists.

    Whoever signed it doesn't matter: `Sources` has its digest.

    Raises:
        RelocatableError: if it is no .dsc.
    """
    try:
        _, lines, _ = Deb822.split_gpg_and_payload(iter(data.splitlines()))
        stanza = Deb822(b"\n".join(lines).decode())
    except (ValueError, EOFError) as error:
        raise RelocatableError(f"{place}: is not readable: {error}") from error
    return stanza.get("Source", ""), stanza.get("Version", ""), checksums(stanza, place)
