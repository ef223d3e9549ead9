"""Says why a file has no dynamic section, or no interpreter: there is more than static linking."""

from relocatable.elf import constants as c
from relocatable.elf.reader import Elf, sections
from relocatable.errors import RelocatableError


def has_only_debug_information(elf: Elf, data: memoryview) -> bool:
    """Whether what is loaded of a file is in another one (`objcopy --only-keep-debug`).

    Then the sections that are loaded have no bytes, but perhaps notes.
    """
    try:
        headers = sections(elf, data)
    except RelocatableError:
        return False
    loaded = {header.type for header in headers if header.flags & c.SHF_ALLOC and header.size}
    return c.SHT_NOBITS in loaded and loaded <= {c.SHT_NOBITS, c.SHT_NOTE}


def no_dynamic_section(elf: Elf, data: memoryview) -> str:
    """The reason that a file has no dynamic section, as the rest of a sentence."""
    if elf.type not in (c.ET_EXEC, c.ET_DYN):
        return _not_linked(elf)
    if has_only_debug_information(elf, data):
        return "the file has only debug information, and what is loaded is in another file"
    if any(header.type == c.SHT_DYNAMIC for header in sections(elf, data)):
        return "there is one, but no program header (PT_DYNAMIC) that loaders would find it by"
    return "the file is linked statically"


def no_interpreter(elf: Elf, data: memoryview) -> str:
    """The reason that a file has no interpreter, as the rest of a sentence."""
    if elf.type not in (c.ET_EXEC, c.ET_DYN):
        return _not_linked(elf)
    if has_only_debug_information(elf, data):
        return "the file has only debug information, and what is loaded is in another file"
    if elf.dynamic and not elf.is_program:
        return "it is a shared object, which programs load"
    return "the file is linked statically"


def _not_linked(elf: Elf) -> str:
    if elf.type == c.ET_REL:
        return "it is an object file, which is not linked yet"
    return f"it is neither a program nor a shared object, but an ELF file of type {elf.type}"
