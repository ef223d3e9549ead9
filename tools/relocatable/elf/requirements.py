"""Edits which symbol versions an ELF file requires, and of which libraries.

Source: Linux Standard Base, "Symbol Versioning".
"""

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from relocatable.elf import constants as c
from relocatable.elf.edits import Edit
from relocatable.elf.image import Image
from relocatable.elf.reader import check, read_string
from relocatable.elf.symbols import symbol_table
from relocatable.elf.versions import version_requirements
from relocatable.errors import RelocatableError

# A symbol's entry in the version table (DT_VERSYM): no version, and which bits are the version.
_NO_VERSION: Final = 1
_VERSION: Final = 0x7FFF

# Where in a requirement the offset of the library's name is.
_LIBRARY_AT: Final = 4


@dataclass(slots=True)
class Requirements:
    """The table of version requirements.

    Attributes:
        image: the file.
        heads: for each library its numbers (the third is the name), and those of its versions.
        starts: where each head is, counted from the start of the table.
    """

    image: Image
    heads: list[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]
    starts: list[int]

    @classmethod
    def of(cls, image: Image) -> Self:
        """Reads the table."""
        heads = list(version_requirements(image.elf, image.data))
        starts, at = [], 0
        for fields, _ in heads:
            starts.append(at)
            at += fields[-1]
        return cls(image, heads, starts)

    def libraries(self, renames: Mapping[str, str]) -> dict[int, str]:
        """The new names of libraries that are to be renamed, by the offset of the old one."""
        found = {}
        for (_, _, library, _, _), _ in self.heads:
            name = read_string(self.image.elf, self.image.data, library)
            if renames.get(name, name) != name:
                found[library] = renames[name]
        return found

    def versions(self) -> dict[int, str]:
        """The names of the versions, by index."""
        elf, data = self.image.elf, self.image.data
        return {
            index: read_string(elf, data, name)
            for _, items in self.heads
            for _, _, index, name, _ in items
        }

    def rename(self, offsets: Mapping[int, int]) -> None:
        """Makes libraries have the name at another offset of the string table."""
        if not offsets:
            return
        table = self._offset()
        word = struct.Struct(("<" if self.image.elf.little else ">") + "I")
        for start, ((_, _, library, _, _), _) in zip(self.starts, self.heads, strict=True):
            if library in offsets:
                self.image.write(table + start + _LIBRARY_AT, word.pack(offsets[library]))

    def drop(self, indexes: Collection[int]) -> Iterator[tuple[str, str]]:
        """Drops the versions with these indexes; yields each with its library."""
        elf, data = self.image.elf, self.image.data
        left = []
        for fields, items in self.heads:
            for item in items:
                if item[2] in indexes:
                    yield read_string(elf, data, fields[2]), read_string(elf, data, item[3])
            kept = [item for item in items if item[2] not in indexes]
            if kept:
                left.append((fields, kept))
        if left != self.heads:
            self._rebuild(left)

    def _rebuild(self, heads: list[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]) -> None:
        """Writes a shorter table over the old one."""
        image, shape = self.image, self.image.elf.shape
        head_size, item_size = shape.verneed.size, shape.vernaux.size
        at = self._offset()
        self.heads, self.starts = heads, []
        packed = b""
        for number, (fields, items) in enumerate(heads, 1):
            self.starts.append(len(packed))
            size = head_size + len(items) * item_size
            following = size if number < len(heads) else 0
            packed += shape.verneed.pack(fields[0], len(items), fields[2], head_size, following)
            for count, item in enumerate(items, 1):
                packed += shape.vernaux.pack(*item[:4], item_size if count < len(items) else 0)
        image.write(at, packed)
        # Without any requirement there is no table.
        counts = {c.DT_VERNEEDNUM: len(heads)} if heads else {}
        image.entries = [
            entry._replace(value=counts.get(entry.tag, entry.value))
            for entry in image.entries
            if heads or entry.tag not in (c.DT_VERNEED, c.DT_VERNEEDNUM)
        ]
        for index, header in enumerate(image.headers):
            if header.type == c.SHT_GNU_VERNEED and header.offset == at:
                image.headers[index] = header._replace(info=len(heads), size=len(packed))

    def _offset(self) -> int:
        address = self.image.value(c.DT_VERNEED)
        offset = None if address is None else self.image.offset_of(address)
        if offset is None:
            raise RelocatableError(
                f"{self.image.elf.name}: damaged ELF file: its version requirements aren't loaded"
            )
        return offset


def clear_versions(image: Image, needs: Requirements, names: Collection[str]) -> Iterator[Edit]:
    """Takes the versions of symbols away, and the requirements that nothing needs then."""
    versions = needs.versions()
    cleared = list(_clear(image, names))
    for name, index in cleared:
        yield Edit("symbol-version", f"{name}@{versions.get(index, index)}", name)
    unused = {index for _, index in cleared} - _used_versions(image)
    for library, version in needs.drop(unused):
        yield Edit("required-version", f"{version} of {library}", None)


def _clear(image: Image, names: Collection[str]) -> Iterator[tuple[str, int]]:
    """Makes symbols have no version; yields each with the index that it had.

    Raises:
        RelocatableError: if the file has no versions.
    """
    elf, data = image.elf, image.data
    table = symbol_table(elf, data)
    versym = _version_table(image)
    if table is None or versym is None:
        return
    start, count = table
    size = elf.shape.symbol_size
    check(elf.name, data, "dynamic symbols", start, count * size)
    versions = image.read(versym, 2 * count)
    order = "<" if elf.little else ">"
    wanted = {name.encode("utf-8", "surrogateescape") + b"\0": name for name in names}
    longest = max(map(len, wanted), default=0)
    name_of = struct.Struct(f"{order}I{size - 4}x")
    half = struct.Struct(order + "H")
    table_end = elf.strtab + elf.strsz
    for index, (offset,) in enumerate(name_of.iter_unpack(data[start : start + count * size])):
        at = elf.strtab + offset
        text = bytes(data[at : min(at + longest, table_end)])
        name = wanted.get(text[: text.find(0) + 1])
        if name is not None:
            (version,) = half.unpack_from(versions, 2 * index)
            if version & _VERSION > _NO_VERSION:
                image.write(versym + 2 * index, half.pack(_NO_VERSION))
                yield name, version & _VERSION


def _used_versions(image: Image) -> set[int]:
    """The indexes of versions that symbols have, as they are going to be."""
    table = symbol_table(image.elf, image.data)
    versym = _version_table(image)
    if table is None or versym is None:
        return set()
    content = image.read(versym, 2 * table[1])
    numbers = struct.unpack(f"{'<' if image.elf.little else '>'}{table[1]}H", content)
    return {number & _VERSION for number in numbers}


def _version_table(image: Image) -> int | None:
    """Where the table with the version of each symbol is going to be, or None."""
    address = image.value(c.DT_VERSYM)
    return None if address is None else image.offset_of(address)
