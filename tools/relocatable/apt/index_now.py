"""Which versions of a package an archive lists now, in words for the error that one has vanished.

Of no more than the standard library, and for whatever Python a machine has: a repository rule asks,
and then there is no toolchain yet. Nothing here is verified; who makes a lock of it does that.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator

from relocatable.apt.download import Mirror
from relocatable.errors import RelocatableError

_OPEN: dict[str, Callable[[io.BytesIO], io.BufferedIOBase]] = {
    ".xz": lzma.LZMAFile,
    ".lzma": lzma.LZMAFile,
    ".bz2": bz2.BZ2File,
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    "": lambda file: file,
}
# No line that says anything here is longer.
_LONGEST = 1 << 16


def versions_now(
    mirrors: Iterable[Mirror], indices: Iterable[str], package: str, architecture: str
) -> tuple[str, list[str]] | None:
    """Reads what the first mirror that answers lists.

    Args:
        mirrors: Where the archive may be.
        indices: Paths of its Packages files, without what says how they are packed.
        package: The package's name.
        architecture: The package's own architecture.

    Returns:
        The mirror's URL, and the versions in the order of its indices; `None` if no mirror answers.
    """
    paths = list(indices)
    for mirror in mirrors:
        read = [found for path in paths if (found := _read(mirror, path, package, architecture))]
        if read:
            return mirror.url, list(dict.fromkeys(v for versions in read for v in versions[1:]))
    return None


def _read(mirror: Mirror, path: str, package: str, architecture: str) -> list[str]:
    """The path of an index that could be read, and the versions in it; empty if none could."""
    for suffix, unpack in _OPEN.items():
        try:
            file = unpack(io.BytesIO(mirror(path + suffix)))
            return [path, *_versions(file, package, architecture)]
        except (RelocatableError, EOFError, OSError, lzma.LZMAError, zlib.error):
            continue
    return []


def _versions(file: io.BufferedIOBase, package: str, architecture: str) -> Iterator[str]:
    wanted = {b"Package": package.encode(), b"Architecture": architecture.encode()}
    fields: dict[bytes, bytes] = {}
    for line in iter(lambda: file.readline(_LONGEST), b""):
        if line.strip():
            name, _, value = line.partition(b":")
            fields[name] = value.strip()
            continue
        yield from _version(fields, wanted)
        fields = {}
    yield from _version(fields, wanted)


def _version(fields: dict[bytes, bytes], wanted: dict[bytes, bytes]) -> Iterator[str]:
    if all(fields.get(name) == value for name, value in wanted.items()):
        yield fields.get(b"Version", b"").decode("ascii", "replace")
