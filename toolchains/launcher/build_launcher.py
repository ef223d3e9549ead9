"""Builds the native launchers from their source: `bazel run //toolchains/launcher:update`.

The compiler is Zig's C compiler, a wheel that is pinned by hash: it needs no compiler, headers or
linker of the machine, and gives the same bytes on each.
"""

import importlib.util
import os
import struct
import subprocess
import tempfile
from pathlib import Path

from absl import flags

from relocatable import cli, macho
from relocatable.errors import RelocatableError
from relocatable.output import whole

LINUX = {
    "linux_arm64": ["-target", "aarch64-linux-none", "-mgeneral-regs-only"],
    "linux_x86_64": ["-target", "x86_64-linux-none", "-mno-mmx", "-mno-sse"],
}
"""By the launcher's file name: the machine, without registers that a kernel would have to save."""

MACOS = {
    "macos_arm64": ["-target", "aarch64-macos.11.0"],
    "macos_x86_64": ["-target", "x86_64-macos.10.15"],
}
"""By the launcher's file name: the machine, and the oldest system, as the target facts have it."""

MACHINES = (*LINUX, *MACOS)

COMPILE = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror",
    # Zig makes -Os of -Oz unless the compiler proper is told.
    "-Xclang",
    "-Oz",
    "-fno-builtin",
    "-fno-jump-tables",
    "-fomit-frame-pointer",
    "-fno-asynchronous-unwind-tables",
    "-fno-unwind-tables",
    "-fno-sanitize=all",
    "-fno-stack-check",
    "-fno-stack-protector",
    "-fno-ident",
]

# Linux: no C library, and a fixed address.
_BARE = ["-ffreestanding", "-fno-pic"]

_LINK = [
    "-static",
    "-nostdlib",
    "--fatal-warnings",
    "--build-id=none",
    "--strip-all",
    # The largest page of a Linux machine (arm64); elsewhere it does no harm.
    "-zmax-page-size=65536",
]

# macOS: with the system's library, which Zig knows the symbols of, and nothing of Zig's own.
_LINK_MACOS = ["-nostdlib", "-s", "-Wl,-dead_strip", "-Wl,-x"]

# Where e_shoff, e_phnum, and e_shentsize with the next two are in a 64-bit ELF header.
_SECTION_OFFSET, _PROGRAM_HEADERS, _SECTION_FIELDS = 40, 56, 58

_OUT = flags.DEFINE_string(
    "out", None, "Directory for the launchers; without it, where their source is."
)


def build(machine: str, sources: Path) -> bytes:
    """Compiles and links the launcher for a machine of `MACHINES` from the files in `sources`.

    Raises:
        RelocatableError: with the compiler's own words, if the source is wrong.
    """
    # Not a cache of the user's: a build that takes 0.2 s shall not depend on one.
    with tempfile.TemporaryDirectory() as directory:
        unit, program = Path(directory, "launcher.o"), Path(directory, "launcher")
        source, layout = sources / "launcher.c", sources / "layout.ld"
        if machine in MACOS:
            zig(["cc", *MACOS[machine], *COMPILE, "-c", "-o", unit, source], directory)
            zig(["cc", *MACOS[machine], *_LINK_MACOS, "-o", program, unit], directory)
            return _signed(program.read_bytes())
        zig(["cc", *LINUX[machine], *_BARE, *COMPILE, "-c", "-o", unit, source], directory)
        zig(["ld.lld", *_LINK, "-T", layout, "-o", program, unit], directory)
        return _without_sections(program.read_bytes())


def _without_sections(program: bytes) -> bytes:
    """Cuts off what no kernel reads: section headers and their names, a tenth of the file.

    Source: ELF gABI, "ELF Header" and "Program Header".
    """
    (count,) = struct.unpack_from("<H", program, _PROGRAM_HEADERS)
    headers = [struct.unpack_from("<8xQ16xQ", program, 64 + 56 * n) for n in range(count)]
    short = bytearray(program[: max(offset + size for offset, size in headers)])
    struct.pack_into("<Q", short, _SECTION_OFFSET, 0)
    struct.pack_into("<HHH", short, _SECTION_FIELDS, 0, 0, 0)
    return bytes(short)


def _signed(program: bytes) -> bytes:
    """Gives it the signature that it has with settings: Zig signs for arm64 alone."""
    edits = macho.Edits(sign="always")
    return macho.plan(memoryview(program), "launcher", edits).apply(program)


def zig(arguments: list[str | Path], cache: str) -> None:
    """Runs Zig, which keeps what it makes for itself in the directory `cache`.

    Raises:
        RelocatableError: with its own words, if it fails.
    """
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise RelocatableError("the Python module ziglang, which holds the compiler, is missing")
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    zig = Path(spec.origin).parent / "zig"
    done = subprocess.run(
        [zig, *arguments],
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise RelocatableError(f"zig {arguments[0]} failed:\n{done.stdout}")


def main() -> None:
    """Writes the launchers of all machines."""
    # Under `bazel run` this file is a link to the one in the workspace.
    sources = Path(__file__).resolve().parent
    out = Path(_OUT.value) if _OUT.value else sources
    for machine in MACHINES:
        with whole(out / machine) as file:
            file.write(build(machine, sources))


if __name__ == "__main__":
    cli.run(main)
