"""Files for several architectures: a table in front, then a thin file for each.

All numbers of the table are stored most significant byte first. A file is laid out as lipo does it:
slices by their alignment, arm64 last, each at the next multiple of its own.

Source: mach-o/fat.h, lipo(1).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.commands import check
from relocatable.macho.reader import MachO, architecture, is_macho, read

Part: TypeAlias = tuple[int, int] | bytes

_HEADER: Final = struct.Struct(">2I")
_SLICE: Final = {c.FAT_MAGIC: struct.Struct(">5I"), c.FAT_MAGIC_64: struct.Struct(">2I2Q2I")}

# A Java class has the same magic, and a version from 45 on where the number of slices is.
_MOST_SLICES: Final = 42
_LARGEST_ALIGNMENT: Final = 15


@dataclass(frozen=True, slots=True)
class Slice:
    """One architecture of a file.

    Attributes:
        cpu: `cputype`.
        subtype: `cpusubtype`, capabilities included.
        offset: where the thin file begins.
        size: of the thin file, in bytes.
        align: what `offset` is a multiple of, as a power of 2.
    """

    cpu: int
    subtype: int
    offset: int
    size: int
    align: int

    @property
    def architecture(self) -> str:
        """As Apple's tools write it, such as `arm64`."""
        return architecture(self.cpu, self.subtype)

    def view(self, data: memoryview) -> memoryview:
        """The thin file in `data`, the whole file."""
        return data[self.offset : self.offset + self.size]


def is_universal(head: bytes | memoryview) -> bool:
    """Whether a file that starts with `head` (8 bytes suffice) is for several architectures."""
    if len(head) < _HEADER.size:
        return False
    magic, count = _HEADER.unpack_from(head)
    return magic in _SLICE and count <= _MOST_SLICES


def slices(data: memoryview, name: str) -> tuple[Slice, ...]:
    """The architectures of a universal file, in the order of its table.

    Raises:
        RelocatableError: if `data` is no universal file, or one that contradicts itself.
    """
    if not is_universal(data[:8]):
        raise RelocatableError(f"{name}: not a universal file: it starts with {bytes(data[:4])!r}")
    magic, count = _HEADER.unpack_from(data)
    entry = _SLICE[magic]
    check(name, len(data), "table of architectures", _HEADER.size, count * entry.size)
    start = _HEADER.size + count * entry.size
    table = data[_HEADER.size : start]
    found = [Slice(*fields[:5]) for fields in entry.iter_unpack(table)]
    if not found:
        raise RelocatableError(f"{name}: damaged universal file: it has no architecture")
    end = start
    for one in sorted(found, key=lambda one: one.offset):
        check(name, len(data), one.architecture, one.offset, one.size)
        if one.offset < end:
            raise RelocatableError(
                f"{name}: damaged universal file: {one.architecture} at {one.offset} overlaps what"
                f" ends at {end}"
            )
        if one.align > _LARGEST_ALIGNMENT or one.offset % (1 << one.align):
            raise RelocatableError(
                f"{name}: damaged universal file: {one.architecture} at {one.offset} should be"
                f" aligned to 2^{one.align}, and that to 2^{_LARGEST_ALIGNMENT} at most"
            )
        end = one.offset + one.size
    names = [(one.cpu, one.subtype & c.CPU_SUBTYPE_MASK) for one in found]
    if len(set(names)) < len(names):
        raise RelocatableError(f"{name}: damaged universal file: an architecture is there twice")
    return tuple(found)


def read_all(data: memoryview, name: str) -> tuple[MachO, ...]:
    """The thin files in `data`: one of a thin file, all of a universal one, in their order.

    Each is called `name`, or `NAME (ARCHITECTURE)` if it is one of several.

    Raises:
        RelocatableError: if one isn't a Mach-O file or contradicts itself or the table.
    """
    return tuple(file for file, _ in thin_files(data, name))


def thin_files(data: memoryview, name: str) -> Iterator[tuple[MachO, memoryview]]:
    """As `read_all`, each with its bytes."""
    if not is_universal(data[:8]):
        yield read(data, name), data
        return
    for one in slices(data, name):
        view = one.view(data)
        title = f"{name} ({one.architecture})"
        if not is_macho(view[:4]):
            raise RelocatableError(
                f"{title}: not a Mach-O file: it starts with {bytes(view[:8])!r};"
                " archives of object files are not supported"
            )
        file = read(view, title)
        if file.cpu != one.cpu:
            raise RelocatableError(
                f"{title}: damaged universal file: the file inside is for {file.architecture}"
            )
        yield file, view


def lay_out(
    name: str, table: Sequence[Slice], contents: Sequence[Sequence[Part]], *, wide: bool = False
) -> Iterator[Part]:
    """The parts of a universal file.

    Args:
        name: how errors call it.
        table: the architectures; where they are is found anew.
        contents: the parts of each.
        wide: whether the table has numbers of 64 bits (`lipo -fat64`).

    Raises:
        RelocatableError: if it gets too large for a table of 32 bits.
    """
    entry = _SLICE[c.FAT_MAGIC_64 if wide else c.FAT_MAGIC]
    at = _HEADER.size + len(table) * entry.size
    head = _HEADER.pack(c.FAT_MAGIC_64 if wide else c.FAT_MAGIC, len(table))
    body: list[Part] = []
    for one, parts in zip(table, contents, strict=True):
        size = sum(len(x) if isinstance(x, bytes) else x[1] - x[0] for x in parts)
        gap = -at % (1 << one.align)
        at += gap
        if not wide and at + size >= 1 << 32:
            raise RelocatableError(
                f"{name}: a universal file of 4 GB or more takes a table of 64 bits (fat64)"
            )
        fields = (one.cpu, one.subtype, at, size, one.align)
        head += entry.pack(*fields, 0) if wide else entry.pack(*fields)
        body += [bytes(gap), *parts]
        at += size
    yield head
    yield from body
