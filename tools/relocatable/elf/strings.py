"""Finds strings of the dynamic string table, and which of its bytes may be overwritten.

Linkers merge strings that end alike: a RUNPATH of `lib` may be the tail of the symbol `mylib`.
So bytes are free only if nothing else that names strings reaches them.
"""

import sys
from array import array
from collections.abc import Iterable, Sequence
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf
from relocatable.elf.shape import Dynamic, Section
from relocatable.elf.versions import iterate_version_definitions, iterate_version_needs

# Sections that use the string table in a way that is known here.
_KNOWN_USERS: Final = frozenset({c.SHT_DYNAMIC, c.SHT_DYNSYM, c.SHT_GNU_VERDEF, c.SHT_GNU_VERNEED})


def owned(elf: Elf, headers: tuple[Section, ...]) -> int:
    """From which offset on nothing but strings is in the table; its size if nobody knows.

    A table may have been made to reach a string far away, over whatever lies between.
    """
    address = elf.value(c.DT_STRTAB) or 0
    inside = [
        entry.value - address + 1
        for entry in elf.dynamic
        if entry.tag in c.ADDRESS_TAGS and 0 < entry.value - address < elf.strsz
    ]
    others = [
        header.offset + header.size - elf.strtab
        for header in headers
        if header.type not in (c.SHT_NULL, c.SHT_NOBITS)
        and header.size
        and elf.strtab < header.offset < elf.strtab + elf.strsz
    ]
    if inside and not headers:
        return elf.strsz
    return min(max([0, *inside, *others]), elf.strsz)


def find(elf: Elf, data: memoryview, start: int, text: bytes) -> int | None:
    """The offset of a string, or of the tail of one, that already reads `text`; or None.

    Args:
        elf: the file.
        data: its bytes.
        start: where to begin, an offset into the table.
        text: the string with its NUL.
    """
    found = bytes(data[elf.strtab + start : elf.strtab + elf.strsz]).find(text)
    return None if found < 0 else start + found


def trailing_zeros(elf: Elf, data: memoryview, start: int) -> int:
    """How many zeros the table ends with, from `start` on and as far as its last 64 KiB tell."""
    start = max(start, elf.strsz - 0x10000)
    tail = bytes(data[elf.strtab + start : elf.strtab + elf.strsz])
    return len(tail) - len(tail.rstrip(b"\0"))


def free(
    elf: Elf,
    data: memoryview,
    headers: tuple[Section, ...],
    others: Iterable[Dynamic],
    offset: int,
    *,
    start: int,
) -> int:
    """How many bytes may be overwritten from the string at `offset` on, its NUL included.

    Zeros that follow it count too: an earlier edit left them.

    Args:
        elf: the file.
        data: its bytes.
        headers: its section headers.
        others: the dynamic entries but those that use this string.
        offset: of the string in the table.
        start: from which offset on nothing but strings is in the table.

    Returns:
        0 if something else uses a byte of it; else the number of bytes.
    """
    before, length, zeros = _surroundings(elf, data, offset)
    after = length + (zeros if offset >= start else 0)
    # A name may start at the last NUL: it stays one, and that name stays empty.
    if _is_used(elf, data, headers, others, range(offset - before, offset + after - 1)):
        return 0
    return after


def _surroundings(elf: Elf, data: memoryview, offset: int) -> tuple[int, int, int]:
    """How many bytes of the same string precede `offset`, follow up to its NUL, and zeros then."""
    window = 512
    while True:
        first = max(0, offset - window)
        last = min(elf.strsz, offset + window)
        head = bytes(data[elf.strtab + first : elf.strtab + offset])
        tail = bytes(data[elf.strtab + offset : elf.strtab + last])
        start = head.rfind(0)
        end = tail.find(0)
        following = tail[end:].lstrip(b"\0")
        complete = end >= 0 and (following or last == elf.strsz)
        if complete and (start >= 0 or not first):
            return len(head) - (start + 1), end + 1, len(tail) - len(following) - (end + 1)
        window *= 8


def _is_used(
    elf: Elf,
    data: memoryview,
    headers: tuple[Section, ...],
    others: Iterable[Dynamic],
    span: range,
) -> bool:
    """Whether a name starts at one of the offsets, or may do so."""
    if any(entry.tag not in c.NUMBER_TAGS and entry.value in span for entry in others):
        return True
    for index, header in enumerate(headers):
        if header.type == c.SHT_STRTAB and header.offset == elf.strtab:
            users = {user.type for user in headers if user.link == index}
            if index == elf.shstrndx or users - _KNOWN_USERS:
                return True
    symbols = _symbol_names(elf, data)
    if symbols is None or any(map(span.__contains__, symbols)):  # There may be 100,000.
        return True
    for library, versions in iterate_version_needs(elf, data):
        if library in span or any(version in span for version in versions):
            return True
    definitions = iterate_version_definitions(elf, data)
    return any(name in span for names in definitions for name in names)


def _symbol_names(elf: Elf, data: memoryview) -> Sequence[int] | None:
    """String table offsets of the names of all dynamic symbols; None if they can't be found.

    Nothing in the dynamic section says how many symbols there are. Another table must follow
    them, so what lies up to there is read as symbols: too many perhaps, never too few.
    """
    address = elf.value(c.DT_SYMTAB)
    if address is None:
        return array("I")
    symbol_size = elf.shape.symbol_size
    load = elf.load_of(address)
    if load is None or elf.value(c.DT_SYMENT) != symbol_size:
        return None
    end = min(
        (value for tag, value in elf.dynamic if tag in c.ADDRESS_TAGS and value > address),
        default=load.vaddr + load.filesz,
    )
    size = min(end, load.vaddr + load.filesz) - address
    start = address - load.vaddr + load.offset
    words = array("I")  # The name is the first word of a symbol.
    words.frombytes(data[start : start + size // symbol_size * symbol_size])
    if elf.little != (sys.byteorder == "little"):
        words.byteswap()
    return words[:: symbol_size // words.itemsize]
