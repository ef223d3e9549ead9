"""Gets an ELF file one more segment, for what finds no room inside.

A segment needs a program header. Its place, in this order:
  1. none, if the last segment is at the end of the file and can grow;
  2. that of a program header which means nothing: PT_NULL, or a library's PT_PHDR;
  3. right after the others: what follows them (the interpreter, notes, with Go's linker the section
     headers) leaves for the new segment. Kernels, loaders and tools that rewrite files (strip)
     expect the headers where they have always been;
  4. with all others at the start of the new segment, if something there can't leave.
"""

from collections.abc import Sequence
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.image import Image, round_up
from relocatable.elf.rooms import MOST_GROWTH, NoRoomError, Room, extend, payload, room_after
from relocatable.elf.shape import Segment
from relocatable.elf.tables import Leaving, in_the_way, into_room
from relocatable.errors import RelocatableError

# Zeros that a program with a large .bss may need before the new segment in case 4, at most.
_MOST_PADDING: Final = 64 << 20

_ALIGN: Final = 16


def replace_spare_header(image: Image, header: Segment) -> bool:
    """Puts a program header in the place of one that means nothing; whether there is one."""
    spare = _spare_headers(image)
    if spare:
        image.segments[spare[0]] = header
    return bool(spare)


def add_segment(image: Image, others: Sequence[Segment]) -> int:
    """Adds an empty segment at the end of the file, which `extend` makes longer.

    Args:
        image: the file; nothing else has been changed.
        others: further program headers to add, which stand for no bytes.

    Returns:
        The index of the segment.

    Raises:
        RelocatableError: if there can't be another segment.
    """
    image.check_sections()
    hidden = payload(image)
    if hidden:
        raise RelocatableError(
            f"{image.elf.name}: no room inside, and nothing can be added at the end: {hidden} bytes"
            " that the ELF headers don't know of are there (an AppImage, a self-extracting"
            " program?); edit the program before they are added, or with elf_edit --keep-payload"
        )
    growing = _growing(image)
    wanted = [*others] if growing is not None else [*others, new_load(image)]
    spare = _spare_headers(image)[: len(wanted)]
    more = (len(wanted) - len(spare)) * image.elf.shape.phdr.size
    leaving = in_the_way(image, more) if more else Leaving([], headers=False)
    if leaving is None:
        return _move_headers(image, others)
    load = wanted[-1] if growing is None else image.segments[growing]
    room = Room(-1, load.offset + load.filesz, MOST_GROWTH, load.vaddr - load.offset)
    end = _evict(image, leaving, room)
    for index in reversed(spare):
        del image.segments[index]
    image.segments += others
    if growing is None:
        image.segments.insert(last_load(image) + 1, load)
    index = image.segments.index(load)
    extend(image, room._replace(segment=index), end)
    _update_phdr(image)
    return _checked(image, index)


def _evict(image: Image, leaving: Leaving, room: Room) -> int:
    """Moves what is in the way into a room; the file offset where it ends."""
    end = room.start
    if leaving.headers:
        offset = round_up(end, _ALIGN)
        image.move_section_headers(offset)
        end = offset + image.headers_size
    if leaving.sections:
        load = image.segments[image.load_at(leaving.sections[0].offset) or 0]
        rest = room._replace(start=end, size=room.size - (end - room.start))
        move = into_room(leaving.sections, load.vaddr - load.offset, [rest])
        if move is None:
            raise RelocatableError(f"{image.elf.name}: damaged ELF file: its notes are too large")
        image.move(*move)
        end = move.end + move.distance
    return end


def _move_headers(image: Image, others: Sequence[Segment]) -> int:
    """Adds a segment that starts with the program headers.

    A kernel before 5.18 tells a program that its headers are at (address of the first segment
    - its file offset + e_phoff), whatever PT_PHDR says. For a program the new segment therefore
    keeps that distance between file offset and address, and as its address must lie behind
    everything else, so must its file offset.
    """
    elf, load = image.elf, new_load(image)
    if elf.is_program or elf.entry:
        first = next(part for part in image.segments if part.type == c.PT_LOAD)
        distance = first.vaddr - first.offset
        offset = round_up(max(image.end, _memory_end(image) - distance), _ALIGN)
        load = load._replace(offset=offset, vaddr=offset + distance, paddr=offset + distance)
        if offset - image.end > _MOST_PADDING:
            raise RelocatableError(
                f"{elf.name}: no room inside, and adding a segment would need"
                f" {offset - image.end} bytes of padding, at most {_MOST_PADDING} are allowed;"
                " link the file with a longer RUNPATH"
            )
    elif all(part.type != c.PT_PHDR for part in image.segments):
        # Loaders find the headers by what maps them, and so does the page after another segment,
        # which they fill with zeros. PT_PHDR tells them.
        image.segments.insert(0, Segment(c.PT_PHDR, c.PF_R, 0, 0, 0, 0, 0, elf.bits // 8))
    index = last_load(image) + 1
    image.segments.insert(index, load)
    image.segments += others
    image.phoff = load.offset
    size = len(image.segments) * elf.shape.phdr.size
    image.segments[index] = load._replace(filesz=size, memsz=size)
    _update_phdr(image)
    return _checked(image, index)


def _checked(image: Image, index: int) -> int:
    """The index, if the segment has an address that exists."""
    load = image.segments[index]
    if load.vaddr + load.memsz >= 1 << image.elf.bits:
        raise NoRoomError
    return index


def new_load(image: Image) -> Segment:
    """An empty, read-only segment after everything else, in the file and in memory."""
    offset = round_up(image.end, _ALIGN)
    address = _memory_end(image) + offset % image.page
    return Segment(c.PT_LOAD, c.PF_R, offset, address, address, 0, 0, image.page)


def _memory_end(image: Image) -> int:
    loads = [part for part in image.segments if part.type == c.PT_LOAD]
    return round_up(max(load.vaddr + load.memsz for load in loads), image.page)


def last_load(image: Image) -> int:
    """Index of the last loaded segment."""
    return max(index for index, part in enumerate(image.segments) if part.type == c.PT_LOAD)


def _growing(image: Image) -> int | None:
    """Index of the last segment in memory if it is at the end of the file too, and has no code."""
    index = max(
        (index for index, part in enumerate(image.segments) if part.type == c.PT_LOAD),
        key=lambda index: image.segments[index].vaddr,
    )
    room = room_after(image, index)
    if image.segments[index].flags & c.PF_X or room.start + room.size <= image.end:
        return None
    return index


def _spare_headers(image: Image) -> list[int]:
    """Indexes of program headers that mean nothing."""
    # Only for a program does the kernel's and the loader's arithmetic depend on PT_PHDR.
    is_program = image.elf.is_program or image.elf.entry
    kinds = (c.PT_NULL,) if is_program else (c.PT_NULL, c.PT_PHDR)
    return [index for index, part in enumerate(image.segments) if part.type in kinds]


def _update_phdr(image: Image) -> None:
    """Makes PT_PHDR say where the program headers are, and how many."""
    size = len(image.segments) * image.elf.shape.phdr.size
    load_index = image.load_at(image.phoff)
    for index, part in enumerate(image.segments):
        if part.type == c.PT_PHDR and load_index is not None:
            load = image.segments[load_index]
            address = image.phoff - load.offset + load.vaddr
            image.segments[index] = part._replace(
                offset=image.phoff, vaddr=address, paddr=address, filesz=size, memsz=size
            )
