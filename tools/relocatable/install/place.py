"""Where DIR is: its directory, opened name by name, so that nobody can lead an install elsewhere.

In a directory where everybody may put things (sticky, as /tmp is), names that lead on count only
from who is trusted: the user, root, and whose directory it is. For links, this is what Linux's
protected_symlinks does (proc_sys_fs(5)); for directories, their owner could put another program in
the place of one that was installed there.
"""

import contextlib
import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from relocatable.errors import RelocatableError
from relocatable.install.entry import Entry, named
from relocatable.install.owner import owner_of

_LINKS = 40
_SEARCH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[Entry]:
    """Finds where `directory` really is, links followed, and makes those that are missing above it.

    Raises:
        RelocatableError: if it is the root directory, or somebody may lead an install elsewhere.
        OSError: if it can't be reached.
    """
    with contextlib.ExitStack() as stack:
        walk = _Walk(stack, deque(_absolute(directory).parts))
        name = walk.last()
        if name is None:
            raise RelocatableError(f"{directory} is the root directory; one below it is wanted")
        yield Entry(walk.open[-1], name, walk.path / name)


def _absolute(directory: Path) -> Path:
    return directory if directory.is_absolute() else Path.cwd() / directory


@dataclass(slots=True)
class _Walk:
    """A way down from the root directory.

    Attributes:
        stack: closes what was opened.
        left: names that are still to come.
        open: descriptors of the directories so far, from the root directory.
        names: of these, but for the root directory.
        links: how many were followed.
    """

    stack: contextlib.ExitStack
    left: deque[str]
    open: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    links: int = 0

    @property
    def path(self) -> Path:
        return Path("/", *self.names)

    def last(self) -> str | None:
        """Goes down to the directory of the last name; returns that name, None for the root."""
        self._from_root()
        while self.left:
            name = self.left.popleft()
            if name == "/":
                self._from_root()
            elif name == "..":
                if self.names:
                    self.open.pop()
                    self.names.pop()
            elif name not in {"", "."} and not self._follow(name):
                if not self.left:
                    return name
                self._down(name)
        if not self.names:
            return None
        self.open.pop()
        return self.names.pop()

    def _from_root(self) -> None:
        self.open[:] = [self._keep(os.open("/", _SEARCH))]
        self.names.clear()

    def _follow(self, name: str) -> bool:
        """Follows a link; returns whether it is one."""
        try:
            status = os.stat(name, dir_fd=self.open[-1], follow_symlinks=False)
        except FileNotFoundError:
            return False
        if not stat.S_ISLNK(status.st_mode):
            return False
        self._trust(name, status)
        self.links += 1
        if self.links > _LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path / name))
        target = Path(os.readlink(name, dir_fd=self.open[-1]))
        self.left.extendleft(reversed(target.parts))
        return True

    def _down(self, name: str) -> None:
        """Goes into a directory, which is made if it is missing."""
        with named(self.path):
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=self.open[-1])
            descriptor = self._keep(os.open(name, _SEARCH, dir_fd=self.open[-1]))
        self._trust(name, os.fstat(descriptor))
        self.open.append(descriptor)
        self.names.append(name)

    def _trust(self, name: str, status: os.stat_result) -> None:
        above = os.fstat(self.open[-1])
        for_all = stat.S_ISVTX | stat.S_IWOTH
        if above.st_mode & for_all != for_all:
            return
        if status.st_uid not in {0, os.geteuid(), above.st_uid}:
            raise RelocatableError(
                f"{self.path / name} is of {owner_of(status)}, in a directory where everybody may "
                "put things: its owner could put another program there. Install as that user, or "
                "name a directory that does not lead through it"
            )

    def _keep(self, descriptor: int) -> int:
        self.stack.callback(os.close, descriptor)
        return descriptor
