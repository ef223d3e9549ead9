"""Puts a directory in the place of another, so that there is always one of them there.

Linux exchanges two names in one step with renameat2(2), on nearly all of its file systems; macOS
does with renameatx_np(2). Where neither works there are two renames, with a moment between them.
A directory from the lower layer of an overlay (a container's image) can't be renamed at all: it is
removed entry by entry, once its successor is complete beside it. Whoever comes next after an end
in the middle of that finds what says so in both, and goes on.
"""

import contextlib
import ctypes
import errno
import json
import os
import stat

from relocatable.errors import RelocatableError
from relocatable.install.entry import Entry
from relocatable.install.marker import MARKER, REPLACED, installed
from relocatable.install.staging import Staging
from relocatable.install.unpacking import flush

_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2

_CAN_NOT = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})
"""What kernels, file systems and sandboxes say of an exchange that they don't know."""


def replace(staging: Staging, target: Entry) -> None:
    """Moves `new` of a staging directory to `target`, which may be absent; all is on disk.

    What was there is in the staging directory after that, or gone. After an end in the middle of
    it, `settle` does what is left to do.

    Raises:
        OSError: if it can't be moved; nothing has changed.
        RelocatableError: if what was there is removed in part, and can't be removed.
    """
    new, old = staging.entry("new"), staging.entry("old")
    try:
        new.rename(target)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.EXDEV}:
            raise
        try:
            if not exchange(new, target):
                rename_twice(new, target, old)
        except OSError as across:
            if across.errno != errno.EXDEV:
                raise
            remove_and_rename(staging, target)


def exchange(left: Entry, right: Entry) -> bool:
    """Exchanges two names in one step; returns False if this machine or file system can't.

    Raises:
        OSError: if it could, but not these two.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    names = (left.directory, os.fsencode(left.name), right.directory, os.fsencode(right.name))
    if hasattr(libc, "renameat2"):
        status = libc.renameat2(*names, _RENAME_EXCHANGE)
    elif hasattr(libc, "renameatx_np"):
        status = libc.renameatx_np(*names, _RENAME_SWAP)
    else:
        return False
    if status == 0:
        return True
    code = ctypes.get_errno()
    if code in _CAN_NOT:
        return False
    raise OSError(code, os.strerror(code), str(right.path))


def rename_twice(new: Entry, target: Entry, aside: Entry) -> None:
    """Moves `target` to `aside` and `new` to `target`."""
    target.rename(aside)
    new.rename(target)


def remove_and_rename(staging: Staging, target: Entry) -> None:
    """Removes `target` entry by entry, and moves `new` of a staging directory there.

    Raises:
        OSError: if it can't be begun; nothing has changed.
        RelocatableError: if what was there is removed in part, and can't be removed.
    """
    whole = staging.entry("whole")
    staging.entry("new").rename(whole)
    _mark(staging, target)
    flush(staging.descriptor, str(staging.place.path))
    _finish(whole, target)


def settle(staging: Staging, target: Entry) -> None:
    """Does what is left to do after an end in the middle of a replacement.

    Raises:
        RelocatableError: if what was there is removed in part, and can't be removed.
    """
    whole, old = staging.entry("whole"), staging.entry("old")
    _drop(staging.entry("mark"))
    if whole.is_directory():
        if _is_replaced(target):
            _finish(whole, target)
        else:
            whole.remove()
    if old.is_directory() and target.status() is None:
        old.rename(target)


def _mark(staging: Staging, target: Entry) -> None:
    """Notes in `target` that it is to go; from then on, its successor is what counts."""
    mark = staging.entry("mark")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with (
        target.opened() as descriptor,
        os.fdopen(os.open(mark.name, flags, 0o644, dir_fd=mark.directory), "wb") as file,
    ):
        found = dict(installed(descriptor) or {"name": ""})
        file.write(json.dumps(found | {REPLACED: True}).encode())
        file.flush()
        os.fsync(file.fileno())
        mark.rename(Entry(descriptor, MARKER, target.path / MARKER))


def _drop(file: Entry) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file.name, dir_fd=file.directory)


def _is_replaced(target: Entry) -> bool:
    if target.status() is None:
        return True
    if not target.is_directory():
        return False
    with target.opened() as descriptor:
        found = installed(descriptor)
    return found.get(REPLACED) is True if found is not None else not target.names()


def _finish(whole: Entry, target: Entry) -> None:
    try:
        if target.status() is not None:
            _remove(target)
        whole.rename(target)
    except OSError as error:
        raise RelocatableError(
            f"{target.path} is removed in part, and the rest can't be: {error.filename}: "
            f"{error.strerror}; the new one is whole at {whole.path}. Mend that, and install again"
        ) from error


def _remove(target: Entry) -> None:
    """Removes a directory; what says that it is to be removed goes last."""
    with target.opened() as descriptor:
        for name in sorted(target.names(), key=lambda name: (name == MARKER, name)):
            entry = Entry(descriptor, name, target.path / name)
            status = entry.status()
            if status is not None and stat.S_ISDIR(status.st_mode):
                entry.remove()
            else:
                os.unlink(name, dir_fd=descriptor)
    os.rmdir(target.name, dir_fd=target.directory)
