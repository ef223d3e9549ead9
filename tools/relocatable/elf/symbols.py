"""Reads the dynamic symbols of an ELF file, and looks one up as a loader does.

Source: System V gABI chapters 4 ("Symbol Table") and 5 ("Hash Table"); for DT_GNU_HASH, binutils'
and glibc's sources, which are its only description.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.names import Names
from relocatable.elf.reader import Elf, check, sections
from relocatable.errors import RelocatableError

_STB_LOCAL: Final = 0
_STB_WEAK: Final = 2
_SYMBOL: Final = {64: "IBBHQQ", 32: "IIIBBH"}
_INFO: Final = {64: 1, 32: 3}
_SHNDX: Final = {64: 3, 32: 5}
_HIDDEN: Final = 0x8000
"""Of an entry in the version table: not what an unversioned name means."""


class Symbol(NamedTuple):
    """A dynamic symbol, global or weak.

    Attributes:
        name: without its version.
        defined: whether the file has it, or wants it.
        weak: whether the loader does without it, if it is wanted.
        version: number of its version, as requirements and definitions have; 0 and 1 mean none.
    """

    name: str
    defined: bool
    weak: bool
    version: int


def symbols(
    elf: Elf, data: memoryview, versions: Collection[int] | None = None
) -> Iterator[Symbol]:
    """The dynamic symbols, in order, without those that are local to the file.

    Args:
        elf: the file.
        data: its bytes.
        versions: numbers of versions; if given, only symbols of these.

    Raises:
        RelocatableError: if the tables leave the file.
    """
    table = symbol_table(elf, data)
    if table is None:
        return
    start, count = table
    order = "<" if elf.little else ">"
    record = struct.Struct(order + _SYMBOL[elf.bits])
    check(elf.name, data, "dynamic symbols", start, count * record.size)
    version_of: Sequence[int] = bytes(count)
    versym = _offset(elf, c.DT_VERSYM)
    if versym is not None:
        check(elf.name, data, "table of symbol versions", versym, 2 * count)
        version_of = struct.unpack_from(f"{order}{count}H", data, versym)
    names = Names(elf, data)
    info_at, section_at = _INFO[elf.bits], _SHNDX[elf.bits]
    for index, entry in enumerate(version_of):
        version = entry & ~_HIDDEN
        if versions is not None and version not in versions:
            continue
        fields = record.unpack_from(data, start + index * record.size)
        binding = fields[info_at] >> 4
        if binding != _STB_LOCAL:
            defined = fields[section_at] != c.SHN_UNDEF
            yield Symbol(names.at(fields[0]), defined, binding == _STB_WEAK, version)


def defines(elf: Elf, data: memoryview, name: str) -> bool:
    """Whether a loader that looks for symbol `name` finds it in the file, whatever its version.

    Costs a look into the hash table, not a walk over all symbols.

    Raises:
        RelocatableError: if the tables leave the file.
    """
    key = name.encode("utf-8", "surrogateescape")
    symtab = _offset(elf, c.DT_SYMTAB)
    if symtab is None:
        return False
    record = struct.Struct(("<" if elf.little else ">") + _SYMBOL[elf.bits])
    for index in (
        _GnuHash(elf, data).find(key) if _has_gnu_hash(elf) else _sysv_find(elf, data, key)
    ):
        at = symtab + index * record.size
        check(elf.name, data, "dynamic symbol", at, record.size)
        fields = record.unpack_from(data, at)
        start = elf.strtab + fields[0]
        if fields[0] + len(key) < elf.strsz and data[start : start + len(key) + 1] == key + b"\0":
            return bool(fields[_SHNDX[elf.bits]] != c.SHN_UNDEF)
    return False


def _has_gnu_hash(elf: Elf) -> bool:
    return elf.value(c.DT_GNU_HASH) is not None


def symbol_table(elf: Elf, data: memoryview) -> tuple[int, int] | None:
    """File offset and number of the dynamic symbols; None if there are none.

    No entry tells their number. A hash table has it, but DT_GNU_HASH only if the file defines any;
    then the section header does, and without one, the table that follows in memory.
    """
    start = _offset(elf, c.DT_SYMTAB)
    if start is None:
        return None
    size = elf.shape.symbol_size
    if (hashes := _sysv_hash(elf)) is not None:
        return start, _words(elf, data, hashes, 2)[1]
    if _has_gnu_hash(elf) and (count := _GnuHash(elf, data).count()):
        return start, count
    for section in sections(elf, data):
        if section.type == c.SHT_DYNSYM and section.offset == start:
            return start, section.size // size
    address = elf.value(c.DT_SYMTAB) or 0
    others = (v for tag, v in elf.dynamic if tag in c.ADDRESS_TAGS and v > address)
    return start, (min(others, default=address) - address) // size


def _offset(elf: Elf, tag: int) -> int | None:
    """File offset of what a dynamic entry points at, or None if there is no such entry.

    Raises:
        RelocatableError: if it points out of the file.
    """
    address = elf.value(tag)
    if address is None:
        return None
    load = elf.load_of(address)
    if load is None:
        raise RelocatableError(
            f"{elf.name}: damaged ELF file: the table at address {address:#x} (tag {tag:#x})"
            " is in no loaded segment"
        )
    return address - load.vaddr + load.offset


def _words(elf: Elf, data: memoryview, offset: int, count: int) -> tuple[int, ...]:
    """Numbers of 4 bytes."""
    check(elf.name, data, "hash table", offset, 4 * count)
    return struct.unpack_from(f"{'<' if elf.little else '>'}{count}I", data, offset)


class _GnuHash:
    """DT_GNU_HASH: symbols from number `first` on are sorted by bucket, each chain ends odd."""

    def __init__(self, elf: Elf, data: memoryview) -> None:
        self._elf, self._data = elf, data
        start = _offset(elf, c.DT_GNU_HASH) or 0
        self._buckets, self._first, bloom, _ = _words(elf, data, start, 4)
        self._bucket_at = start + 16 + bloom * elf.bits // 8
        self._chain_at = self._bucket_at + 4 * self._buckets

    def find(self, name: bytes) -> Iterator[int]:
        """Numbers of the symbols whose hash is that of `name`."""
        if not self._buckets:
            return
        wanted = 5381
        for byte in name:
            wanted = (wanted * 33 + byte) & 0xFFFFFFFF
        place = self._bucket_at + 4 * (wanted % self._buckets)
        (index,) = _words(self._elf, self._data, place, 1)
        for number, found in self._chain(index):
            if found | 1 == wanted | 1:
                yield number

    def count(self) -> int:
        """The number of symbols, or 0 if none is defined: then the table doesn't tell."""
        last = max(_words(self._elf, self._data, self._bucket_at, self._buckets), default=0)
        return max((number + 1 for number, _ in self._chain(last)), default=0)

    def _chain(self, index: int) -> Iterator[tuple[int, int]]:
        """Symbols from number `index` on with their hashes, up to the end of the chain."""
        while index >= self._first and index:
            place = self._chain_at + 4 * (index - self._first)
            (found,) = _words(self._elf, self._data, place, 1)
            yield index, found
            if found & 1:
                return
            index += 1


def _sysv_hash(elf: Elf) -> int | None:
    """File offset of DT_HASH, unless its numbers have 8 bytes, as this one machine's have."""
    return None if (elf.machine, elf.bits) == (c.EM_S390, 64) else _offset(elf, c.DT_HASH)


def _sysv_find(elf: Elf, data: memoryview, name: bytes) -> Iterator[int]:
    """DT_HASH: numbers of the symbols in the bucket of `name`."""
    start = _sysv_hash(elf)
    if start is None:
        return
    buckets, chains = _words(elf, data, start, 2)
    if not buckets:
        return
    wanted = 0
    for byte in name:
        wanted = (wanted << 4) + byte
        wanted = (wanted ^ (wanted & 0xF0000000) >> 24) & 0x0FFFFFFF
    (index,) = _words(elf, data, start + 8 + 4 * (wanted % buckets), 1)
    for _ in range(chains):  # A chain that is longer than all of them goes in a circle.
        if not index:
            return
        yield index
        (index,) = _words(elf, data, start + 8 + 4 * (buckets + index), 1)
