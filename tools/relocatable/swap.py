"""Puts a directory in the place of another, so that there is always one of them there.

Linux exchanges two names in one step with renameat2(2), on nearly all of its file systems; macOS
does with renamex_np(2). Where neither works there are two renames, with a moment between them.
"""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2

_CAN_NOT = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})
"""What kernels, file systems and sandboxes say of an exchange that they don't know."""


def replace(new: Path, target: Path, aside: Path) -> None:
    """Moves directory `new` to `target`; what was there is at `new` or at `aside` after that.

    All three are in one file system. `target` may be absent, or an empty directory. If the process
    ends between two renames, `target` is absent and what was there is at `aside`; see `settle`.
    """
    try:
        new.rename(target)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        if not exchange(new, target):
            rename_twice(new, target, aside)


def exchange(left: Path, right: Path) -> bool:
    """Exchanges two names in one step; returns False if this machine or file system can't.

    Raises:
        OSError: if it could, but not these two.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        status = libc.renameat2(
            _AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _RENAME_EXCHANGE
        )
    elif hasattr(libc, "renamex_np"):
        status = libc.renamex_np(os.fsencode(left), os.fsencode(right), _RENAME_SWAP)
    else:
        return False
    if status == 0:
        return True
    code = ctypes.get_errno()
    if code in _CAN_NOT:
        return False
    raise OSError(code, os.strerror(code), str(right))


def rename_twice(new: Path, target: Path, aside: Path) -> None:
    """Moves `target` to `aside` and `new` to `target`."""
    target.rename(aside)
    new.rename(target)


def settle(target: Path, aside: Path) -> None:
    """Puts back what an end between two renames has left at `aside`."""
    if aside.is_dir() and not os.path.lexists(target):
        aside.rename(target)
