"""Trees of tiny Mach-O files."""

from collections.abc import Mapping
from dataclasses import replace

from relocatable import macho as machos
from relocatable.macho import Edits
from relocatable.provenance import Origin, Record
from relocatable.target import ObjectFormat, Target
from relocatable.tree import File, Link, Tree
from support.macho_builder import ARM64, DYLIB, EXECUTE, LOAD, X86_64, MachOBuilder, Symbol

RECORD = Record(Origin("//:x", "x"))
SYSTEM = "/usr/lib/libSystem.B.dylib"
ARM = Target(
    name="macos_arm64",
    machine=ARM64[0],
    loader="",
    multiarch="",
    page_size=0x4000,
    object_format=ObjectFormat.MACH_O,
    minimum_os="11.0",
    system_prefixes=("/System/Library/", "/usr/lib/"),
)
INTEL = replace(ARM, name="macos_x86_64", machine=X86_64[0], page_size=0x1000)


def macho(
    install_name: str | None = None,
    *needed: str,
    rpaths: tuple[str, ...] = (),
    kind: int = LOAD,
    file_type: int = DYLIB,
    cpu: tuple[int, int] = ARM64,
    symbols: tuple[str, ...] = (),
) -> bytes:
    return MachOBuilder(
        install_name=install_name,
        dylibs=[(kind, name) for name in needed],
        rpaths=rpaths,
        type=file_type,
        cpu=cpu,
        symbols=((), tuple(Symbol(name=b"_" + name.encode()) for name in symbols), ()),
        indirect=(),
    ).build()


def program(*needed: str, rpaths: tuple[str, ...] = ()) -> bytes:
    return macho(None, *needed, rpaths=rpaths, file_type=EXECUTE)


def tree(files: Mapping[str, bytes | str]) -> Tree:
    """A tree of files that may be executed, and of links (text)."""
    made = Tree()
    for path, node in files.items():
        whole = Link(node, RECORD) if isinstance(node, str) else File(node, RECORD, executable=True)
        made.add(path, whole)
    return made


def signed(data: bytes) -> bytes:
    return machos.plan(memoryview(data), "x", Edits(sign="always")).apply(data)
