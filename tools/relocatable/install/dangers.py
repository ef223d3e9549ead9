"""What an install may not replace."""

import os
import pwd
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from relocatable.errors import RelocatableError, printable
from relocatable.install.entry import Entry
from relocatable.install.marker import MARKER, About, installed
from relocatable.progress import Progress
from relocatable.tree import Directory, File, Link, Tree

_SHOWN = 10
"""Paths that are listed one by one."""

_NAMED = 3
"""Paths that a message names."""

_MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class User:
    """Where its user is at home.

    Attributes:
        working: directories that someone is working in.
        homes: of this user; those of all users are known besides.
    """

    working: tuple[Path, ...] = ()
    homes: tuple[Path, ...] = ()


def check_kind(target: Entry) -> None:
    """Makes sure that `target` is something that can be replaced at all.

    Raises:
        RelocatableError: if it is no directory, or file systems are mounted there.
    """
    if target.status() is not None and not target.is_directory():
        raise RelocatableError(f"{target.path} is a file; a directory, or nothing, is wanted there")
    _mounted(target)


def check(
    target: Entry, tree: Tree, about: About, user: User, progress: Progress, *, force: bool
) -> None:
    """Makes sure that nothing is lost that isn't meant; tells what `force` removes.

    Raises:
        RelocatableError: if `target` may not be replaced.
    """
    check_kind(target)
    status, found = target.status(), None
    if status is not None:
        with target.opened() as descriptor:
            found = installed(descriptor)
    if found is None and (why := _dangerous(target.path, user)) is not None:
        raise RelocatableError(
            f"{target.path} is {why}, which an install would replace: name a directory below it"
        )
    if status is None or not target.names():
        return
    if found is None:
        _only_ours(target, tree, force=force)
    elif found["name"] != about.name and not force:
        raise RelocatableError(
            f"{target.path} has {found['name']!r} in it, not {about.name!r}; --force replaces it"
        )
    if force:
        _tell(target, progress)


def _dangerous(path: Path, user: User) -> str | None:
    for working in user.working:
        real = Path(os.path.realpath(working))
        if real == path:
            return "the current directory"
        if real.is_relative_to(path):
            return f"above the current directory, {real}"
    # By name alone: a look at each could mount them all.
    homes = {Path(entry.pw_dir): f"the home of {entry.pw_name}" for entry in pwd.getpwall()}
    homes |= {Path(os.path.realpath(home)): "your home" for home in user.homes}
    for home, whose in homes.items():
        if home == path:
            return whose
    for home in user.homes:
        if Path(os.path.realpath(home)).is_relative_to(path):
            return f"above your home, {home}"
    return None


def _mounted(target: Entry) -> None:
    """Raises RelocatableError if a file system is mounted there, or in what is there."""
    for mount in _mounts(target.path):
        if mount == target.path:
            raise RelocatableError(
                f"{mount} is a mount point, which can't be replaced: name a directory below it, or "
                "unmount it"
            )
        raise RelocatableError(
            f"{mount} is mounted in {target.path}, and all that is in it would be removed: "
            "unmount it"
        )


def _mounts(path: Path) -> Iterator[Path]:
    """Mount points that are `path` or below it; source: proc_pid_mountinfo(5)."""
    try:
        lines = os.fsdecode(_MOUNTS.read_bytes()).split("\n")
    except OSError:  # Not Linux, or no /proc.
        if os.path.ismount(path):
            yield path
        return
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 4:
            mount = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4]))
            if mount.is_relative_to(path):
                yield mount


def _only_ours(target: Entry, tree: Tree, *, force: bool) -> None:
    """Raises RelocatableError if `target` has more than the dist, or `force` is not set."""
    foreign = (path for path, status in target.walk() if not _is_in(tree, path, status))
    # Not all: it may be a disk full of them.
    if first := list(islice(foreign, _NAMED + 1)):
        names = ", ".join(first[:_NAMED]) + (" and more" if len(first) > _NAMED else "")
        raise RelocatableError(
            f"{target.path} is not an installed dist, and has what the dist has not: "
            f"{printable(names)}. It is not replaced, --force or not: name another directory, or "
            "remove this yourself"
        )
    if not force:
        raise RelocatableError(
            f"{target.path} is not an installed dist, though all that is in it is as in one; "
            "--force replaces it"
        )


def _is_in(tree: Tree, path: str, status: os.stat_result) -> bool:
    match tree.nodes.get(path):
        case Directory():
            return stat.S_ISDIR(status.st_mode)
        case Link():
            return stat.S_ISLNK(status.st_mode)
        case File():
            return stat.S_ISREG(status.st_mode)
    return path == MARKER and stat.S_ISREG(status.st_mode)


def _tell(target: Entry, progress: Progress) -> None:
    paths = [path for path, status in target.walk() if not stat.S_ISDIR(status.st_mode)]
    progress.say(f"--force removes what is in {target.path}, {len(paths)} files and links:")
    for path in paths[:_SHOWN]:
        progress.say(f"  {printable(path)}")
    if len(paths) > _SHOWN:
        progress.say(f"  and {len(paths) - _SHOWN} more")
