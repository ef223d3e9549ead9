"""The pinned tools of //third_party/macho and Zig's compiler: what they make, and what they see."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lief

from relocatable import macho
from relocatable.macho import constants as c
from support.elf_tools import Tools, zig
from support.processes import run

INSTALL_NAME = "/install/lib/libtiny.dylib"
"""An absolute one, as older releases of python-build-standalone have."""

_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
_INDEX = re.compile(r"^(0x[0-9a-f]+) +[0-9]+ ", re.MULTILINE)
"""Of an indirect symbol in the symbol table, which gets another when others are gone."""

_VIEWS = (
    *("--bind", "--lazy-bind", "--weak-bind", "--rebase", "--exports-trie", "--chained-fixups"),
    *("--dyld-info", "--unwind-info", "--indirect-symbols", "--data-in-code"),
)


@dataclass(frozen=True, slots=True)
class Linked:
    """Files that linkers made.

    Attributes:
        lld: those that lld made, and signed.
        zig: those that Zig's linker made; those for arm64 are signed.
    """

    lld: tuple[Path, ...]
    zig: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """All files."""
        return (*self.lld, *self.zig)


def link(tools: Tools, sources: Path, directory: Path) -> Linked:
    """Compiles and links a library and a program that needs it, for both machines."""
    cache = directory / "cache"
    lld: list[Path] = []
    made: list[Path] = []
    for machine, zigs in _MACHINES.items():
        place = directory / machine
        place.mkdir()
        target = ("-target", f"{zigs}-macos.11.0", "-fno-sanitize=all", "-O1", "-g")
        for unit in ("lib", "helper", "main"):
            zig(["cc", *target, "-c", "-o", place / f"{unit}.o", sources / f"{unit}.c"], cache)
        units = [place / "lib.o", place / "helper.o"]
        name = ("-install_name", INSTALL_NAME)
        base = ("-arch", machine, "-platform_version", "macos", "11.0", "14.0", "-adhoc_codesign")
        library, program = place / "liblld.dylib", place / "lld-main"
        rpath = ("-rpath", "/build/lib")
        start = (tools.path("ld64.lld"), *base, "-headerpad_max_install_names")
        run([*start, "-dylib", *name, "-o", library, *units], {}).check()
        run([*start, *rpath, "-o", program, place / "main.o", library, *_no_system()], {}).check()
        lld += [library, program]
        library, program = place / "libzig.dylib", place / "zig-main"
        options = ("-Wl,-install_name," + INSTALL_NAME, "-Wl,-headerpad_max_install_names")
        zig(["cc", *target, "-shared", *options, "-o", library, *units], cache)
        options = ("-Wl,-rpath,/build/lib", "-Wl,-headerpad_max_install_names")
        zig(["cc", *target, *options, "-o", program, place / "main.o", library], cache)
        made += [library, program]
    return Linked(tuple(lld), tuple(made))


def install_name_tool(tools: Tools, file: Path, options: Sequence[str], output: Path) -> bytes:
    """What llvm-install-name-tool makes of a file; it calls a signature as `output` is called."""
    shutil.copy(file, output)
    run([tools.path("llvm-install-name-tool"), *options, output], {}).check()
    return output.read_bytes()


def seen_by_objdump(tools: Tools, file: Path) -> str:
    """What llvm-objdump sees of what dyld reads, without the file's name."""
    options = [*_VIEWS]
    if _has_function_starts(file):  # LLVM 16 reads on behind an empty table.
        options.append("--function-starts")
    done = run([tools.path("llvm-objdump"), "--macho", *options, file], {})
    return _INDEX.sub(r"\1 ", str(done).replace(str(file), "FILE"))


def names_by_lief(path: Path) -> list[tuple[str | None, list[str], list[str]]]:
    """What LIEF reads of each architecture: the install name, libraries and run paths."""
    found = lief.MachO.parse(str(path))
    assert found is not None
    names: list[tuple[str | None, list[str], list[str]]] = []
    for binary in found:
        own, libraries = None, []
        for library in binary.libraries:
            if library.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB:
                own = str(library.name)
            else:
                libraries.append(str(library.name))
        names.append((own, libraries, [str(rpath.path) for rpath in binary.rpaths]))
    return names


def names_by_us(data: bytes) -> list[tuple[str | None, list[str], list[str]]]:
    """The same, as we read it."""
    return [
        (file.install_name, [dylib.name for dylib in file.dylibs], list(file.rpaths))
        for file in macho.read_all(memoryview(data), "file")
    ]


def _has_function_starts(file: Path) -> bool:
    data = file.read_bytes()
    for one, view in macho.thin_files(memoryview(data), file.name):
        command = one.command(c.LC_FUNCTION_STARTS)
        if command is None or not any(view[command.offset + 12 : command.offset + 16]):
            return False
    return True


def _no_system() -> tuple[str, ...]:
    return ("-undefined", "dynamic_lookup")
