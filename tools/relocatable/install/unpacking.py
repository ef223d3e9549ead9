"""Unpacks a dist into a new directory, and waits until it is on disk."""

import ctypes
import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict

from relocatable import content
from relocatable.content import Content, Extent, Writer
from relocatable.install.entry import Entry, named
from relocatable.install.marker import MARKER, About
from relocatable.progress import Progress
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree
from relocatable.tree_tar import MTIME

_PIECE = 16 << 20
"""Bytes that are copied between two looks at the clock."""


def unpack(tree: Tree, about: About, new: Entry, progress: Progress) -> None:
    """Unpacks a tree as tar unpacks its archive, whatever the umask is, and the marker."""
    os.mkdir(new.name, 0o700, dir_fd=new.directory)
    marker = json.dumps({"format": 1} | asdict(about), indent=2) + "\n"
    root = Tree({MARKER: File(marker.encode(), Record(Origin(about.name, MARKER)))} | tree.nodes)
    times = (MTIME, MTIME)
    with new.opened() as top, named(new.path):
        directories = []
        for path, node in root:
            match node:
                case Directory():
                    os.mkdir(path, 0o700, dir_fd=top)
                    directories.append(path)
                    continue
                case Link():
                    os.symlink(node.target, path, dir_fd=top)
                case File():
                    for count in _write(node.content, path, top, executable=node.executable):
                        progress.add(count)
            os.utime(path, times, dir_fd=top, follow_symlinks=False)
        # What is written into a directory changes its time, so they come last.
        for made in directories:
            os.chmod(made, 0o755, dir_fd=top)  # noqa: S103 - as the archive has it.
            os.utime(made, times, dir_fd=top)
        os.fchmod(top, 0o755)
        os.utime(top, times)


def _write(bytes_of: Content, path: str, top: int, *, executable: bool) -> Iterator[int]:
    """Writes a file; yields how many bytes are done since the last time."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600, dir_fd=top)
    try:
        writer = Writer(descriptor)
        for piece in _pieces(bytes_of):
            writer.write(piece)
            writer.flush()
            yield content.size(piece)
        os.fchmod(descriptor, 0o755 if executable else 0o644)
    finally:
        os.close(descriptor)


def _pieces(whole: Content) -> Iterator[Content]:
    if not isinstance(whole, Extent):
        yield whole
        return
    for start in range(0, whole.size, _PIECE):
        yield Extent(whole.store, whole.offset + start, min(_PIECE, whole.size - start))


def as_before(new: Entry, target: Entry) -> None:
    """Gives a new directory the group and mode of that whose place it takes, if that is ours."""
    status = target.status()
    if status is None or not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return
    with new.opened() as top:
        # But for what would let everybody put other programs there.
        mode = stat.S_IMODE(status.st_mode) & ~stat.S_IWOTH
        try:
            os.fchown(top, -1, status.st_gid)
        except PermissionError:  # A group that the user is no longer in.
            mode &= ~stat.S_ISGID
        os.fchmod(top, mode)


def flush(descriptor: int, name: str) -> None:
    """Waits until all that was written is on the disk; what has failed on its way is an OSError.

    Args:
        descriptor: of a directory in the file system.
        name: of that, for people.
    """
    if sys.platform == "linux":
        # For some thousand files, one call for their file system is far from as slow as fsync.
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), name)
    else:
        os.sync()
        os.fsync(descriptor)
