"""Reads of a thin Mach-O file what linking at run time, editing and signing are about.

Only the header and the load commands are touched, so a file of 130 MB costs as little as one of
13 KB; `data` may be a slice of a mapped archive. Every offset and size comes from the file and is
checked against it before use. `universal` finds the thin files in one for several architectures.

Source: mach-o/loader.h.
"""

import struct
from dataclasses import dataclass
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.commands import (
    check,
    check_least,
    read_builds,
    read_commands,
    read_dylib,
    read_segments,
    read_text,
    read_words,
)
from relocatable.macho.shape import (
    BuildVersion,
    Command,
    Dylib,
    Segment,
    Shape,
    shape_of,
)

_MAGICS: Final = {
    struct.pack("<I", c.MH_MAGIC): (32, "<"),
    struct.pack("<I", c.MH_MAGIC_64): (64, "<"),
    struct.pack(">I", c.MH_MAGIC): (32, ">"),
    struct.pack(">I", c.MH_MAGIC_64): (64, ">"),
}


@dataclass(frozen=True, slots=True)
class MachO:
    """What dyld learns from a thin file before it maps it.

    Attributes:
        name: how errors call the file.
        size: of the file, in bytes.
        shape: the structures of its pointers and byte order.
        cpu: `cputype`.
        subtype: `cpusubtype`, capabilities included.
        type: `MH_EXECUTE`, `MH_DYLIB`, `MH_BUNDLE` or another.
        flags: `MH_…` flags.
        commands: all load commands, in order.
        commands_end: file offset of the first byte behind them.
        segments: with their sections, in order.
        install_name: what others that link this library will look for, or None.
        dylibs: the libraries that it makes dyld load, in order, of all kinds.
        rpaths: what `@rpath` stands for, in order.
        dylinker: the loader that a program names, or None.
        builds: what the file is built for: mostly one entry.
        uuid: 16 bytes, or None.
        signature: file offset and size of the code signature, or None.
        encrypted: whether parts are encrypted, as in Apple's store.
        dyld_environment: variables that a program sets for dyld.
    """

    name: str
    size: int
    shape: Shape
    cpu: int
    subtype: int
    type: int
    flags: int
    commands: tuple[Command, ...]
    commands_end: int
    segments: tuple[Segment, ...]
    install_name: str | None
    dylibs: tuple[Dylib, ...]
    rpaths: tuple[str, ...]
    dylinker: str | None
    builds: tuple[BuildVersion, ...]
    uuid: bytes | None
    signature: tuple[int, int] | None
    encrypted: bool
    dyld_environment: tuple[str, ...]

    @property
    def architecture(self) -> str:
        """As Apple's tools write it, such as `arm64`, `arm64e` or `x86_64`."""
        return architecture(self.cpu, self.subtype)

    @property
    def file_type(self) -> str:
        """The type as loader.h writes it, without `MH_`, such as `DYLIB`."""
        return c.FILE_TYPES.get(self.type, str(self.type))

    @property
    def is_program(self) -> bool:
        """Whether the kernel may start the file."""
        return self.type == c.MH_EXECUTE

    @property
    def is_linked(self) -> bool:
        """Whether dyld may load the file: it is a program, a library or a plug-in."""
        return self.type in (c.MH_EXECUTE, c.MH_DYLIB, c.MH_BUNDLE)

    @property
    def page_size(self) -> int:
        """What the kernel maps at once on the file's machine, in bytes."""
        return 0x4000 if self.cpu in (c.CPU_ARM64, c.CPU_ARM64_32, c.CPU_ARM) else 0x1000

    def segment(self, name: str) -> Segment | None:
        """The segment that is called `name`, or None."""
        return next((segment for segment in self.segments if segment.name == name), None)

    def command(self, *kinds: int) -> Command | None:
        """The first load command of one of the kinds, or None."""
        return next((command for command in self.commands if command.kind in kinds), None)


def is_macho(head: bytes | memoryview) -> bool:
    """Whether a file that starts with `head` (4 bytes suffice) is a thin Mach-O file."""
    return bytes(head[:4]) in _MAGICS


def architecture(cpu: int, subtype: int) -> str:
    """The name of a machine as Apple's tools write it."""
    kind = subtype & c.CPU_SUBTYPE_MASK
    return c.ARCHITECTURES.get((cpu, kind), f"cpu {cpu} subtype {kind}")


def read(data: memoryview, name: str) -> MachO:
    """Reads a thin Mach-O file.

    Args:
        data: the whole file, as bytes; a slice of a mapped file is fine, nothing keeps it.
        name: how errors call it.

    Raises:
        RelocatableError: if `data` is no thin Mach-O file, or one that contradicts itself.
    """
    try:
        return _read(data, name)
    except struct.error as error:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: {error}; is the file complete?"
        ) from error


_ONCE: Final = frozenset(
    {
        *(c.LC_SYMTAB, c.LC_DYSYMTAB, c.LC_ID_DYLIB, c.LC_LOAD_DYLINKER, c.LC_UUID),
        *(c.LC_DYLD_INFO, c.LC_DYLD_INFO_ONLY, *c.LINKEDIT_DATA),
    }
)


def _read(data: memoryview, name: str) -> MachO:
    magic = bytes(data[:4])
    if magic not in _MAGICS:
        raise RelocatableError(f"{name}: not a Mach-O file: it starts with {magic!r}")
    shape = shape_of(*_MAGICS[magic])
    check(name, len(data), "header", 0, shape.header.size)
    _, cpu, subtype, kind, count, length, flags, *_ = shape.header.unpack_from(data)
    end = shape.header.size + length
    check(name, len(data), "load commands", shape.header.size, length)
    commands = tuple(read_commands(data, name, shape, count, end))

    # A command that must be there once is bad twice: which one counts differs between readers.
    once: dict[int, Command] = {}
    for command in commands:
        if command.kind in _ONCE:
            if command.kind in once:
                raise RelocatableError(
                    f"{name}: damaged Mach-O file: load command {command.kind:#x}"
                    " should be there once, found twice"
                )
            once[command.kind] = command

    signature = None
    if c.LC_CODE_SIGNATURE in once:
        offset, size = read_words(data, name, shape, once[c.LC_CODE_SIGNATURE], 2)
        check(name, len(data), "code signature", offset, size)
        signature = (offset, size)
    encryption = [x for x in commands if x.kind in (c.LC_ENCRYPTION_INFO, c.LC_ENCRYPTION_INFO_64)]
    uuid = None
    if c.LC_UUID in once:
        check_least(name, once[c.LC_UUID], 24)
        uuid = bytes(data[once[c.LC_UUID].offset + 8 :][:16])

    def texts(wanted: int) -> tuple[str, ...]:
        return tuple(read_text(data, name, shape, x, 12) for x in commands if x.kind == wanted)

    names = tuple(read_dylib(data, name, shape, x) for x in commands if x.kind == c.LC_ID_DYLIB)
    dylinkers = texts(c.LC_LOAD_DYLINKER)
    return MachO(
        name=name,
        size=len(data),
        shape=shape,
        cpu=cpu,
        subtype=subtype,
        type=kind,
        flags=flags,
        commands=commands,
        commands_end=end,
        segments=tuple(read_segments(data, name, shape, commands)),
        install_name=names[0].name if names else None,
        dylibs=tuple(read_dylib(data, name, shape, x) for x in commands if x.kind in c.DYLIB_LOADS),
        rpaths=texts(c.LC_RPATH),
        dylinker=dylinkers[0] if dylinkers else None,
        builds=tuple(read_builds(data, name, shape, commands)),
        uuid=uuid,
        signature=signature,
        encrypted=any(read_words(data, name, shape, x, 3)[2] for x in encryption),
        dyld_environment=texts(c.LC_DYLD_ENVIRONMENT),
    )
