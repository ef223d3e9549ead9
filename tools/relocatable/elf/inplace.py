"""Finds a place for a string in an ELF file without making the file longer."""

from typing import Final

from relocatable.elf import constants as c
from relocatable.elf import strings
from relocatable.elf.image import Image, leading_zeros
from relocatable.elf.reader import Dynamic, Segment
from relocatable.elf.tables import Move, make_way

# The largest page size that kernels use on a machine: no two segments may share a page. Machines
# that aren't named here get the largest of all.
_PAGE_SIZES: Final = {c.EM_386: 0x1000, c.EM_X86_64: 0x1000}
_LARGEST_PAGE: Final = 0x10000

# More than a page of padding is never needed, but the last segment of a file may grow on.
_MOST_GROWTH: Final = 1 << 20


def page_size(machine: int) -> int:
    """The distance that segments for a machine keep from each other, in bytes."""
    return _PAGE_SIZES.get(machine, _LARGEST_PAGE)


def erase(image: Image, old: list[Dynamic]) -> None:
    """Overwrites strings with zeros, as far as only the entries `old` use them.

    The entries are no longer in the image.
    """
    for entry in old:
        image.write(image.elf.strtab + entry.value, bytes(_free(image, entry.value)))


def place(image: Image, old: list[Dynamic], text: bytes) -> int | None:
    """Puts a string into the string table.

    Args:
        image: the file.
        old: entries that are no longer in the image, and whose strings aren't needed.
        text: the string with its NUL.

    Returns:
        Its offset in the table, or None if there is no room and nothing was changed.
    """
    elf = image.elf
    end = elf.strsz
    for entry in old:
        free = _free(image, entry.value)
        if free >= len(text):
            erase(image, old)
            image.write(elf.strtab + entry.value, text)
            return entry.value
        if free and entry.value + free == elf.strsz:
            end = min(end, entry.value)  # The table's last string: it may grow.
    found = strings.find(elf, image.data, text)
    if found is not None:
        return found
    left = strings.trailing_zeros(elf, image.data)
    if end == elf.strsz and left > 1:
        # Zeros at the end, but for the first, are part of no string: an edit left them.
        offset = elf.strsz - left + 1
        free = _free(image, offset)
        if free >= len(text):
            erase(image, old)
            image.write(elf.strtab + offset, text)
            return offset
        end = offset if free else end
    before = len(image.writes)
    erase(image, old)
    grown = _grow(image, end, text)
    if grown is None:
        del image.writes[before:]
    return grown


def _free(image: Image, offset: int) -> int:
    """How many bytes from a string on nothing uses any more."""
    return strings.free(image.elf, image.data, image.headers, image.entries, offset)


def _grow(image: Image, end: int, text: bytes) -> int | None:
    """Makes the string table longer.

    Args:
        image: the file.
        end: where the last string that is still needed ends.
        text: the new string.

    Returns:
        Its offset in the table, or None if there is no room.
    """
    elf = image.elf
    table_end = elf.strtab + elf.strsz
    index, load = _load_at(image, elf.strtab)
    load_end = load.offset + load.filesz
    at = elf.strtab + end
    more = at + len(text) - table_end
    padding = _padding(image, load)
    moves: list[Move] | None = []
    if table_end == load_end:
        stop = load_end + more
    else:
        moves = make_way(elf, image.data, image.headers, load, more=more, padding=padding)
        stop = max((move.end + move.distance for move in moves or ()), default=load_end)
        if moves is None:
            # The padding becomes part of the table, and so does all that lies before it. That
            # does no harm: strings are found by offset, and loaders ignore the table's size.
            # But programs that rewrite the sections of a file (strip) can't make sense of it.
            at = load_end
            stop = at + len(text)
    grown = stop - load_end
    if grown > padding:
        return None
    if grown > 0:
        longer = load._replace(filesz=load.filesz + grown, memsz=load.memsz + grown)
        image.set_segment(index, longer)
    _move(image, load, moves or [])
    image.write(at, text)
    address = elf.strtab - load.offset + load.vaddr
    image.set_string_table(address, elf.strtab, at + len(text) - elf.strtab)
    return at - elf.strtab


def _move(image: Image, load: Segment, moves: list[Move]) -> None:
    """Moves tables, and tells the dynamic section and the section headers."""
    contents = [bytes(image.data[move.start : move.end]) for move in moves]
    for move in moves:  # Zeros left behind are room for a later edit.
        image.write(move.start, bytes(move.end - move.start))
    for move, content in zip(moves, contents, strict=True):
        image.write(move.start + move.distance, content)

    def shift(offset: int) -> int:
        return next((m.distance for m in moves if m.start <= offset < m.end), 0)

    image.entries = [
        entry._replace(value=entry.value + shift(entry.value - load.vaddr + load.offset))
        if entry.tag in c.ADDRESS_TAGS
        else entry
        for entry in image.entries
    ]
    for index, header in enumerate(image.headers):
        moved = shift(header.offset) if header.size else 0
        if moved:
            image.set_section(index, addr=header.addr + moved, offset=header.offset + moved)


def _load_at(image: Image, offset: int) -> tuple[int, Segment]:
    """The loaded segment that holds a file offset, and its index; `read` saw that there is one."""
    return next(
        (index, segment)
        for index, segment in enumerate(image.elf.segments)
        if segment.type == c.PT_LOAD and 0 <= offset - segment.offset < segment.filesz
    )


def _padding(image: Image, load: Segment) -> int:
    """How many bytes after a segment's end are nobody's, in the file and in memory."""
    elf = image.elf
    if load.filesz != load.memsz:
        return 0
    end = load.offset + load.filesz
    taken = [
        (elf.phoff, len(elf.segments) * elf.shape.phdr.size),
        (elf.shoff, len(image.headers) * elf.shape.shdr.size),
        *((other.offset, other.filesz) for other in elf.segments),
        *((part.offset, part.size) for part in image.headers if part.type != c.SHT_NOBITS),
    ]
    following = [max(start, end) - end for start, size in taken if size and start + size > end]
    page = page_size(elf.machine)
    above = [
        other.vaddr // page * page - load.vaddr - load.memsz
        for other in elf.segments
        if other.type == c.PT_LOAD and other is not load and other.vaddr >= load.vaddr
    ]
    room = max(0, min([_MOST_GROWTH, *following, *above]))
    # Past the end of the file there is room too. What isn't zero inside is somebody's.
    inside = image.data[end : end + room]
    zeros = leading_zeros(inside)
    return room if zeros == len(inside) else zeros
