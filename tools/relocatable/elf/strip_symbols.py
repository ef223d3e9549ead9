"""Symbol tables when sections go: fewer symbols, other section numbers, other name offsets.

Source: System V gABI, chapter 4, "Symbol Table".
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.strip_sections import Sections
from relocatable.errors import RelocatableError

_SYMBOL: Final = {64: "IBBHQQ", 32: "IIIBBH"}
_INFO_AT: Final = {64: 1, 32: 3}
_SECTION_AT: Final = {64: 3, 32: 5}

Numbers = Sequence[int | None]
"""For each section its number afterwards; None if it goes."""


class SymbolTable:
    """The symbols of `.symtab` that are kept.

    Symbols that stand for a section or for a source file are there for debuggers and are left
    out, unless relocations or groups count on the numbers of the symbols.
    """

    def __init__(self, table: Sections, number: int, numbers: Numbers) -> None:
        """Reads the symbols of section `number`.

        Raises:
            RelocatableError: if the section isn't made of symbols.
        """
        self._elf = table.elf
        self._struct = _struct(table, number)
        self._content = table.content(number)
        self._locals = table.headers[number].info
        self._numbers = numbers
        users = [other for other, user in enumerate(table.headers) if user.link == number]
        self._debugging: tuple[int, ...] = (c.STT_SECTION, c.STT_FILE)
        self._extended = memoryview(b"")
        self.extended_at: int | None = None
        """Which section has the section numbers that don't fit into symbols; None if none."""
        for other in users:
            if table.headers[other].type == c.SHT_SYMTAB_SHNDX:
                self._extended = table.content(other)
                self.extended_at = other
            elif numbers[other] is not None and not table.is_loaded(other):
                self._debugging = ()
        self.before = len(self._content) // self._struct.size
        """How many symbols there are."""
        self.after = 0
        """How many of them are kept. Set by `use_names`."""
        self.locals = 0
        """How many of those are local, which is the new `sh_info`. Set by `use_names`."""

    def use_names(self, use: Callable[[int], None]) -> None:
        """Counts what is kept, and calls `use` with the offset of each name.

        Raises:
            RelocatableError: if a symbol is in a section that isn't there.
        """
        for index, symbol, _, _ in self._kept():
            use(symbol[0])
            self.after += 1
            self.locals += index < self._locals

    def rewritten(self, moved: Callable[[int], int]) -> tuple[bytes, bytes]:
        """The new symbols, and the new section numbers that don't fit into them.

        Args:
            moved: from the old to the new offset of a name.
        """
        at = _SECTION_AT[self._elf.bits]
        pack = self._struct.pack
        content, extended = bytearray(), bytearray()
        for _, symbol, section, large in self._kept():
            content += pack(moved(symbol[0]), *symbol[1:at], section, *symbol[at + 1 :])
            if self.extended_at is not None:
                extended += large.to_bytes(4, "little" if self._elf.little else "big")
        return bytes(content), bytes(extended)

    def _kept(self) -> Iterator[tuple[int, tuple[int, ...], int, int]]:
        """Number, fields, new `st_shndx`, and new extended section number of what is kept."""
        info_at, section_at = _INFO_AT[self._elf.bits], _SECTION_AT[self._elf.bits]
        numbers, debugging = self._numbers, self._debugging
        for index, symbol in enumerate(self._struct.iter_unpack(self._content)):
            section = symbol[section_at]
            if symbol[info_at] & 0xF in debugging and index:
                continue
            if c.SHN_LORESERVE <= section < c.SHN_XINDEX:  # Absolute, common: in no section.
                yield index, symbol, section, 0
                continue
            if section == c.SHN_XINDEX:
                word = self._extended[4 * index : 4 * index + 4]
                section = int.from_bytes(word, "little" if self._elf.little else "big")
            if section >= len(numbers):
                raise RelocatableError(
                    f"{self._elf.name}: damaged ELF file: symbol {index} is in section {section},"
                    f" but there are {len(numbers)}"
                )
            number = numbers[section]
            if number is None:
                if debugging:
                    continue
                number = c.SHN_UNDEF
            if number < c.SHN_LORESERVE:
                yield index, symbol, number, 0
            else:
                yield index, symbol, c.SHN_XINDEX, number


def renumbered(table: Sections, number: int, numbers: Numbers) -> bytes | None:
    """A loaded symbol table with the new section numbers; None if they are the old ones.

    Nothing is left out. Numbers that mean nothing stay: loaders look at none of them, beyond
    whether a symbol is defined.
    """
    if all(number in (index, None) for index, number in enumerate(numbers)):
        return None
    layout, at = _struct(table, number), _SECTION_AT[table.elf.bits]
    content = bytearray(table.content(number))
    changed = False
    for index, symbol in enumerate(layout.iter_unpack(table.content(number))):
        section = symbol[at]
        new = numbers[section] if section < min(c.SHN_LORESERVE, len(numbers)) else None
        if new not in (None, section):
            layout.pack_into(content, index * layout.size, *symbol[:at], new, *symbol[at + 1 :])
            changed = True
    return bytes(content) if changed else None


def _struct(table: Sections, number: int) -> struct.Struct:
    layout = struct.Struct(("<" if table.elf.little else ">") + _SYMBOL[table.elf.bits])
    header = table.headers[number]
    if header.entsize != layout.size or header.size % layout.size:
        raise RelocatableError(
            f"{table.elf.name}: damaged ELF file: section {number} should have symbols of"
            f" {layout.size} bytes, found {header.size} bytes of {header.entsize} each"
        )
    return layout
