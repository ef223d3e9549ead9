"""Lets a program start by a loader that lies beside it, wherever both are.

A program names its loader by an absolute path (PT_INTERP). Here it names none: the kernel starts a
small piece of code in it (toolchains/start), which finds the loader from where the program lies and
hands over to it. The code's place, the best first:
  1. the padding behind a segment with code: no byte is added, and PT_INTERP becomes PT_NULL;
  2. a segment of its own at the end of the file, whose program header takes PT_INTERP's slot.
The section `.interp` becomes one that covers the code, so that tools that rewrite the file (strip,
objcopy) keep it; without the dot before its name, none of them takes it for an interpreter.
"""

import functools
import os
import struct
from pathlib import Path
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.edits import Edit
from relocatable.elf.image import Image
from relocatable.elf.plan import Plan
from relocatable.elf.reader import Elf
from relocatable.elf.rooms import extend, largest_page, payload, room_after
from relocatable.elf.segments import last_load, new_load
from relocatable.errors import RelocatableError

_STARTS: Final = Path(__file__).parent / "starts"
_MACHINES: Final = {c.EM_AARCH64: "aarch64", c.EM_X86_64: "x86_64"}

_SETTINGS: Final = struct.Struct(
    "<16sqQ"
)  # magic, entry point from the code on, the code's address
_MAGIC: Final = b"relocatable/run\0"
_ALIGN: Final = 16
_PATH_MAX: Final = 4096
# More than any code of a start has.
_REACH: Final = 1 << 14


def read_start(elf: Elf, data: memoryview) -> str | None:
    """The path from the program's directory of the loader that it starts by; None for other files.

    Args:
        elf: what `read` found in `data`.
        data: the file.

    Raises:
        RelocatableError: if the settings of the start are damaged.
    """
    load = elf.load_of(elf.entry)
    if elf.interpreter is not None or load is None or not load.flags & c.PF_X:
        return None
    begin = elf.entry - load.vaddr + load.offset
    code = bytes(data[begin : min(begin + _REACH, load.offset + load.filesz)])
    at = code.find(_MAGIC)
    if at < 0:
        return None
    loader, end, _ = code[at + _SETTINGS.size :].partition(b"\0")
    if len(code) < at + _SETTINGS.size or not end or not loader:
        raise RelocatableError(f"{elf.name}: the settings of its start are cut off")
    _, entry, place = _SETTINGS.unpack_from(code, at)
    target = elf.load_of(elf.entry + entry)
    if place != elf.entry or target is None or not target.flags & c.PF_X:
        raise RelocatableError(
            f"{elf.name}: the settings of its start are damaged: they lead to {place + entry:#x}"
        )
    return os.fsdecode(loader)


def plan_start(elf: Elf, data: memoryview, loader: str) -> Plan:
    """Plans to let a program start by a loader beside it; the plan is empty if it does so already.

    Args:
        elf: what `read` found in `data`.
        data: the file, with all other edits.
        loader: path of the loader from the program's directory, such as
            `../lib/ld-linux-x86-64.so.2`.

    Raises:
        RelocatableError: if the file is no program that asks for a loader, is for a machine without
            a start, or has no room and something hidden at its end.
    """
    name = os.fsencode(loader)
    if not name or name.startswith(b"/") or b"\0" in name or len(name) >= _PATH_MAX:
        raise RelocatableError(
            f"{elf.name}: wanted the loader's path from the program's directory, such as"
            f" ../lib/ld-linux-x86-64.so.2, found {loader!r}"
        )
    now = read_start(elf, data)
    if now == loader:
        return Plan()
    if now is not None:
        raise RelocatableError(f"{elf.name}: it starts by {now} already: edit the original instead")
    if elf.interpreter is None or not elf.entry or not elf.wants_loader:
        raise RelocatableError(f"{elf.name}: wanted a program that asks for a loader, found none")
    if elf.machine not in _MACHINES or elf.bits != 64 or not elf.little:
        raise RelocatableError(f"{elf.name}: there is no start for {elf.machine_name}")
    image = Image.of(elf, data, largest_page(elf.machine))
    index = next(i for i, part in enumerate(image.segments) if part.type == c.PT_INTERP)
    old = image.segments[index]
    code = _code(elf.machine)
    size = len(code) + _SETTINGS.size + len(name) + 1
    offset, place = _into_padding(image, index, size) or _into_segment(image, index, size)
    _cover(image, old.offset, offset, place, size)
    settings = _SETTINGS.pack(_MAGIC, elf.entry - place, place)
    image.write(offset, code + settings + name + b"\0")
    image.entry = place
    return Plan(*image.finish(), (Edit("start", elf.interpreter, loader),))


@functools.cache
def _code(machine: int) -> bytes:
    return (_STARTS / _MACHINES[machine]).read_bytes()


def _into_padding(image: Image, interpreter: int, size: int) -> tuple[int, int] | None:
    """Makes room behind a segment with code; file offset and address, or None if there is none."""
    for index, part in enumerate(image.segments):
        if part.type != c.PT_LOAD or not part.flags & c.PF_X or part.flags & c.PF_W:
            continue
        room = room_after(image, index)
        offset = room.place(size, _ALIGN)
        if offset is not None and offset + size <= len(image.data):
            extend(image, room, offset + size)
            image.segments[interpreter] = image.segments[interpreter]._replace(type=c.PT_NULL)
            return offset, offset + room.distance
    return None


def _into_segment(image: Image, interpreter: int, size: int) -> tuple[int, int]:
    """Adds a segment in PT_INTERP's slot; file offset and address."""
    hidden = payload(image)
    if hidden:
        raise RelocatableError(
            f"{image.elf.name}: no room inside for its start, and nothing can be added at the end:"
            f" {hidden} bytes that the ELF headers don't know of are there"
        )
    load = new_load(image)._replace(flags=c.PF_R | c.PF_X, filesz=size, memsz=size)
    del image.segments[interpreter]
    image.segments.insert(last_load(image) + 1, load)
    return load.offset, load.vaddr


def _cover(image: Image, interpreter: int, offset: int, place: int, size: int) -> None:
    """Makes the section of the interpreter's name that of the start."""
    for index, section in enumerate(image.headers):
        if section.offset == interpreter and section.type == c.SHT_PROGBITS and section.size:
            image.headers[index] = section._replace(
                name=section.name + _is_dotted(image, section.name),
                flags=c.SHF_ALLOC | c.SHF_EXECINSTR,
                addr=place,
                offset=offset,
                size=size,
                addralign=_ALIGN,
            )
            return
    if image.headers:
        raise RelocatableError(
            f"{image.elf.name}: wanted the section .interp, whose header would make strip keep"
            " the start; found none"
        )


def _is_dotted(image: Image, name: int) -> bool:
    """Whether a section's name begins with a dot, behind which the name `interp` begins."""
    names = image.headers[image.elf.shstrndx]
    return bytes(image.data[names.offset + name : names.offset + name + 8]) == b".interp\0"
