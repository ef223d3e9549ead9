"""Reads load commands: the numbers, strings and sections in each.

Source: mach-o/loader.h.
"""

from collections.abc import Iterator
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.shape import BuildVersion, Command, Dylib, Section, Segment, Shape

# A linked file has some dozens; a large framework, hundreds.
_MOST_COMMANDS: Final = 1 << 14
_MOST_SECTIONS: Final = 1 << 14


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


def read_commands(
    data: memoryview, name: str, shape: Shape, count: int, end: int
) -> Iterator[Command]:
    """The load commands, which end at `end` of the file."""
    if count > _MOST_COMMANDS:
        raise RelocatableError(
            f"{name}: more than {_MOST_COMMANDS} load commands are not supported, found {count}"
        )
    at = shape.header.size
    pair = shape.words(2)
    for number in range(count):
        if at + 8 > end:
            raise RelocatableError(
                f"{name}: damaged Mach-O file: load command {number} of {count} is behind the end"
                f" of the commands at {end}"
            )
        kind, size = pair.unpack_from(data, at)
        # Apple's own 64-bit files are padded to 8; some linkers' only to 4, which dyld takes.
        if size < 8 or size % 4 or at + size > end:
            raise RelocatableError(
                f"{name}: damaged Mach-O file: load command {number} ({kind:#x}) at {at} should"
                f" have a size that is a multiple of 4, from 8 to {end - at}, found {size}"
            )
        yield Command(kind, at, size)
        at += size


def check_least(name: str, command: Command, size: int) -> None:
    """Makes sure that a command has at least `size` bytes."""
    if command.size < size:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: load command {command.kind:#x} at {command.offset}"
            f" should have at least {size} bytes, found {command.size}"
        )


def read_words(
    data: memoryview, name: str, shape: Shape, command: Command, count: int
) -> tuple[int, ...]:
    """The first numbers of a command behind its kind and size."""
    check_least(name, command, 8 + 4 * count)
    return shape.words(count).unpack_from(data, command.offset + 8)


def read_text(data: memoryview, name: str, shape: Shape, command: Command, start: int) -> str:
    """The string of a command, whose first number says where it begins: at `start` at least."""
    offset = read_words(data, name, shape, command, 1)[0]
    if not start <= offset < command.size:
        raise RelocatableError(
            f"{name}: damaged Mach-O file: the string of load command {command.kind:#x} at"
            f" {command.offset} should begin at {start} to {command.size - 1}, found {offset}"
        )
    text = bytes(data[command.offset + offset : command.offset + command.size])
    # The terminating zero may be missing where the string fills its command.
    return text.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def read_dylib(data: memoryview, name: str, shape: Shape, command: Command) -> Dylib:
    """The library that a command names."""
    _, _, current, compatible = read_words(data, name, shape, command, 4)
    kind = c.DYLIB_LOADS.get(command.kind, "id")
    return Dylib(kind, read_text(data, name, shape, command, 24), current, compatible)


def read_builds(
    data: memoryview, name: str, shape: Shape, commands: tuple[Command, ...]
) -> Iterator[BuildVersion]:
    """What the file is built for, in both forms that say so."""
    for command in commands:
        if command.kind == c.LC_BUILD_VERSION:
            number, minos, sdk = read_words(data, name, shape, command, 3)
            yield BuildVersion(c.PLATFORMS.get(number, f"platform {number}"), minos, sdk)
        elif command.kind in c.VERSION_MINIMUM:
            minos, sdk = read_words(data, name, shape, command, 2)
            yield BuildVersion(c.VERSION_MINIMUM[command.kind], minos, sdk)


def read_segments(
    data: memoryview, name: str, shape: Shape, commands: tuple[Command, ...]
) -> Iterator[Segment]:
    """The segments with their sections, whose bytes are inside of the file."""
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
        check_least(name, command, shape.segment.size)
        fields = shape.segment.unpack_from(data, command.offset)
        _, _, title, vmaddr, vmsize, fileoff, filesize, maxprot, initprot, count, flags = fields
        check(name, len(data), f"segment {_title(title)}", fileoff, filesize)
        check_least(name, command, shape.segment.size + count * shape.section.size)
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
