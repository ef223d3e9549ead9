"""Leaves out of a string table what nobody names any more, without a copy of the rest.

What is kept stays in order, so strings that share bytes still do, and the table never grows.
"""

from bisect import bisect_right
from itertools import accumulate

from relocatable.elf.strip_sections import Sections
from relocatable.errors import RelocatableError


class StringTable:
    """A string table of which `use` has to say what is used, before `moved` tells where it is."""

    def __init__(self, table: Sections, number: int, *, fixed: bool) -> None:
        """Starts with nothing used.

        Args:
            table: the file's sections.
            number: of the section with the strings.
            fixed: whether it has to stay as it is.
        """
        self.number = number
        self.parts: tuple[tuple[int, int], ...] = (table.span(number),)
        """What is left: ranges `(start, end)` of the file. Set by `close`."""
        self._name = table.elf.name
        self._content = table.content(number)
        self._fixed = fixed
        self._used = bytearray(len(self._content))
        self._used[:1] = b"\1"[: len(self._content)]  # The empty name.
        self._starts: list[int] = []
        self._targets: list[int] = []

    def use(self, offset: int) -> None:
        """Says that a name is at `offset`.

        Raises:
            RelocatableError: if the table ends before that.
        """
        try:
            self._used[offset] = 1
        except IndexError as error:
            raise RelocatableError(
                f"{self._name}: damaged ELF file: there should be a name at {offset} of a string"
                f" table of {len(self._used)} bytes"
            ) from error

    def close(self) -> None:
        """Settles which bytes are left.

        Raises:
            RelocatableError: if a name doesn't end.
        """
        content = bytes(self._content)
        spans: list[list[int]] = [[0, len(content)]] if self._fixed else []
        end = len(content) if self._fixed else 0
        while (start := self._used.find(1, end)) >= 0:
            end = content.find(0, start) + 1
            if not end:
                raise RelocatableError(
                    f"{self._name}: damaged ELF file: the string at {start} doesn't end within"
                    f" its table of {len(content)} bytes"
                )
            if spans and spans[-1][1] == start:
                spans[-1][1] = end
            else:
                spans.append([start, end])
        self._starts = [start for start, _ in spans]
        self._targets = list(accumulate((end - start for start, end in spans), initial=0))
        offset, _ = self.parts[0]
        self.parts = tuple((offset + start, offset + end) for start, end in spans)

    def moved(self, offset: int) -> int:
        """Where the name at `offset`, which is in use, is now."""
        span = bisect_right(self._starts, offset) - 1
        return self._targets[span] + offset - self._starts[span]
