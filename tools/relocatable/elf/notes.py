"""Finds the build ID of an ELF file, a number that debuggers find its symbols by.

Source: System V gABI, chapter 5, "Note Section"; the linker's `--build-id`.
"""

import struct
from collections.abc import Iterator

from relocatable.elf import constants as c
from relocatable.elf.image import Image, round_up

# A note says how long its name and its description are, and its type.
_HEAD = "III"
_OWNER = b"GNU\0"


def drop_build_ids(image: Image) -> Iterator[bytes]:
    """Makes each build ID a note of no type with zeros; yields what they were.

    A note keeps its size, so no other note moves, and no header changes.
    """
    head = struct.Struct(("<" if image.elf.little else ">") + _HEAD)
    ranges = {
        (part.offset, part.filesz, part.align) for part in image.segments if part.type == c.PT_NOTE
    }
    ranges |= {
        (part.offset, part.size, part.addralign)
        for part in image.headers
        if part.type == c.SHT_NOTE
    }
    seen = set()
    for start, size, align in sorted(ranges):
        step = 8 if align == 8 else 4
        content = image.read(start, min(size, len(image.data)))
        at = 0
        while at + head.size <= len(content):
            name_size, id_size, kind = head.unpack_from(content, at)
            name_at = at + head.size
            id_at = at + round_up(head.size + name_size, step)
            end = id_at + id_size
            if end > len(content):
                break
            is_build_id = (
                kind == c.NT_GNU_BUILD_ID
                and content[name_at : name_at + name_size] == _OWNER
                and start + at not in seen
            )
            if is_build_id:
                seen.add(start + at)
                image.write(start + at, head.pack(name_size, id_size, 0))
                image.write(start + id_at, bytes(id_size))
                yield content[id_at:end]
            at = round_up(end, step)
