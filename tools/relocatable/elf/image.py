"""An ELF file as it is going to be, and the bytes to write for that."""

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Self

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf, check, section_count, sections
from relocatable.elf.shape import Dynamic, Section, Segment
from relocatable.errors import RelocatableError

Patch = tuple[int, bytes]

# Of a symbol: how its value is packed, and where in it the value and its section's index are.
_SYMBOL: Final = {64: ("Q", 8, 6), 32: ("I", 4, 14)}
_TYPE_AT: Final = {64: 4, 32: 12}
_STT_SECTION: Final = 3
_SYMBOLS_AT_A_TIME: Final = 1 << 16

# A linked file has some dozens. Many more would need several times their bytes in memory.
_MOST_SECTIONS: Final = 1 << 14

# Bytes compared at a time.
_CHUNK: Final = 1 << 16


@dataclass(slots=True)
class Image:
    """An ELF file with changes that aren't written yet.

    Attributes:
        elf: the file as it is.
        data: its bytes.
        end: how many of them count: the file ends there, or what comes last is put back later.
        page: how far segments must keep apart, in bytes.
        old_headers: the section headers as they are.
        headers: the section headers.
        segments: the program headers.
        entries: the dynamic entries.
        entry: address of the first instruction.
        phoff: file offset of the program headers.
        shoff: file offset of the section headers, 0 if there are none.
        dynamic_offset: file offset of the dynamic section.
        dynamic_slots: how many entries fit into it, the terminator included.
        strtab: file offset of the dynamic string table.
        strsz: its size in bytes.
        os_abi: what the ELF header says about the operating system.
        writes: bytes to write, in order; they may overlap, or lie past the end of the file.
        steps: how far sections have moved in memory, by index.
    """

    elf: Elf
    data: memoryview
    end: int
    page: int
    old_headers: tuple[Section, ...]
    headers: list[Section]
    segments: list[Segment]
    entries: list[Dynamic]
    entry: int
    phoff: int
    shoff: int
    dynamic_offset: int
    dynamic_slots: int
    strtab: int
    strsz: int
    os_abi: int
    writes: list[Patch] = field(default_factory=list)
    steps: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, elf: Elf, data: memoryview, page: int) -> Self:
        """The file without any change.

        Raises:
            RelocatableError: if the file has sections outside of it, or too many.
        """
        count = section_count(elf, data)
        if count > _MOST_SECTIONS:
            raise RelocatableError(
                f"{elf.name}: {count} sections are too many, at most {_MOST_SECTIONS} are supported"
            )
        headers = sections(elf, data)
        return cls(
            elf,
            data,
            len(data),
            page,
            old_headers=headers,
            headers=list(headers),
            segments=list(elf.segments),
            entries=list(elf.dynamic),
            entry=elf.entry,
            phoff=elf.phoff,
            shoff=elf.shoff,
            dynamic_offset=elf.dynamic_offset,
            dynamic_slots=elf.dynamic_slots,
            strtab=elf.strtab,
            strsz=elf.strsz,
            os_abi=data[7],
        )

    @property
    def headers_size(self) -> int:
        """How many bytes the section headers have; 0 while they have no place."""
        return len(self.headers) * self.elf.shape.shdr.size if self.shoff else 0

    def value(self, tag: int) -> int | None:
        """The value of the last dynamic entry with `tag`, or None."""
        return next((entry.value for entry in reversed(self.entries) if entry.tag == tag), None)

    def load_at(self, offset: int) -> int | None:
        """Index of the loaded segment that holds a file offset."""
        for index, part in enumerate(self.segments):
            if part.type == c.PT_LOAD and part.offset <= offset < part.offset + part.filesz:
                return index
        return None

    def offset_of(self, address: int) -> int | None:
        """The file offset of what is loaded at an address, or None."""
        for part in self.segments:
            if part.type == c.PT_LOAD and part.vaddr <= address < part.vaddr + part.filesz:
                return address - part.vaddr + part.offset
        return None

    def read(self, offset: int, size: int) -> bytes:
        """The bytes at a file offset as they are going to be."""
        content = bytearray(self.data[offset : min(offset + size, self.end)]).ljust(size, b"\0")
        _overlay(content, offset, self.writes)
        return bytes(content)

    def write(self, offset: int, content: bytes) -> None:
        """Puts bytes, which are no header, at a file offset.

        Raises:
            RelocatableError: if a header is there, as only in a file that contradicts itself.
        """
        elf, shape = self.elf, self.elf.shape
        end = offset + len(content)
        for start, size in (
            (0, 16 + shape.ehdr.size),
            (self.phoff, len(self.segments) * shape.phdr.size),
            (self.shoff, self.headers_size),
            (self.dynamic_offset, self.dynamic_slots * shape.dyn.size),
        ):
            if offset < start + size and start < end:
                raise RelocatableError(
                    f"{elf.name}: damaged ELF file: a table that is to change"
                    f" overlaps the headers at offset {start}"
                )
        self.writes.append((offset, content))

    def move(self, start: int, end: int, distance: int, step: int) -> None:
        """Moves tables that only headers and the dynamic section point at; zeros stay behind.

        Args:
            start: file offset of the first byte.
            end: file offset behind the last byte.
            distance: how far they move in the file.
            step: how far they move in memory.
        """
        content = self.read(start, end - start)
        self.write(start, bytes(end - start))
        self.write(start + distance, content)
        self.point(start, end, distance, step)

    def check_sections(self) -> None:
        """Makes sure that all sections are in the file.

        Raises:
            RelocatableError: if one isn't.
        """
        for number, header in enumerate(self.old_headers):
            if header.type not in (c.SHT_NULL, c.SHT_NOBITS) and header.size:
                what = f"section {number}"
                check(self.elf.name, self.data, what, header.offset, header.size)

    def move_section_headers(self, offset: int) -> None:
        """Moves the section headers, which only the ELF header points at; zeros stay behind."""
        self.writes.append((self.shoff, bytes(self.headers_size)))
        self.shoff = offset

    def point(self, start: int, end: int, distance: int, step: int) -> None:
        """Makes everything that points at bytes point at where they have moved; see `move`."""
        load = self.load_at(start)
        if load is None:
            raise RelocatableError(
                f"{self.elf.name}: damaged ELF file: what is at offset {start} isn't loaded"
            )
        here = self.segments[load].vaddr - self.segments[load].offset
        for index, entry in enumerate(self.entries):
            if entry.tag in c.ADDRESS_TAGS and start <= entry.value - here < end:
                self.entries[index] = entry._replace(value=entry.value + step)
        for index, header in enumerate(self.headers):
            if start <= header.offset < end and header.size and header.type != c.SHT_NOBITS:
                self.steps[index] = self.steps.get(index, 0) + step
                self.headers[index] = header._replace(
                    addr=header.addr + step, offset=header.offset + distance
                )
        for index, part in enumerate(self.segments):
            if part.type in c.MOVABLE_SEGMENTS and start <= part.offset < end and part.filesz:
                self.segments[index] = part._replace(
                    offset=part.offset + distance,
                    vaddr=part.vaddr + step,
                    paddr=part.paddr + step,
                )
        if start <= self.strtab < end:
            self.strtab += distance

    def relocate_string_table(self, offset: int, address: int, *, keep: bool) -> None:
        """Moves the dynamic string table; `keep` leaves the old bytes, which others use too."""
        table = self.strtab
        content = self.read(table, self.strsz)
        if not keep:
            self.write(table, bytes(self.strsz))
        self.write(offset, content)
        for index, entry in enumerate(self.entries):
            if entry.tag == c.DT_STRTAB:
                self.entries[index] = entry._replace(value=address)
        for index, header in enumerate(self.headers):
            if header.type == c.SHT_STRTAB and header.offset == table:
                self.steps[index] = self.steps.get(index, 0) + address - header.addr
                self.headers[index] = header._replace(addr=address, offset=offset)
        self.strtab = offset

    def resize_string_table(self, size: int) -> None:
        """Changes how long the dynamic string table is."""
        self.strsz = size
        for index, entry in enumerate(self.entries):
            if entry.tag == c.DT_STRSZ:
                self.entries[index] = entry._replace(value=size)
        for index, header in enumerate(self.headers):
            if header.type == c.SHT_STRTAB and header.offset == self.strtab:
                self.headers[index] = header._replace(size=size)

    def finish(self) -> tuple[tuple[Patch, ...], bytes]:
        """What to write over the file (ascending, only what differs), and what to append.

        Raises:
            RelocatableError: if a number leaves its range, as only in a file that contradicts
                itself.
        """
        try:
            self._write_symbols()
            self._write_headers()
            self._write_dynamic()
        except struct.error as error:
            raise RelocatableError(
                f"{self.elf.name}: damaged ELF file: its headers lead out of memory: {error}"
            ) from error
        return _patches(self.data[: self.end], self.writes)

    def _write_dynamic(self) -> None:
        elf = self.elf
        if self.entries == list(elf.dynamic) and self.dynamic_offset == elf.dynamic_offset:
            return
        # In place: through the terminator and over entries that are gone, and not further.
        slots = max(len(self.entries), len(self.elf.dynamic)) + 1
        if self.dynamic_offset != self.elf.dynamic_offset:
            slots = self.dynamic_slots
        dyn = self.elf.shape.dyn
        packed = b"".join(dyn.pack(*entry) for entry in self._relative_entries())
        self.writes.append((self.dynamic_offset, packed.ljust(slots * dyn.size, b"\0")))

    def _relative_entries(self) -> Iterator[Dynamic]:
        """The entries; on MIPS, one counts from its own place, so it changes when it moves."""
        elf, size = self.elf, self.elf.shape.dyn.size
        for index, entry in enumerate(self.entries):
            if elf.machine == c.EM_MIPS and entry.tag == c.DT_MIPS_RLD_MAP_REL:
                was = _address(elf.segments, elf.dynamic_offset)
                was += size * [old.tag for old in elf.dynamic].index(entry.tag)
                now = _address(self.segments, self.dynamic_offset) + size * index
                yield entry._replace(value=(entry.value + was - now) % (1 << elf.bits))
            else:
                yield entry

    def _write_headers(self) -> None:
        elf, shape = self.elf, self.elf.shape
        if self.os_abi != self.data[7]:
            self.writes.append((7, bytes([self.os_abi])))
        places = (self.entry, self.phoff, self.shoff, len(self.segments))
        if places != (elf.entry, elf.phoff, elf.shoff, len(elf.segments)):
            fields = list(shape.ehdr.unpack_from(self.data, 16))
            fields[3], fields[4], fields[5], fields[9] = places
            self.writes.append((16, shape.ehdr.pack(*fields)))
        if self.phoff != elf.phoff or self.segments != list(elf.segments):
            self.writes.append((self.phoff, b"".join(map(shape.pack_segment, self.segments))))
        for index, (header, old) in enumerate(zip(self.headers, self.old_headers, strict=True)):
            if header != old or self.shoff != elf.shoff:
                offset = self.shoff + index * shape.shdr.size
                self.writes.append((offset, shape.shdr.pack(*header)))

    def _write_symbols(self) -> None:
        """Lets symbols, such as `_DYNAMIC`, follow the sections that have moved."""
        shape = self.elf.shape
        value, value_at, section_at = _SYMBOL[shape.bits]
        word = struct.Struct(("<" if shape.little else ">") + value)
        for header in self.headers if self.steps else ():
            if header.type not in (c.SHT_SYMTAB, c.SHT_DYNSYM):
                continue
            count = min(header.size, self.elf.size) // shape.symbol_size
            for first in range(0, count, _SYMBOLS_AT_A_TIME):
                start = header.offset + first * shape.symbol_size
                table = self.read(start, min(count - first, _SYMBOLS_AT_A_TIME) * shape.symbol_size)
                halves = array("H", table)
                if shape.little != (sys.byteorder == "little"):
                    halves.byteswap()
                sections_of = halves[section_at // 2 :: shape.symbol_size // 2]
                for section, step in self.steps.items():
                    # Linkers give a section to addresses that are in none, such as __ehdr_start.
                    whole = self.headers[section].type == c.SHT_DYNAMIC
                    for index in _indexes(sections_of, section):
                        start_of = index * shape.symbol_size
                        kind = table[start_of + _TYPE_AT[shape.bits]] & 0xF
                        if not whole and kind != _STT_SECTION:
                            continue
                        at = start_of + value_at
                        (address,) = word.unpack_from(table, at)
                        moved = word.pack((address + step) % (1 << shape.bits))
                        self.write(start + at, moved)


def round_up(number: int, step: int) -> int:
    """The least multiple of `step` that isn't less than `number`."""
    return -(-number // step) * step


def _address(segments: Sequence[Segment], dynamic: int) -> int:
    """The address of the dynamic section, which is at file offset `dynamic`."""
    return next(
        part.vaddr for part in segments if part.type == c.PT_DYNAMIC and part.offset == dynamic
    )


def _indexes(numbers: "array[int]", wanted: int) -> Iterator[int]:
    index = -1
    with suppress(ValueError):
        while True:
            index = numbers.index(wanted, index + 1)
            yield index


def _patches(data: memoryview, writes: Sequence[Patch]) -> tuple[tuple[Patch, ...], bytes]:
    spans: list[list[int]] = []
    for offset, content in sorted(writes):
        if spans and offset <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], offset + len(content))
        else:
            spans.append([offset, offset + len(content)])
    size = len(data)
    patches: list[Patch] = []
    append = bytearray()
    for start, end in spans:
        span = bytearray(data[start:end]).ljust(end - start, b"\0")
        _overlay(span, start, writes)
        inside = max(0, min(size, end) - start)
        first, last = _difference(data[start : start + inside], memoryview(span)[:inside])
        if first < last:
            patches.append((start + first, bytes(memoryview(span)[first:last])))
        if end > size:
            append = append.ljust(start + inside - size, b"\0") + span[inside:]
    return tuple(patches), bytes(append)


def _overlay(content: bytearray, start: int, writes: Sequence[Patch]) -> None:
    """Puts that part of each write that falls on `content`, which begins at `start`, onto it."""
    end = start + len(content)
    for offset, new in writes:
        first, last = max(offset, start), min(offset + len(new), end)
        if first < last:
            content[first - start : last - start] = new[first - offset : last - offset]


def _difference(old: memoryview, new: memoryview) -> tuple[int, int]:
    """Where the first byte that differs is, and where the last one ends; equal if none does."""
    first = last = None
    for at in range(0, len(old), _CHUNK):
        left, right = bytes(old[at : at + _CHUNK]), bytes(new[at : at + _CHUNK])
        if left != right:
            # A number whose first byte is that of the chunk.
            changed = int.from_bytes(left) ^ int.from_bytes(right)
            if first is None:
                first = at + len(left) - (changed.bit_length() + 7) // 8
            last = at + len(left) - ((changed & -changed).bit_length() - 1) // 8
    return (0, 0) if first is None or last is None else (first, last)
