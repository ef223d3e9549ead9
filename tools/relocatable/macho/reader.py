"""Reads of a thin Mach-O file what linking at run time, editing and signing are about.

Only the header and the load commands are touched, so a file of 130 MB costs as little as one of
13 KB; `data` may be a slice of a mapped archive. Every offset and size comes from the file and is
checked against it before use. `universal` finds the thin files in one for several architectures.

Source: mach-o/loader.h.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.shape import (
    BuildVersion,
    Command,
    Dylib,
    Section,
    Segment,
    Shape,
    shape_of,
    version_text,
)

_MAGICS: Final = {
    struct.pack("<I", c.MH_MAGIC): (32, "<"),
    struct.pack("<I", c.MH_MAGIC_64): (64, "<"),
    struct.pack(">I", c.MH_MAGIC): (32, ">"),
    struct.pack(">I", c.MH_MAGIC_64): (64, ">"),
}

# A linked file has some dozens; a large framework, hundreds.
_MOST_COMMANDS: Final = 1 << 14
_MOST_SECTIONS: Final = 1 << 14


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


def check(name: str, size: int, what: str, offset: int, length: int) -> None:
    """Makes sure that `length` bytes at `offset` are in a file of `size`.

    Raises:
        RelocatableError: if they aren't.
    """
    if offset + length > size:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: {what} should be {length} bytes at offset {offset},"
            f" but the file has {size} bytes; is it complete?"
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
    commands = tuple(_commands(data, name, shape, count, end))

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
        offset, size = _words(data, name, shape, once[c.LC_CODE_SIGNATURE], 2)
        check(name, len(data), "code signature", offset, size)
        signature = (offset, size)
    encryption = [x for x in commands if x.kind in (c.LC_ENCRYPTION_INFO, c.LC_ENCRYPTION_INFO_64)]
    uuid = None
    if c.LC_UUID in once:
        _least(name, once[c.LC_UUID], 24)
        uuid = bytes(data[once[c.LC_UUID].offset + 8 :][:16])

    def texts(wanted: int) -> tuple[str, ...]:
        return tuple(_text(data, name, shape, x, 12) for x in commands if x.kind == wanted)

    names = tuple(_dylib(data, name, shape, x) for x in commands if x.kind == c.LC_ID_DYLIB)
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
        segments=tuple(_segments(data, name, shape, commands)),
        install_name=names[0].name if names else None,
        dylibs=tuple(_dylib(data, name, shape, x) for x in commands if x.kind in c.DYLIB_LOADS),
        rpaths=texts(c.LC_RPATH),
        dylinker=dylinkers[0] if dylinkers else None,
        builds=tuple(_builds(data, name, shape, commands)),
        uuid=uuid,
        signature=signature,
        encrypted=any(_words(data, name, shape, x, 3)[2] for x in encryption),
        dyld_environment=texts(c.LC_DYLD_ENVIRONMENT),
    )


_ONCE: Final = frozenset(
    {
        *(c.LC_SYMTAB, c.LC_DYSYMTAB, c.LC_ID_DYLIB, c.LC_LOAD_DYLINKER, c.LC_UUID),
        *(c.LC_DYLD_INFO, c.LC_DYLD_INFO_ONLY, *c.LINKEDIT_DATA),
    }
)


def _commands(data: memoryview, name: str, shape: Shape, count: int, end: int) -> Iterator[Command]:
    if count > _MOST_COMMANDS:
        raise RelocatableError(
            f"{name}: more than {_MOST_COMMANDS} load commands are not supported, found {count}"
        )
    at = shape.header.size
    words = shape.words(2)
    for number in range(count):
        if at + 8 > end:
            raise RelocatableError(
                f"{name}: damaged Mach-O file: load command {number} of {count} is behind the end"
                f" of the commands at {end}"
            )
        kind, size = words.unpack_from(data, at)
        # Apple's own 64-bit files are padded to 8; some linkers' only to 4, which dyld takes.
        if size < 8 or size % 4 or at + size > end:
            raise RelocatableError(
                f"{name}: damaged Mach-O file: load command {number} ({kind:#x}) at {at} should"
                f" have a size that is a multiple of 4, from 8 to {end - at}, found {size}"
            )
        yield Command(kind, at, size)
        at += size


def _least(name: str, command: Command, size: int) -> None:
    if command.size < size:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: load command {command.kind:#x} at {command.offset}"
            f" should have at least {size} bytes, found {command.size}"
        )


def _words(
    data: memoryview, name: str, shape: Shape, command: Command, count: int
) -> tuple[int, ...]:
    """The first numbers of a command behind its kind and size."""
    _least(name, command, 8 + 4 * count)
    return shape.words(count).unpack_from(data, command.offset + 8)


def _text(data: memoryview, name: str, shape: Shape, command: Command, least: int) -> str:
    """The string of a command whose first number is where it begins."""
    offset = _words(data, name, shape, command, 1)[0]
    if not least <= offset < command.size:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: the string of load command {command.kind:#x} at"
            f" {command.offset} should begin at {least} to {command.size - 1}, found {offset}"
        )
    text = bytes(data[command.offset + offset : command.offset + command.size])
    # The terminating zero may be missing where the string fills its command.
    return text.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _dylib(data: memoryview, name: str, shape: Shape, command: Command) -> Dylib:
    _, _, current, compatible = _words(data, name, shape, command, 4)
    kind = c.DYLIB_LOADS.get(command.kind, "id")
    return Dylib(kind, _text(data, name, shape, command, 24), current, compatible)


def _builds(
    data: memoryview, name: str, shape: Shape, commands: tuple[Command, ...]
) -> Iterator[BuildVersion]:
    for command in commands:
        if command.kind == c.LC_BUILD_VERSION:
            number, minos, sdk = _words(data, name, shape, command, 3)
            yield BuildVersion(c.PLATFORMS.get(number, f"platform {number}"), minos, sdk)
        elif command.kind in c.VERSION_MINIMUM:
            minos, sdk = _words(data, name, shape, command, 2)
            yield BuildVersion(c.VERSION_MINIMUM[command.kind], minos, sdk)


def _segments(
    data: memoryview, name: str, shape: Shape, commands: tuple[Command, ...]
) -> Iterator[Segment]:
    wanted = c.LC_SEGMENT_64 if shape.bits == 64 else c.LC_SEGMENT
    seen = 0
    for command in commands:
        if command.kind not in (c.LC_SEGMENT, c.LC_SEGMENT_64):
            continue
        if command.kind != wanted:
            raise RelocatableError(
                f"{name}: damaged Mach-O file: load command {command.kind:#x} at {command.offset}"
                f" is no segment of a file for {shape.bits} bits"
            )
        _least(name, command, shape.segment.size)
        fields = shape.segment.unpack_from(data, command.offset)
        _, _, title, vmaddr, vmsize, fileoff, filesize, maxprot, initprot, count, flags = fields
        check(name, len(data), f"segment {_title(title)}", fileoff, filesize)
        _least(name, command, shape.segment.size + count * shape.section.size)
        seen += count
        if seen > _MOST_SECTIONS:
            raise RelocatableError(f"{name}: more than {_MOST_SECTIONS} sections are not supported")
        start = command.offset + shape.segment.size
        table = data[start : start + count * shape.section.size]
        sections = tuple(
            Section(_title(fields[0]), _title(fields[1]), *fields[2:9])
            for fields in shape.section.iter_unpack(table)
        )
        for section in sections:
            if section.flags & c.SECTION_TYPE not in c.ZEROFILL and section.size:
                what = f"section {section.segment},{section.name}"
                check(name, len(data), what, section.offset, section.size)
        yield Segment(
            *(command, _title(title), vmaddr, vmsize, fileoff, filesize),
            *(maxprot, initprot, flags, sections),
        )


def _title(padded: bytes) -> str:
    return padded.partition(b"\0")[0].decode("utf-8", "surrogateescape")


__all__ = ["MachO", "architecture", "check", "is_macho", "read", "version_text"]
