"""Reads an archive's indices: its Release file, then the Packages files whose digests that lists.

Each link is checked before what hangs on it is read: the keyring says whose Release file is good,
that has the size and digest of each index, and an index those of each package, which a lock holds.
"""

import gzip
import hashlib
import io
import lzma
from collections.abc import Callable, Iterable, Sequence

from relocatable.apt.download import Mirror, NotFetchedError
from relocatable.apt.release import File
from relocatable.apt.trust import Fetch, Trust, open_release
from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError

# The smallest first; an archive need not have each.
_OPEN: dict[str, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    ".xz": lzma.LZMAFile,
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    "": lambda file: file,
}
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
        """The bytes of the Packages file of each component; in a flat repository, there is one.

        Raises:
            RelocatableError: if one is missing, or not what the Release file says it is.
        """
        if self._source.flat:
            return [self._index("Packages")]
        return [
            self._index(f"{component}/binary-{architecture}/Packages")
            for component in self._source.components
        ]

    def sources(self) -> list[bytes]:
        """The bytes of the Sources file of each component; in a flat repository, there is one.

        Raises:
            RelocatableError: as `packages` does.
        """
        if self._source.flat:
            return [self._index("Sources")]
        return [self._index(f"{each}/source/Sources") for each in self._source.components]

    def _index(self, name: str) -> bytes:
        files = self._release.files
        limit = files[name].size if name in files else _LARGEST
        for suffix, unpack in _OPEN.items():
            if name + suffix not in files:
                continue
            place = f"{self._root}/{name}{suffix}"
            packed = self._verified(place, files[name + suffix])
            try:
                data = unpack(io.BytesIO(packed)).read(limit + 1)
            except (EOFError, OSError, lzma.LZMAError) as error:
                raise RelocatableError(f"{place}: is not readable: {error}") from error
            if len(data) > limit:
                raise RelocatableError(f"{place}: wanted {limit} bytes unpacked, found more")
            return data
        raise RelocatableError(f"{self._root}: its Release file lists no {name}")

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
        named = f"{place.rpartition('/')[0]}/by-hash/SHA256/{file.sha256}"
        return self._first([named, place] if self._release.by_hash else [place], file)

    def _first(self, paths: Sequence[str], file: File) -> bytes:
        """Gets a file from the first path, of the first mirror, that has the right bytes."""
        errors: dict[str, None] = {}
        for path in paths:
            for fetch in self._fetches:
                try:
                    data = fetch(path, file.size)
                except RelocatableError as error:
                    errors[str(error)] = None
                    continue
                found = hashlib.sha256(data).hexdigest()
                if found == file.sha256:
                    return data
                count = f"more than {file.size}" if len(data) > file.size else str(len(data))
                errors[
                    f"{path}: wanted {file.size} bytes with sha256 {file.sha256}, "
                    f"found {count} with {found}; is the mirror being updated?"
                ] = None
        raise RelocatableError("; ".join(errors))


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
