"""Decides which tables behind the string table make way for it, and where they go.

The string table can't move cheaply, as it may have megabytes; but it can grow if its neighbours
do. They are tables that only the dynamic section points at, so they may stand anywhere:

    before  | strings | A  | B  | C … | padding
    after   | strings + new | A | C … | B       |     B moves into the padding, A moves up

The padding may also be that of a later segment.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.image import leading_zeros, round_up
from relocatable.elf.reader import Elf
from relocatable.elf.shape import Section, Segment

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

# No table needs more.
_LARGEST_ALIGN: Final = 16


class Room(NamedTuple):
    """Padding after a segment: `size` bytes that are nobody's, in the file and in memory."""

    segment: Segment
    size: int

    @property
    def start(self) -> int:
        """File offset of the padding."""
        return self.segment.offset + self.segment.filesz


class Move(NamedTuple):
    """Bytes `start` to `end` (exclusive) of the file go `distance` further, `step` in memory."""

    start: int
    end: int
    distance: int
    step: int


def make_way(
    elf: Elf,
    data: memoryview,
    headers: tuple[Section, ...],
    rooms: Sequence[Room],
    more: int,
) -> list[Move] | None:
    """Finds the cheapest moves that free bytes after the string table.

    Args:
        elf: the file.
        data: its bytes.
        headers: its section headers.
        rooms: where to tables may move; first the one after the string table's own segment.
        more: how many bytes must become free after the table.

    Returns:
        Moves; none if the bytes are free already; None if nothing helps.
    """
    if not headers:  # Then nobody knows what stands where.
        return None
    load, load_end = rooms[0].segment, rooms[0].start
    end = elf.strtab + elf.strsz
    parts = sorted(
        (
            header
            for header in headers
            if header.type not in (c.SHT_NULL, c.SHT_NOBITS)
            and header.size
            and header.offset < load_end
            and header.offset + header.size > end
        ),
        key=lambda header: header.offset,
    )
    starts = [header.offset for header in parts] + [load_end]
    if starts[0] - end >= more and _is_zero(data[end : starts[0]]):
        return []
    if not parts:
        return None
    free = _leading(elf, data, load, parts, _FREE_TABLES)
    best: list[Move] | None = None
    for first in range(free):
        # The tables before the first that leaves move up; where they end then, or the strings do.
        up = [_up(parts[:first], more)] if first else []
        needed = up[0].end + up[0].distance if up else end + more
        for last in range(first, free):
            away = _away(parts[first : last + 1], load, rooms)
            fits = away is not None and needed <= starts[last + 1]
            if away and fits and (best is None or _cost([*up, away]) < _cost(best)):
                best = [*up, away]
    if best is None and _leading(elf, data, load, parts, _TABLES) == len(parts):
        up = [_up(parts, more)]
        best = up if up[0].end + up[0].distance <= load_end + rooms[0].size else None
    return best


def _leading(
    elf: Elf,
    data: memoryview,
    load: Segment,
    parts: list[Section],
    known: Mapping[int, tuple[int, ...]],
) -> int:
    """How many of the parts, from the first on, are tables that nothing else points into.

    The gaps before and after each must be zero: what isn't could be anything.
    """
    end = elf.strtab + elf.strsz
    ends = [part.offset for part in parts[1:]] + [load.offset + load.filesz]
    for count, (part, following) in enumerate(zip(parts, ends, strict=True)):
        address = part.offset - load.offset + load.vaddr
        if (
            part.type not in known
            or part.offset < end
            or _end(part) > following
            or not _is_zero(data[end : part.offset])
            or not _is_zero(data[_end(part) : following])
            or part.addr != address
            or part.addralign > _LARGEST_ALIGN
            or all(elf.value(tag) != address for tag in known[part.type])
            or any(
                segment.type != c.PT_LOAD
                and segment.offset < _end(part)
                and segment.offset + segment.filesz > part.offset
                for segment in elf.segments
            )
        ):
            return count
        end = _end(part)
    return len(parts)


def _up(parts: list[Section], more: int) -> Move:
    """Moves parts by `more` bytes, or a few more so that they stay aligned."""
    distance = round_up(more, max(1, *(part.addralign for part in parts)))
    return Move(parts[0].offset, _end(parts[-1]), distance, distance)


def _away(parts: list[Section], load: Segment, rooms: Sequence[Room]) -> Move | None:
    """Moves parts of `load` into the first room that they fit into."""
    start, end = parts[0].offset, _end(parts[-1])
    align = max(1, *(part.addralign for part in parts))
    for room in rooms:
        # From file offsets to addresses: here, and there.
        here, there = load.vaddr - load.offset, room.segment.vaddr - room.segment.offset
        step = round_up(room.start + there - start - here, align)
        distance = step + here - there
        if end + distance <= room.start + room.size:
            return Move(start, end, distance, step)
    return None


def _cost(moves: list[Move]) -> int:
    return sum(move.end - move.start for move in moves)


def _end(part: Section) -> int:
    return part.offset + part.size


def _is_zero(data: memoryview) -> bool:
    return leading_zeros(data) == len(data)
