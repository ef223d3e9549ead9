"""Decides which tables behind the string table make way for it, and where they go.

The string table can't move cheaply, as it may have megabytes; but it can grow if its neighbours
do. They are tables that only the dynamic section points at, so they may stand anywhere:

    before  | strings | A  | B  | C … | padding
    after   | strings + new | A | C … | B       |     B moves into the padding, A moves up

The padding may also be that of a later segment, or a new segment.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.image import Image, round_up
from relocatable.elf.rooms import Room, is_free
from relocatable.elf.shape import Section

# Section types that hold one table, and the dynamic entry with that table's address.
_FREE_TABLES: Final = {
    c.SHT_HASH: (c.DT_HASH,),
    c.SHT_GNU_HASH: (c.DT_GNU_HASH,),
    c.SHT_GNU_VERSYM: (c.DT_VERSYM,),
    c.SHT_GNU_VERDEF: (c.DT_VERDEF,),
    c.SHT_GNU_VERNEED: (c.DT_VERNEED,),
}
# One table of relocations may span two sections, so these keep their distance to each other.
_TABLES: Final = _FREE_TABLES | {
    c.SHT_RELA: (c.DT_RELA, c.DT_JMPREL),
    c.SHT_REL: (c.DT_REL, c.DT_JMPREL),
    c.SHT_RELR: (c.DT_RELR,),
}
# What may leave its place at the start of the file.
_LEADING: Final = _FREE_TABLES | {
    c.SHT_DYNSYM: (c.DT_SYMTAB,),
    c.SHT_STRTAB: (c.DT_STRTAB,),
}

# No table needs more.
_LARGEST_ALIGN: Final = 16


class Move(NamedTuple):
    """Bytes `start` to `end` (exclusive) of the file go `distance` further, `step` in memory."""

    start: int
    end: int
    distance: int
    step: int


class Leaving(NamedTuple):
    """What makes way for program headers.

    Attributes:
        sections: ascending; they move together.
        headers: whether the section headers move too.
    """

    sections: list[Section]
    headers: bool


def make_way(image: Image, rooms: Sequence[Room], more: int) -> list[Move] | None:
    """Finds the cheapest moves that free bytes after the string table.

    Args:
        image: the file.
        rooms: where tables may move.
        more: how many bytes must become free after the table.

    Returns:
        Moves, in order; none if the bytes are free already; None if nothing helps.
    """
    load_index = image.load_at(image.strtab)
    if not image.headers or load_index is None:  # Then nobody knows what stands where.
        return None
    load = image.segments[load_index]
    load_end = load.offset + load.filesz
    end = image.strtab + image.strsz
    parts = sorted(
        (
            header
            for header in image.headers
            if header.type not in (c.SHT_NULL, c.SHT_NOBITS)
            and header.size
            and header.offset < load_end
            and header.offset + header.size > end
        ),
        key=lambda header: header.offset,
    )
    starts = [header.offset for header in parts] + [load_end]
    if starts[0] - end >= more and is_free(image, end, starts[0]):
        return []
    own = next((room for room in rooms if room.segment == load_index), None)
    if not parts:
        reach = load_end if own is None else own.start + own.size
        return [] if reach - end >= more and is_free(image, end, load_end) else None
    free = _leading(image, parts, end, load_end, _FREE_TABLES)
    best: list[Move] | None = None
    for first in range(free):
        # The tables before the first that leaves move up; where they end then, or the strings do.
        up = [_up(parts[:first], more)] if first else []
        needed = up[0].end + up[0].distance if up else end + more
        for last in range(first, free):
            away = into_room(parts[first : last + 1], load.vaddr - load.offset, rooms)
            fits = away is not None and needed <= starts[last + 1]
            if away and fits and (best is None or cost([away, *up]) < cost(best)):
                best = [away, *up]
    if best is None and own and _leading(image, parts, end, load_end, _TABLES) == len(parts):
        up = [_up(parts, more)]
        best = up if up[0].end + up[0].distance <= own.start + own.size else None
    return best


def into_room(parts: Sequence[Section], here: int, rooms: Sequence[Room]) -> Move | None:
    """Moves neighbouring parts into the first room that they fit into.

    Args:
        parts: ascending.
        here: from their file offsets to their addresses.
        rooms: the rooms.
    """
    start, end = parts[0].offset, max(map(_end, parts))
    align = max(1, *(part.addralign for part in parts))
    for room in rooms:
        step = round_up(room.start + room.distance - start - here, align)
        distance = step + here - room.distance
        if end + distance <= room.start + room.size:
            return Move(start, end, distance, step)
    return None


def cost(moves: Sequence[Move]) -> int:
    """How many bytes move."""
    return sum(move.end - move.start for move in moves)


def in_the_way(image: Image, more: int) -> Leaving | None:
    """What stands right after the program headers, as far as `more` bytes reach.

    Returns:
        What has to leave, nothing if the bytes are free; None if something there can't move.
    """
    start = image.phoff + len(image.segments) * image.elf.shape.phdr.size
    load_index = image.load_at(start - 1)
    if load_index is None:
        return None
    parts = image.headers or _from_segments(image)
    load = image.segments[load_index]
    if load.offset > image.phoff:
        return None
    end = start + more
    # Go's linker puts the section headers here.
    headers = (image.shoff, image.shoff + image.headers_size)
    headers_leave = headers[0] < end and start < headers[1]
    found: list[Section] = []
    # Notes that share a program header move together.
    while True:
        found = [
            part
            for part in parts
            if part.type not in (c.SHT_NULL, c.SHT_NOBITS)
            and part.size
            and part.offset < end
            and _end(part) > start
        ]
        segments = [
            part
            for part in image.segments
            if part.type not in (c.PT_LOAD, c.PT_PHDR, c.PT_GNU_RELRO)
            and part.filesz
            and part.offset < end
            and part.offset + part.filesz > start
        ]
        if any(part.type not in (c.PT_INTERP, c.PT_NOTE, c.PT_GNU_PROPERTY) for part in segments):
            return None
        spans = [(part.offset, part.offset + part.filesz) for part in segments]
        ends = [*map(_end, found), *(stop for _, stop in spans), end]
        if max(ends) == end:
            break
        end = max(ends)
        if end > load.offset + load.filesz:
            return None
    found.sort(key=lambda part: part.offset)
    at = start
    for part in found:
        address = part.offset - load.offset + load.vaddr
        if part.offset < at or part.addr != address or not _is_leading(image, part):
            return None
        if part.offset < headers[1] and headers[0] < _end(part):
            return None
        if not all(is_free(image, *gap, spans) for gap in _beside(headers, at, part.offset)):
            return None
        at = _end(part)
    if end > load.offset + load.filesz:
        return None
    if not all(is_free(image, *gap, spans) for gap in _beside(headers, at, end)):
        return None
    return Leaving(found, headers=headers_leave)


def _beside(hole: tuple[int, int], start: int, end: int) -> tuple[tuple[int, int], ...]:
    """The parts of `start` to `end` before and behind a hole; they may be empty."""
    return (start, min(end, hole[0])), (max(start, hole[1]), end)


def _from_segments(image: Image) -> list[Section]:
    """Section headers as they would be for the interpreter and the notes, for a file with none."""
    kinds = {c.PT_INTERP: c.SHT_PROGBITS, c.PT_NOTE: c.SHT_NOTE}
    return [
        Section(0, kinds[part.type], 0, part.vaddr, part.offset, part.filesz, 0, 0, part.align, 0)
        for part in image.segments
        if part.type in kinds
    ]


def _is_leading(image: Image, part: Section) -> bool:
    """Whether only headers and the dynamic section point at a section."""
    if part.addralign > _LARGEST_ALIGN:
        return False
    if part.type in (c.SHT_PROGBITS, c.SHT_NOTE):
        wanted = c.PT_INTERP if part.type == c.SHT_PROGBITS else c.PT_NOTE
        return any(
            segment.type == wanted
            and segment.offset <= part.offset
            and _end(part) <= segment.offset + segment.filesz
            for segment in image.segments
        )
    return any(image.value(tag) == part.addr for tag in _LEADING.get(part.type, ()))


def _leading(
    image: Image,
    parts: list[Section],
    end: int,
    load_end: int,
    known: Mapping[int, tuple[int, ...]],
) -> int:
    """How many of the parts, from the first on, are tables that nothing else points into.

    The gaps before and after each must be zero: what isn't could be anything.
    """
    ends = [part.offset for part in parts[1:]] + [load_end]
    for count, (part, following) in enumerate(zip(parts, ends, strict=True)):
        if (
            part.type not in known
            or part.offset < end
            or _end(part) > following
            or not is_free(image, end, part.offset)
            or not is_free(image, _end(part), following)
            or image.offset_of(part.addr) != part.offset
            or part.addralign > _LARGEST_ALIGN
            or all(image.value(tag) != part.addr for tag in known[part.type])
            or any(
                segment.type != c.PT_LOAD
                and segment.offset < _end(part)
                and segment.offset + segment.filesz > part.offset
                for segment in image.segments
            )
        ):
            return count
        end = _end(part)
    return len(parts)


def _up(parts: list[Section], more: int) -> Move:
    """Moves parts by `more` bytes, or a few more so that they stay aligned."""
    distance = round_up(more, max(1, *(part.addralign for part in parts)))
    return Move(parts[0].offset, _end(parts[-1]), distance, distance)


def _end(part: Section) -> int:
    return part.offset + part.size
