"""Installs a dist into a directory: all of it, or nothing.

The tree is unpacked into a directory beside the one that is wanted, in the same file system, and
takes its place when it is complete and on disk. That directory, `.NAME.install`, belongs to the
user alone, and all is done by descriptors: nobody else can put something in the way of it.
"""

from pathlib import Path

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.install import dangers, place, swap
from relocatable.install.dangers import User
from relocatable.install.entry import Entry
from relocatable.install.marker import MARKER, About, installed
from relocatable.install.staging import Staging, staging
from relocatable.install.unpacking import as_before, flush, unpack
from relocatable.progress import Progress
from relocatable.tree import Tree

__all__ = ["MARKER", "About", "User", "install", "installed", "size"]


def install(
    tree: Tree,
    about: About,
    directory: Path,
    progress: Progress,
    *,
    user: User = User(),  # noqa: B008 - frozen.
    force: bool = False,
) -> None:
    """Puts `tree` at `directory`, in the place of an earlier install of it.

    Whenever and however this ends, `directory` is what it was before, or whole and new; but where
    the file system can't exchange two names, it may be absent or removed in part until the next
    install, which puts back what was there, or puts the new one there.

    Args:
        tree: the dist.
        about: what it is.
        directory: where to; what it leads to, if it is a link. Directories above it are made.
        progress: is told of each byte.
        user: where its user is at home.
        force: whether another dist may be replaced, or what has the files of this one.

    Raises:
        RelocatableError: if something else is at `directory`, or it is being installed already.
        OSError: if it can't be written.
    """
    with place.opened(directory) as target:
        dangers.check_kind(target)  # Before something is made beside it.
        with staging(target) as work:
            _clear(work, target, progress)
            dangers.check(target, tree, about, user, progress, force=force)
            try:
                _put(tree, about, work, target, progress)
            finally:
                _clear(work, target, progress)


def size(tree: Tree) -> int:
    """Returns the bytes of all files in a tree."""
    return sum(content.size(file.content) for _, file in tree.files())


def _put(tree: Tree, about: About, work: Staging, target: Entry, progress: Progress) -> None:
    new = work.entry("new")
    try:
        unpack(tree, about, new, progress)
        as_before(new, target)
        progress.say("writing to disk")
        flush(work.descriptor, str(new.path))
        swap.replace(work, target)
        flush(work.descriptor, str(target.path))
    except OSError as error:
        # Of an open file, the system names none.
        place_of = error.filename or new.path
        raise RelocatableError(
            f"{place_of}: {error.strerror}; {target.path} is as it was"
        ) from error


def _clear(work: Staging, target: Entry, progress: Progress) -> None:
    """Removes all that is not the installed dist, after an install or from one that was killed."""
    swap.settle(work, target)
    for leftover in (work.entry("new"), work.entry("old")):
        if leftover.is_directory():
            progress.say(f"removing {leftover.path}")
            try:
                leftover.remove()
            except OSError as error:
                raise RelocatableError(
                    f"{error.filename}: {error.strerror}; {leftover.path} is no longer of use, "
                    f"and not a part of {target.path}: remove it yourself"
                ) from error
