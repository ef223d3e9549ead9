"""The directory beside DIR where an install does its work: its own, which nobody else may enter.

    .NAME.install/new     what is being unpacked; after an exchange, what was installed before
    .NAME.install/old     what was installed before, between two renames
    .NAME.install/whole   what is complete, and is to take the place of what is removed file by file
    .NAME.install/mark    what says that, on its way there

It is also the lock, and holds all that an install which was killed leaves behind.
"""

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from relocatable.errors import RelocatableError
from relocatable.install.entry import Entry, named
from relocatable.install.owner import owner_of


@dataclass(frozen=True, slots=True)
class Staging:
    """The directory, locked.

    Attributes:
        descriptor: of it.
        place: where it is.
    """

    descriptor: int
    place: Entry

    def entry(self, name: str) -> Entry:
        """A name in it."""
        return Entry(self.descriptor, name, self.place.path / name)


@contextlib.contextmanager
def staging(target: Entry) -> Iterator[Staging]:
    """Makes the directory for the work, locks it, and removes it.

    Raises:
        RelocatableError: if another process has it, or it isn't ours alone.
        OSError: if it can't be made.
    """
    name = f".{target.name}.install"
    place = Entry(target.directory, name, target.path.with_name(name))
    descriptor = _lock(place, target)
    try:
        yield Staging(descriptor, place)
    finally:
        # What could not be removed is told by who tried; the next install tries again.
        with contextlib.suppress(OSError):
            os.rmdir(place.name, dir_fd=place.directory)
        os.close(descriptor)


def _lock(place: Entry, target: Entry) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        _make(place)
        status = place.status()
        if status is None:  # Another install is just done with it.
            continue
        _check_own(place, status)
        try:
            descriptor = os.open(place.name, flags, dir_fd=place.directory)
        except FileNotFoundError:
            continue
        try:
            # By its name, somebody may have put another there.
            _check_own(place, os.fstat(descriptor))
            if _locked(descriptor, place):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise RelocatableError(
                f"{target.path} is being installed by another process; wait for its end"
            ) from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _make(place: Entry) -> None:
    with named(place.path.parent), contextlib.suppress(FileExistsError):
        os.mkdir(place.name, 0o700, dir_fd=place.directory)


def _locked(descriptor: int, place: Entry) -> bool:
    """Locks a directory; returns whether it still has its name then."""
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    status, now = os.fstat(descriptor), place.status()
    if now is None or not os.path.samestat(status, now):
        return False
    # What older versions have left lets others in; a group that is handed down stays.
    os.fchmod(descriptor, 0o700 | status.st_mode & stat.S_ISGID)
    return True


def _check_own(place: Entry, status: os.stat_result) -> None:
    """Raises RelocatableError unless only this user could have put something in it."""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISDIR(status.st_mode):
        found = "a link" if stat.S_ISLNK(status.st_mode) else "a file"
    elif status.st_uid != os.geteuid() or mode & (stat.S_IWGRP | stat.S_IWOTH):
        found = f"a directory of mode {mode:04o}"
    else:
        return
    raise RelocatableError(
        f"{place.path} is {found} of {owner_of(status)}; an install makes a directory of its own "
        "there, which nobody else may enter: look who made this, remove it, and install again"
    )
