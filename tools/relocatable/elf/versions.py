"""Reads which symbol versions an ELF file requires and defines.

Source: Linux Standard Base, "Symbol Versioning".
"""

import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.names import Names
from relocatable.elf.reader import Elf, check
from relocatable.errors import RelocatableError

VER_FLG_BASE: Final = 1
VER_FLG_WEAK: Final = 2

_MOST: Final = 1 << 13
"""Items of a version table. Real ones have some hundred."""


class Requirement(NamedTuple):
    """A symbol version that a file requires.

    Attributes:
        library: the file that is to define it, by the name that a NEEDED entry has.
        version: its name, such as `GLIBC_2.34`.
        hash: of its name, as the loader compares it first.
        weak: whether the loader does without it.
        number: which entries of the version table of symbols (`DT_VERSYM`) mean it.
    """

    library: str
    version: str
    hash: int
    weak: bool
    number: int


class Definition(NamedTuple):
    """A symbol version that a file defines; `base` is the file's own name, not a version."""

    version: str
    hash: int
    number: int
    base: bool


def requirements(elf: Elf, data: memoryview) -> tuple[Requirement, ...]:
    """The symbol versions that the file requires, in its order.

    Raises:
        RelocatableError: if the tables leave the file or don't end.
    """
    names = Names(elf, data)
    return tuple(
        Requirement(names.at(library), names.at(name), key, bool(flags & VER_FLG_WEAK), number)
        for (_, _, library, _, _), items in version_requirements(elf, data)
        for key, flags, number, name, _ in items
    )


def definitions(elf: Elf, data: memoryview) -> tuple[Definition, ...]:
    """The symbol versions that the file defines, in its order, without those they inherit from.

    Raises:
        RelocatableError: if the tables leave the file or don't end.
    """
    names = Names(elf, data)
    return tuple(
        Definition(names.at(items[0][0]), key, number, bool(flags & VER_FLG_BASE))
        for (_, flags, number, _, key, _, _), items in _definitions(elf, data)
        if items
    )


def version_needs(elf: Elf, data: memoryview) -> dict[str, tuple[str, ...]]:
    """The symbol versions that the file requires, by library: `{"libc.so.6": ("GLIBC_2.4",)}`.

    Raises:
        RelocatableError: if the tables leave the file or don't end.
    """
    needs: dict[str, list[str]] = {}
    for library, version, *_ in requirements(elf, data):
        needs.setdefault(library, []).append(version)
    return {library: tuple(versions) for library, versions in needs.items()}


def iterate_version_needs(elf: Elf, data: memoryview) -> Iterator[tuple[int, list[int]]]:
    """String table offsets of each library and of the versions required of it."""
    for (_, _, library, _, _), items in version_requirements(elf, data):
        yield library, [name for _, _, _, name, _ in items]


def iterate_version_definitions(elf: Elf, data: memoryview) -> Iterator[list[int]]:
    """String table offsets of each version that the file defines, and of its parents."""
    for _, items in _definitions(elf, data):
        yield [name for name, _ in items]


_Table = Iterator[tuple[tuple[Any, ...], list[tuple[Any, ...]]]]


def version_requirements(elf: Elf, data: memoryview) -> _Table:
    """The numbers of each library that versions are required of, and those of the versions."""
    tags = (c.DT_VERNEED, c.DT_VERNEEDNUM)
    return _version_table(elf, data, tags, (elf.shape.verneed, 1, 3), elf.shape.vernaux)


def _definitions(elf: Elf, data: memoryview) -> _Table:
    tags = (c.DT_VERDEF, c.DT_VERDEFNUM)
    return _version_table(elf, data, tags, (elf.shape.verdef, 3, 5), elf.shape.verdaux)


def _version_table(
    elf: Elf,
    data: memoryview,
    tags: tuple[int, int],
    head: tuple[struct.Struct, int, int],
    item: struct.Struct,
) -> _Table:
    """Walks a list of lists, as version needs and definitions are.

    Args:
        elf: the file.
        data: its bytes.
        tags: of the entries with the table's address and its number of heads.
        head: a head's structure, and which of its numbers are: how many items it has, the distance
            to the first. The last one is the distance to the next head.
        item: an item's structure, whose last number is the distance to the next item.
    """
    address, count = (elf.value(tag) for tag in tags)
    if not address or not count:
        return
    load = elf.load_of(address)
    if load is None:
        raise RelocatableError(
            f"{elf.name}: damaged ELF file: the version table at address {address:#x}"
            " is in no loaded segment"
        )
    # Distances can't be negative and 0 ends a list, but lists may share items: a file whose lists
    # have more items together than fit into the segment is hostile, and walking it takes forever.
    end = load.offset + load.filesz
    at = address - load.vaddr + load.offset
    head_struct, items_at, first_at = head
    budget = min(load.filesz // item.size, _MOST)
    for _ in range(count):
        check(elf.name, data[:end], "version table", at, head_struct.size)
        fields = head_struct.unpack_from(data, at)
        items: list[tuple[Any, ...]] = []
        item_at = at + fields[first_at]
        for _ in range(min(fields[items_at], budget + 1)):
            check(elf.name, data[:end], "version table", item_at, item.size)
            items.append(item.unpack_from(data, item_at))
            if not items[-1][-1]:
                break
            item_at += items[-1][-1]
        budget -= 1 + len(items)
        if budget < 0:
            raise RelocatableError(
                f"{elf.name}: damaged ELF file: version tables overlap, or have more than {_MOST}"
                " items"
            )
        yield fields, items
        if not fields[-1]:
            return
        at += fields[-1]
