"""Reads an archive's indices: its Release file, then the Packages files whose digests that lists.

Each link is checked before what hangs on it is read: the keyring says whose Release file is good,
that has the size and digest of each index, and an index those of each package, which a lock holds.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import zstandard

from relocatable.apt.download import AbsentError, Mirror, NotFetchedError
from relocatable.apt.release import File
from relocatable.apt.trust import Fetch, Trust, open_release
from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


# The smallest first; an archive need not have each.
_OPEN: dict[str, Callable[[io.BytesIO], _Reader]] = {
    ".xz": lzma.LZMAFile,
    ".zst": lambda file: zstandard.ZstdDecompressor().stream_reader(file),
    ".lzma": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    "": lambda file: file,
}
_UNREADABLE = (EOFError, OSError, lzma.LZMAError, zlib.error, zstandard.ZstdError)
# Debian's main is 50 MB. More than this is not unpacked where Release doesn't say the size.
_LARGEST = 1 << 30


class Archive:
    """One suite of an archive, at one moment.

    Attributes:
        index: Which state of the archive this is.
    """

    def __init__(
        self, source: Source, fetch: Fetch, trust: Trust, others: Sequence[Fetch] = ()
    ) -> None:
        """Fetches the Release file and verifies it.

        Args:
            source: What is wanted.
            fetch: Gets a file of the archive.
            trust: Whom to believe.
            others: The same for further mirrors, which may have an index that the first has not:
                the digest says what it is, wherever it is from.

        Raises:
            RelocatableError: if there is none, it is of another suite, or not to be believed.
        """
        self._source = source
        self._fetches = (fetch, *others)
        self._root = source.directory
        self._release, self.index = open_release(source, self._root, fetch, trust)

    def packages(self, architecture: str) -> list[bytes]:
        """The bytes of the Packages files of each component; in a flat repository, there is one.

        Raises:
            RelocatableError: if one is missing, or not what the Release file says it is.
        """
        if self._source.flat:
            return [self._index("Packages")]
        return [
            self._index(name)
            for component in self._source.components
            for name in self._names(component, architecture)
        ]

    def _names(self, component: str, architecture: str) -> list[str]:
        """The Packages files of a component, without what says how they are packed."""
        wanted = [architecture, *(["all"] if self._release.all_apart else [])]
        names = [f"{component}/binary-{each}/Packages" for each in wanted]
        found = [name for name in names if self._packed(name)]
        if found:
            return found
        offers = self._release.offers
        if component in offers:
            raise RelocatableError(
                f"{self._root}: wanted component {component} for {architecture}, its Release file "
                f"lists it for {', '.join(offers[component])}; give the source other architectures"
            )
        raise RelocatableError(
            f"{self._root}: wanted component {component}, its Release file lists "
            f"{', '.join(offers) or 'none'}; give the source other components"
        )

    def sources(self) -> list[bytes]:
        """The bytes of the Sources file of each component; in a flat repository, there is one.

        Raises:
            RelocatableError: as `packages` does.
        """
        if self._source.flat:
            return [self._index("Sources")]
        return [self._index(f"{each}/source/Sources") for each in self._source.components]

    def _packed(self, name: str) -> list[str]:
        """The ways in which an index is listed, as what follows its name."""
        return [suffix for suffix in _OPEN if name + suffix in self._release.files]

    def _index(self, name: str) -> bytes:
        """The bytes of an index, from the first of the files listed for it that can be had."""
        errors: list[RelocatableError] = []
        for suffix in self._packed(name):
            try:
                return self._unpacked(name, suffix)
            except RelocatableError as error:
                errors.append(error)
        # Unpacked, most archives list it and don't have it: that it isn't there explains nothing.
        told = [error for error in errors if not isinstance(error, AbsentError)] or errors[:1]
        if told:
            raise RelocatableError("; ".join(map(str, told))) from told[0]
        raise RelocatableError(f"{self._root}: its Release file lists no {name}")

    def _unpacked(self, name: str, suffix: str) -> bytes:
        files = self._release.files
        limit = files[name].size if name in files else _LARGEST
        place = f"{self._root}/{name}{suffix}"
        packed = self._verified(place, files[name + suffix])
        try:
            data = _OPEN[suffix](io.BytesIO(packed)).read(limit + 1)
        except _UNREADABLE as error:
            raise RelocatableError(f"{place}: is not readable: {error}") from error
        if len(data) > limit:
            raise RelocatableError(f"{place}: wanted {limit} bytes unpacked, found more")
        return data

    def package(self, path: str, file: File) -> bytes:
        """Gets a package.

        Args:
            path: Where it is, below the archive's root.
            file: What the index says of it.

        Raises:
            RelocatableError: if no mirror has it with these bytes.
        """
        return self._first([path], file)

    def _verified(self, place: str, file: File) -> bytes:
        named = f"{place.rpartition('/')[0]}/by-hash/{file.kind}/{file.digest}"
        return self._first([named, place] if self._release.by_hash else [place], file)

    def _first(self, paths: Sequence[str], file: File) -> bytes:
        """Gets a file from the first path, of the first mirror, that has the right bytes.

        Raises:
            AbsentError: if all say that they have no such file.
            RelocatableError: if there is another reason.
        """
        errors: dict[str, None] = {}
        absent = True
        for path in paths:
            for fetch in self._fetches:
                try:
                    data = fetch(path, file.size)
                except RelocatableError as error:
                    errors[str(error)] = None
                    absent &= isinstance(error, AbsentError)
                    continue
                difference = file.differs(data)
                if not difference:
                    return data
                errors[f"{path}: {difference}; is the mirror being updated?"] = None
                absent = False
        raise (AbsentError if absent else RelocatableError)("; ".join(errors))


def open_archive(
    source: Source,
    urls: Iterable[str],
    trust: Trust,
    connect: Callable[[str], Fetch] = Mirror,
    warn: Callable[[str], None] = print,
) -> Archive:
    """Opens a source's archive at the first of `urls` that has it and is to be believed.

    Args:
        source: What is wanted.
        urls: Where the archive's root may be.
        trust: Whom to believe.
        connect: Gives access to a URL.
        warn: Takes what is wrong with each mirror that was passed over.

    Raises:
        RelocatableError: if none has it; the message holds the reason for each.
    """
    fetches = {url: connect(url) for url in urls}
    errors: list[str] = []
    believed = bool(fetches)
    for url, fetch in fetches.items():
        others = [other for at, other in fetches.items() if at != url]
        try:
            archive = Archive(source, fetch, trust, others)
        except RelocatableError as error:
            reason = str(error)
            # What another mirror would do about what this one says, that says.
            believed = believed and not isinstance(error, NotFetchedError)
            errors.append(reason if reason.startswith(url) else f"{url}: {reason}")
            continue
        for reason in errors:
            warn(f"{source.name}: passed over a mirror: {reason}")
        return archive
    reasons = "; ".join(errors) or "this machine's apt has no archive with it"
    advice = "" if believed else f"; name a mirror: --mirror={source.name}=URL"
    raise RelocatableError(
        f"source {source.name} ({source.suite} {' '.join(source.components)}): {reasons}{advice}"
    )
