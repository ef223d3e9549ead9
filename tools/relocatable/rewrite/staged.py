"""New files that take the place of old ones: all of them, or none."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, TypeAlias

from relocatable import attributes, output
from relocatable.content import Writer
from relocatable.errors import RelocatableError
from relocatable.output import Destination

Write: TypeAlias = Callable[[Writer], None]
"""Writes the bytes of a file."""


class Staged:
    """Files that are written beside those whose place they take when the `with` block ends."""

    def __init__(self) -> None:
        """Stages nothing yet."""
        self._ready: list[tuple[Path, Path]] = []
        self._first: dict[tuple[int, int], tuple[Path, Path]] = {}
        self._streams: list[tuple[IO[bytes], Destination]] = []

    def __enter__(self) -> "Staged":
        """Starts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Puts the new files in place; removes them if there was an error."""
        try:
            for spool, stream in self._streams if kind is None else ():
                stream.pour(spool)
            while self._ready and kind is None:
                temporary, path = self._ready[0]
                temporary.replace(path)
                del self._ready[0]
        finally:
            for temporary, _path in self._ready:
                temporary.unlink(missing_ok=True)
            for spool, _stream in self._streams:
                spool.close()

    def replace(self, path: Path, write: Write) -> None:
        """Prepares new bytes for the file that `path` leads to, which stays what it is otherwise.

        If other names (hard links) of the file are replaced too, they go on being one file; those
        that are not keep the old bytes.

        Args:
            path: a file.
            write: gives the bytes; another name of the same file must mean the same bytes.

        Raises:
            RelocatableError: if the user may not write it.
            OSError: if the directory doesn't take another file.
        """
        real = path.resolve()
        old = real.stat()
        _may_write(path, real)
        first = self._first.get((old.st_dev, old.st_ino))
        if first is None:
            self._first[old.st_dev, old.st_ino] = self._write(real, write, real), real
        elif all(real != staged for _, staged in self._ready):
            temporary = output.beside(real)
            temporary.hardlink_to(first[0])
            self._ready.append((temporary, real))

    def create(self, path: Path, write: Write, like: Path) -> None:
        """Prepares a file at `path`, which may exist, that has what the file at `like` has.

        Only set-user-ID and set-group-ID stay with that one. What is a device or a pipe is written
        into.

        Raises:
            RelocatableError: if the user may not write it, or it is no file.
            OSError: if the directory doesn't take another file.
        """
        place = output.destination(path)
        if place.is_stream:
            spool = tempfile.TemporaryFile()  # noqa: SIM115 - until the block ends.
            self._streams.append((spool, place))
            _fill(spool, write)
            return
        if place.old is not None:
            _may_write(path, place.path)
        self._write(place.path, write, like.resolve())

    def _write(self, path: Path, write: Write, like: Path) -> Path:
        temporary = output.beside(path)
        with output.create(temporary) as file:
            self._ready.append((temporary, path))
            _fill(file, write)
            attributes.keep(like, like.stat(), file.fileno(), privileged=like == path)
        return temporary


def _fill(file: IO[bytes], write: Write) -> None:
    writer = Writer(file.fileno())
    write(writer)
    writer.flush()


def _may_write(path: Path, real: Path) -> None:
    if not os.access(real, os.W_OK):
        raise RelocatableError(
            f"{path} may not be written: chmod u+w it, or write elsewhere with --output"
        )
