"""Installs a dist into a directory: all of it, or nothing.

The tree is unpacked into a directory beside the one that is wanted, in the same file system, and
takes its place when it is complete and on disk. That directory, `.NAME.install`, is also the lock,
and holds all that an install which was killed leaves behind; the next one removes it.

    .NAME.install/new    what is being unpacked; after an exchange, what was installed before
    .NAME.install/old    what was installed before, between two renames
"""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from relocatable import content, swap
from relocatable.content import Content, Extent, Writer
from relocatable.errors import RelocatableError
from relocatable.progress import Progress
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree
from relocatable.tree_tar import MTIME

MARKER = ".relocatable.json"
"""In an installed dist: what it is. By this, a later install knows that it may replace it."""

_PIECE = 16 << 20
"""Bytes that are copied between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class About:
    """What is installed: the dist's name, its platform, and the version of rules_relocatable."""

    name: str
    platform: str
    version: str


def install(
    tree: Tree, about: About, directory: Path, progress: Progress, *, force: bool = False
) -> None:
    """Puts `tree` at `directory`, in the place of an earlier install of it.

    Whenever and however this ends, `directory` is what it was before, or whole and new; but where
    the file system can't exchange two names, it may be absent until the next install, which puts
    back what was there.

    Args:
        tree: the dist.
        about: what it is.
        directory: where to; what it leads to, if it is a link. Directories above it are made.
        progress: is told of each byte.
        force: whether whatever is there may be replaced.

    Raises:
        RelocatableError: if something else is at `directory`, or it is being installed already.
        OSError: if it can't be written.
    """
    target = Path(os.path.realpath(directory))
    if not target.name:
        raise RelocatableError(f"{directory} is the root directory; one below it is wanted")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _staging(target) as staging:
        new, old = staging / "new", staging / "old"
        _clear(target, new, old, progress)
        _check(target, about, force=force)
        try:
            _unpack(tree, about, new, progress)
            progress.say("writing to disk")
            _flush(new)
            swap.replace(new, target, old)
            _flush(target.parent)
        except OSError as error:
            raise RelocatableError(f"{_text(error, new)}; {target} is as it was") from error
        finally:
            _clear(target, new, old, progress)


@contextlib.contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """Makes the directory for the work, locks it, and removes it."""
    staging = target.with_name(f".{target.name}.install")
    descriptor = _lock(staging, target)
    try:
        yield staging
    finally:
        # What could not be removed is told by who tried; the next install tries again.
        with contextlib.suppress(OSError):
            staging.rmdir()
        os.close(descriptor)


def _lock(staging: Path, target: Path) -> int:
    while True:
        staging.mkdir(exist_ok=True)
        try:
            descriptor = os.open(staging, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:  # Another install is just done with it.
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), staging.stat()):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise RelocatableError(
                f"{target} is being installed by another process; wait for its end"
            ) from error
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _clear(target: Path, new: Path, old: Path, progress: Progress) -> None:
    """Removes all that is not the installed dist, after an install or from one that was killed."""
    swap.settle(target, old)
    for leftover in (new, old):
        if leftover.exists():
            progress.say(f"removing {leftover}")
            shutil.rmtree(leftover)


def _check(target: Path, about: About, *, force: bool) -> None:
    """Raises RelocatableError unless `target` may be replaced."""
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise RelocatableError(f"{target} is a file; a directory, or nothing, is wanted there")
    if force or not any(target.iterdir()):
        return
    found = installed(target)
    if found is None:
        raise RelocatableError(
            f"{target} is not an installed dist, and not empty; --force replaces it with all that "
            "is in it"
        )
    if found.get("name") != about.name:
        raise RelocatableError(
            f"{target} has {found.get('name')!r} in it, not {about.name!r}; --force replaces it"
        )


def installed(directory: Path) -> Mapping[str, object] | None:
    """Returns what an installed dist says of itself, or None if `directory` is none."""
    try:
        found = json.loads((directory / MARKER).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def size(tree: Tree) -> int:
    """Returns the bytes of all files in a tree."""
    return sum(content.size(file.content) for _, file in tree.files())


def _unpack(tree: Tree, about: About, directory: Path, progress: Progress) -> None:
    """Unpacks a tree as tar unpacks its archive, whatever the umask is, and the marker."""
    directory.mkdir()
    marker = json.dumps({"format": 1} | asdict(about), indent=2) + "\n"
    root = Tree({MARKER: File(marker.encode(), Record(Origin(about.name, MARKER)))} | tree.nodes)
    directories = [directory]
    for path, node in root:
        there = directory / path
        match node:
            case Directory():
                there.mkdir()
                directories.append(there)
                continue
            case Link():
                there.symlink_to(node.target)
            case File():
                for count in _write(node.content, there, executable=node.executable):
                    progress.add(count)
        os.utime(there, (MTIME, MTIME), follow_symlinks=False)
    # What is written into a directory changes its time, so they come last.
    for made in directories:
        made.chmod(0o755)
        os.utime(made, (MTIME, MTIME))


def _write(bytes_of: Content, path: Path, *, executable: bool) -> Iterator[int]:
    """Writes a file; yields how many bytes are done since the last time."""
    with path.open("xb", buffering=0) as out:
        writer = Writer(out.fileno())
        for piece in _pieces(bytes_of):
            writer.write(piece)
            writer.flush()
            yield content.size(piece)
        os.fchmod(out.fileno(), 0o755 if executable else 0o644)


def _pieces(whole: Content) -> Iterator[Content]:
    if not isinstance(whole, Extent):
        yield whole
        return
    for start in range(0, whole.size, _PIECE):
        yield Extent(whole.store, whole.offset + start, min(_PIECE, whole.size - start))


def _flush(directory: Path) -> None:
    """Waits until all that was written is on the disk; what has failed on its way is an OSError."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        if sys.platform == "linux":
            # For some thousand files, one call for their file system is far from as slow as fsync.
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syncfs(descriptor):
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), str(directory))
        else:
            os.sync()
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _text(error: OSError, place: Path) -> str:
    return f"{error.filename or place}: {error.strerror}"
