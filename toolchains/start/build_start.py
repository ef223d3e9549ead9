"""Builds the start of programs from its source: `bazel run //toolchains/start:update`."""

import struct
import tempfile
from pathlib import Path
from typing import Final

from toolchains.launcher.build_launcher import COMPILE, zig

from relocatable import cli
from relocatable.output import whole

MACHINES: Final = {
    # Nothing that counts from a page: the code lies anywhere. Indirect branches land on marks only.
    "aarch64": [
        *("-target", "aarch64-linux-none", "-mgeneral-regs-only"),
        *("-mcmodel=tiny", "-mbranch-protection=bti"),
    ],
    "x86_64": ["-target", "x86_64-linux-none", "-mno-mmx", "-mno-sse"],
}
"""By the file's name: the machine, without registers that a kernel would have to save."""

_COMPILE: Final = [*COMPILE, "-ffreestanding", "-fpie"]

_LINK: Final = ["-pie", "--no-dynamic-linker", "-nostdlib", "--fatal-warnings", "--build-id=none"]


def build(machine: str, sources: Path) -> bytes:
    """Compiles and links the start for a machine of `MACHINES`; gives its code, without settings.

    Raises:
        RelocatableError: with the compiler's own words, if the source is wrong.
    """
    with tempfile.TemporaryDirectory() as directory:
        unit, linked = Path(directory, "start.o"), Path(directory, "start")
        source, layout = sources / "start.c", sources / "start.ld"
        zig(["cc", *MACHINES[machine], *_COMPILE, "-c", "-o", unit, source], directory)
        zig(["ld.lld", *_LINK, "-T", layout, "-o", linked, unit], directory)
        return _code(linked.read_bytes())


def _code(linked: bytes) -> bytes:
    """The bytes of the one segment that can be executed (ELF gABI, "Program Header")."""
    (start,) = struct.unpack_from("<Q", linked, 32)
    (count,) = struct.unpack_from("<H", linked, 56)
    for number in range(count):
        kind, rights, offset, _, _, size = struct.unpack_from(
            "<IIQQQQ", linked, start + 56 * number
        )
        if kind == 1 and rights & 1:
            return linked[offset : offset + size]
    raise AssertionError("the linker made no code")


def main() -> None:
    """Writes the start for all machines."""
    # Under `bazel run` this file is a link to the one in the workspace.
    sources = Path(__file__).resolve().parent
    out = sources.parents[1] / "tools/relocatable/elf/starts"
    for machine in MACHINES:
        with whole(out / machine) as file:
            file.write(build(machine, sources))


if __name__ == "__main__":
    cli.run(main)
