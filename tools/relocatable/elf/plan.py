"""Plans edits of an ELF file as data: what they mean, and the few bytes that carry them out.

Nothing moves if it can be helped. What is longer than what it replaces goes into padding; only
what finds no room there goes into one new segment at the end of the file. A new entry of the
dynamic section takes a spare DT_NULL; if there is none, the section moves into that segment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf import notes, requirements, strings
from relocatable.elf.edits import UNCHANGED, Edit, Edits
from relocatable.elf.image import Image, Patch
from relocatable.elf.reader import Elf
from relocatable.elf.rooms import NoRoomError, extend, largest_page, room_after, rooms
from relocatable.elf.segments import add_segment, replace_spare_header
from relocatable.elf.shape import Dynamic, Segment
from relocatable.elf.wanted import Text, Wanted, check_edits, edit_entries, encode
from relocatable.errors import RelocatableError

# Room for later edits in a dynamic section that has to move anyway.
_SPARE_ENTRIES: Final = 4

_ALIGN: Final = 16
_LEAST_PAGE: Final = 0x1000


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


def plan(elf: Elf, data: memoryview, edits: Edits, page_size: int | None = None) -> Plan:
    """Plans to make a file as `edits` says; the plan is empty if it is so already.

    Args:
        elf: what `read` found in `data`.
        data: the file.
        edits: what it is to be like.
        page_size: how far a new segment keeps from others, in bytes; None for the largest page size
            that kernels use on the file's machine.

    Raises:
        RelocatableError: if the file can't be edited: it has nothing to edit, contradicts itself,
            has no room and something hidden at its end, or is for a machine with dynamic entries
            of its own kind (MIPS).
    """
    if elf.machine == c.EM_MIPS:
        raise RelocatableError(f"{elf.name}: editing files for MIPS is not supported")
    page = largest_page(elf.machine) if page_size is None else page_size
    if page < _LEAST_PAGE or page & (page - 1):
        raise RelocatableError(
            f"{elf.name}: a page size should be a power of 2 and at least {_LEAST_PAGE},"
            f" found {page}"
        )
    check_edits(elf, edits)
    headers = _missing_headers(elf, edits)
    try:
        return _carry_out(Image.of(elf, data, page), edits, headers, add=False)
    except NoRoomError:
        pass
    try:
        return _carry_out(Image.of(elf, data, page), edits, headers, add=True)
    except NoRoomError:
        raise RelocatableError(
            f"{elf.name}: no room inside, and none after it: its segments reach the end of memory;"
            " link the file with a longer RUNPATH"
        ) from None


def plan_runpath(elf: Elf, data: memoryview, runpath: str | None) -> Plan:
    """Plans to make `runpath` the only search path that a file has; None for no path at all."""
    return plan(elf, data, Edits(search_path=runpath, search_path_tag="runpath"))


def _carry_out(image: Image, edits: Edits, headers: Sequence[Segment], *, add: bool) -> Plan:
    """Plans edits.

    Args:
        image: the file without changes.
        edits: the edits.
        headers: program headers that the file is to get.
        add: whether to add a segment.

    Raises:
        NoRoomError: if there is no room without another segment, or not even with one.
    """
    elf = image.elf
    added = add_segment(image, headers) if add else None
    if not add and not all(replace_spare_header(image, header) for header in headers):
        raise NoRoomError
    needs = requirements.Requirements.of(image)
    log = [
        *_edit_headers(image, edits),
        *_edit_versions(image, needs, edits),
        *_edit_interpreter(image, edits, added),
    ]
    wanted, changes = edit_entries(elf, image.entries, edits)
    renamed = {
        offset: edits.replace_needed[name]
        for offset, name in needs.libraries(edits.replace_needed).items()
        if edits.replace_needed[name] != name
    }
    _set_entries(image, wanted, needs, renamed, added)
    patches, append = image.finish()
    return Plan(patches, append, (*log, *changes))


def _set_entries(
    image: Image,
    wanted: Wanted,
    needs: requirements.Requirements,
    renamed: Mapping[int, str],
    added: int | None,
) -> None:
    """Makes the dynamic section have the entries that are wanted.

    Args:
        image: the file.
        wanted: the entries.
        needs: the version requirements.
        renamed: new names of the libraries in them, by the offset of the old one.
        added: index of the segment that has been added for the edit, or None.
    """
    if wanted == image.entries and not renamed:
        return
    old = _strings(image)
    known = {text: offset for offset, text in old.items()}
    kept = [
        entry if isinstance(entry, Dynamic) else Dynamic(entry.tag, known[entry.text])
        for entry in wanted
        if isinstance(entry, Dynamic) or entry.text in known
    ]
    texts = [*(entry.text for entry in wanted if isinstance(entry, Text)), *renamed.values()]
    image.entries = [
        entry if isinstance(entry, Dynamic) else Dynamic(entry.tag, known.get(entry.text, 0))
        for entry in wanted
    ]
    if len(wanted) >= image.dynamic_slots:
        _move_dynamic(image, added)
    found = strings.place(
        image,
        dict.fromkeys(encode(text) for text in texts if text not in known),
        kept=kept,
        gone=old.keys() - {entry.value for entry in kept},
        renamed=renamed.keys() - {known.get(text) for text in renamed.values()},
        added=added,
    )
    offsets = known | {text: found[encode(text)] for text in texts if text not in known}
    for index, entry in enumerate(wanted):
        if isinstance(entry, Text):
            image.entries[index] = Dynamic(entry.tag, offsets[entry.text])
    needs.rename({offset: offsets[text] for offset, text in renamed.items()})


def _strings(image: Image) -> dict[int, str]:
    """The strings that edits are about, by their offsets."""
    elf = image.elf
    names = iter(elf.needed)
    others = {c.DT_SONAME: elf.soname, c.DT_RPATH: elf.rpath, c.DT_RUNPATH: elf.runpath}
    found = {}
    for tag, value in elf.dynamic:
        text = next(names) if tag == c.DT_NEEDED else others.get(tag)
        if text is not None:
            found[value] = text
    return found


def _move_dynamic(image: Image, added: int | None) -> None:
    """Moves the dynamic section to where it has room for all entries and a few more.

    The old bytes stay: code may have them by address (`_DYNAMIC`).
    """
    if added is None:
        raise NoRoomError
    dyn_size = image.elf.shape.dyn.size
    slots = len(image.entries) + 1 + _SPARE_ENTRIES
    room = room_after(image, added)
    offset = room.place(slots * dyn_size, _ALIGN)
    start, end = image.dynamic_offset, image.dynamic_offset + image.dynamic_slots * dyn_size
    load_index = image.load_at(start)
    if offset is None or load_index is None:
        raise NoRoomError
    load = image.segments[load_index]
    image.point(
        start, end, offset - start, offset + room.distance - start - load.vaddr + load.offset
    )
    size = slots * dyn_size
    for index, part in enumerate(image.segments):
        if part.type == c.PT_DYNAMIC and part.offset == offset:
            image.segments[index] = part._replace(filesz=size, memsz=size)
    for index, header in enumerate(image.headers):
        if header.type == c.SHT_DYNAMIC and header.offset == offset:
            image.headers[index] = header._replace(size=size)
    image.dynamic_offset, image.dynamic_slots = offset, slots
    # Loaders write into the dynamic section.
    load = image.segments[added]
    image.segments[added] = load._replace(flags=load.flags | c.PF_W)
    extend(image, room, offset + size)


def _missing_headers(elf: Elf, edits: Edits) -> list[Segment]:
    """Program headers that edits change and the file doesn't have."""
    if edits.executable_stack is UNCHANGED:
        return []
    if any(part.type == c.PT_GNU_STACK for part in elf.segments):
        return []
    flags = c.PF_R | c.PF_W | (c.PF_X if edits.executable_stack else 0)
    return [Segment(c.PT_GNU_STACK, flags, 0, 0, 0, 0, 0, _ALIGN)]


def _edit_headers(image: Image, edits: Edits) -> Iterator[Edit]:
    """Edits that change no size: the stack, the OS ABI and the build ID."""
    if edits.executable_stack is not UNCHANGED:
        stacks = [part for part in image.elf.segments if part.type == c.PT_GNU_STACK]
        before = None if not stacks else "yes" if stacks[0].flags & c.PF_X else "no"
        after = "yes" if edits.executable_stack else "no"
        if before != after:
            yield Edit("executable-stack", before, after)
        for index, part in enumerate(image.segments):
            if part.type == c.PT_GNU_STACK:
                flags = part.flags & ~c.PF_X | (c.PF_X if edits.executable_stack else 0)
                image.segments[index] = part._replace(flags=flags)
    if edits.os_abi is not UNCHANGED and edits.os_abi != image.os_abi:
        yield Edit("os-abi", str(image.os_abi), str(edits.os_abi))
        image.os_abi = edits.os_abi
    if edits.drop_build_id:
        for build_id in notes.drop_build_ids(image):
            yield Edit("build-id", build_id.hex(), None)


def _edit_versions(image: Image, needs: requirements.Requirements, edits: Edits) -> Iterator[Edit]:
    """Takes the versions of symbols away, and the requirements that nothing needs then."""
    if not edits.clear_symbol_versions:
        return
    versions = needs.versions()
    cleared = list(requirements.clear(image, edits.clear_symbol_versions))
    for name, index in cleared:
        yield Edit("symbol-version", f"{name}@{versions.get(index, index)}", name)
    unused = {index for _, index in cleared} - requirements.used_versions(image)
    for library, version in needs.drop(unused):
        yield Edit("required-version", f"{version} of {library}", None)


def _edit_interpreter(image: Image, edits: Edits, added: int | None) -> Iterator[Edit]:
    """Writes the path of the interpreter over the old one, or puts it into a room."""
    if edits.interpreter is UNCHANGED or edits.interpreter == image.elf.interpreter:
        return
    yield Edit("interpreter", image.elf.interpreter, edits.interpreter)
    new = encode(edits.interpreter)
    index = next(
        index
        for index, part in enumerate(image.segments)
        if part.type == c.PT_INTERP and part.filesz
    )
    part = image.segments[index]
    if len(new) <= part.filesz:
        image.write(part.offset, new.ljust(part.filesz, b"\0"))
        return
    near = image.load_at(part.offset)
    for room in [] if near is None else rooms(image, near, added):
        follows = part.offset + part.filesz == room.start and room.segment == near
        offset = part.offset if follows else room.place(len(new), 1)
        if offset is None or offset + len(new) > room.start + room.size:
            continue
        load = image.segments[near or 0]
        step = offset + room.distance - part.offset - load.vaddr + load.offset
        image.write(part.offset, bytes(part.filesz))
        image.write(offset, new)
        image.point(part.offset, part.offset + part.filesz, offset - part.offset, step)
        moved = image.segments[index]
        image.segments[index] = moved._replace(filesz=len(new), memsz=len(new))
        for number, header in enumerate(image.headers):
            if header.type == c.SHT_PROGBITS and header.offset == offset:
                image.headers[number] = header._replace(size=len(new))
        extend(image, room, offset + len(new))
        return
    raise NoRoomError
