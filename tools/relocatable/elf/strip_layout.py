"""Puts a stripped file together: what is loaded stays as it is, the rest closes up behind it.

Loaded bytes keep their addresses, and nearly always their offsets too: linkers put what isn't
loaded last. Where a tool has appended a segment behind that, the segment moves down by whole
pages.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from relocatable.elf import constants as c
from relocatable.elf.image import round_up
from relocatable.elf.payload import PAGE
from relocatable.elf.shape import Section
from relocatable.elf.strip_sections import Sections
from relocatable.elf.strip_tables import Part, Tables, size
from relocatable.errors import RelocatableError

Span: TypeAlias = tuple[int, int]

_PAGE: Final = 1 << 12
_ALIGNMENT: Final = 64
"""The largest alignment that is worth bytes in what isn't loaded."""
_SHORT: Final = 1 << 12
"""Ranges of fewer bytes are cheaper copied than kept apart."""
_ZEROS: Final = bytes(1 << 16)


def lay_out(table: Sections, tables: Tables, payload: int | None = None) -> tuple[Part, ...]:
    """The parts of the new file.

    Args:
        table: the file's sections.
        tables: what is left of them.
        payload: file offset of what is appended to the file and kept, None if nothing is.

    Raises:
        RelocatableError: if tables overlap.
    """
    front = _Front(table)
    headers = dict(tables.headers)
    moving: list[int] = []
    for number, header in headers.items():
        in_front = front.holds(table.span(number))
        if table.is_loaded(number) or (in_front and number not in tables.changed):
            headers[number] = header._replace(offset=front.moved(header.offset))
        elif header.type != c.SHT_NULL:
            moving.append(number)

    at = front.size
    tail: list[Part] = []
    for number in sorted(moving, key=lambda number: headers[number].offset):
        header = headers[number]
        aligned = 1 < header.addralign <= _ALIGNMENT
        place = round_up(at, header.addralign) if aligned else at
        tail += [bytes(place - at), *tables.changed.get(number, (table.span(number),))]
        headers[number] = header._replace(offset=place)
        at = place + (0 if header.type == c.SHT_NOBITS else header.size)

    (file_start, file_end), (start, end), (old, old_end) = header_spans(table)
    section_headers = _section_headers(table, tables, headers)
    patches = [
        (start, end, front.segments()),
        *((*table.span(number), new) for number, new in tables.renumbered.items()),
    ]
    if _stand_apart_in_front(table, front, (old, old_end)):  # As Go's linker has them.
        shoff = front.moved(old)
        patches.append((old, old_end, section_headers.ljust(old_end - old, b"\0")))
        if payload is not None:
            tail.append(bytes((payload - at) % PAGE))
    else:
        word = table.elf.bits // 8
        shoff = round_up(at, word)
        if payload is not None and payload % word == 0:  # It had better follow the headers.
            shoff += (payload - shoff - len(section_headers)) % PAGE
        tail += [bytes(shoff - at), section_headers]
        if payload is not None:
            tail.append(bytes((payload - shoff - len(section_headers)) % PAGE))
    if payload is not None:
        tail.append((payload, len(table.data)))
    file_header = _file_header(table, tables, front.moved(start), shoff)
    patches.append((file_start, file_end, file_header))
    front_parts = _patched(table.elf.name, front.parts, patches)
    return tuple(_coalesced([*front_parts, *tail], table.data))


def header_spans(table: Sections) -> tuple[Span, Span, Span]:
    """Where the ELF header, the program headers and the section headers are."""
    elf, shape = table.elf, table.elf.shape
    return (
        (0, 16 + shape.ehdr.size),
        (elf.phoff, elf.phoff + len(elf.segments) * shape.phdr.size),
        (elf.shoff, elf.shoff + len(table.headers) * shape.shdr.size),
    )


def loaded_spans(table: Sections) -> list[Span]:
    """Where in the file everything is that may be read at run time, from its start on."""
    segments = table.elf.segments
    spans = [
        *header_spans(table)[:2],
        *((segment.offset, segment.offset + segment.filesz) for segment in segments),
        *(table.span(number) for number in range(len(table.headers)) if table.is_loaded(number)),
    ]
    return _merged((start, min(end, table.elf.size)) for start, end in spans)


def _stand_apart_in_front(table: Sections, front: "_Front", span: Span) -> bool:
    """Whether section headers are among what is loaded, and nothing else has their bytes."""
    start, end = span
    others = [
        *header_spans(table)[:2],
        *(table.span(number) for number in range(len(table.headers))),
        *(
            (segment.offset, segment.offset + segment.filesz)
            for segment in table.elf.segments
            if segment.type not in (c.PT_LOAD, c.PT_GNU_RELRO)
        ),
    ]
    return front.holds(span) and not any(
        first < last and first < end and start < last for first, last in others
    )


class _Front:
    """What is loaded, and where it goes.

    Attributes:
        parts: all of it, in order, with what is between.
        size: how many bytes that is.
    """

    def __init__(self, table: Sections) -> None:
        """Moves what is loaded together, if anything that isn't is in between."""
        elf = table.elf
        self._table = table
        self._spans = loaded_spans(table)
        self._places: list[int] = []
        self.parts: list[Part] = []
        self.size = before = 0
        # Offset and address have to agree modulo the alignment; then any page size will do.
        step = max([_PAGE, *(s.align for s in elf.segments if s.type == c.PT_LOAD)])
        loose = _merged(
            [
                header_spans(table)[2],
                *(table.span(n) for n in range(len(table.headers)) if not table.is_loaded(n)),
            ]
        )
        for start, end in self._spans:
            gap = (before, start)
            if _intersects(loose, gap):
                place = self.size + (start - self.size) % step
            else:
                place = self.size + start - before
            # Kernels before 5.18 tell a program the address of its program headers by their
            # offset in the file.
            if elf.is_program and start <= elf.phoff < end:
                place = start
            if _intersects(loose, gap) or place - self.size != start - before:
                self.parts += _zeros(place - self.size)
            else:
                self.parts.append(gap)
            self.parts.append((start, end))
            self._places.append(place)
            self.size = place + end - start
            before = end

    def moved(self, offset: int) -> int:
        """Where what is at `offset` goes."""
        index = bisect_right(self._spans, (offset, self._table.elf.size)) - 1
        return offset - self._spans[index][0] + self._places[index]

    def holds(self, span: Span) -> bool:
        """Whether bytes, which needn't be loaded, are part of what is."""
        start, end = span
        index = bisect_right(self._spans, (start, self._table.elf.size)) - 1
        return start < end <= self._spans[index][1]

    def segments(self) -> bytes:
        """The new program headers."""
        elf = self._table.elf
        moved = (s._replace(offset=self.moved(s.offset)) for s in elf.segments)
        return b"".join(map(elf.shape.pack_segment, moved))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same bytes in spans that don't touch, in order."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _intersects(spans: Sequence[Span], span: Span) -> bool:
    """Whether a span has a byte in common with one of those that `_merged` gave."""
    index = bisect_left(spans, (span[1], 0)) - 1
    return index >= 0 and spans[index][1] > span[0] and span[0] < span[1]


def _zeros(count: int) -> list[Part]:
    """Zeros in pieces that are mostly the same object."""
    return [*[_ZEROS] * (count // len(_ZEROS)), bytes(count % len(_ZEROS))]


def _section_headers(table: Sections, tables: Tables, headers: dict[int, Section]) -> bytes:
    """The new section headers; the first has the numbers that don't fit into the file header."""
    first = headers[0]._replace(
        size=len(headers) if len(headers) >= c.SHN_LORESERVE else 0,
        link=tables.names_at if tables.names_at >= c.SHN_LORESERVE else 0,
    )
    pack = table.elf.shape.shdr.pack
    return b"".join(pack(*header) for header in ({**headers, 0: first}).values())


def _file_header(table: Sections, tables: Tables, phoff: int, shoff: int) -> bytes:
    ehdr = table.elf.shape.ehdr
    fields = list(ehdr.unpack_from(table.data, 16))
    count, names_at = len(tables.headers), tables.names_at
    fields[4], fields[5] = phoff, shoff
    fields[11] = count if count < c.SHN_LORESERVE else 0
    fields[12] = names_at if names_at < c.SHN_LORESERVE else c.SHN_XINDEX
    return bytes(table.data[:16]) + ehdr.pack(*fields)


def _patched(
    name: str, parts: Iterable[Part], patches: Iterable[tuple[int, int, bytes]]
) -> Iterator[Part]:
    """Parts with other bytes in place of spans of the input, each in one range, in order."""
    todo = deque(sorted(patch for patch in patches if patch[2]))
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        at = part[0]
        while todo and todo[0][0] < part[1]:
            start, end, new = todo.popleft()
            if start < at:
                raise RelocatableError(
                    f"{name}: damaged ELF file: what is at offset {start} overlaps another table"
                )
            yield at, start
            yield new
            at = end
        yield at, part[1]


def _coalesced(parts: Iterable[Part], data: memoryview) -> Iterator[Part]:
    """The same bytes in few parts, none of them empty."""
    small = bytearray()
    for part in _joined(parts):
        if size(part) < _SHORT:
            small += part if isinstance(part, bytes) else data[slice(*part)]
            continue
        if small:
            yield bytes(small)
            small.clear()
        yield part
    if small:
        yield bytes(small)


def _joined(parts: Iterable[Part]) -> Iterator[Part]:
    """The same parts, with ranges that follow each other made one."""
    start = end = 0
    for part in parts:
        if isinstance(part, tuple) and part[0] == end:
            end = part[1]
        elif size(part):
            yield start, end
            start, end = part if isinstance(part, tuple) else (0, 0)
            if isinstance(part, bytes):
                yield part
    yield start, end
