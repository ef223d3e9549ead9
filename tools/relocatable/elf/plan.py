"""Plans edits of an ELF file as data: what they mean, and the few bytes that carry them out.

Nothing moves if it can be helped. What is longer than what it replaces goes into padding; only
what finds no room there goes into one new segment at the end of the file. A new entry of the
dynamic section takes a spare DT_NULL; if there is none, the section moves into that segment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from relocatable.elf.dynamic import set_entries
from relocatable.elf.edits import Edit, Edits
from relocatable.elf.headers import edit_headers, edit_interpreter, missing_headers
from relocatable.elf.image import Image, Patch
from relocatable.elf.notes import drop_build_ids
from relocatable.elf.payload import Detached, attach, detach
from relocatable.elf.reader import Elf
from relocatable.elf.requirements import Requirements, clear_versions
from relocatable.elf.rooms import NoRoomError, largest_page
from relocatable.elf.segments import add_segment, replace_spare_header
from relocatable.elf.shape import Segment
from relocatable.elf.wanted import check_edits, edit_entries
from relocatable.errors import RelocatableError

_LEAST_PAGE: Final = 0x1000


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write to carry out edits; false if there is nothing to do.

    Attributes:
        patches: `(offset, bytes)` over the original file, ascending, not overlapping.
        append: what comes after the original's last byte.
        log: what the edits mean.
        replaced: start and end of what of the original has `append` in its place instead; None if
            it comes after the last byte. Patches are before that, and a payload is behind it.
    """

    patches: tuple[Patch, ...] = ()
    append: bytes = b""
    log: tuple[Edit, ...] = ()
    replaced: tuple[int, int] | None = None

    def __bool__(self) -> bool:
        """Whether the file changes."""
        return bool(self.patches or self.append)

    def apply(self, data: bytes | memoryview) -> bytes:
        """The edited file; `data` is the original."""
        edited = bytearray(data)
        for offset, patch in self.patches:
            edited[offset : offset + len(patch)] = patch
        start, end = self.replaced or (len(edited), len(edited))
        return bytes(edited[:start] + self.append + edited[end:])


def plan(
    elf: Elf,
    data: memoryview,
    edits: Edits,
    page_size: int | None = None,
    *,
    keep_payload: bool = False,
) -> Plan:
    """Plans to make a file as `edits` says; the plan is empty if it is so already.

    Args:
        elf: what `read` found in `data`.
        data: the file.
        edits: what it is to be like.
        page_size: how far a new segment keeps from others, in bytes; None for the largest page size
            that kernels use on the file's machine.
        keep_payload: whether a file that something is appended to may grow: what is appended moves
            along, as `payload` says.

    Raises:
        RelocatableError: if the file can't be edited: it has nothing to edit, contradicts itself,
            or has no room and something hidden at its end.
    """
    page = largest_page(elf.machine) if page_size is None else page_size
    if page < _LEAST_PAGE or page & (page - 1):
        raise RelocatableError(
            f"{elf.name}: a page size should be a power of 2 and at least {_LEAST_PAGE},"
            f" found {page}"
        )
    check_edits(elf, data, edits)
    headers = missing_headers(elf, edits)
    for add in (False, True):
        try:
            image = Image.of(elf, data, page)
            detached = detach(image) if add and keep_payload else None
            made = _carry_out(image, edits, headers, detached, add=add)
        except NoRoomError:
            continue
        if made and page != largest_page(elf.machine):  # Who makes the plan again needs to know.
            return replace(made, log=(*made.log, Edit("page-size", None, str(page))))
        return made
    raise RelocatableError(
        f"{elf.name}: no room inside, and none after it: its segments reach the end of memory;"
        " link the file with a longer RUNPATH"
    )


def plan_runpath(elf: Elf, data: memoryview, runpath: str | None) -> Plan:
    """Plans to make `runpath` the only search path that a file has; None for no path at all."""
    return plan(elf, data, Edits(search_path=runpath, search_path_tag="runpath"))


def _carry_out(
    image: Image,
    edits: Edits,
    headers: Sequence[Segment],
    detached: Detached | None,
    *,
    add: bool,
) -> Plan:
    """Plans edits.

    Args:
        image: the file without changes.
        edits: the edits.
        headers: program headers that the file is to get.
        detached: what is to come last again, if anything.
        add: whether to add a segment.

    Raises:
        NoRoomError: if there is no room without another segment, or not even with one.
    """
    elf = image.elf
    added = add_segment(image, headers) if add else None
    if not add and not all(replace_spare_header(image, header) for header in headers):
        raise NoRoomError
    log = [*edit_headers(image, edits), *edit_interpreter(image, edits, added)]
    if edits.drop_build_id:
        log += [Edit("build-id", found.hex(), None) for found in drop_build_ids(image)]
    needs = None
    if edits.clear_symbol_versions or edits.replace_needed:
        needs = Requirements.of(image)
        log += clear_versions(image, needs, edits.clear_symbol_versions)
    wanted, changes = edit_entries(elf, image.entries, edits)
    renames = {old: new for old, new in edits.replace_needed.items() if old in elf.needed}
    renamed = needs.libraries(renames) if needs else {}
    set_entries(image, wanted, needs, renamed, added)
    if detached:
        attach(image, detached)
    patches, append = image.finish()
    if not patches and not append:  # What is removed and added again is no change.
        return Plan()
    return Plan(patches, append, (*log, *changes), detached)
