"""Reads of an ELF file what linking at run time is about, and nothing else.

Only headers, the dynamic section and the strings it names are touched, so a file of 130 MB costs
as little as one of 13 KB; `data` may be a slice of a mapped archive. Every offset and size comes
from the file and is checked against it before use.

Source: System V gABI, chapters 4 (object files) and 5 (program loading, dynamic linking).
"""

import struct
from dataclasses import dataclass
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf.shape import Dynamic, Section, Segment, Shape, shape_of
from relocatable.errors import RelocatableError

MAGIC: Final = b"\x7fELF"
_NAME_LIMIT: Final = 1 << 20
_SHARED_NAMES: Final = 1 << 16

# A linked file has some dozens. Many more would need several times their bytes in memory.
_MOST_ENTRIES: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Elf:
    """What a loader learns from an ELF file before it maps it.

    Attributes:
        name: how errors call the file.
        size: of the file, in bytes.
        shape: the structures of its class and byte order.
        type: `ET_EXEC`, `ET_DYN` or another.
        machine: `e_machine`; `machine_name` has it as the gABI writes it.
        entry: address of the first instruction, 0 if there is none.
        phoff: file offset of the program headers.
        shoff: file offset of the section headers, 0 if there are none.
        shnum: `e_shnum` as it stands in the file.
        shstrndx: index of the section that names the sections.
        segments: all program headers, in order.
        dynamic: the dynamic entries before the terminating `DT_NULL`; empty for a static file.
        dynamic_offset: file offset of the dynamic section, 0 if there is none.
        dynamic_slots: how many entries fit into it, terminator and spare ones included.
        strtab: file offset of the dynamic string table.
        strsz: its size in bytes.
        interpreter: what `PT_INTERP` holds, or None.
        needed: `DT_NEEDED`, in order.
        soname: `DT_SONAME`, or None.
        rpath: `DT_RPATH`, or None.
        runpath: `DT_RUNPATH`, or None. If it is set, loaders ignore `rpath`.
        flags_1: `DT_FLAGS_1`, 0 if there are none.
    """

    name: str
    size: int
    shape: Shape
    type: int
    machine: int
    entry: int
    phoff: int
    shoff: int
    shnum: int
    shstrndx: int
    segments: tuple[Segment, ...]
    dynamic: tuple[Dynamic, ...]
    dynamic_offset: int
    dynamic_slots: int
    strtab: int
    strsz: int
    interpreter: str | None
    needed: tuple[str, ...]
    soname: str | None
    rpath: str | None
    runpath: str | None
    flags_1: int

    @property
    def bits(self) -> int:
        """32 or 64."""
        return self.shape.bits

    @property
    def little(self) -> bool:
        """Whether numbers are stored least significant byte first."""
        return self.shape.little

    @property
    def machine_name(self) -> str:
        """The machine as the gABI writes it, such as `EM_X86_64`."""
        return c.MACHINES.get(self.machine, f"EM_{self.machine}")

    @property
    def is_program(self) -> bool:
        """Whether a kernel may start the file, instead of a loader opening it."""
        return (
            self.type == c.ET_EXEC
            or self.interpreter is not None
            or bool(self.flags_1 & c.DF_1_PIE)
        )

    @property
    def wants_loader(self) -> bool:
        """Whether a kernel starts the file, and has a loader load what it needs.

        A library that can be started as well (libc.so.6 prints its version) is none of these, and
        neither is a program that loads itself (static-pie).
        """
        if not self.dynamic:
            return False
        if self.is_never_opened:
            return self.interpreter is not None or bool(self.needed)
        return self.interpreter is not None and self.soname is None

    @property
    def is_never_opened(self) -> bool:
        """Whether loaders refuse to open the file as a library: it can be nothing but a program."""
        return self.type == c.ET_EXEC or bool(self.flags_1 & c.DF_1_PIE)

    @property
    def ignores_default_paths(self) -> bool:
        """Whether the loader leaves out its default directories (`-z nodefaultlib`)."""
        return bool(self.flags_1 & c.DF_1_NODEFLIB)

    def value(self, tag: int) -> int | None:
        """The value of the last dynamic entry with `tag` (the one that loaders use), or None."""
        return next((entry.value for entry in reversed(self.dynamic) if entry.tag == tag), None)

    def load_of(self, address: int) -> Segment | None:
        """The loaded segment whose part in the file holds `address`, or None."""
        return _load_of(self.segments, address)


def is_elf(head: bytes | memoryview) -> bool:
    """Whether a file that starts with `head` (4 bytes suffice) is an ELF file."""
    return bytes(head[:4]) == MAGIC


def read(data: memoryview, name: str) -> Elf:
    """Reads an ELF file.

    Args:
        data: the whole file, as bytes; a slice of a mapped file is fine, nothing keeps it.
        name: how errors call it.

    Raises:
        RelocatableError: if `data` is no ELF file, or one that contradicts itself.
    """
    try:
        return _read(data, name)
    except struct.error as error:
        raise RelocatableError(
            f"{name}: damaged ELF file: {error}; is the file complete?"
        ) from error


def sections(elf: Elf, data: memoryview) -> tuple[Section, ...]:
    """The section headers, in order; empty if the file has none.

    Raises:
        RelocatableError: if they don't lie inside the file.
    """
    shdr = elf.shape.shdr
    table = data[elf.shoff : elf.shoff + section_count(elf, data) * shdr.size]
    return tuple(map(Section._make, shdr.iter_unpack(table)))


def section_count(elf: Elf, data: memoryview) -> int:
    """How many section headers there are.

    Raises:
        RelocatableError: if they don't lie inside the file.
    """
    if not elf.shoff:
        return 0
    shdr = elf.shape.shdr
    count = elf.shnum
    if not count:  # More than fit into e_shnum: the first header's size has the number.
        check(elf.name, data, "first section header", elf.shoff, shdr.size)
        count = Section._make(shdr.unpack_from(data, elf.shoff)).size
    check(elf.name, data, "section headers", elf.shoff, count * shdr.size)
    return count


def read_string(elf: Elf, data: memoryview, offset: int) -> str:
    """The string at `offset` of the dynamic string table, with undecodable bytes escaped.

    Raises:
        RelocatableError: if it isn't inside the table.
    """
    return _string(elf.name, data, elf.strtab, elf.strsz, offset)


def check(name: str, data: memoryview, what: str, offset: int, size: int) -> None:
    """Makes sure that `size` bytes at `offset` are in `data`.

    Raises:
        RelocatableError: if they aren't.
    """
    if offset + size > len(data):
        raise RelocatableError(
            f"{name}: damaged ELF file: {what} should be {size} bytes at offset {offset},"
            f" but the file has {len(data)} bytes; is it complete?"
        )


def _read(data: memoryview, name: str) -> Elf:
    if not is_elf(data[:4]):
        raise RelocatableError(f"{name}: not an ELF file: it starts with {bytes(data[:4])!r}")
    ident = bytes(data[:16])
    if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
        raise RelocatableError(
            f"{name}: damaged ELF file: class and byte order should each be 1 or 2,"
            f" found {list(ident[4:6])}"
        )
    shape = shape_of(32 * ident[4], little=ident[5] == 1)
    check(name, data, "ELF header", 0, 16 + shape.ehdr.size)
    fields = shape.ehdr.unpack_from(data, 16)
    kind, machine, _, entry, phoff, shoff, _, _ = fields[:8]
    phentsize, phnum, shentsize, shnum, shstrndx = fields[8:]
    if phnum == c.PN_XNUM:
        raise RelocatableError(f"{name}: ELF files with 65535 or more segments are not supported")
    _expect_size(name, "program header", phentsize, shape.phdr.size, used=phnum > 0)
    _expect_size(name, "section header", shentsize, shape.shdr.size, used=shoff > 0)
    check(name, data, "program headers", phoff, phnum * shape.phdr.size)
    segments = shape.unpack_segments(data[phoff : phoff + phnum * shape.phdr.size])

    interpreter = None
    dynamic: tuple[Dynamic, ...] = ()
    dynamic_offset = slots = strtab = strsz = 0
    for segment in segments:
        if segment.type == c.PT_LOAD:
            check(name, data, "loaded segment", segment.offset, segment.filesz)
        elif segment.type == c.PT_INTERP and segment.filesz:
            check(name, data, "interpreter", segment.offset, segment.filesz)
            interpreter = _string(name, data, segment.offset, segment.filesz, 0)
        elif segment.type == c.PT_DYNAMIC and segment.filesz:
            check(name, data, "dynamic section", segment.offset, segment.filesz)
            dynamic_offset, slots = segment.offset, segment.filesz // shape.dyn.size
            dynamic = _read_dynamic(name, data, shape, dynamic_offset, slots)

    values = dict(dynamic)
    if dynamic:
        strtab, strsz = _string_table(name, values, segments)

    def text(tag: int) -> str | None:
        offset = values.get(tag)
        return None if offset is None else _string(name, data, strtab, strsz, offset)

    return Elf(
        name=name,
        size=len(data),
        shape=shape,
        type=kind,
        machine=machine,
        entry=entry,
        phoff=phoff,
        shoff=shoff,
        shnum=shnum,
        shstrndx=shstrndx,
        segments=segments,
        dynamic=dynamic,
        dynamic_offset=dynamic_offset,
        dynamic_slots=slots,
        strtab=strtab,
        strsz=strsz,
        interpreter=interpreter,
        needed=_read_needed(name, data, strtab, strsz, dynamic),
        soname=text(c.DT_SONAME),
        rpath=text(c.DT_RPATH),
        runpath=text(c.DT_RUNPATH),
        flags_1=values.get(c.DT_FLAGS_1, 0),
    )


def _expect_size(name: str, what: str, found: int, wanted: int, *, used: bool) -> None:
    if used and found != wanted:
        raise RelocatableError(
            f"{name}: damaged ELF file: a {what} should have {wanted} bytes, found {found}"
        )


def _read_dynamic(
    name: str, data: memoryview, shape: Shape, offset: int, slots: int
) -> tuple[Dynamic, ...]:
    entries: list[Dynamic] = []
    for entry in shape.dyn.iter_unpack(data[offset : offset + slots * shape.dyn.size]):
        if entry[0] == c.DT_NULL:
            return tuple(entries)
        entries.append(Dynamic._make(entry))
        if len(entries) > _MOST_ENTRIES:
            raise RelocatableError(
                f"{name}: more than {_MOST_ENTRIES} dynamic entries are not supported"
            )
    raise RelocatableError(f"{name}: damaged ELF file: the dynamic section has no end (DT_NULL)")


def _read_needed(
    name: str, data: memoryview, strtab: int, strsz: int, dynamic: tuple[Dynamic, ...]
) -> tuple[str, ...]:
    names: list[str] = []
    # Thousands of names may be tails of one long string: valid, and gigabytes together.
    left = strsz + _SHARED_NAMES
    for tag, offset in dynamic:
        if tag == c.DT_NEEDED:
            names.append(_string(name, data, strtab, strsz, offset))
            left -= len(names[-1])
            if left < 0:
                raise RelocatableError(
                    f"{name}: damaged ELF file: the names of its needed libraries are together"
                    f" longer than the table that holds them, which has {strsz} bytes"
                )
    return tuple(names)


def _string_table(
    name: str, values: dict[int, int], segments: tuple[Segment, ...]
) -> tuple[int, int]:
    """File offset and size of the dynamic string table."""
    address, size = values.get(c.DT_STRTAB), values.get(c.DT_STRSZ)
    if address is None or size is None:
        raise RelocatableError(
            f"{name}: damaged ELF file: the dynamic section should have DT_STRTAB and DT_STRSZ"
        )
    load = _load_of(segments, address)
    if load is None or address + size > load.vaddr + load.filesz:
        raise RelocatableError(
            f"{name}: damaged ELF file: the string table ({size} bytes at address {address:#x})"
            " is in no loaded segment"
        )
    return address - load.vaddr + load.offset, size


def _load_of(segments: tuple[Segment, ...], address: int) -> Segment | None:
    for segment in segments:
        if segment.type == c.PT_LOAD and segment.vaddr <= address < segment.vaddr + segment.filesz:
            return segment
    return None


def _string(name: str, data: memoryview, table: int, size: int, offset: int) -> str:
    end = table + size
    start = table + offset
    step = 128
    while start < end:
        chunk = bytes(data[start : min(start + step, end)])
        length = chunk.find(0)
        if length >= 0:
            return chunk[:length].decode("utf-8", "surrogateescape")
        if start + step >= end or step > _NAME_LIMIT:
            break
        step *= 8
    raise RelocatableError(
        f"{name}: damaged ELF file: the string at {offset} doesn't end within"
        f" its table of {size} bytes"
    )
