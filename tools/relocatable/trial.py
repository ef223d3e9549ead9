"""Tries a dist out as its users would: unpacked somewhere, moved, with nothing set, or alone.

Works on the archive, not on our own data: tar and loader have the say.
"""

import contextlib
import ctypes
import errno
import os
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import zstandard

from relocatable import content, launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import shell

_LOADED = re.compile(r"calling init: (/.*)$", re.MULTILINE)
# Each program that a process becomes begins with its loader.
_IMAGE = re.compile(r"^(?=.*calling init: /.*/ld[-.][^/]*$)", re.MULTILINE)
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000
# What a shell ends with if a command is there and can't be executed.
_NOT_EXECUTED = 126
_MS_RDONLY = 1
_MS_REMOUNT = 32
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
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        root: Path | None = None,
        shown: Mapping[str, Path] | None = None,
    ) -> tuple[list[str], dict[str, str]]:
        """Returns what to execute, and with which environment, to start a program of the dist.

        An emulator doesn't follow an execve into another file of its machine, so what the launcher
        would execute is worked out and given to the emulator.

        Args:
            arguments: the program's path in the dist, and its arguments.
            environment: what the user has set.
            root: what to call the dist's root, if not by its own path.
            shown: directories beside it, by their paths; then there is nothing else.
        """
        root = root or self.root
        argv = [str(root / arguments[0]), *arguments[1:]]
        if self.emulator is None:
            return argv, dict(environment)
        real = (self.root / arguments[0]).resolve()
        settings = launcher.read(real.read_bytes())
        path = root / real.relative_to(self.root.resolve())
        place = Place(self.root, root, shown)
        started = launcher.command(
            settings, str(path), argv, environment, place.exists, read=place.read
        )
        # Of argv[0], the loader learns from --argv0.
        return [str(self.emulator), started.path, *started.argv[1:]], started.environ


@dataclass(frozen=True, slots=True)
class Place:
    """The files that a program finds.

    Attributes:
        dist: the root of its dist.
        root: what that is called there.
        shown: directories beside it, by their paths below `/`; None for all of the machine.
    """

    dist: Path
    root: Path
    shown: Mapping[str, Path] | None = None

    def exists(self, path: str) -> bool:
        """Says whether a path is there."""
        found = self._find(path)
        return found is not None and found.exists()

    def read(self, path: str) -> bytes:
        """Gives the bytes of a file; none if it isn't there."""
        found = self._find(path)
        return found.read_bytes() if found is not None and found.is_file() else b""

    def _find(self, path: str) -> Path | None:
        beside = {f"/{name}": there for name, there in (self.shown or {}).items()}
        for name, there in {str(self.root): self.dist, **beside}.items():
            if Path(path).is_relative_to(name):
                return there / Path(path).relative_to(name)
        return Path(path) if self.shown is None else None


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
        # The first releases of 3.11 know no filters, and do as newer ones do with this.
        tar.extraction_filter = getattr(tarfile, "tar_filter", None)
        tar.extractall(directory)  # noqa: S202 - a dist of ours, unpacked as users do.
    found = list(directory.iterdir())
    if len(found) != 1:
        raise RelocatableError(f"{archive} holds {len(found)} directories; one is wanted")
    return found[0]


@dataclass(frozen=True, slots=True)
class Room:
    """Where a program runs.

    Attributes:
        empty_root: whether there is nothing but the dist, /proc and /dev.
        place: the dist's path below an empty root.
        shown: further directories in an empty root, by their paths there.
        linked: whether the dist is entered through a link to it.
        relative: whether the program is started as `./NAME`, from its own directory.
        read_only: whether nobody can write to the dist.
    """

    empty_root: bool = False
    place: str = "dist"
    shown: Mapping[str, Path] = field(default_factory=dict)
    linked: bool = False
    relative: bool = False
    read_only: bool = False


def run(
    dist: Dist,
    arguments: Sequence[str],
    scratch: Path,
    *,
    environment: Mapping[str, str] | None = None,
    empty_root: bool = False,
    room: Room | None = None,
    timeout: float = 300,
) -> Outcome:
    """Runs a program of a dist with an environment of our choice, and notes what it loads.

    Args:
        dist: the dist.
        arguments: the program's path in the dist, and its arguments.
        scratch: an existing directory for the loader's trace and for the empty root.
        environment: all the variables that the program sees; none by default.
        empty_root: as `Room(empty_root=…)`.
        room: where it runs.
        timeout: seconds.

    Raises:
        RelocatableError: if the machine can't run the program.
    """
    room = room or Room(empty_root)
    script = _is_script(dist.root / arguments[0])
    if script and room.empty_root:
        raise RelocatableError(f"{arguments[0]} is a script: in an empty root there is no shell")
    enter: Callable[[], None] | None = None
    root, trace = dist.root, scratch / "trace"
    trace.mkdir()
    entered = root
    if room.empty_root:
        enter, root, emulator = _empty_root(dist, scratch, trace, room)
        entered = Path("/link") if room.linked else root
        dist = Dist(dist.root, emulator)
    else:
        if room.read_only:
            enter = _read_only(root)
        if room.linked:
            entered = scratch / "link"
            entered.symlink_to(root)
    trace_name = "/trace" if room.empty_root else str(trace)
    traced = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{trace_name}/loader", **(environment or {})}
    shown = room.shown if room.empty_root else None
    argv, changed = dist.command(arguments, traced, entered, shown)
    if room.relative:
        program = entered / arguments[0]
        if dist.emulator is None:
            argv[0] = f"./{program.name}"
        enter = _in_directory(program.parent, enter)
    unwritable = _unwritable(dist.root) if room.read_only else contextlib.nullcontext()
    with unwritable:
        try:
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
        except OSError as error:
            # The kernel's to say: it may have been told of an emulator.
            if error.errno == errno.ENOEXEC:
                raise _of_another_machine(arguments[0]) from error
            raise
    if (
        script
        and done.returncode == _NOT_EXECUTED
        and os.strerror(errno.ENOEXEC).encode() in done.stdout
    ):
        raise _of_another_machine(arguments[0])
    texts = [path.read_text("utf-8", "replace") for path in sorted(trace.iterdir())]
    for path in trace.iterdir():
        path.unlink()
    trace.rmdir()
    real: set[str] = set()
    for image in (image for text in texts for image in _IMAGE.split(text)):
        names = (os.path.normpath(path) for path in _LOADED.findall(image))
        loaded = {_outside(name, (entered, root), dist.root) for name in names}
        # The shell of a script, and what that starts, is the machine's.
        if not script or any(name.startswith(f"{dist.root}/") for name in loaded):
            real |= loaded
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace"), frozenset(real))


def _of_another_machine(program: str) -> RelocatableError:
    """Says what to do about a program that the kernel doesn't start."""
    return RelocatableError(
        f"{program} is for another machine than this one ({os.uname().machine}): name an emulator"
        " for it (attribute emulator), or where the test can run (target_compatible_with)"
    )


def _is_script(program: Path) -> bool:
    with program.open("rb") as file:
        return shell.is_launcher(file.read(content.CHUNK))


def _outside(path: str, names: Iterable[Path], root: Path) -> str:
    """A path as it is called here, of one that a program calls by one of the dist's names."""
    for name in names:
        if path.startswith(f"{name}/"):
            return path.replace(f"{name}/", f"{root}/", 1)
    return path


def _in_directory(directory: Path, enter: Callable[[], None] | None) -> Callable[[], None]:
    def change() -> None:
        if enter is not None:
            enter()
        os.chdir(directory)

    return change


@contextlib.contextmanager
def _unwritable(root: Path) -> Iterator[None]:
    """Takes the right to write from all directories of a dist, and gives it back."""
    directories = [root, *(path for path in root.rglob("*") if path.is_dir())]
    modes = {path: path.stat().st_mode for path in directories if not path.is_symlink()}
    try:
        for path in modes:
            path.chmod(0o555)
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def _read_only(root: Path) -> Callable[[], None]:
    """Lets a program see a dist through a mount that nobody can write to, where that is allowed.

    For root, modes are no obstacle; for others, they do.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    place = bytes(root)

    def enter() -> None:
        # Root of a container may have no right to mount.
        if os.geteuid() or libc.unshare(_CLONE_NEWNS):
            return
        _check(libc, libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount /")
        _bind(libc, place, place, read_only=True)

    return enter


def _bind(libc: ctypes.CDLL, source: bytes, target: bytes, *, read_only: bool) -> None:
    _check(libc, libc.mount(source, target, None, _MS_BIND | _MS_REC, None), "mount")
    if read_only:
        # What else holds for the mount has to go on to hold, or the kernel refuses.
        kept = os.statvfs(target).f_flag & (os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC)
        flags = _MS_BIND | _MS_REMOUNT | _MS_RDONLY | kept
        _check(libc, libc.mount(None, target, None, flags, None), "mount read-only")


def _empty_root(
    dist: Dist, scratch: Path, trace: Path, room: Room
) -> tuple[Callable[[], None], Path, Path | None]:
    """Makes a root with nothing in it; returns how to enter it, and the dist's path there."""
    root = scratch / "root"
    binds = {"dev": Path("/dev"), "proc": Path("/proc"), room.place: dist.root, "trace": trace}
    binds |= room.shown
    for name in binds:
        (root / name).mkdir(parents=True)
    if room.linked:
        (root / "link").symlink_to(f"/{room.place}")
    emulator = None
    if dist.emulator is not None:
        emulator = Path("/emulator")
        binds["emulator"] = dist.emulator.resolve()
        (root / "emulator").touch()
    libc = ctypes.CDLL(None, use_errno=True)
    mounts = [
        (bytes(there), bytes(root / name), room.read_only and name == room.place)
        for name, there in binds.items()
    ]
    bare_root = bytes(root)
    # As another user than root, a namespace of one's own is where one may mount.
    flags = _CLONE_NEWNS | (_CLONE_NEWUSER if os.geteuid() else 0)

    def enter() -> None:
        _check(libc, libc.unshare(flags), "unshare")
        _check(libc, libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "mount /")
        for source, target, read_only in mounts:
            _bind(libc, source, target, read_only=read_only)
        os.chroot(bare_root)
        os.chdir("/")

    return enter, Path("/") / room.place, emulator


def _check(libc: ctypes.CDLL, result: int, what: str) -> None:
    del libc
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
