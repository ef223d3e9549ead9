"""Finds a place for a string in an ELF file without making the file longer."""

from typing import Final

from relocatable.elf import constants as c
from relocatable.elf import strings
from relocatable.elf.image import Image, leading_zeros
from relocatable.elf.reader import Elf
from relocatable.elf.shape import Dynamic, Segment
from relocatable.elf.tables import Move, Room, make_way

# The largest page size that kernels use on a machine: no two segments may share a page. Machines
# that aren't named here get the largest of all.
_PAGE_SIZES: Final = dict.fromkeys((c.EM_386, c.EM_S390, c.EM_ARM, c.EM_X86_64, c.EM_RISCV), 0x1000)
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
    found = strings.find(elf, image.data, image.owned, text)
    if found is not None:
        return found
    left = strings.trailing_zeros(elf, image.data, image.owned)
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
    return strings.free(
        image.elf, image.data, image.headers, image.entries, offset, start=image.owned
    )


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
    load = _load_at(elf, elf.strtab)
    table_end = elf.strtab + elf.strsz
    at = elf.strtab + end
    more = at + len(text) - table_end
    room = _room(image, load)
    rooms = [room]
    moves: list[Move] | None = []
    if table_end != room.start:
        moves = make_way(elf, image.data, image.headers, rooms, more)
        if moves is None:
            rooms += [_room(image, other) for other in _later(elf, load)]
            moves = make_way(elf, image.data, image.headers, rooms, more)
        if moves is None:
            # The padding becomes part of the table, and so does all that lies before it. That
            # does no harm: strings are found by offset, and loaders ignore the table's size.
            # But programs that rewrite the sections of a file (strip) can't make sense of it.
            at = room.start
    if at + len(text) > room.start + room.size:
        return None
    _move(image, load.vaddr - load.offset, moves or [])
    image.write(at, text)
    ends = [at + len(text), *(move.end + move.distance for move in moves or ())]
    for room in rooms:
        _grow_segment(image, room, ends)
    address = elf.strtab - load.offset + load.vaddr
    image.set_string_table(address, elf.strtab, at + len(text) - elf.strtab)
    return at - elf.strtab


def _later(elf: Elf, load: Segment) -> list[Segment]:
    """The segments at higher addresses that are never written to."""
    return [
        other
        for other in elf.segments
        if other.type == c.PT_LOAD
        and other.vaddr > load.vaddr
        and other.flags & (c.PF_R | c.PF_W) == c.PF_R
    ]


def _move(image: Image, here: int, moves: list[Move]) -> None:
    """Moves tables, and tells the dynamic section and the section headers.

    Args:
        image: the file.
        here: the distance from file offsets to addresses where the tables are.
        moves: the moves.
    """
    for move in moves:  # Zeros left behind are room for a later edit.
        image.write(move.start, bytes(move.end - move.start))
    for move in moves:
        image.write(move.start + move.distance, bytes(image.data[move.start : move.end]))

    for index, entry in enumerate(list(image.entries)):
        if entry.tag in c.ADDRESS_TAGS:
            for move in moves:
                if move.start <= entry.value - here < move.end:
                    image.entries[index] = entry._replace(value=entry.value + move.step)
    for index, header in enumerate(image.headers):
        for move in moves:
            if move.start <= header.offset < move.end and header.size:
                addr, offset = header.addr + move.step, header.offset + move.distance
                image.set_section(index, addr=addr, offset=offset)


def _grow_segment(image: Image, room: Room, ends: list[int]) -> None:
    """Lets a segment reach up to where something was put behind it."""
    load = room.segment
    here = [end - room.start for end in ends if room.start < end <= room.start + room.size]
    if here:
        more = max(here)
        longer = load._replace(filesz=load.filesz + more, memsz=load.memsz + more)
        image.set_segment(image.elf.segments.index(load), longer)


def _load_at(elf: Elf, offset: int) -> Segment:
    """The loaded segment that holds a file offset; `read` saw that there is one."""
    return next(
        segment
        for segment in elf.segments
        if segment.type == c.PT_LOAD and 0 <= offset - segment.offset < segment.filesz
    )


def _room(image: Image, load: Segment) -> Room:
    """How many bytes after a segment's end are nobody's, in the file and in memory."""
    elf = image.elf
    if load.filesz != load.memsz:
        return Room(load, 0)
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
    return Room(load, room if zeros == len(inside) else zeros)
