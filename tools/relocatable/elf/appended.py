"""Adds one segment at the end of an ELF file, for what finds no room inside."""

from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.image import Image, round_up
from relocatable.elf.inplace import page_size
from relocatable.elf.shape import Segment
from relocatable.errors import RelocatableError

# Room for later edits in a dynamic section that has to move anyway.
_SPARE_ENTRIES: Final = 4

# Zeros that a program with a large .bss may need before the new segment, at most.
_MOST_PADDING: Final = 64 << 20

_ALIGN: Final = 16


def add_segment(image: Image, texts: dict[int, bytes]) -> None:
    """Moves the program headers, the strings, and the dynamic section if it is full.

    A kernel before 5.18 tells a program that its headers are at (address of the first segment
    - its file offset + e_phoff), whatever PT_PHDR says. For a program the new segment therefore
    keeps that distance between file offset and address, and as its address must lie behind
    everything else, so must its file offset.

    Args:
        image: the file; nothing but `erase` has changed it.
        texts: new strings, by the index of the entry that names them.

    Raises:
        RelocatableError: if too much padding would be needed, or no address is left.
    """
    elf, page = image.elf, page_size(image.elf.machine)
    loads = [segment for segment in elf.segments if segment.type == c.PT_LOAD]
    memory_end = round_up(max(load.vaddr + load.memsz for load in loads), page)
    if elf.is_program or elf.entry:
        distance = loads[0].vaddr - loads[0].offset
        start = round_up(max(elf.size, memory_end - distance), _ALIGN)
        address = start + distance
    else:
        start = round_up(elf.size, _ALIGN)
        address = memory_end + start % page

    # The segment: program headers, dynamic section if it moves, strings.
    headers_size = (len(elf.segments) + 1) * elf.shape.phdr.size
    dynamic_moves = len(image.entries) >= elf.dynamic_slots
    dynamic_at = round_up(headers_size, _ALIGN)
    slots = len(image.entries) + 1 + _SPARE_ENTRIES if dynamic_moves else 0
    dynamic_size = slots * elf.shape.dyn.size
    table_at = dynamic_at + dynamic_size
    table = _string_table(image)
    for index, text in texts.items():
        image.entries[index] = image.entries[index]._replace(value=len(table))
        table += text
    size = table_at + len(table)
    _check_room(image, padding=start - elf.size, end=address + size)

    image.set_string_table(address + table_at, start + table_at, len(table))
    moved = {c.PT_PHDR: (0, headers_size)}
    if dynamic_moves:
        moved[c.PT_DYNAMIC] = (dynamic_at, dynamic_size)
        image.set_sections(
            c.SHT_DYNAMIC,
            elf.dynamic_offset,
            addr=address + dynamic_at,
            offset=start + dynamic_at,
            size=dynamic_size,
        )
        image.write(start + dynamic_at, image.pack_dynamic(slots))
    else:
        image.set_dynamic()
    image.write(start + table_at, bytes(table))

    # Loaders write into the dynamic section.
    flags = c.PF_R | (c.PF_W if dynamic_moves else 0)
    segments = list(elf.segments)
    segments.insert(
        elf.segments.index(loads[-1]) + 1,
        Segment(c.PT_LOAD, flags, start, address, address, size, size, page),
    )
    for index, segment in enumerate(segments):
        if segment.type in moved:
            at, length = moved[segment.type]
            segments[index] = segment._replace(
                offset=start + at,
                vaddr=address + at,
                paddr=address + at,
                filesz=length,
                memsz=length,
            )
    packed = b"".join(map(elf.shape.pack_segment, segments))
    image.write(start, packed.ljust(dynamic_at, b"\0"))
    image.set_header(phoff=start, phnum=len(segments))


def _string_table(image: Image) -> bytearray:
    """A copy of the string table without what has been erased."""
    start, end = image.elf.strtab, image.elf.strtab + image.elf.strsz
    table = bytearray(image.data[start:end])
    for offset, content in image.writes:
        if start <= offset and offset + len(content) <= end:
            table[offset - start : offset - start + len(content)] = content
    return table


def _check_room(image: Image, *, padding: int, end: int) -> None:
    name = image.elf.name
    if padding > _MOST_PADDING:
        raise RelocatableError(
            f"{name}: no room for a longer string: {padding} bytes of padding would be needed,"
            f" at most {_MOST_PADDING} are allowed; link the file with a longer RUNPATH"
        )
    if end > 1 << image.elf.bits:
        raise RelocatableError(
            f"{name}: no room for a longer string: the file's segments reach the end of memory;"
            " link the file with a longer RUNPATH"
        )
