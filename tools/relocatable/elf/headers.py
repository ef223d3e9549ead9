"""Edits what the headers of an ELF file say: the stack, the OS ABI, the interpreter."""

from collections.abc import Iterator
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.edits import UNCHANGED, Edit, Edits
from relocatable.elf.image import Image
from relocatable.elf.reader import Elf
from relocatable.elf.rooms import NoRoomError, extend, rooms
from relocatable.elf.shape import Segment
from relocatable.elf.wanted import encode

_ALIGN: Final = 16


def missing_headers(elf: Elf, edits: Edits) -> list[Segment]:
    """Program headers that edits change and the file doesn't have."""
    if edits.executable_stack is UNCHANGED:
        return []
    if any(part.type == c.PT_GNU_STACK for part in elf.segments):
        return []
    flags = c.PF_R | c.PF_W | (c.PF_X if edits.executable_stack else 0)
    return [Segment(c.PT_GNU_STACK, flags, 0, 0, 0, 0, 0, _ALIGN)]


def edit_headers(image: Image, edits: Edits) -> Iterator[Edit]:
    """Carries out the edits that change no size: of the stack and the OS ABI."""
    if edits.executable_stack is not UNCHANGED:
        stacks = [part for part in image.elf.segments if part.type == c.PT_GNU_STACK]
        before = None if not stacks else "yes" if stacks[0].flags & c.PF_X else "no"
        after = "yes" if edits.executable_stack else "no"
        if before != after:
            yield Edit("executable-stack", before, after)
        for index, part in enumerate(image.segments):
            if part.type == c.PT_GNU_STACK:
                flags = part.flags & ~c.PF_X | (c.PF_X if edits.executable_stack else 0)
                image.segments[index] = part._replace(flags=flags)
    if edits.os_abi is not UNCHANGED and edits.os_abi != image.os_abi:
        yield Edit("os-abi", str(image.os_abi), str(edits.os_abi))
        image.os_abi = edits.os_abi


def edit_interpreter(image: Image, edits: Edits, added: int | None) -> Iterator[Edit]:
    """Writes the path of the interpreter over the old one, or puts it into a room."""
    if edits.interpreter is UNCHANGED or edits.interpreter == image.elf.interpreter:
        return
    yield Edit("interpreter", image.elf.interpreter, edits.interpreter)
    new = encode(edits.interpreter)
    index = next(
        index
        for index, part in enumerate(image.segments)
        if part.type == c.PT_INTERP and part.filesz
    )
    part = image.segments[index]
    if len(new) <= part.filesz:
        image.write(part.offset, new.ljust(part.filesz, b"\0"))
        return
    near = image.load_at(part.offset)
    for room in [] if near is None else rooms(image, near, added):
        follows = part.offset + part.filesz == room.start and room.segment == near
        offset = part.offset if follows else room.place(len(new), 1)
        if offset is None or offset + len(new) > room.start + room.size:
            continue
        load = image.segments[near or 0]
        step = offset + room.distance - part.offset - load.vaddr + load.offset
        image.write(part.offset, bytes(part.filesz))
        image.write(offset, new)
        image.point(part.offset, part.offset + part.filesz, offset - part.offset, step)
        moved = image.segments[index]
        image.segments[index] = moved._replace(filesz=len(new), memsz=len(new))
        for number, header in enumerate(image.headers):
            if header.type == c.SHT_PROGBITS and header.offset == offset:
                image.headers[number] = header._replace(size=len(new))
        extend(image, room, offset + len(new))
        return
    raise NoRoomError
