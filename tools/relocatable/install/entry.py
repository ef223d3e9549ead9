"""A name in a directory that is open."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """What a path meant when it was looked up: others may rename what leads there since.

    Attributes:
        directory: a descriptor of the directory.
        name: in that.
        path: of the entry, for people.
    """

    directory: int
    name: str
    path: Path

    def status(self) -> os.stat_result | None:
        """Of the entry itself, also if it is a link; None if there is none."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def is_directory(self) -> bool:
        """Whether it is there, and a directory."""
        status = self.status()
        return status is not None and stat.S_ISDIR(status.st_mode)

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of the directory that it is; links aren't followed."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        with named(self.path.parent):
            descriptor = os.open(self.name, flags, dir_fd=self.directory)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def names(self) -> list[str]:
        """What is in the directory that it is, sorted."""
        with self.opened() as descriptor, os.scandir(descriptor) as entries:
            return sorted(entry.name for entry in entries)

    def rename(self, other: "Entry") -> None:
        """Moves it to another name, in the same file system."""
        with named(self.path.parent):
            os.rename(self.name, other.name, src_dir_fd=self.directory, dst_dir_fd=other.directory)

    def remove(self) -> None:
        """Removes the directory that it is, with all that is in it; links aren't followed."""
        with named(self.path.parent):
            try:
                shutil.rmtree(self.name, dir_fd=self.directory)
            except RecursionError:  # Of Python up to 3.12, in what nobody makes by mistake.
                text = "its directories are nested too deep to be removed"
                raise OSError(errno.ENAMETOOLONG, text, self.name) from None

    def walk(self) -> Iterator[tuple[str, os.stat_result]]:
        """All that is below the directory that it is: paths from there, links not followed."""
        walk = os.fwalk(self.name, dir_fd=self.directory, onerror=_fail)
        for place, directories, files, descriptor in walk:
            directories.sort()
            below = f"{place}/".removeprefix(f"{self.name}/")
            for name in sorted([*directories, *files]):
                yield below + name, os.stat(name, dir_fd=descriptor, follow_symlinks=False)


@contextlib.contextmanager
def named(directory: Path) -> Iterator[None]:
    """Makes errors about names in a directory, which was given as a descriptor, name all the way.

    Raises:
        OSError: with the whole path.
    """
    try:
        yield
    except OSError as error:
        path = directory / error.filename if isinstance(error.filename, str) else directory
        raise OSError(error.errno, error.strerror, str(path)) from error


def _fail(error: OSError) -> None:
    raise error
