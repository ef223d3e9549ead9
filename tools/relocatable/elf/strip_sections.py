"""The section headers of a file, and which sections it runs without.

Which ones go is what GNU strip says: its users know what to expect, and debuggers still find what
`.gnu_debuglink`, `.gnu_debugaltlink` and `.gnu_debugdata` lead to.
"""

from dataclasses import dataclass
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf, check, sections
from relocatable.elf.shape import Section
from relocatable.errors import RelocatableError

# As much of a name as tells what a section is: a hostile file has 65,000 of a megabyte each.
_NAME_LIMIT: Final = 64

# DWARF plain and compressed, of link-time optimization, of COMDAT groups; what came before DWARF.
_DEBUG_NAMES: Final = (
    *(b".debug", b".zdebug", b".gnu.debuglto_.debug_", b".gnu.linkonce.wi."),
    *(b".line", b".stab"),
)
_RELOCATIONS: Final = (c.SHT_REL, c.SHT_RELA)


@dataclass(frozen=True, slots=True)
class Sections:
    """The section headers of a file, checked.

    Attributes:
        elf: the file.
        data: its bytes.
        headers: all section headers, the empty first one too.
        names: what each is called, cut to 64 bytes.
        names_at: number of the section with the names; 0 if there is none.
    """

    elf: Elf
    data: memoryview
    headers: tuple[Section, ...]
    names: tuple[bytes, ...]
    names_at: int

    def is_loaded(self, number: int) -> bool:
        """Whether a section is part of the program in memory."""
        return bool(self.headers[number].flags & c.SHF_ALLOC)

    def span(self, number: int) -> tuple[int, int]:
        """Where in the file a section starts and ends; an empty span if it has no bytes there."""
        header = self.headers[number]
        has_bytes = header.type not in (c.SHT_NULL, c.SHT_NOBITS)
        return header.offset, header.offset + (header.size if has_bytes else 0)

    def content(self, number: int) -> memoryview:
        """The bytes of a section."""
        start, end = self.span(number)
        return self.data[start:end]

    def info_is_section(self, number: int) -> bool:
        """Whether `sh_info` is the number of a section."""
        header = self.headers[number]
        return header.type in _RELOCATIONS or bool(header.flags & c.SHF_INFO_LINK)


def read_sections(elf: Elf, data: memoryview) -> Sections | None:
    """Reads the section headers; None if the file has none.

    Raises:
        RelocatableError: if a section leaves the file or refers to one that isn't there.
    """
    headers = sections(elf, data)
    if not headers:
        return None
    names_at = headers[0].link if elf.shstrndx == c.SHN_XINDEX else elf.shstrndx
    if names_at >= len(headers):
        raise RelocatableError(
            f"{elf.name}: damaged ELF file: section {names_at} should have the names of the"
            f" sections, but there are {len(headers)}"
        )
    found = Sections(elf, data, headers, (), names_at)
    for number, header in enumerate(headers):
        start, end = found.span(number)
        if start < end:
            check(elf.name, data, f"section {number}", start, end - start)
        info = header.info if found.info_is_section(number) else 0
        for other in (header.link, info) if header.type != c.SHT_NULL else ():
            if other >= len(headers):
                raise RelocatableError(
                    f"{elf.name}: damaged ELF file: section {number} refers to section {other},"
                    f" but there are {len(headers)}"
                )
    table = found.content(names_at)
    return Sections(
        elf=elf,
        data=data,
        headers=headers,
        names=tuple(
            bytes(table[header.name : header.name + _NAME_LIMIT]).partition(b"\0")[0]
            for header in headers
        ),
        names_at=names_at,
    )


def removable(table: Sections, *, debug_only: bool) -> frozenset[int]:
    """The numbers of the sections to remove.

    Args:
        table: the file's sections.
        debug_only: whether symbols and relocations stay.
    """
    kinds = () if debug_only else (c.SHT_SYMTAB, c.SHT_SYMTAB_SHNDX, c.SHT_GROUP, *_RELOCATIONS)
    loose = {
        number
        for number, header in enumerate(table.headers)
        if number not in (0, table.names_at)
        and header.type != c.SHT_NULL
        and not table.is_loaded(number)
    }
    gone = {
        number
        for number in loose
        if table.headers[number].type in kinds or _is_debug(table.names[number])
    }
    for number in loose - gone:
        header = table.headers[number]
        if header.type in _RELOCATIONS and header.info in gone:
            gone.add(number)
    few = len(table.headers) - len(gone) < c.SHN_LORESERVE
    for number in loose - gone:
        header = table.headers[number]
        if header.type == c.SHT_SYMTAB_SHNDX and (few or header.link in gone):
            gone.add(number)
    wanted = {
        table.headers[number].link for number in range(len(table.headers)) if number not in gone
    }
    for number in {table.headers[number].link for number in gone} & loose - wanted:
        if table.headers[number].type == c.SHT_STRTAB:
            gone.add(number)
    return frozenset(gone)


def _is_debug(name: bytes) -> bool:
    return name.startswith(_DEBUG_NAMES) or name == b".gdb_index"
