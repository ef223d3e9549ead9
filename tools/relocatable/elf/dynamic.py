"""Makes the dynamic section, and the strings it names, as they are wanted."""

from collections.abc import Mapping
from typing import Final

from relocatable.elf import constants as c
from relocatable.elf import strings
from relocatable.elf.image import Image
from relocatable.elf.requirements import Requirements
from relocatable.elf.rooms import NoRoomError, extend, room_after
from relocatable.elf.shape import Dynamic
from relocatable.elf.wanted import Text, Wanted, encode

# Room for later edits in a dynamic section that has to move anyway.
_SPARE_ENTRIES: Final = 4

_ALIGN: Final = 16


def set_entries(
    image: Image,
    wanted: Wanted,
    needs: Requirements | None,
    renamed: Mapping[int, str],
    added: int | None,
) -> None:
    """Makes the dynamic section have the entries that are wanted.

    Args:
        image: the file.
        wanted: the entries.
        needs: the version requirements, if libraries in them are renamed.
        renamed: their new names, by the offset of the old one.
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
    moves = len(wanted) >= image.dynamic_slots
    if moves and added is None:
        raise NoRoomError
    # What comes last in the segment can grow: the table of strings, which is the longer one. If it
    # is there already, it had better grow before something comes behind it than move.
    strings_first = added is not None and image.load_at(image.strtab) == added
    if moves and added is not None and not strings_first:
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
    if moves and added is not None and strings_first:
        _move_dynamic(image, added)
    if needs:
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


def _move_dynamic(image: Image, added: int) -> None:
    """Moves the dynamic section to where it has room for all entries and a few more.

    The old bytes stay: code may have them by address (`_DYNAMIC`).
    """
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
