"""The structures of Mach-O files, for both sizes of pointers and both byte orders."""

import struct
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple


class Command(NamedTuple):
    """A load command: `size` bytes at `offset` from the file's start, of kind `kind` (`LC_…`)."""

    kind: int
    offset: int
    size: int


class Section(NamedTuple):
    """A section: `size` bytes at `offset` appear at address `addr`; `flags` has its type."""

    name: str
    segment: str
    addr: int
    size: int
    offset: int
    align: int
    reloff: int
    nreloc: int
    flags: int


class Segment(NamedTuple):
    """A segment: `filesize` bytes at `fileoff` appear at address `vmaddr`."""

    command: Command
    name: str
    vmaddr: int
    vmsize: int
    fileoff: int
    filesize: int
    maxprot: int
    initprot: int
    flags: int
    sections: tuple[Section, ...]


class Dylib(NamedTuple):
    """A library that is loaded, or the file's own name.

    Attributes:
        kind: "load", "weak", "reexport", "lazy", "upward", or "id".
        name: the path that dyld looks for.
        current_version: as stored: 16, 8 and 8 bits.
        compatibility_version: likewise.
    """

    kind: str
    name: str
    current_version: int
    compatibility_version: int


class BuildVersion(NamedTuple):
    """What a file is built for: `platform` as "macos", versions as stored (16, 8 and 8 bits)."""

    platform: str
    minos: int
    sdk: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The structures of one size of pointers and one byte order; `order` is that of `struct`."""

    bits: int
    order: str
    header: struct.Struct
    segment: struct.Struct
    section: struct.Struct
    symbol: struct.Struct

    @property
    def alignment(self) -> int:
        """What sizes of load commands are multiples of, in bytes."""
        return self.bits // 8

    def words(self, count: int) -> struct.Struct:
        """So many numbers of 32 bits."""
        return struct.Struct(f"{self.order}{count}I")


@cache
def shape_of(bits: int, order: str) -> Shape:
    """The structures for pointers of 32 or 64 bits and a byte order, "<" or ">"."""
    wide = bits == 64
    return Shape(
        bits=bits,
        order=order,
        header=struct.Struct(order + ("8I" if wide else "7I")),
        segment=struct.Struct(order + "2I16s" + ("4Q" if wide else "4I") + "4I"),
        section=struct.Struct(order + "16s16s" + ("2Q8I" if wide else "2I7I")),
        symbol=struct.Struct(order + ("IBBHQ" if wide else "IBBHI")),
    )


def version_text(version: int) -> str:
    """A version of 16, 8 and 8 bits as people write it, such as `11.0` or `10.13.4`."""
    major, minor, patch = version >> 16, version >> 8 & 0xFF, version & 0xFF
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"
