"""Reads the symbol table of a Mach-O file, independently of what rewrites it."""

import struct

from relocatable.macho import MachO
from relocatable.macho import constants as c


def symbol_names(file: MachO, data: bytes, *, stabs: bool = True) -> list[bytes]:
    """The names of all symbols, in order; without `stabs`, not those that are debuggers' notes."""
    order = file.shape.order
    size = 16 if file.shape.bits == 64 else 12
    symoff, count, stroff, strsize = _words(file, data, c.LC_SYMTAB, 4)
    strings = data[stroff : stroff + strsize]
    symbols = (struct.unpack_from(order + "IB", data, symoff + i * size) for i in range(count))
    places = (place for place, kind in symbols if stabs or not kind & c.N_STAB)
    return [strings[place : strings.index(b"\0", place)] for place in places]


def indirect_names(file: MachO, data: bytes) -> list[bytes | int]:
    """What each indirect symbol means: the name of a symbol, or flags."""
    *_, offset, count = _words(file, data, c.LC_DYSYMTAB, 14)
    names = symbol_names(file, data)
    numbers = struct.unpack_from(f"{file.shape.order}{count}I", data, offset)
    return [number if number >> 30 else names[number] for number in numbers]


def _words(file: MachO, data: bytes, kind: int, count: int) -> tuple[int, ...]:
    command = file.command(kind)
    assert command is not None
    return struct.unpack_from(f"{file.shape.order}{count}I", data, command.offset + 8)
