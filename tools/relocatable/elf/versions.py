"""Reads which symbol versions an ELF file requires and defines."""

import struct
from collections.abc import Iterator

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf, check, read_string
from relocatable.errors import RelocatableError


def version_needs(elf: Elf, data: memoryview) -> dict[str, tuple[str, ...]]:
    """The symbol versions that the file requires, by library: `{"libc.so.6": ("GLIBC_2.4",)}`.

    Raises:
        RelocatableError: if the tables leave the file or don't end.
    """
    needs: dict[str, tuple[str, ...]] = {}
    for library, versions in iterate_version_needs(elf, data):
        names = (read_string(elf, data, version) for version in versions)
        needs[read_string(elf, data, library)] = tuple(names)
    return needs


def iterate_version_needs(elf: Elf, data: memoryview) -> Iterator[tuple[int, list[int]]]:
    """String table offsets of each library and of the versions required of it.

    Source: Linux Standard Base, "Symbol Versioning", version requirements.
    """
    yield from _version_table(
        elf,
        data,
        (c.DT_VERNEED, c.DT_VERNEEDNUM),
        (elf.shape.verneed, (1, 2, 3, 4)),
        (elf.shape.vernaux, (3, 4)),
    )


def iterate_version_definitions(elf: Elf, data: memoryview) -> Iterator[list[int]]:
    """String table offsets of each version that the file defines, and of its parents.

    Source: Linux Standard Base, "Symbol Versioning", version definitions.
    """
    for _, names in _version_table(
        elf,
        data,
        (c.DT_VERDEF, c.DT_VERDEFNUM),
        (elf.shape.verdef, (3, 4, 5, 6)),
        (elf.shape.verdaux, (0, 1)),
    ):
        yield names


def _version_table(
    elf: Elf,
    data: memoryview,
    tags: tuple[int, int],
    head: tuple[struct.Struct, tuple[int, int, int, int]],
    item: tuple[struct.Struct, tuple[int, int]],
) -> Iterator[tuple[int, list[int]]]:
    """Walks a list of lists, as version needs and definitions are.

    Args:
        elf: the file.
        data: its bytes.
        tags: of the entries with the table's address and its number of heads.
        head: a head's structure, and which of its numbers are: how many items it has, the name,
            the distance to the first item, the distance to the next head.
        item: an item's structure, and which of its numbers are the name and the distance on.
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
    head_struct, (items_at, name_at, first_at, next_at) = head
    item_struct, (item_name_at, item_next_at) = item
    budget = load.filesz // item_struct.size
    for _ in range(count):
        check(elf.name, data[:end], "version table", at, head_struct.size)
        fields = head_struct.unpack_from(data, at)
        names: list[int] = []
        item_at = at + fields[first_at]
        for _ in range(fields[items_at]):
            check(elf.name, data[:end], "version table", item_at, item_struct.size)
            item_fields = item_struct.unpack_from(data, item_at)
            names.append(item_fields[item_name_at])
            if not item_fields[item_next_at]:
                break
            item_at += item_fields[item_next_at]
        budget -= 1 + len(names)
        if budget < 0:
            raise RelocatableError(f"{elf.name}: damaged ELF file: version tables overlap")
        yield fields[name_at], names
        if not fields[next_at]:
            return
        at += fields[next_at]
