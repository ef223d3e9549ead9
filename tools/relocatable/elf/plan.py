"""Plans edits of an ELF file as data: what they mean, and the few bytes that carry them out.

Nothing moves if it can be helped. A new string goes, in this order,
  1. over the string that it replaces, if nothing else may point there,
  2. where the same characters already are,
  3. behind the string table, whose small neighbours move into the padding after their segment,
  4. into one new segment at the end of the file, with a copy of the string table before it.
A new entry of the dynamic section takes a spare DT_NULL; if there is none, the section moves
into such a new segment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.appended import add_segment
from relocatable.elf.image import Image, Patch
from relocatable.elf.inplace import erase, place
from relocatable.elf.reader import Elf, sections
from relocatable.elf.shape import Dynamic
from relocatable.elf.strings import owned
from relocatable.errors import RelocatableError


class Edit(NamedTuple):
    """A change of meaning, for the provenance of a file."""

    kind: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write to carry out edits; false if there is nothing to do.

    Attributes:
        patches: `(offset, bytes)` over the original file, ascending, not overlapping.
        append: what comes after the original's last byte.
        log: what the edits mean.
    """

    patches: tuple[Patch, ...] = ()
    append: bytes = b""
    log: tuple[Edit, ...] = ()

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.patches or self.append)

    def apply(self, data: bytes | memoryview) -> bytes:
        """The edited file; `data` is the original."""
        edited = bytearray(data)
        for offset, patch in self.patches:
            edited[offset : offset + len(patch)] = patch
        return bytes(edited + self.append)


def plan_runpath(elf: Elf, data: memoryview, runpath: str | None) -> Plan:
    """Plans to make `runpath` the only search path that a file has of its own.

    A DT_RPATH becomes a DT_RUNPATH. The plan is empty if the file is already as wanted.

    Args:
        elf: what `read` found in `data`.
        data: the file.
        runpath: the new DT_RUNPATH, such as `$ORIGIN/../lib`; None for no search path at all.

    Raises:
        RelocatableError: if the file can't be edited: it isn't linked dynamically, contradicts
            itself, or is for a machine with dynamic entries of its own kind (MIPS).
    """
    if not elf.dynamic:
        raise RelocatableError(
            f"{elf.name}: no dynamic section to put a RUNPATH into: the file is linked statically"
        )
    if elf.machine == c.EM_MIPS:
        raise RelocatableError(f"{elf.name}: editing files for MIPS is not supported")
    if runpath is not None and (not runpath or "\0" in runpath):
        raise RelocatableError(
            f"{elf.name}: a RUNPATH should have at least one character and no NUL,"
            f" found {runpath!r}"
        )
    paths = [entry for entry in elf.dynamic if entry.tag in (c.DT_RPATH, c.DT_RUNPATH)]
    tags = [entry.tag for entry in paths]
    if (runpath is None and not paths) or (tags == [c.DT_RUNPATH] and elf.runpath == runpath):
        return Plan()

    at = elf.dynamic.index(paths[0]) if paths else len(elf.dynamic)
    others = [entry for entry in elf.dynamic if entry not in paths]
    headers = sections(elf, data)
    image = Image(elf, data, headers, owned(elf, headers), others)
    if runpath is None:
        erase(image, paths)
        image.set_dynamic()
    else:
        text = runpath.encode("utf-8", "surrogateescape") + b"\0"
        fits = len(image.entries) + 1 < elf.dynamic_slots
        offset = place(image, paths, text) if fits else None
        image.entries.insert(at, Dynamic(c.DT_RUNPATH, offset or 0))
        if offset is None:
            erase(image, paths)
            add_segment(image, {at: text})
        else:
            image.set_dynamic()
    patches, append = image.finish()
    return Plan(patches, append, tuple(_log(elf, runpath)))


def _log(elf: Elf, runpath: str | None) -> Iterable[Edit]:
    if elf.rpath is not None:
        yield Edit("rpath", elf.rpath, None)
    if elf.runpath != runpath:
        yield Edit("runpath", elf.runpath, runpath)
