"""The structures of ELF files, for both classes and byte orders."""

import struct
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

_EHDR: Final = {64: "HHIQQQIHHHHHH", 32: "HHIIIIIHHHHHH"}
_PHDR: Final = {64: "IIQQQQQQ", 32: "IIIIIIII"}
_SHDR: Final = {64: "IIQQQQIIQQ", 32: "IIIIIIIIII"}
_DYN: Final = {64: "QQ", 32: "II"}
_SYMBOL_SIZE: Final = {64: 24, 32: 16}


class Segment(NamedTuple):
    """A program header: `filesz` bytes at `offset` appear at address `vaddr`."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    filesz: int
    memsz: int
    align: int


class Section(NamedTuple):
    """A section header."""

    name: int
    type: int
    flags: int
    addr: int
    offset: int
    size: int
    link: int
    info: int
    addralign: int
    entsize: int


class Dynamic(NamedTuple):
    """An entry of the dynamic section; what `value` means depends on `tag`."""

    tag: int
    value: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The structures of one class and byte order."""

    bits: int
    little: bool
    ehdr: struct.Struct
    phdr: struct.Struct
    shdr: struct.Struct
    dyn: struct.Struct
    symbol_size: int
    verneed: struct.Struct
    vernaux: struct.Struct
    verdef: struct.Struct
    verdaux: struct.Struct

    def pack_segment(self, segment: Segment) -> bytes:
        """The bytes of a program header (ELF32 keeps its flags in another place)."""
        if self.bits == 64:
            return self.phdr.pack(*segment)
        kind, flags, *middle, align = segment
        return self.phdr.pack(kind, *middle, flags, align)

    def unpack_segments(self, table: memoryview) -> tuple[Segment, ...]:
        """The program headers in `table`, whose length is a multiple of one header's."""
        if self.bits == 64:
            return tuple(map(Segment._make, self.phdr.iter_unpack(table)))
        return tuple(
            Segment(kind, flags, offset, vaddr, paddr, filesz, memsz, align)
            for kind, offset, vaddr, paddr, filesz, memsz, flags, align in self.phdr.iter_unpack(
                table
            )
        )


@cache
def shape_of(bits: int, *, little: bool) -> Shape:
    """The structures of a class (32 or 64) and byte order."""
    order = "<" if little else ">"
    return Shape(
        bits=bits,
        little=little,
        ehdr=struct.Struct(order + _EHDR[bits]),
        phdr=struct.Struct(order + _PHDR[bits]),
        shdr=struct.Struct(order + _SHDR[bits]),
        dyn=struct.Struct(order + _DYN[bits]),
        symbol_size=_SYMBOL_SIZE[bits],
        verneed=struct.Struct(order + "HHIII"),
        vernaux=struct.Struct(order + "IHHII"),
        verdef=struct.Struct(order + "HHHHIII"),
        verdaux=struct.Struct(order + "II"),
    )
