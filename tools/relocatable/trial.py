"""Tries a dist out as its users would: unpacked somewhere, moved, with nothing set, or alone.

Works on the archive, not on our own data: tar and loader have the say.
"""

import ctypes
import os
import re
import subprocess
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from relocatable import launcher
from relocatable.errors import RelocatableError

_LOADED = re.compile(r"calling init: (/.*)$", re.MULTILINE)
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18


@dataclass(frozen=True, slots=True)
class Dist:
    """An unpacked dist.

    Attributes:
        root: the directory that the archive unpacked to.
        emulator: a user-mode emulator (QEMU) for a dist of another machine.
        home: what the root's path is to be, if programs run in a root of their own.
    """

    root: Path
    emulator: Path | None = None

    def command(
        self, arguments: Sequence[str], environment: Mapping[str, str], root: Path | None = None
    ) -> tuple[list[str], dict[str, str]]:
        """Returns what to execute, and with which environment, to start a program of the dist.

        An emulator doesn't follow an execve into another file of its machine, so what the launcher
        would execute is worked out and given to the emulator.

        Args:
            arguments: the program's path in the dist, and its arguments.
            environment: what the user has set.
            root: what to call the dist's root, if not by its own path.
        """
        root = root or self.root
        argv = [str(root / arguments[0]), *arguments[1:]]
        if self.emulator is None:
            return argv, dict(environment)
        real = (self.root / arguments[0]).resolve()
        settings = launcher.read(real.read_bytes())
        path = root / real.relative_to(self.root.resolve())
        started = launcher.command(settings, str(path), argv, environment)
        # Of argv[0], the loader learns from --argv0.
        return [str(self.emulator), started.path, *started.argv[1:]], started.environ


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program of a dist ended.

    Attributes:
        status: its exit status.
        output: what it wrote to stdout and stderr.
        loaded: the files that its loader loaded, by their real paths.
    """

    status: int
    output: str
    loaded: frozenset[str] = field(default_factory=frozenset)


def unpack(archive: Path, directory: Path) -> Path:
    """Unpacks a .tar.zst into `directory`; returns the one directory that it held.

    Raises:
        RelocatableError: if it held anything else.
    """
    with (
        archive.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        tar.extractall(directory, filter="tar")
    found = list(directory.iterdir())
    if len(found) != 1:
        raise RelocatableError(f"{archive} holds {len(found)} directories; one is wanted")
    return found[0]


def run(
    dist: Dist,
    arguments: Sequence[str],
    scratch: Path,
    *,
    environment: Mapping[str, str] | None = None,
    empty_root: bool = False,
    timeout: float = 300,
) -> Outcome:
    """Runs a program of a dist with an environment of our choice, and notes what it loads.

    Args:
        dist: the dist.
        arguments: the program's path in the dist, and its arguments.
        scratch: an existing directory for the loader's trace and for the empty root.
        environment: all the variables that the program sees; none by default.
        empty_root: whether to run where there is nothing but the dist, /proc and /dev.
        timeout: seconds.
    """
    enter: Callable[[], None] | None = None
    root, trace = dist.root, scratch / "trace"
    trace.mkdir()
    if empty_root:
        enter, root, emulator = _empty_root(dist, scratch, trace)
        dist = Dist(dist.root, emulator)
    trace_name = "/trace" if empty_root else str(trace)
    traced = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{trace_name}/loader", **(environment or {})}
    argv, changed = dist.command(arguments, traced, root)
    done = subprocess.run(
        argv,
        env=changed,
        preexec_fn=enter,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
        check=False,
    )
    texts = [path.read_text("utf-8", "replace") for path in sorted(trace.iterdir())]
    loaded = {path for text in texts for path in _LOADED.findall(text)}
    for path in trace.iterdir():
        path.unlink()
    trace.rmdir()
    inside = f"{root}/"
    real = {os.path.normpath(path).replace(inside, f"{dist.root}/", 1) for path in loaded}
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), frozenset(real))


def _empty_root(
    dist: Dist, scratch: Path, trace: Path
) -> tuple[Callable[[], None], Path, Path | None]:
    """Makes a root with nothing in it; returns how to enter it, and the dist's path there."""
    root = scratch / "root"
    binds = {"dev": Path("/dev"), "proc": Path("/proc"), "dist": dist.root, "trace": trace}
    for name in binds:
        (root / name).mkdir(parents=True)
    emulator = None
    if dist.emulator is not None:
        emulator = Path("/emulator")
        binds["emulator"] = dist.emulator.resolve()
        (root / "emulator").touch()
    libc = ctypes.CDLL(None, use_errno=True)
    mounts = [(bytes(there), bytes(root / name)) for name, there in binds.items()]
    bare_root = bytes(root)
    # As another user than root, a namespace of one's own is where one may mount.
    flags = _CLONE_NEWNS | (_CLONE_NEWUSER if os.geteuid() else 0)

    def enter() -> None:
        _check(libc, libc.unshare(flags), "unshare")
        _check(libc, libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount /")
        for source, target in mounts:
            _check(libc, libc.mount(source, target, None, _MS_BIND | _MS_REC, None), "mount")
        os.chroot(bare_root)
        os.chdir("/")

    return enter, Path("/dist"), emulator


def _check(libc: ctypes.CDLL, result: int, what: str) -> None:
    del libc
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
