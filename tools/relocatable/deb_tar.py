"""The tar archives inside a .deb, read entry by entry whoever has written them.

tarfile does the parsing. What it leaves open when an archive lies is closed here: headers that
are as large as the file, that lead back to what was read, that nest without end, and an archive
that just stops.
"""

import io
import struct
import tarfile
from collections.abc import Iterator
from typing import Final, Protocol

from relocatable.content import Extent
from relocatable.errors import RelocatableError

_READ_LIMIT: Final = 1 << 20
"""Bytes that tarfile may read at once: it does so for headers only, and real ones are a few KiB."""


_NAME_LIMIT: Final = 4096
"""Characters of a path, as in Linux's PATH_MAX."""


class File(Protocol):
    """A file that can be read at any place."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def at(self, offset: int, size: int) -> bytes:
        """Returns up to `size` bytes from `offset`: less only where the file ends."""


class Whole:
    """An archive of which all is there."""

    def __init__(self, data: Extent) -> None:
        self._data = data
        self.name = str(data.store.path)

    def at(self, offset: int, size: int) -> bytes:
        """See `File`."""
        count = max(0, min(size, self._data.size - offset))
        return self._data.store.read(self._data.offset + offset, count)


def entries(file: File, what: str) -> Iterator[tarfile.TarInfo]:
    """Yields the entries of an archive; none is kept, since there may be very many.

    Args:
        file: The archive, not compressed.
        what: Which of the package's archives, for messages.

    Raises:
        RelocatableError: if the archive is corrupt or truncated.
    """
    end = 0
    try:
        with tarfile.open(fileobj=_Readable(file), mode="r:") as archive:
            while (info := archive.next()) is not None:
                # Not in typeshed, but a documented habit: the list of all that was read.
                vars(archive)["members"].clear()
                # A size below zero, which the format can say, leads back: forever.
                if info.size < 0 or archive.offset <= end:
                    raise ValueError(f"{info.name!r} has an impossible size")
                if max(len(info.name), len(info.linkname)) > _NAME_LIMIT:
                    raise ValueError(f"a name of more than {_NAME_LIMIT} characters")
                end = archive.offset
                yield info
            # A damaged header is no error to tarfile: there, the archive just seems to end.
            if file.at(archive.offset, tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise ValueError(f"no header and no end at offset {archive.offset}")
    except _ERRORS as error:
        text = "headers without end" if isinstance(error, RecursionError) else error
        raise RelocatableError(f"{file.name}: the {what} archive is corrupt: {text}") from error


_ERRORS = (
    tarfile.TarError,
    ValueError,  # UnicodeError as well.
    OverflowError,
    IndexError,
    KeyError,
    RecursionError,
    struct.error,
)
"""What tarfile raises, in one version of Python or another, at what it did not expect."""


class _Readable(io.RawIOBase):
    """What tarfile wants of a file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or offset < 0:
            raise ValueError(f"offset {offset} can't be")
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _READ_LIMIT:
            raise ValueError(f"a header of {size} bytes")
        data = self._file.at(self._position, size)
        self._position += len(data)
        return data
