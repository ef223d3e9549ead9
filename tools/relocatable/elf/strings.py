"""Puts strings into the dynamic string table, and takes out those that nothing uses any more.

Linkers merge strings that end alike: a RUNPATH of `lib` may be the tail of the symbol `mylib`.
So bytes are free only if nothing else that names strings reaches them. A new string goes, in this
order: over one that has gone; behind the table, which grows into the padding that follows, or has
its neighbours leave; in a segment that was added, where the table moves if nothing else helps.
"""

import re
import sys
from array import array
from collections.abc import Collection, Sequence
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.image import Image
from relocatable.elf.reader import Elf
from relocatable.elf.rooms import NoRoomError, Room, extend, room_after, rooms
from relocatable.elf.shape import Dynamic
from relocatable.elf.tables import Move, cost, make_way
from relocatable.elf.versions import iterate_version_definitions, iterate_version_needs

# Sections that use the string table in a way that is known here.
_KNOWN_USERS: Final = frozenset({c.SHT_DYNAMIC, c.SHT_DYNSYM, c.SHT_GNU_VERDEF, c.SHT_GNU_VERNEED})

# Where in the table earlier edits have left zeros: this far from its end, usually.
_TAIL: Final = 1 << 12


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
    free = _free(image, kept, gone, renamed)
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
        _grow(image, end, b"".join(missing), added)
        for text in missing:
            found[text] = end
            end += len(text)
    return found


def _is_shared(image: Image) -> bool:
    """Whether something else lies within the table, so that nobody knows what its zeros mean."""
    elf, table = image.elf, image.strtab
    address = elf.value(c.DT_STRTAB) or 0
    addresses = [entry.value for entry in elf.dynamic if entry.tag in c.ADDRESS_TAGS]
    addresses += [part.vaddr for part in elf.segments if part.type != c.PT_LOAD and part.filesz]
    if any(address < other < address + elf.strsz for other in addresses):
        return True
    return any(
        table < header.offset < table + image.strsz
        for header in image.headers
        if header.size and header.type not in (c.SHT_NULL, c.SHT_NOBITS)
    )


def _free(
    image: Image,
    kept: Collection[Dynamic],
    gone: Collection[int],
    renamed: Collection[int],
) -> list[range]:
    """The parts of the table that nothing uses any more, ascending, not touching each other.

    Zeros that follow a string count too, and those in the table's tail: an earlier edit left them.
    """
    shared = _is_shared(image)
    elf, data = image.elf, image.data
    spans: list[tuple[range, range]] = []
    for offset in {*gone, *renamed}:
        before, length, zeros = _surroundings(elf, data, offset)
        after = length + (0 if shared else zeros)
        # A name may start at the last NUL: it stays one, and that name stays empty.
        spans.append((range(offset, offset + after), range(offset - before, offset + after - 1)))
    if not shared:
        spans += ((hole, hole[:-1]) for hole in _holes(elf, data))
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


def _holes(elf: Elf, data: memoryview) -> list[range]:
    """Zeros between strings, and after them, in the table's tail."""
    first = max(0, elf.strsz - _TAIL)
    tail = bytes(data[elf.strtab + first : elf.strtab + elf.strsz])
    # The first zero ends a string.
    return [
        range(first + match.start() + 1, first + match.end())
        for match in re.finditer(rb"\0{2,}", tail)
    ]


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

    Nothing in the dynamic section says how many symbols there are. Something else must follow
    them, so what lies up to there is read as symbols: too many perhaps, never too few.
    """
    address = elf.value(c.DT_SYMTAB)
    if address is None:
        return array("I")
    symbol_size = elf.shape.symbol_size
    load = elf.load_of(address)
    if load is None or elf.value(c.DT_SYMENT) != symbol_size:
        return None
    others = [value for tag, value in elf.dynamic if tag in c.ADDRESS_TAGS]
    others += [part.vaddr for part in elf.segments if part.type != c.PT_LOAD and part.filesz]
    end = min([load.vaddr + load.filesz, *(other for other in others if other > address)])
    size = end - address
    start = address - load.vaddr + load.offset
    words = array("I")  # The name is the first word of a symbol.
    words.frombytes(data[start : start + size // symbol_size * symbol_size])
    if elf.little != (sys.byteorder == "little"):
        words.byteswap()
    return words[:: symbol_size // words.itemsize]


def _grow(image: Image, end: int, block: bytes, added: int | None) -> None:
    """Puts bytes at the end of the table.

    Args:
        image: the file.
        end: where the last string that is still needed ends.
        block: the new strings.
        added: see `place`.
    """
    near = image.load_at(image.strtab)
    if near is None:
        raise NoRoomError
    size = end + len(block)
    found = [room_after(image, near)]
    moves = _in_own_segment(image, found[0], size)
    if moves is None:
        found = rooms(image, near, added)
        moves = _elsewhere(image, found, added, size)
    for move in moves:
        image.move(*move)
    at = image.strtab + end
    image.write(at, block)
    image.resize_string_table(size)
    for room in found:
        for stop in (at + len(block), *(move.end + move.distance for move in moves)):
            if room.start < stop <= room.start + room.size:
                extend(image, room, stop)


def _in_own_segment(image: Image, own: Room, size: int) -> Sequence[Move] | None:
    """Finds moves within the table's segment that let it have `size` bytes, or None."""
    more = size - image.strsz
    if own.start == image.strtab + image.strsz and own.size >= more:
        return ()
    return make_way(image, [own], more)


def _elsewhere(image: Image, found: Sequence[Room], added: int | None, size: int) -> Sequence[Move]:
    """Finds moves to other segments that let the table have `size` bytes, or moves the table.

    Args:
        image: the file.
        found: the rooms.
        added: see `place`.
        size: of the table.
    """
    more = size - image.strsz
    padding = [room for room in found if room.segment != added]
    moves = make_way(image, padding, more)
    if moves is not None:
        return moves
    if _move_table(image, padding, size):
        return ()
    new = [room for room in found if room.segment == added]
    moves = make_way(image, new, more)
    if moves is not None and cost(moves) < image.strsz:
        return moves
    if not _move_table(image, new, size):
        raise NoRoomError
    return ()


def _move_table(image: Image, found: Sequence[Room], size: int) -> bool:
    """Moves the table into the first room that it fits into; whether there is one."""
    for room in found:
        offset = room.place(size, 1)
        if offset is not None:
            image.relocate_string_table(offset, offset + room.distance, keep=_is_shared(image))
            return True
    return False
