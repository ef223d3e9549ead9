"""How large the flagship is and how fast it starts, beside Debian's own LLDB.

`bazel run //benchmarks:lldb_startup`, on Linux for x86_64. Debian's is made of the same pinned
packages, unpacked into a root of its own, with the bytecode of Python's library that maintainer
scripts make (LLDB's own module gets none there, and LLDB never writes any). Both run in that root,
in turns, so that all meet the same machine and the same disturbances. It takes the right to change
the root (root, or user namespaces).
"""

import ctypes
import os
import platform
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from absl import flags

from relocatable import cli, trial
from relocatable.errors import RelocatableError

GOAL = 0.6
ARGUMENTS = ("--batch", "-o", "script 1")
DIST = "dist"
DEBIAN = "/usr/lib/llvm-16/bin/lldb"
PYTHON = "usr/lib/python3.11"

_ROUNDS = flags.DEFINE_integer("rounds", 20, "How often each is timed.", lower_bound=3)

_HERE = Path(__file__).parent
_CLONE_NEWUSER = 0x10000000


@dataclass(frozen=True, slots=True)
class Way:
    """A program in the root, and what its starts took, in ms: by the clock, and of processors."""

    program: str
    wall: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self, root: Path) -> None:
        """Starts it once."""
        begin = time.perf_counter_ns()
        used = os.times()
        done = subprocess.run(
            (self.program, *ARGUMENTS),
            env={"PATH": os.defpath},
            preexec_fn=_enter(root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.wall.append((time.perf_counter_ns() - begin) / 1e6)
        now = os.times()
        mine = now.children_user - used.children_user + now.children_system - used.children_system
        self.processor.append(mine * 1e3)
        if done.returncode or not done.stdout.endswith(b"1\n"):
            raise RelocatableError(f"{self.program}: {done.stdout.decode('utf-8', 'replace')}")

    def version(self, root: Path) -> str:
        """What it says that it is."""
        command, enter = [self.program, "--version"], _enter(root)
        done = subprocess.run(command, preexec_fn=enter, env={}, check=True, capture_output=True)
        return done.stdout.decode("utf-8", "replace").partition("\n")[0]


def _enter(root: Path) -> Callable[[], None]:
    libc = ctypes.CDLL(None)

    def enter() -> None:
        if os.geteuid():
            libc.unshare(_CLONE_NEWUSER)
        os.chroot(root)
        os.chdir("/")

    return enter


def installed(root: Path) -> None:
    """Makes what Debian's packages install."""
    with tarfile.open(_HERE / "lldb_debian.tar") as tar:
        tar.extractall(root, filter="tar")
    # The kernel looks for the loader there, and packages have it in a directory with merged /usr.
    for name in ("lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    loader = next(root.glob("usr/lib/*/ld-linux-x86-64.so.2"))
    libraries = loader.parent
    python = [str(loader), "--library-path", str(libraries), str(root / "usr/bin/python3.11")]
    files = ["-s", str(root), "-x", "lib2to3|test", str(root / PYTHON)]
    home = {"PYTHONHOME": str(root / "usr")}
    subprocess.run([*python, "-m", "compileall", "-q", *files], check=True, env=home)


def size(directory: Path) -> int:
    """Bytes of all files."""
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())


def main() -> None:
    """Prints sizes, ms, and ratios to Debian's."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise RelocatableError("these programs are for Linux on x86_64 and can be timed only there")
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        root.mkdir()
        installed(root)
        (root / DIST).mkdir()
        archive = min((_HERE.parent / "dist").rglob("lldb_linux_x86_64.tar.zst"))
        dist = trial.unpack(archive, root / DIST)
        ways = {
            "Debian": Way(DEBIAN),
            "flagship": Way(f"/{dist.relative_to(root)}/bin/lldb"),
        }
        for name, way in ways.items():
            print(f"{name}: {way.version(root)}")
        for number in range(_ROUNDS.value + 1):
            for way in ways.values():
                way.run(root)
                if not number:  # Warms the page cache.
                    way.wall.clear()
                    way.processor.clear()
        bytecode = sum(path.stat().st_size for path in dist.rglob("*.pyc"))
        print(f"flagship: {size(dist) / 1e6:.1f} MB, {bytecode / 1e6:.1f} MB of them bytecode;")
        print(f"its archive: {archive.stat().st_size / 1e6:.1f} MB")
    base = ways["Debian"]
    for name, way in ways.items():
        texts = [
            f"{statistics.median(times):8.1f} ms {title}"
            f"{statistics.median(times) / statistics.median(bases):6.2f}"
            for title, times, bases in (
                ("by the clock", way.wall, base.wall),
                ("of processors", way.processor, base.processor),
            )
        ]
        print(f"{name:10}" + "".join(texts))
    print(f"goal: at most {GOAL} of Debian's")


if __name__ == "__main__":
    cli.run(main)
