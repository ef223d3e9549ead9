"""What a file keeps when another takes its place: owner, mode and extended attributes."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ACCESS_ACL: Final = "system.posix_acl_access"
"""Where Linux keeps a file's access control list; see acl(5)."""

_OF_THE_BYTES: Final = frozenset({"security.capability", "security.evm", "security.ima"})
"""Rights and signatures that were given to the old bytes; Linux takes the first at any write(2)."""

_CAN_NOT: Final = frozenset({errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.EPERM})
"""What the kernel says of an attribute that this user or file system can't have."""


def keep(path: Path, status: os.stat_result, descriptor: int, *, privileged: bool = True) -> None:
    """Gives an open file what the file at `path` has, as far as this user may.

    As a write to the old file would have it, set-user-ID and set-group-ID are kept only with the
    owner and group that they are about, and file capabilities never.

    Args:
        path: the old file, links followed.
        status: of that.
        descriptor: the new file.
        privileged: whether set-user-ID and set-group-ID may be kept at all.

    Raises:
        OSError: if the access control list can't be kept: without it, the mode's bits for the group
            would let in others.
    """
    for user in (status.st_uid, -1):
        try:
            os.fchown(descriptor, user, status.st_gid)
            break
        except OSError as error:
            if error.errno not in _CAN_NOT:
                raise
    _keep_extended(path, descriptor)
    new, mode = os.fstat(descriptor), stat.S_IMODE(status.st_mode)
    if not privileged or new.st_uid != status.st_uid:
        mode &= ~stat.S_ISUID
    if not privileged or new.st_gid != status.st_gid:
        mode &= ~stat.S_ISGID
    os.fchmod(descriptor, mode)


def _keep_extended(path: Path, descriptor: int) -> None:
    if not hasattr(os, "listxattr"):  # Python knows those of Linux only.
        return
    names = [name for name in _names(path) if name not in _OF_THE_BYTES]
    # What the directory gives to each new file is not what the old one had.
    if ACCESS_ACL in set(_names(descriptor)) - set(names):
        os.removexattr(descriptor, ACCESS_ACL)
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError as error:
            if error.errno not in _CAN_NOT or name == ACCESS_ACL:
                raise


def _names(file: Path | int) -> Iterator[str]:
    try:
        yield from os.listxattr(file)
    except OSError as error:
        if error.errno not in _CAN_NOT:
            raise
