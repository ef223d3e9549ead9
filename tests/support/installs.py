"""Small dists, their installs, and processes of other users or with mounts of their own."""

import ctypes
import io
import os
import random
import stat
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from relocatable import install
from relocatable.errors import RelocatableError
from relocatable.install import About, User, swap
from relocatable.progress import Progress
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree

RECORD: Final = Record(Origin("//:test", "test"))
ABOUT: Final = About("jq", "linux_x86_64", "1")
NOBODY: Final = 65534
CANNOT: Final = 77
"""The status of a child that may not become what it should be."""

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_REC = 16384
_MS_PRIVATE = 1 << 18

Snapshot = dict[str, tuple[int, str | bytes]]


def tree(seed: int, files: int = 40) -> Tree:
    """A tree with other contents for each seed, of about a megabyte."""
    generator = random.Random(seed)  # noqa: S311
    made = Tree()
    for number in range(files):
        data = generator.randbytes(generator.randrange(50_000))
        name = f"lib/{number % 7}/file {number} é"
        made.add(name, File(data, RECORD, executable=number % 2 == 0))
    made.add("lib/empty", Directory())
    made.add("bin/link", Link("../lib/0", RECORD))
    made.add("dangling", Link("nowhere", RECORD))
    made.add(f"only in {seed}", File(b"", RECORD))
    return made


class Said(io.StringIO):
    """What a progress says; `when` is called as soon as all is unpacked."""

    def __init__(self, when: Callable[[], object] = lambda: None) -> None:
        """Says nothing yet."""
        super().__init__()
        self._when = when

    def write(self, text: str) -> int:
        """Takes a text."""
        if text.startswith("writing to disk"):
            self._when()
        return super().write(text)


def run(
    made: Tree,
    directory: Path,
    *,
    force: bool = False,
    about: About = ABOUT,
    user: User = User(),  # noqa: B008 - frozen.
    when: Callable[[], object] = lambda: None,
) -> str:
    """Installs, and returns what was said; `when` is called as soon as all is unpacked."""
    said = Said(when)
    progress = Progress(said, install.size(made))
    install.install(made, about, directory, progress, force=force, user=user)
    return said.getvalue()


def run_until(step: int, made: Tree, directory: Path) -> None:
    """Installs, and ends this process before the call number `step` that replaces something."""
    left = step

    def ending(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            nonlocal left
            if left == 0:
                os._exit(1)
            left -= 1
            return call(*arguments, **options)

        return counted

    def start() -> None:
        for name in ("rename", "unlink", "rmdir"):
            setattr(os, name, ending(getattr(os, name)))
        swap.exchange = ending(swap.exchange)  # type: ignore[assignment]

    run(made, directory, when=start)


def snapshot(directory: Path) -> Snapshot:
    """All that is below a directory, and itself: modes, and bytes or targets."""
    found: Snapshot = {}
    for path in [directory, *directory.rglob("*")]:
        mode = path.lstat().st_mode
        if path.is_symlink():
            value: str | bytes = str(path.readlink())
        else:
            value = b"" if stat.S_ISDIR(mode) else path.read_bytes()
        found[str(path.relative_to(directory))] = mode, value
    return found


def names(directory: Path) -> list[str]:
    """What is in a directory, sorted."""
    return sorted(path.name for path in directory.iterdir())


def child(action: Callable[[], object]) -> int:
    """Starts a process that does something and ends, with status 1 if that failed."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            action()
            status = 0
        except RelocatableError as error:
            os.write(2, f"{error}\n".encode())
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    return process


def status_of(action: Callable[[], object]) -> int:
    """Does something in a process of its own; returns its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(child(action), 0)[1])


def become_nobody() -> None:
    """Makes this process one of a user who owns nothing; ends it if that can't be."""
    try:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    except OSError:
        raise SystemExit(CANNOT) from None


def mount(source: str, target: Path, kind: str, options: str = "") -> None:
    """Mounts a file system; ends this process if that can't be."""
    libc = ctypes.CDLL(None, use_errno=True)
    words = (source.encode(), bytes(target), kind.encode())
    if libc.mount(*words, 0, options.encode() or None):
        print(f"mount {kind}: {os.strerror(ctypes.get_errno())}", file=sys.stderr)
        raise SystemExit(CANNOT)


def own_mounts() -> None:
    """Gives this process mounts of its own; ends it if that can't be."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if os.geteuid() else 0)):
        raise SystemExit(CANNOT)
    if libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None):
        raise SystemExit(CANNOT)
