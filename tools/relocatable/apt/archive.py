"""Reads an archive's indices: InRelease, then the Packages files whose digests it lists.

The chain of digests starts at InRelease. Its signature is not checked yet, so the archive, or
whoever is in between, is trusted when a lock is made; a build trusts only the lock.
"""

import dataclasses
import gzip
import hashlib
import io
import lzma
from collections.abc import Callable, Iterable
from typing import Protocol

from debian.deb822 import Release

from relocatable.apt.download import Mirror
from relocatable.deb_lock import Index, Source
from relocatable.errors import RelocatableError

# The smallest first; an archive need not have each.
_OPEN: dict[str, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    ".xz": lzma.LZMAFile,
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    "": lambda file: file,
}
# Debian's main is 50 MB. More than this is not unpacked where InRelease doesn't say the size.
_LARGEST = 1 << 30


class Fetch(Protocol):
    """Gets a file below an archive's root."""

    def __call__(self, path: str, size: int | None) -> bytes:
        """Gives the file's bytes.

        Args:
            path: Path below the archive's root.
            size: Bytes that the file has, if known: more are not read.

        Raises:
            RelocatableError: if it can't be had.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class _File:
    size: int
    sha256: str


class Archive:
    """One suite of an archive, at one moment.

    Attributes:
        index: Which state of the archive this is.
    """

    def __init__(self, source: Source, fetch: Fetch) -> None:
        """Fetches and reads InRelease.

        Raises:
            RelocatableError: if there is none, or it is of another suite.
        """
        self._source = source
        self._fetch = fetch
        self._root = f"dists/{source.suite}"
        data = fetch(f"{self._root}/InRelease", None)
        try:
            release = Release(data.decode())
            self._files = {
                item["name"]: _File(int(item["size"]), item["sha256"])
                for item in release.get("SHA256", ())
            }
        except (KeyError, ValueError) as error:
            raise RelocatableError(f"{self._root}/InRelease: is not readable: {error}") from error
        names = [release[key] for key in ("Codename", "Suite") if key in release]
        if source.suite not in names:
            found = " and ".join(names) or "none"
            raise RelocatableError(
                f"{self._root}/InRelease: wanted suite {source.suite}, found {found}"
            )
        self.index = Index(
            source=source.name,
            origin=release.get("Origin", ""),
            date=release.get("Date", ""),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    def packages(self, architecture: str) -> list[str]:
        """The text of the Packages file of each component.

        Raises:
            RelocatableError: if one is missing, or not what InRelease says it is.
        """
        return [
            self._packages(f"{component}/binary-{architecture}/Packages")
            for component in self._source.components
        ]

    def _packages(self, name: str) -> str:
        plain = self._files.get(name)
        limit = plain.size if plain else _LARGEST
        for suffix, unpack in _OPEN.items():
            file = self._files.get(name + suffix)
            if not file:
                continue
            place = f"{self._root}/{name}{suffix}"
            packed = self._verified(place, file)
            try:
                text = unpack(io.BytesIO(packed)).read(limit + 1)
                if len(text) > limit:
                    raise RelocatableError(f"{place}: wanted {limit} bytes unpacked, found more")
                return text.decode()
            except (EOFError, OSError, UnicodeDecodeError, lzma.LZMAError) as error:
                raise RelocatableError(f"{place}: is not readable: {error}") from error
        raise RelocatableError(f"{self._root}/InRelease: lists no {name}")

    def _verified(self, place: str, file: _File) -> bytes:
        data = self._fetch(place, file.size)
        found = hashlib.sha256(data).hexdigest()
        if found != file.sha256:
            raise RelocatableError(
                f"{place}: wanted {file.size} bytes with sha256 {file.sha256}, "
                f"found {len(data)} with {found}; is the mirror being updated?"
            )
        return data


def open_archive(
    source: Source,
    urls: Iterable[str],
    origin: str | None,
    connect: Callable[[str], Fetch] = Mirror,
) -> Archive:
    """Opens a source's archive at the first of `urls` that has it.

    Args:
        source: What is wanted.
        urls: Where the archive's root may be.
        origin: What the archive called itself last time; on a machine whose apt has several
            archives with such a suite, this tells them apart. `None` if it is new.
        connect: Gives access to a URL.

    Raises:
        RelocatableError: if none has it; the message holds the reason for each.
    """
    errors = []
    for url in urls:
        try:
            archive = Archive(source, connect(url))
        except RelocatableError as error:
            errors.append(str(error))
            continue
        if origin in {None, archive.index.origin}:
            return archive
        errors.append(f"{url}: wanted origin {origin}, found {archive.index.origin}")
    reasons = "; ".join(errors) or "this machine's apt has no archive with it"
    raise RelocatableError(
        f"source {source.name} ({source.suite} {' '.join(source.components)}): {reasons}; "
        f"name a mirror: --mirror={source.name}=URL"
    )
