"""The tables in `__LINKEDIT`, of which some change their size: the others close up behind them."""

from collections.abc import Iterator, Mapping
from typing import Final

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.commands import check
from relocatable.macho.image import Image, NotEditableError, linkedit
from relocatable.macho.universal import Part

_LARGEST_ALIGNMENT: Final = 8

# Kind of command: where in it an offset is, where the count, and bytes of each thing counted.
_DYLD_INFO: Final = tuple((index, index + 1, 1) for index in range(2, 12, 2))
_TABLES: Final[Mapping[int, tuple[tuple[int, int, int], ...]]] = {
    c.LC_DYLD_INFO: _DYLD_INFO,
    c.LC_DYLD_INFO_ONLY: _DYLD_INFO,
    c.LC_DYSYMTAB: ((14, 15, 4), (18, 19, 8)),
    c.LC_TWOLEVEL_HINTS: ((2, 3, 4),),
    **dict.fromkeys(c.LINKEDIT_DATA - {c.LC_CODE_SIGNATURE}, ((2, 3, 1),)),
}


class Linkedit:
    """All tables of a file, by the command and the number in it that say where they are."""

    def __init__(self, image: Image) -> None:
        """Finds the tables.

        Raises:
            NotEditableError: if they aren't all there is in the segment.
            RelocatableError: if they aren't in it, or overlap.
        """
        self._image = image
        self._segment = linkedit(image.file)
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        self._new: dict[tuple[int, int], bytes] = {}
        self._values: dict[int, dict[int, int]] = {}
        for command in image.commands:
            for at, count, size in self._tables(command):
                offset, length = image.word(command, at), image.word(command, count) * size
                if length or self._holds(offset):
                    self._places[image.kind(command), at] = (offset, length)
        self._check()

    def records(self, command: bytes, at: int, count: int, size: int) -> memoryview:
        """The bytes of a table, whose offset and count are numbers of a command."""
        offset, length = self._image.word(command, at), self._image.word(command, count) * size
        check(self._image.file.name, self._image.file.size, "table", offset, length)
        return self._image.data[offset : offset + length]

    def change(self, command: bytes, at: int, new: bytes, values: Mapping[int, int]) -> None:
        """Gives a table other bytes, and its command other numbers."""
        kind = self._image.kind(command)
        if (kind, at) in self._places:
            self._new[kind, at] = new
        self._values.setdefault(kind, {}).update(values)

    def close_up(self) -> None:
        """Writes the segment anew, without the signature, and where its tables are now."""
        image = self._image
        at = self._segment.fileoff
        tail: list[Part] = [(image.room_end, at)]
        for key, (offset, length) in sorted(self._places.items(), key=lambda item: item[1]):
            new = self._new.get(key)
            if new == b"" or not length:  # An empty table has a place too, inside of the segment.
                self._values.setdefault(key[0], {})[key[1]] = at
                continue
            gap = -at % min(offset & -offset, _LARGEST_ALIGNMENT)
            tail += [bytes(gap), (offset, offset + length) if new is None else new]
            at += gap
            self._values.setdefault(key[0], {})[key[1]] = at
            at += length if new is None else len(new)
        image.tail, image.end = tuple(tail), at
        for command in list(image.commands):
            values = self._values.get(image.kind(command))
            if values:
                image.replace(command, image.set_words(command, values))
        image.set_linkedit_end(at)

    def _tables(self, command: bytes) -> Iterator[tuple[int, int, int]]:
        kind = self._image.kind(command)
        if kind == c.LC_SYMTAB:
            yield from ((2, 3, self._image.file.shape.symbol.size), (4, 5, 1))
        yield from _TABLES.get(kind, ())

    def _holds(self, offset: int) -> bool:
        return self._segment.fileoff < offset <= self._segment.fileoff + self._segment.filesize

    def _check(self) -> None:
        file = self._image.file
        at = self._segment.fileoff
        end = file.signature[0] if file.signature else file.size
        for (kind, _), (offset, length) in sorted(self._places.items(), key=lambda item: item[1]):
            if not length:
                continue
            if offset < at or offset + length > end:
                raise RelocatableError(
                    f"{file.name}: damaged Mach-O file: what load command {kind:#x} says is at"
                    f" {offset} should have {length} bytes of __LINKEDIT ({at} to {end}) for itself"
                )
            self._refuse(at, offset)
            at = offset + length
        self._refuse(at, end)

    def _refuse(self, start: int, end: int) -> None:
        """Nobody knows who looks for what is between tables."""
        if bytes(self._image.data[start:end]).strip(b"\0"):
            raise NotEditableError(
                f"{self._image.file.name}: can't be stripped: in __LINKEDIT, {end - start} bytes at"
                f" {start} belong to no table"
            )
