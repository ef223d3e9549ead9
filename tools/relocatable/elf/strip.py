"""Plans to leave out of a file what only debuggers and linkers read.

The file is kept up to where what is loaded ends, what else is kept follows without gaps, and new
section headers come last. Of what is loaded nothing changes but numbers of sections, which no
loader looks at. A plan is a list of ranges of the input with a few new bytes between them, so that
a file of 2 GB isn't copied to lose its half.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from relocatable.elf import constants as c
from relocatable.elf.edits import Edit
from relocatable.elf.missing import has_only_debug_information
from relocatable.elf.reader import Elf
from relocatable.elf.strip_layout import header_spans, lay_out, loaded_spans
from relocatable.elf.strip_sections import Sections, read_sections, removable
from relocatable.elf.strip_tables import Part, Tables, size, without
from relocatable.errors import RelocatableError


class NotStrippableError(RelocatableError):
    """The file is sound, but has to stay as it is."""


@dataclass(frozen=True, slots=True)
class StripPlan:
    """What makes the stripped file; false if there is nothing to strip.

    Attributes:
        parts: ranges `(start, end)` of the input and new bytes, which in order make the output.
        log: what is gone.
    """

    parts: tuple[Part, ...] = ()
    log: tuple[Edit, ...] = ()

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.parts)

    @property
    def size(self) -> int:
        """Bytes in the output."""
        return sum(map(size, self.parts))

    def apply(self, data: bytes | memoryview) -> bytes:
        """The stripped file; `data` is the original."""
        if not self.parts:
            return bytes(data)
        return b"".join(
            part if isinstance(part, bytes) else data[slice(*part)] for part in self.parts
        )


def plan_strip(
    elf: Elf, data: memoryview, *, debug_only: bool, keep_payload: bool = False
) -> StripPlan:
    """Plans to strip a program or shared object.

    The plan is empty if there is nothing to strip, or if that would save no byte, and always for a
    file without section headers.

    Args:
        elf: what `read` found in `data`.
        data: the file.
        debug_only: whether to remove sections with debug information, and the symbols that stand
            for source files and sections (`strip --strip-debug`); or all symbols and relocations
            that aren't loaded as well (`strip --strip-all`).
        keep_payload: whether a file that something is appended to may be stripped: what is appended
            moves along, as `payload` says.

    Raises:
        NotStrippableError: if the file is nothing that can be stripped: an object file, one that
            has only debug information, one that something is appended to.
        RelocatableError: if it contradicts itself.
    """
    if elf.type not in (c.ET_EXEC, c.ET_DYN):
        raise NotStrippableError(
            f"{elf.name}: only programs and shared objects can be stripped, and the type of this"
            f" ELF file is {elf.type}"
        )
    table = read_sections(elf, data)
    if table is None:
        return StripPlan()
    if has_only_debug_information(elf, data):
        raise NotStrippableError(
            f"{elf.name}: can't be stripped, because debug information is all it has"
        )
    end = _payload(table)
    if end is not None and not keep_payload:
        raise NotStrippableError(
            f"{elf.name}: can't be stripped, because something else follows the ELF file: that ends"
            f" at {end}, and there are {len(data)} bytes; elf_edit --keep-payload moves it along"
        )
    gone = removable(table, debug_only=debug_only)
    tables = without(table, gone)
    before, after = tables.symbols
    if not gone and before == after:
        return StripPlan()
    parts = lay_out(table, tables, end)
    plan = StripPlan(parts, tuple(_log(table, gone, tables)))
    # A payload moves by whole pages: there may be nothing to save, but something to remove.
    limit = elf.size if end is None else elf.size + 1
    return plan if plan.size < limit else StripPlan()


def _log(table: Sections, gone: frozenset[int], tables: Tables) -> Iterator[Edit]:
    names = (table.names[number].decode("utf-8", "backslashreplace") for number in sorted(gone))
    if gone:
        yield Edit("sections", " ".join(names), None)
    before, after = tables.symbols
    if before != after:
        yield Edit("symbols", str(before), str(after))
    if tables.renumbered:
        yield Edit("section numbers of dynamic symbols", None, None)


def _payload(table: Sections) -> int | None:
    """The file offset of what is appended to the program, None if nothing is."""
    total = len(table.data)
    spans = [*header_spans(table), *loaded_spans(table)]
    spans += [table.span(number) for number, _ in enumerate(table.headers)]
    end = max(end for start, end in spans if start < end)
    step = 1 << 20
    for start in range(end, total, step):
        if bytes(table.data[start : start + step]).strip(b"\0"):
            return end
    return None
