"""What is left of a file's tables of sections, symbols, names and groups when sections go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from relocatable.elf import constants as c
from relocatable.elf.shape import Section
from relocatable.elf.strip_sections import Sections
from relocatable.elf.strip_strings import StringTable
from relocatable.elf.strip_symbols import Numbers, SymbolTable, renumbered
from relocatable.errors import RelocatableError

Part: TypeAlias = tuple[int, int] | bytes
"""A range `(start, end)` of the input, or new bytes."""


@dataclass(frozen=True, slots=True)
class Tables:
    """A file's sections without some of them, not yet in new places.

    Attributes:
        headers: the new section headers, by the sections' old numbers and in their order;
            with old offsets, but new sizes.
        names_at: new number of the section with the sections' names.
        changed: the new content of sections that aren't loaded, by their old numbers.
        renumbered: the new content of sections that are loaded, likewise; none changes its size.
        symbols: how many `.symtab` had, and has; zeros if the file had or has none.
    """

    headers: dict[int, Section]
    names_at: int
    changed: dict[int, tuple[Part, ...]]
    renumbered: dict[int, bytes]
    symbols: tuple[int, int]


def without(table: Sections, gone: frozenset[int]) -> Tables:
    """The tables of a file that loses the sections in `gone`.

    Raises:
        RelocatableError: if they contradict each other.
    """
    kept = [number for number in range(len(table.headers)) if number not in gone]
    numbers: list[int | None] = [None] * len(table.headers)
    for new, old in enumerate(kept):
        numbers[old] = new
    symbols_at = _symbols_at(table, kept)
    symbols = SymbolTable(table, symbols_at, numbers) if symbols_at else None
    names = _strings(table, kept, table.names_at)
    symbol_names = names
    if symbols_at and table.headers[symbols_at].link != table.names_at:
        symbol_names = _strings(table, kept, table.headers[symbols_at].link)

    for number in kept:
        if table.names_at and table.headers[number].type != c.SHT_NULL:
            names.use(table.headers[number].name)
    if symbols:
        symbols.use_names(symbol_names.use)
    changed: dict[int, tuple[Part, ...]] = {}
    for number, strings in {names.number: names, symbol_names.number: symbol_names}.items():
        strings.close()
        if number:
            changed[number] = strings.parts
    if symbols:
        content, extended = symbols.rewritten(symbol_names.moved)
        changed[symbols_at] = (content,)
        if symbols.extended_at is not None and numbers[symbols.extended_at] is not None:
            changed[symbols.extended_at] = (extended,)
    for number in kept:
        if table.headers[number].type == c.SHT_GROUP:
            changed[number] = (_group(table, number, numbers),)
    changed = {
        number: parts
        for number, parts in changed.items()
        if numbers[number] is not None and _differ(table, number, parts)
    }

    headers = _headers(table, numbers, names)
    for number, parts in changed.items():
        headers[number] = headers[number]._replace(size=sum(map(size, parts)))
    if symbols:
        headers[symbols_at] = headers[symbols_at]._replace(info=symbols.locals)
    loaded = {
        number: renumbered(table, number, numbers)
        for number in kept
        if table.headers[number].type in (c.SHT_DYNSYM, c.SHT_SYMTAB) and table.is_loaded(number)
    }
    return Tables(
        headers=headers,
        names_at=numbers[table.names_at] or 0,
        changed=changed,
        renumbered={number: content for number, content in loaded.items() if content},
        symbols=(symbols.before, symbols.after) if symbols else (0, 0),
    )


def size(part: Part) -> int:
    """How many bytes a part has."""
    return len(part) if isinstance(part, bytes) else part[1] - part[0]


def _symbols_at(table: Sections, kept: Sequence[int]) -> int:
    """The number of the symbol table that isn't loaded; 0 if there is none."""
    found = [
        number
        for number in kept
        if table.headers[number].type == c.SHT_SYMTAB and not table.is_loaded(number)
    ]
    if len(found) > 1:
        raise RelocatableError(
            f"{table.elf.name}: damaged ELF file: there should be one symbol table beside the"
            f" dynamic one, and these sections are: {', '.join(map(str, found))}"
        )
    return found[0] if found else 0


def _strings(table: Sections, kept: Sequence[int], number: int) -> StringTable:
    """A string table that stays as it is if anything unknown uses it."""
    known = all(
        table.headers[user].type == c.SHT_SYMTAB and not table.is_loaded(user)
        for user in kept
        if table.headers[user].link == number and table.headers[user].type != c.SHT_NULL
    )
    fixed = not number or not known or table.is_loaded(number)
    return StringTable(table, number, fixed=fixed)


def _group(table: Sections, number: int, numbers: Numbers) -> bytes:
    """The content of a section group: a word of flags, and the numbers of its members."""
    order: Literal["little", "big"] = "little" if table.elf.little else "big"
    content = bytes(table.content(number))
    words = [content[:4]]
    for at in range(4, len(content), 4):
        member = int.from_bytes(content[at : at + 4], order)
        if member >= len(numbers):
            raise RelocatableError(
                f"{table.elf.name}: damaged ELF file: section {member} should be in a group,"
                f" but there are {len(numbers)}"
            )
        new = numbers[member]
        if new is not None:
            words.append(new.to_bytes(4, order))
    return b"".join(words)


def _headers(table: Sections, numbers: Numbers, names: StringTable) -> dict[int, Section]:
    """The headers of the sections that are kept, with new references to sections and names."""
    headers: dict[int, Section] = {}
    kept = [number for number, new in enumerate(numbers) if new is not None]
    grouped = any(table.headers[number].type == c.SHT_GROUP for number in kept)
    for number in kept:
        header = table.headers[number]
        if header.type == c.SHT_NULL:  # Its other fields mean nothing.
            headers[number] = header._replace(name=0)
            continue
        headers[number] = header._replace(
            name=names.moved(header.name) if table.names_at else header.name,
            flags=header.flags if grouped else header.flags & ~c.SHF_GROUP,
            link=numbers[header.link] or 0,
            info=(numbers[header.info] or 0) if table.info_is_section(number) else header.info,
        )
    return headers


def _differ(table: Sections, number: int, parts: tuple[Part, ...]) -> bool:
    match parts:
        case (bytes() as content,):
            return table.content(number) != content
        case _:
            return parts != (table.span(number),)
