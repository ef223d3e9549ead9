"""Adds sections, symbols and segments to the ELF files that `ElfBuilder` makes.

What is there stays where it is; new sections follow it, then section names and section headers.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS = 1, 2, 3, 4, 7, 8
SHT_GROUP, SHT_SYMTAB_SHNDX = 17, 18
SHF_ALLOC, SHF_INFO_LINK, SHF_GROUP, SHF_COMPRESSED = 2, 0x40, 0x200, 0x800
SHN_LORESERVE, SHN_ABS, SHN_XINDEX = 0xFF00, 0xFFF1, 0xFFFF
STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE = 1, 2, 3, 4
PT_LOAD, PT_GNU_STACK = 1, 0x6474E551


@dataclass(frozen=True)
class Extra:
    """A section to add.

    Attributes:
        name: its name.
        content: its bytes.
        type: `sh_type`.
        flags: `sh_flags`.
        link: the name of the section that `sh_link` means.
        info: `sh_info`, or the name of a section that it means.
        align: `sh_addralign`.
        entsize: `sh_entsize`.
        members: names of sections whose numbers are appended to the content, as words.
    """

    name: str
    content: bytes = b""
    type: int = SHT_PROGBITS
    flags: int = 0
    link: str = ""
    info: int | str = 0
    align: int = 1
    entsize: int = 0
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Symbol:
    """A symbol to add; `section` is the name of one, or a reserved number."""

    name: str
    section: str | int = 0
    type: int = STT_FUNC
    is_global: bool = False


class Layout(NamedTuple):
    """The structures of a file."""

    bits: int
    order: str

    @classmethod
    def of(cls, file: bytes | bytearray) -> "Layout":
        return cls(32 * file[4], "<" if file[5] == 1 else ">")

    @property
    def ehdr(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHIQQQIHHHHHH" if self.bits == 64 else "HHIIIIIHHHHHH"))

    @property
    def phdr(self) -> struct.Struct:
        return struct.Struct(self.order + ("IIQQQQQQ" if self.bits == 64 else "IIIIIIII"))

    @property
    def shdr(self) -> struct.Struct:
        return struct.Struct(self.order + ("IIQQQQIIQQ" if self.bits == 64 else "IIIIIIIIII"))

    def symbol(self, name: int, info: int, section: int, value: int) -> bytes:
        if self.bits == 64:
            return struct.pack(self.order + "IBBHQQ", name, info, 0, section, value, 8)
        return struct.pack(self.order + "IIIBBH", name, value, 8, info, 0, section)

    def words(self, *words: int) -> bytes:
        return struct.pack(f"{self.order}{len(words)}I", *words)


def with_sections(
    file: bytes,
    extra: Sequence[Extra],
    symbols: Sequence[Symbol] = (),
    *,
    first: bool = False,
    shared_names: bool = False,
) -> bytes:
    """Adds sections to a file whose last bytes are section names and section headers.

    Args:
        file: what `ElfBuilder` made.
        extra: the sections.
        symbols: what `.symtab` is to have, local ones first; none if empty.
        first: whether they come first in the table, before those that are there.
        shared_names: whether sections and symbols have one table of names.
    """
    layout = Layout.of(file)
    ehdr = list(layout.ehdr.unpack_from(file, 16))
    old = list(layout.shdr.iter_unpack(file[ehdr[5] : ehdr[5] + ehdr[11] * layout.shdr.size]))
    table = file[old[-1][4] : old[-1][4] + old[-1][5]]
    names = [table[row[0] : table.index(0, row[0])].decode() for row in old]
    extra = [*extra, *([_SYMTAB, _STRTAB] if symbols and not shared_names else [])]
    if symbols and shared_names:
        extra.append(replace(_SYMTAB, link=".shstrtab"))
    new = [item.name for item in extra]
    order = ["", *new, *names[1:]] if first else [*names[:-1], *new, names[-1]]
    number = {name: index for index, name in enumerate(order)}
    if symbols and len(order) + 1 > SHN_LORESERVE:
        extra.append(Extra(".symtab_shndx", b"", SHT_SYMTAB_SHNDX, 0, ".symtab", 0, 4, 4))
        order.append(".symtab_shndx")

    strings = bytearray(b"\0")
    name_at = {name: _add(strings, name) for name in order}
    symbol_names = strings if shared_names else bytearray(b"\0")
    rows, large = [layout.symbol(0, 0, 0, 0)], [0]
    for index, symbol in enumerate(symbols):
        section = symbol.section if isinstance(symbol.section, int) else number[symbol.section]
        is_large = isinstance(symbol.section, str) and section >= SHN_LORESERVE
        at = _add(symbol_names, symbol.name)
        info = symbol.type | symbol.is_global << 4
        rows.append(layout.symbol(at, info, SHN_XINDEX if is_large else section, index))
        large.append(section if is_large else 0)
    contents = {
        ".symtab": b"".join(rows),
        ".strtab": bytes(symbol_names),
        ".symtab_shndx": layout.words(*large),
    }

    out = bytearray(file[: old[-1][4]])
    headers: dict[str, tuple[int, ...]] = {}
    for item in extra:
        content = contents.get(item.name, item.content)
        content += layout.words(*(number[member] for member in item.members))
        out += bytes(-len(out) % item.align)
        info = number[item.info] if isinstance(item.info, str) else item.info
        if item.type == SHT_SYMTAB:
            info = 1 + sum(not symbol.is_global for symbol in symbols)
        entsize = item.entsize or (len(rows[0]) if item.type == SHT_SYMTAB else 0)
        headers[item.name] = (
            *(name_at[item.name], item.type, item.flags, 0, len(out), len(content)),
            *(number.get(item.link, 0), info, item.align, entsize),
        )
        out += b"" if item.type == SHT_NOBITS else content
    for name, row in zip(names, old, strict=True):
        _, kind, flags, addr, offset, size, link, info, align, entsize = row
        if name == names[-1]:
            offset, size = len(out), len(strings)
            out += strings
        headers[name] = (
            *(name_at[name] if name else 0, kind, flags, addr, offset, size),
            *(number[names[link]], info, align, entsize),
        )
    out += bytes(-len(out) % 8)
    ehdr[5] = len(out)
    count, names_at = len(order), number[names[-1]]
    if count >= SHN_LORESERVE:
        headers[""] = (*headers[""][:5], count, names_at, *headers[""][7:])
    ehdr[11] = count if count < SHN_LORESERVE else 0
    ehdr[12] = names_at if names_at < SHN_LORESERVE else SHN_XINDEX
    out[16 : 16 + layout.ehdr.size] = layout.ehdr.pack(*ehdr)
    for name in order:
        out += layout.shdr.pack(*headers[name])
    return bytes(out)


def with_segment(file: bytes, content: bytes, address: int, *, page: int = 0x1000) -> bytes:
    """Appends a loaded segment, as patchelf does; it takes the program header of PT_GNU_STACK.

    Args:
        file: a file of ElfBuilder, 64 bits and little-endian.
        content: the segment's bytes.
        address: where it is loaded; a multiple of `page`.
        page: its alignment.
    """
    layout = Layout.of(file)
    ehdr = layout.ehdr.unpack_from(file, 16)
    out = bytearray(file)
    out += bytes(-len(out) % page)
    for index in range(ehdr[9]):
        at = ehdr[4] + index * layout.phdr.size
        if layout.phdr.unpack_from(file, at)[0] == PT_GNU_STACK:
            values = (PT_LOAD, 4, len(out), address, address, len(content), len(content), page)
            layout.phdr.pack_into(out, at, *values)
    return bytes(out + content)


def _add(strings: bytearray, name: str) -> int:
    if not name:
        return 0
    strings += name.encode() + b"\0"
    return len(strings) - len(name.encode()) - 1


_SYMTAB = Extra(".symtab", type=SHT_SYMTAB, link=".strtab", align=8)
_STRTAB = Extra(".strtab", type=SHT_STRTAB)
