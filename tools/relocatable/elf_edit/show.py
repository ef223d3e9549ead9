"""What is printed of an ELF file."""

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

from relocatable import elf
from relocatable.elf import Elf
from relocatable.elf import constants as c
from relocatable.elf_edit.os_abi import name_of
from relocatable.errors import RelocatableError

_EI_OSABI: Final = 7
_PT_NOTE, _PT_GNU_STACK, _PF_X, _NT_GNU_BUILD_ID = 4, 0x6474E551, 1, 3
_SHT_SYMTAB: Final = 2
_TYPES: Final = {
    1: "object file",
    2: "program at a fixed address",
    3: "shared object",
    4: "core dump",
}


def values(what: str, file: Elf, data: memoryview) -> list[str]:
    """The lines that `--print-WHAT` writes.

    Raises:
        RelocatableError: if the file can't have it: it isn't linked dynamically.
    """
    return _VALUES[what](file, data)


def summary(file: Elf, data: memoryview) -> list[str]:
    """Everything at a glance."""
    rows = {
        "type": [f"{_kind(file)}, {file.machine_name}, {file.bits} bit, {_order(file)} endian"],
        "OS ABI": [name_of(data[_EI_OSABI])],
        "size": [f"{file.size:,} bytes", *_debug(file, data)],
        "interpreter": [file.interpreter] if file.interpreter else [],
        "start": [start] if (start := elf.read_start(file, data)) else [],
        "soname": [] if file.soname is None else [file.soname],
        "runpath": [] if file.runpath is None else [file.runpath],
        "rpath": [] if file.rpath is None else [file.rpath],
        "needed": list(file.needed),
        "versions": [
            f"{library}: {' '.join(sorted(names, key=_by_number))}"
            for library, names in sorted(elf.version_needs(file, data).items())
        ],
        "stack": [_STACK[_stack(file)]],
        "default paths": ["ignored"] if file.ignores_default_paths else [],
        "build ID": list(_build_ids(file, data)),
    }
    width = max(map(len, rows))
    return [
        f"{name if first else '':{width}}  {value}"
        for name, found in rows.items()
        for first, value in zip([True] + [False] * len(found), found, strict=False)
    ]


def _interpreter(file: Elf, data: memoryview) -> list[str]:
    if file.interpreter is None:
        raise RelocatableError(f"{file.name}: no interpreter: {elf.no_interpreter(file, data)}")
    return [file.interpreter]


def _soname(file: Elf, data: memoryview) -> list[str]:
    if file.type == c.ET_REL:
        _check_dynamic(file, data)
    return [file.soname] if file.type == c.ET_DYN and file.soname else []


def _rpath(file: Elf, data: memoryview) -> list[str]:
    _check_dynamic(file, data)
    return [(file.rpath if file.runpath is None else file.runpath) or ""]


def _needed(file: Elf, data: memoryview) -> list[str]:
    _check_dynamic(file, data)
    return list(file.needed)


def _check_dynamic(file: Elf, data: memoryview) -> None:
    # A debug file is of a kind that has a search path and needs libraries; it just has no bytes.
    if not file.dynamic and not elf.has_only_debug_information(file, data):
        reason = elf.no_dynamic_section(file, data)
        raise RelocatableError(f"{file.name}: no dynamic section: {reason}")


def _stack(file: Elf) -> str:
    stack = [segment.flags for segment in file.segments if segment.type == _PT_GNU_STACK]
    if not stack:
        return "?"
    return "X" if stack[0] & _PF_X else "-"


_STACK: Final = {"?": "not declared", "X": "executable", "-": "not executable"}

_VALUES: Final[dict[str, Callable[[Elf, memoryview], list[str]]]] = {
    "interpreter": _interpreter,
    "os_abi": lambda _, data: [name_of(data[_EI_OSABI])],
    "soname": _soname,
    "rpath": _rpath,
    "execstack": lambda file, _: [f"execstack: {_stack(file)}"],
    "needed": _needed,
}


def _by_number(version: str) -> list[tuple[int, str]]:
    """Sorts GLIBC_2.4 before GLIBC_2.14."""
    return [(int(part) if part.isdecimal() else 0, part) for part in re.split(r"[._]", version)]


def _kind(file: Elf) -> str:
    if file.type == c.ET_DYN and file.is_program:
        return "position-independent program"
    return _TYPES.get(file.type, f"type {file.type}")


def _order(file: Elf) -> str:
    return "little" if file.little else "big"


def _debug(file: Elf, data: memoryview) -> Iterator[str]:
    """What strip would remove."""
    headers = elf.sections(file, data)
    if not headers:
        yield "no section headers"
        return
    index = headers[0].link if file.shstrndx == c.SHN_XINDEX else file.shstrndx
    names = headers[index] if index < len(headers) else headers[0]
    debug = symbols = 0
    for header in headers:
        start = names.offset + header.name
        if bytes(data[start : start + 7]) in {b".debug_", b".zdebug"}:
            debug += header.size
        elif header.type == _SHT_SYMTAB:
            symbols += header.size
    if debug:
        yield f"{debug:,} bytes of debug sections"
    if symbols:
        yield f"{symbols:,} bytes of symbol table"


def _build_ids(file: Elf, data: memoryview) -> Iterator[str]:
    """Source: gABI chapter 5, "Note Section"; the types of notes by "GNU" from binutils."""
    head = struct.Struct(("<" if file.little else ">") + "III")
    for segment in file.segments:
        if segment.type != _PT_NOTE:
            continue
        align = 8 if segment.align == 8 else 4
        at, end = segment.offset, min(segment.offset + segment.filesz, len(data))
        while at + head.size <= end:
            name_size, size, kind = head.unpack_from(data, at)
            name = at + head.size
            start = at + -(-(head.size + name_size) // align) * align
            if kind == _NT_GNU_BUILD_ID and bytes(data[name : name + 4]) == b"GNU\0":
                yield bytes(data[start : min(start + size, end)]).hex()
            at = start + -(-size // align) * align
