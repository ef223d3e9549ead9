"""Leaves out of a symbol table what only debuggers read: paths of the machine that built the file.

Linkers note there where object files and sources were (stabs such as N_OSO and N_SO). What follows
the symbols in `__LINKEDIT` closes up. Strings that a program itself has, as `__FILE__` makes them,
are part of its code and stay.

Source: mach-o/nlist.h, mach-o/stab.h, mach-o/loader.h.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import Edit
from relocatable.macho.image import Image, NotEditableError
from relocatable.macho.linkedit import Linkedit

_N_EXT: Final = 0x1
_REFERENCED_DYNAMICALLY: Final = 0x10
_LOCAL_OR_ABSOLUTE: Final = c.INDIRECT_SYMBOL_LOCAL | c.INDIRECT_SYMBOL_ABS

# Numbers of LC_DYSYMTAB: the first index and count of each group of symbols, and counts of tables
# that linkers have stopped to write.
_GROUPS: Final = ((2, 3), (4, 5), (6, 7))
_OBSOLETE: Final = (9, 11, 13, 17)


def strip(image: Image, *, local: bool) -> Iterator[Edit]:
    """Removes notes for debuggers, and with `local` all symbols that aren't for others.

    Raises:
        NotEditableError: if something in `__LINKEDIT` can't be moved.
        RelocatableError: if the symbol table contradicts itself.
    """
    symtab = image.find(c.LC_SYMTAB)
    if symtab is None or not image.word(symtab, 3):
        return
    tables = Linkedit(image)
    records = tables.records(symtab, 2, 3, image.file.shape.symbol.size)
    dysymtab = image.find(c.LC_DYSYMTAB)
    indirect: list[int] = []
    if dysymtab is not None:
        size = 4 * image.word(dysymtab, 15)
        raw = tables.records(dysymtab, 14, 15, 4)
        indirect = list(image.file.shape.words(size // 4).unpack(raw))
    symbols = list(image.file.shape.symbol.iter_unpack(records))
    kept = _kept(symbols, indirect, local=local)
    if all(kept):
        return
    numbers = [0, *accumulate(kept)]
    left = [symbol for symbol, keep in zip(symbols, kept, strict=True) if keep]
    strings = tables.records(symtab, 4, 5, 1)
    places, new_strings = _strings(image, left, strings)
    pack = image.file.shape.symbol.pack
    packed = b"".join(pack(places[strx], *rest) for strx, *rest in left)
    tables.change(symtab, 2, packed, {3: len(left)})
    if new_strings is not None:
        tables.change(symtab, 4, new_strings, {5: len(new_strings)})
    if dysymtab is not None:
        tables.change(
            dysymtab, 14, _indirect(image, indirect, numbers), _groups(image, dysymtab, numbers)
        )
    tables.close_up()
    yield Edit("symbols", str(len(symbols)), str(len(left)))


def _kept(symbols: list[tuple[int, ...]], indirect: list[int], *, local: bool) -> list[bool]:
    if not local:
        return [not kind & c.N_STAB for _, kind, _, _, _ in symbols]
    used = set(indirect)
    return [
        not kind & c.N_STAB
        and bool(kind & _N_EXT or number in used or description & _REFERENCED_DYNAMICALLY)
        for number, (_, kind, _, description, _) in enumerate(symbols)
    ]


def _strings(
    image: Image, symbols: list[tuple[int, ...]], table: memoryview
) -> tuple[dict[int, int], bytes | None]:
    """Where each name goes, and the new table; None if the old one is to stay."""
    data = bytes(table)
    start = b" \0" if data[:2] == b" \0" else b"\0"
    places = {index: index for index in range(len(start))}
    known: dict[bytes, int] = {b"": len(start) - 1}
    new = bytearray(start)
    for offset, *_ in symbols:
        if offset in places:
            continue
        end = data.find(0, offset)
        if end < 0:
            raise RelocatableError(
                f"{image.file.name}: damaged Mach-O file: the name at {offset} of the symbol names"
                f" doesn't end within their {len(data)} bytes"
            )
        text = data[offset:end]
        if text not in known:
            known[text] = len(new)
            new += text + b"\0"
            if len(new) > len(data):  # Names that are tails of others: they are short already.
                return {offset: offset for offset, *_ in symbols}, None
        places[offset] = known[text]
    return places, bytes(new) + bytes(-len(new) % image.file.shape.alignment)


def _indirect(image: Image, indirect: list[int], numbers: list[int]) -> bytes:
    for number in indirect:
        if not number & _LOCAL_OR_ABSOLUTE and number + 1 >= len(numbers):
            raise RelocatableError(
                f"{image.file.name}: damaged Mach-O file: indirect symbol {number} of"
                f" {len(numbers) - 1} symbols"
            )
    new = (x if x & _LOCAL_OR_ABSOLUTE else numbers[x] for x in indirect)
    kept = (x if x & _LOCAL_OR_ABSOLUTE or numbers[x + 1] > numbers[x] else None for x in indirect)
    if None in kept:
        raise RelocatableError(
            f"{image.file.name}: damaged Mach-O file: an indirect symbol is a debugger's note"
        )
    return image.file.shape.words(len(indirect)).pack(*new)


def _groups(image: Image, command: bytes, numbers: list[int]) -> dict[int, int]:
    if any(image.word(command, index) for index in _OBSOLETE):
        raise NotEditableError(
            f"{image.file.name}: can't be stripped: it has tables of symbols for prebinding;"
            " strip it before it is linked"
        )
    new: dict[int, int] = {}
    for first, count in _GROUPS:
        start, size = image.word(command, first), image.word(command, count)
        if size and start + size > len(numbers) - 1:
            raise RelocatableError(
                f"{image.file.name}: damaged Mach-O file: symbols {start} to {start + size} of"
                f" {len(numbers) - 1}"
            )
        new[first] = numbers[min(start, len(numbers) - 1)]
        new[count] = numbers[start + size] - new[first] if size else 0
    return new
