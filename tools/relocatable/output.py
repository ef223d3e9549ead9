"""Outputs that are either whole or absent, and never replace what is not a file."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from relocatable import attributes
from relocatable.errors import RelocatableError

_OPEN_FILES: Final = re.compile(r"/proc/\d+(/task/\d+)?/fd")
"""Where Linux has links to what a process has open, and what /dev/stdout leads to; see proc(5)."""

_LINKS: Final = 40
"""As many as Linux follows; see path_resolution(7)."""

_KINDS: Final = {stat.S_IFDIR: "directory", stat.S_IFSOCK: "socket"}


@dataclass(frozen=True, slots=True)
class Destination:
    """What a path means to who writes there.

    Attributes:
        path: what it leads to, links followed.
        old: the regular file whose place the new one takes; None if there is none.
        is_stream: whether it is a device, a pipe or an open file: something that is written into,
            and never replaced.
    """

    path: Path
    old: os.stat_result | None
    is_stream: bool

    def pour(self, file: IO[bytes]) -> None:
        """Writes all of `file` into a stream.

        Raises:
            OSError: if it takes no more.
        """
        file.seek(0)
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_TRUNC | os.O_NOCTTY | os.O_CLOEXEC)
            with os.fdopen(descriptor, "wb", buffering=0) as out:
                shutil.copyfileobj(file, out)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error


def destination(path: Path) -> Destination:
    """Finds out what `path` means to who writes there.

    Raises:
        RelocatableError: if nothing can be written there, as with a directory.
        OSError: if that can't be found out.
    """
    real, is_open = _follow(path)
    try:
        status = real.stat()
    except FileNotFoundError:
        return Destination(real, None, is_stream=False)
    kind = stat.S_IFMT(status.st_mode)
    if kind in {stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO} or (is_open and kind == stat.S_IFREG):
        return Destination(real, None, is_stream=True)
    if kind != stat.S_IFREG:
        found = _KINDS.get(kind, "thing of an unknown kind")
        raise RelocatableError(
            f"{path} is a {found}; a file, a device, a pipe or nothing is wanted there: "
            "name another path"
        )
    return Destination(real, status, is_stream=False)


def _follow(path: Path) -> tuple[Path, bool]:
    """Follows links; says whether the last is one to an open file, which may have no path."""
    real = path
    for _ in range(_LINKS):
        parent = os.path.realpath(real.parent)
        if not real.is_symlink():
            return Path(parent, real.name), False
        if _OPEN_FILES.fullmatch(parent):
            return real, True
        real = Path(parent, real.readlink())
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """Opens a file for writing that appears at `path` only if the block ends without an error.

    The bytes are written beside `path` and renamed into place, so that a reader never sees half
    a file and an earlier file of that name survives a failure; what replaces that has its owner,
    mode and extended attributes. Into a device or a pipe all bytes are written when they are there.

    Raises:
        RelocatableError: if something is at `path` that is none of these.
    """
    place = destination(path)
    if place.is_stream:
        with tempfile.TemporaryFile() as spool:
            yield spool
            spool.flush()
            place.pour(spool)
        return
    temporary = beside(place.path)
    try:
        with naming(place.path, temporary), create(temporary) as file:
            yield file
            file.flush()
            if place.old is None:
                os.fchmod(file.fileno(), 0o644)
            else:
                attributes.keep(place.path, place.old, file.fileno())
        temporary.replace(place.path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def naming(path: Path, temporary: Path) -> Iterator[None]:
    """Has errors about the file `temporary`, or about room for it, name the file that it becomes.

    Raises:
        OSError: with the name `path`, if a disk is full, or `temporary` can't be made.
    """
    try:
        yield
    except OSError as error:
        full = error.filename is None and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        if not full and error.filename != str(temporary):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def beside(path: Path) -> Path:
    """A name that no file has, in the same directory (another may be another file system)."""
    return path.with_name(f".relocatable-{secrets.token_hex(8)}")


def create(path: Path) -> IO[bytes]:
    """Creates a file that nobody else may open yet; `attributes` says who may."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "w+b")


@contextlib.contextmanager
def scratch_beside(path: Path) -> Iterator[Path]:
    """A directory for what is needed to make `path`: beside it, where there is room for that.

    Nobody else may enter it. A device or pipe has none beside it; then it is where the system has
    its temporary files.
    """
    place = destination(path)
    parent = None if place.is_stream else place.path.parent
    with tempfile.TemporaryDirectory(dir=parent, prefix=".relocatable-") as directory:
        yield Path(directory)
