"""Finds bytes of an ELF file that are nobody's, where what has to move can go."""

from collections.abc import Collection
from typing import Final, NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.image import Image, round_up

# The largest page size that kernels use on a machine: no two segments may share a page. Machines
# that aren't named here get the largest of all.
_PAGE_SIZES: Final = dict.fromkeys((c.EM_386, c.EM_S390, c.EM_ARM, c.EM_X86_64, c.EM_RISCV), 0x1000)
_LARGEST_PAGE: Final = 0x10000

# More than a page of padding is never needed, but the last segment of a file may grow on.
MOST_GROWTH: Final = 1 << 24

_CHUNK: Final = 1 << 16
_NOTHING: Final = bytes(_CHUNK)


class NoRoomError(Exception):
    """Something needs a place that the file as it is doesn't have: add a segment, and try again."""


class Room(NamedTuple):
    """Bytes after a segment that are nobody's, in the file and in memory.

    Attributes:
        segment: its index.
        start: file offset of the first byte.
        size: their number.
        distance: from file offsets to addresses.
    """

    segment: int
    start: int
    size: int
    distance: int

    def place(self, size: int, align: int) -> int | None:
        """The first aligned file offset in the room where `size` bytes fit, or None."""
        address = round_up(self.start + self.distance, align)
        offset = address - self.distance
        return offset if offset + size <= self.start + self.size else None


def largest_page(machine: int) -> int:
    """The distance that segments for a machine keep from each other, in bytes."""
    return _PAGE_SIZES.get(machine, _LARGEST_PAGE)


def room_after(image: Image, index: int) -> Room:
    """The room after a loaded segment, perhaps none.

    A segment that the file ends with may grow, unless the file has a payload.
    """
    elf, load = image.elf, image.segments[index]
    end = load.offset + load.filesz
    distance = load.vaddr - load.offset
    if load.filesz != load.memsz:
        return Room(index, end, 0, distance)
    taken = _taken(image)
    following = [max(start, end) - end for start, stop in taken if stop > end]
    # A file whose segments keep less apart isn't for larger pages.
    page = max(1, min(image.page, max(other.align for other in image.segments)))
    above = [
        other.vaddr // page * page - load.vaddr - load.memsz
        for other in image.segments
        if other.type == c.PT_LOAD and other is not load and other.vaddr >= load.vaddr
    ]
    memory = (1 << elf.bits) - load.vaddr - load.memsz
    size = max(0, min([MOST_GROWTH, memory, *following, *above]))
    known = known_end(image)
    if end + size > known and _hidden(image.data[: image.end], known):
        size = max(0, known - end)
    # What isn't zero inside the file is somebody's; past its end there is room too.
    return Room(index, end, _zeros(image.data[: image.end], end, size), distance)


def rooms(image: Image, near: int, added: int | None) -> list[Room]:
    """The rooms for what is only read, the best first.

    Args:
        image: the file.
        near: index of the segment whose room comes first.
        added: index of a segment that was added for this edit; it comes last.
    """
    first = image.segments[near]
    later = [
        index
        for index, other in enumerate(image.segments)
        if other.type == c.PT_LOAD
        and other.vaddr > first.vaddr
        and other.flags & (c.PF_R | c.PF_W) == c.PF_R
        and index != added
    ]
    found = [near, *later] + ([] if added in (None, near) else [added])
    return [room for room in (room_after(image, index) for index in found) if room.size]


def extend(image: Image, room: Room, end: int) -> None:
    """Lets the segment of a room reach up to file offset `end`."""
    load = image.segments[room.segment]
    more = end - load.offset - load.filesz
    if more > 0:
        image.segments[room.segment] = load._replace(
            filesz=load.filesz + more, memsz=load.memsz + more
        )


def payload(image: Image) -> int:
    """How many bytes follow those that the headers know of, from the first that isn't zero on.

    Programs that carry an archive, such as AppImages, find it behind the section headers or
    backwards from the end of the file, so nothing may be added there.
    """
    return _hidden(image.data[: image.end], known_end(image))


def known_end(image: Image) -> int:
    """The file offset behind all that the headers know of."""
    return max(stop for _, stop in _taken(image))


def is_free(image: Image, start: int, end: int, leaving: Collection[tuple[int, int]] = ()) -> bool:
    """Whether bytes inside a loaded segment are nobody's: zero, and nothing that is known is there.

    Zeros alone may well be something: the first section header, the first symbol.

    Args:
        image: the file.
        start: file offset of the first byte.
        end: file offset behind the last byte.
        leaving: start and end of what is known but won't be there.
    """
    if start >= end:
        return True
    taken = [span for span in _taken(image, inside=True) if span not in leaving]
    if any(first < end and start < last for first, last in taken):
        return False
    load = image.load_at(start)
    if load is not None:  # Without section headers, tables are known by their addresses only.
        distance = image.segments[load].vaddr - image.segments[load].offset
        for entry in image.entries:
            if entry.tag in c.ADDRESS_TAGS and start <= entry.value - distance < end:
                return False
    return _zeros(memoryview(image.read(start, end - start)), 0, end - start) == end - start


def _taken(image: Image, *, inside: bool = False) -> list[tuple[int, int]]:
    """Start and end of all that the headers know of; nothing that is empty.

    Args:
        image: the file.
        inside: whether to leave out what has gaps: loaded segments, and the part of one that
            becomes read-only.
    """
    elf = image.elf
    frames = (c.PT_LOAD, c.PT_GNU_RELRO) if inside else ()
    ranges = [
        (0, 16 + elf.shape.ehdr.size),
        (image.phoff, len(image.segments) * elf.shape.phdr.size),
        (image.shoff, image.headers_size),
        *((other.offset, other.filesz) for other in image.segments if other.type not in frames),
        *((part.offset, part.size) for part in image.headers if part.type != c.SHT_NOBITS),
    ]
    return [(start, start + size) for start, size in ranges if size]


def _hidden(data: memoryview, end: int) -> int:
    """How many bytes follow from the first on that isn't zero, after `end`."""
    size = max(0, len(data) - end)
    return size - _zeros(data, end, size)


def _zeros(data: memoryview, start: int, size: int) -> int:
    """How many zeros there are from `start` on, at most `size`; past the end all are zero."""
    for at in range(start, min(start + size, len(data)), _CHUNK):
        chunk = bytes(data[at : min(at + _CHUNK, start + size)])
        if chunk != _NOTHING[: len(chunk)]:  # That is faster than to strip zeros.
            return at - start + len(chunk) - len(chunk.lstrip(b"\0"))
    return size
