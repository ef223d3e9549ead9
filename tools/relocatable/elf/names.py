"""Reads many strings of the dynamic string table, and never more than a real file has."""

from relocatable.elf.reader import Elf
from relocatable.errors import RelocatableError

_SHARING = 16
"""How often the bytes of a table may be read. Names share tails, but not like this."""


class Names:
    """The strings of one file's dynamic string table.

    A table may say that thousands of names are the tails of one long string. Each is valid, and
    together they are gigabytes: so what is read is limited by the table's size.
    """

    def __init__(self, elf: Elf, data: memoryview) -> None:
        """Prepares reading; `data` is the whole file."""
        self._name = elf.name
        self._table = bytes(data[elf.strtab : elf.strtab + elf.strsz])
        self._budget = _SHARING * len(self._table)
        self._known: dict[int, str] = {}

    def at(self, offset: int) -> str:
        """The string at `offset`, with undecodable bytes escaped.

        Raises:
            RelocatableError: if it isn't inside the table, or the strings together are too long.
        """
        name = self._known.get(offset)
        if name is None:
            end = self._table.find(0, offset)
            if end < 0:
                raise RelocatableError(
                    f"{self._name}: damaged ELF file: the string at {offset} doesn't end within"
                    f" its table of {len(self._table)} bytes"
                )
            self._budget -= end - offset
            if self._budget < 0:
                raise RelocatableError(
                    f"{self._name}: damaged ELF file: its names together are {_SHARING} times as"
                    " long as the table that holds them"
                )
            name = self._known[offset] = self._table[offset:end].decode("utf-8", "surrogateescape")
        return name
