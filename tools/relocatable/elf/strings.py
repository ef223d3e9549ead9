"""Puts strings into the dynamic string table, and takes out those that nothing uses any more.

Linkers merge strings that end alike: a RUNPATH of `lib` may be the tail of the symbol `mylib`.
So bytes are free only if nothing else that names strings reaches them. A new string goes, in this
order: over one that has gone; behind the table, which grows into the padding that follows, or has
its neighbours leave; in a segment that was added, where the table moves if nothing else helps.
"""

import sys
from array import array
from collections.abc import Collection, Sequence
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.image import Image
from relocatable.elf.reader import Elf
from relocatable.elf.rooms import NoRoomError, Room, extend, rooms
from relocatable.elf.shape import Dynamic
from relocatable.elf.tables import Move, cost, make_way
from relocatable.elf.versions import iterate_version_definitions, iterate_version_needs

# Sections that use the string table in a way that is known here.
_KNOWN_USERS: Final = frozenset({c.SHT_DYNAMIC, c.SHT_DYNSYM, c.SHT_GNU_VERDEF, c.SHT_GNU_VERNEED})

# Of the zeros at the table's end, as many as this are looked at.
_TAIL: Final = 1 << 16


def place(
    image: Image,
    texts: Collection[bytes],
    *,
    kept: Collection[Dynamic],
    gone: Collection[int],
    renamed: Collection[int],
    added: int | None,
) -> dict[bytes, int]:
    """Puts strings into the table, and erases others.

    Args:
        image: the file.
        texts: the strings, each with its NUL.
        kept: dynamic entries that stay as they are.
        gone: offsets of strings that other entries had.
        renamed: those of them that libraries in the version requirements had.
        added: index of the segment that has been added for the edit, or None.

    Returns:
        Each string's offset in the table.

    Raises:
        NoRoomError: if there is no room; the image is not to be used any more.
    """
    start = _owned(image)
    free = _free(image, kept, gone, renamed, start)
    found: dict[bytes, int] = {}
    for text in sorted(texts, key=lambda text: (-len(text), text)):
        fitting = [span for span in free if len(span) >= len(text)]
        if fitting:
            span = min(fitting, key=len)
            found[text] = span.start
            free[free.index(span)] = range(span.start + len(text), span.stop)
    for span in free:
        image.write(image.strtab + span.start, bytes(len(span)))
    for text, offset in found.items():
        image.write(image.strtab + offset, text)
    missing = [text for text in texts if text not in found]
    if missing:
        # If the table ends with free bytes, the new ones begin there.
        end = min((span.start for span in free if span.stop == image.strsz), default=image.strsz)
        end = _grow(image, end, b"".join(missing), added)
        for text in missing:
            found[text] = end
            end += len(text)
    return found


def _owned(image: Image) -> int:
    """From which offset on nothing but strings is in the table; its size if nobody knows.

    A table may have been made to reach a string far away, over whatever lies between.
    """
    elf, table = image.elf, image.strtab
    address = elf.value(c.DT_STRTAB) or 0
    inside = [
        entry.value - address + 1
        for entry in elf.dynamic
        if entry.tag in c.ADDRESS_TAGS and 0 < entry.value - address < image.strsz
    ]
    others = [
        header.offset + header.size - table
        for header in image.headers
        if header.type not in (c.SHT_NULL, c.SHT_NOBITS)
        and header.size
        and table < header.offset < table + image.strsz
    ]
    if inside and not image.headers:
        return image.strsz
    return min(max([0, *inside, *others]), image.strsz)


def _free(
    image: Image,
    kept: Collection[Dynamic],
    gone: Collection[int],
    renamed: Collection[int],
    start: int,
) -> list[range]:
    """The parts of the table that nothing uses any more, ascending, not touching each other.

    Zeros that follow a string count too, and those at the end of the table: an earlier edit left
    them.
    """
    elf, data = image.elf, image.data
    spans: list[tuple[range, range]] = []
    for offset in {*gone, *renamed}:
        before, length, zeros = _surroundings(elf, data, offset)
        after = length + (zeros if offset >= start else 0)
        # A name may start at the last NUL: it stays one, and that name stays empty.
        spans.append((range(offset, offset + after), range(offset - before, offset + after - 1)))
    left = _trailing_zeros(elf, data, start)
    if left > 1:
        # The first of them ends a string.
        spans.append(
            (range(elf.strsz - left + 1, elf.strsz), range(elf.strsz - left + 1, elf.strsz - 1))
        )
    if not spans or _has_unknown_users(image):
        return []
    used = _used(image, kept, renamed, [span for _, span in spans])
    free: list[range] = []
    for span in sorted(
        (span for (span, _), taken in zip(spans, used, strict=True) if not taken),
        key=lambda span: span.start,
    ):
        if free and span.start < free[-1].stop:
            free[-1] = range(free[-1].start, max(span.stop, free[-1].stop))
        else:
            free.append(span)
    return free


def _trailing_zeros(elf: Elf, data: memoryview, start: int) -> int:
    """How many zeros the table ends with, from `start` on and as far as its tail tells."""
    end = elf.strtab + elf.strsz
    if elf.strsz < 2 or data[end - 2]:
        return 0
    tail = bytes(data[max(elf.strtab + start, end - _TAIL) : end])
    return len(tail) - len(tail.rstrip(b"\0"))


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


def _has_unknown_users(image: Image) -> bool:
    """Whether something that isn't understood here may use the table."""
    for index, header in enumerate(image.headers):
        if header.type == c.SHT_STRTAB and header.offset == image.strtab:
            users = {user.type for user in image.headers if user.link == index}
            if index == image.elf.shstrndx or users - _KNOWN_USERS:
                return True
    return False


def _used(
    image: Image, kept: Collection[Dynamic], renamed: Collection[int], spans: Sequence[range]
) -> list[bool]:
    """For each span of the table, whether a name starts there, or may do so."""
    elf, data = image.elf, image.data
    names = [entry.value for entry in kept if entry.tag not in c.NUMBER_TAGS]
    for library, versions in iterate_version_needs(elf, data):
        names += versions
        if library not in renamed:
            names.append(library)
    for definitions in iterate_version_definitions(elf, data):
        names += definitions
    symbols = _symbol_names(elf, data)
    if symbols is None:
        return [True] * len(spans)
    return [
        any(map(span.__contains__, names)) or any(map(span.__contains__, symbols)) for span in spans
    ]


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


def _grow(image: Image, end: int, block: bytes, added: int | None) -> int:
    """Puts bytes at the end of the table.

    Args:
        image: the file.
        end: where the last string that is still needed ends.
        block: the new strings.
        added: see `place`.

    Returns:
        The offset in the table where the block begins, usually `end`.
    """
    near = image.load_at(image.strtab)
    if near is None:
        raise NoRoomError
    found = rooms(image, near, added)
    padding = [room for room in found if room.segment != added or added == near]
    new = [room for room in found if room.segment == added]
    more = end + len(block) - image.strsz
    moves: Sequence[Move] | None = ()
    own = next((room for room in padding if room.segment == near), None)
    if own is None or own.start != image.strtab + image.strsz or own.size < more:
        moves = make_way(image, padding, more)
        if moves is None and not image.headers and own and own.size >= len(block):
            # The padding becomes part of the table, and so does all that lies before it. That
            # does no harm: strings are found by offset, and loaders ignore the table's size.
            moves, end = (), own.start - image.strtab
        if moves is None:
            moves = _use_segment(image, new, end + len(block), more)
    for move in moves or ():
        image.move(*move)
    at = image.strtab + end
    image.write(at, block)
    image.resize_string_table(end + len(block))
    for room in found:
        for stop in (at + len(block), *(move.end + move.distance for move in moves or ())):
            if room.start < stop <= room.start + room.size:
                extend(image, room, stop)
    return end


def _use_segment(image: Image, added: Sequence[Room], size: int, more: int) -> list[Move]:
    """Moves neighbours of the table to a segment that was added, or the table, if that is less."""
    if not added:
        raise NoRoomError
    moves = make_way(image, added, more)
    if moves is not None and cost(moves) < image.strsz:
        return moves
    room = added[0]
    offset = room.place(size, 1)
    if offset is None:
        raise NoRoomError
    image.relocate_string_table(offset, offset + room.distance, keep=_owned(image) > 0)
    return []
