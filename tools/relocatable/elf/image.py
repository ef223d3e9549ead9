"""A file's dynamic section as it is going to be, and the bytes to write for that."""

from dataclasses import dataclass, field

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf
from relocatable.elf.shape import Dynamic, Section, Segment
from relocatable.errors import RelocatableError

Patch = tuple[int, bytes]


@dataclass(slots=True)
class Image:
    """An ELF file with changes that aren't written yet.

    Attributes:
        elf: the file as it is.
        data: its bytes.
        headers: its section headers.
        owned: from which offset on nothing but strings is in the string table.
        entries: the dynamic entries as they are going to be.
        writes: bytes to write, in order; they may overlap, or lie past the end of the file.
    """

    elf: Elf
    data: memoryview
    headers: tuple[Section, ...]
    owned: int
    entries: list[Dynamic]
    writes: list[Patch] = field(default_factory=list)

    def write(self, offset: int, content: bytes) -> None:
        """Puts bytes, which are no header, at a file offset.

        Raises:
            RelocatableError: if a header is there, as only in a file that contradicts itself.
        """
        elf, shape = self.elf, self.elf.shape
        for start, size in (
            (0, 16 + shape.ehdr.size),
            (elf.phoff, len(elf.segments) * shape.phdr.size),
            (elf.shoff, len(self.headers) * shape.shdr.size),
            (elf.dynamic_offset, elf.dynamic_slots * shape.dyn.size),
        ):
            if offset < start + size and start < offset + len(content):
                raise RelocatableError(
                    f"{elf.name}: damaged ELF file: the string table or a table behind it"
                    f" overlaps the headers at offset {start}"
                )
        self._put(offset, content)

    def _put(self, offset: int, content: bytes) -> None:
        self.writes.append((offset, content))

    def set_header(self, *, phoff: int, phnum: int) -> None:
        """Changes where the ELF header says that the program headers are."""
        ehdr = self.elf.shape.ehdr
        fields = list(ehdr.unpack_from(self.data, 16))
        fields[4], fields[9] = phoff, phnum
        self._put(16, ehdr.pack(*fields))

    def set_segment(self, index: int, segment: Segment) -> None:
        """Replaces a program header."""
        shape = self.elf.shape
        self._put(self.elf.phoff + index * shape.phdr.size, shape.pack_segment(segment))

    def set_section(self, index: int, **changes: int) -> None:
        """Changes fields of a section header."""
        shdr = self.elf.shape.shdr
        packed = shdr.pack(*self.headers[index]._replace(**changes))
        self._put(self.elf.shoff + index * shdr.size, packed)

    def set_sections(self, kind: int, where: int, **changes: int) -> None:
        """Changes the headers of the sections of a type that stand at file offset `where`."""
        for index, header in enumerate(self.headers):
            if header.type == kind and header.offset == where:
                self.set_section(index, **changes)

    def set_string_table(self, address: int, offset: int, size: int) -> None:
        """Changes where the dynamic string table is."""
        values = {c.DT_STRTAB: address, c.DT_STRSZ: size}
        for index, entry in enumerate(self.entries):
            if entry.tag in values:
                self.entries[index] = entry._replace(value=values[entry.tag])
        where = self.elf.strtab
        self.set_sections(c.SHT_STRTAB, where, addr=address, offset=offset, size=size)

    def set_dynamic(self) -> None:
        """Writes the entries where the dynamic section is."""
        # Through the terminator and over entries that are gone, and not further.
        slots = max(len(self.entries), len(self.elf.dynamic)) + 1
        self._put(self.elf.dynamic_offset, self.pack_dynamic(slots))

    def pack_dynamic(self, slots: int) -> bytes:
        """The dynamic section, filled up to `slots` entries with DT_NULL."""
        dyn = self.elf.shape.dyn
        packed = b"".join(dyn.pack(*entry) for entry in self.entries)
        return packed.ljust(slots * dyn.size, b"\0")

    def finish(self) -> tuple[tuple[Patch, ...], bytes]:
        """What to write over the file (ascending, only what differs), and what to append."""
        spans: list[list[int]] = []
        for offset, content in sorted(self.writes):
            if spans and offset <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], offset + len(content))
            else:
                spans.append([offset, offset + len(content)])
        size = len(self.data)
        patches: list[Patch] = []
        append = bytearray()
        for start, end in spans:
            span = bytearray(self.data[start:end]).ljust(end - start, b"\0")
            for offset, content in self.writes:
                if start <= offset and offset + len(content) <= end:
                    span[offset - start : offset - start + len(content)] = content
            inside = max(0, min(size, end) - start)
            patches += _difference(self.data, start, bytes(span[:inside]))
            if end > size:
                append = append.ljust(start + inside - size, b"\0") + span[inside:]
        return tuple(patches), bytes(append)


def round_up(number: int, step: int) -> int:
    """The least multiple of `step` that isn't less than `number`."""
    return -(-number // step) * step


def leading_zeros(data: memoryview) -> int:
    """How many zero bytes `data` starts with."""
    content = bytes(data)
    return len(content) - len(content.lstrip(b"\0"))


def _difference(data: memoryview, offset: int, content: bytes) -> list[Patch]:
    """The part of a patch from the first to the last byte that it changes."""
    changed = int.from_bytes(data[offset : offset + len(content)]) ^ int.from_bytes(content)
    if not changed:
        return []
    start = len(content) - (changed.bit_length() + 7) // 8
    end = len(content) - ((changed & -changed).bit_length() - 1) // 8
    return [(offset + start, content[start:end])]
