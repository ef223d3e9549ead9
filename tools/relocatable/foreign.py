"""Programs and libraries that a dist has as data, because they are for another machine."""

import struct
from dataclasses import replace
from typing import Final

from relocatable import content, elf
from relocatable.objects import thin_objects
from relocatable.target import Target
from relocatable.tree import File, Tree
from relocatable.waivers import Check, Waivers

_DATA: Final = 5
_BIG_ENDIAN: Final = 2
_MACHINE: Final = 18
_HEAD: Final = 20


def set_aside(tree: Tree, target: Target, waivers: Waivers) -> dict[str, File]:
    """Empties the files of a tree that are meant to be for another machine; returns them.

    Whatever looks for programs and libraries then passes them over. `tree.nodes.update` puts them
    back.
    """
    if not waivers.has(Check.FOREIGN_MACHINE):
        return {}
    aside = {
        path: file
        for path, file in tree.files()
        if _is_foreign(path, file, target) and waivers.cover(Check.FOREIGN_MACHINE, path)
    }
    tree.nodes.update({path: replace(file, content=b"") for path, file in aside.items()})
    return aside


def _is_foreign(path: str, file: File, target: Target) -> bool:
    """Whether a file is of the target's object format, and for another machine.

    Of an ELF file nothing but its first bytes counts: what is odd in the rest is no matter of ours.
    """
    if not target.is_elf:
        parts = thin_objects(content.view(file.content), path)
        return bool(parts) and all(part.cpu != target.machine for part, _ in parts)
    head = bytes(content.view(file.content)[:_HEAD])
    if len(head) < _HEAD or not elf.is_elf(head):
        return False
    order = ">" if head[_DATA] == _BIG_ENDIAN else "<"
    (machine,) = struct.unpack_from(f"{order}H", head, _MACHINE)
    return bool(machine != target.machine)
