"""New files that take the place of old ones: all of them, or none."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from relocatable.content import Writer
from relocatable.errors import RelocatableError

Write: TypeAlias = Callable[[Writer], None]
"""Writes the bytes of a file."""


class Staged:
    """Files that are written beside those whose place they take when the `with` block ends."""

    def __init__(self) -> None:
        """Stages nothing yet."""
        self._ready: list[tuple[Path, Path]] = []
        self._first: dict[tuple[int, int], tuple[Path, Path]] = {}

    def __enter__(self) -> "Staged":
        """Starts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Puts the new files in place; removes them if there was an error."""
        try:
            while self._ready and kind is None:
                temporary, path = self._ready[0]
                temporary.replace(path)
                del self._ready[0]
        finally:
            for temporary, _path in self._ready:
                temporary.unlink(missing_ok=True)

    def replace(self, path: Path, write: Write) -> None:
        """Prepares new bytes for the file that `path` leads to; its mode and owner stay.

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
        if not os.access(real, os.W_OK):
            raise RelocatableError(
                f"{path} may not be written: chmod u+w it, or write elsewhere with --output"
            )
        first = self._first.get((old.st_dev, old.st_ino))
        if first is None:
            self._first[old.st_dev, old.st_ino] = self._write(real, write, old), real
        elif all(real != staged for _, staged in self._ready):
            temporary = _beside(real)
            temporary.hardlink_to(first[0])
            self._ready.append((temporary, real))

    def create(self, path: Path, write: Write, like: Path) -> None:
        """Prepares a file at `path`, which may exist, with the mode of the file at `like`.

        Raises:
            OSError: if the directory doesn't take another file.
        """
        self._write(path.resolve(), write, like.stat())

    def _write(self, path: Path, write: Write, like: os.stat_result) -> Path:
        temporary = _beside(path)
        with temporary.open("xb") as file:
            self._ready.append((temporary, path))
            writer = Writer(file.fileno())
            write(writer)
            writer.flush()
            if os.geteuid() == 0:
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
        return temporary


def _beside(path: Path) -> Path:
    """A name that no file has, in the same directory (another may be another file system)."""
    return path.with_name(f".rewrite-{secrets.token_hex(8)}")
