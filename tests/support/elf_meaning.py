"""What pyelftools reads of an ELF file, as a second opinion, and whether loaders can rely on it."""

import io
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from elftools.elf.dynamic import DynamicSection, DynamicSegment
from elftools.elf.elffile import ELFFile

from relocatable import elf
from relocatable.elf import Edits
from relocatable.elf.edits import UNCHANGED
from support.elf_builder import PT_DYNAMIC, PT_LOAD, PT_PHDR, SHT_NOBITS

_MAY_CHANGE = frozenset({".dynamic", ".dynstr", ".interp", ".gnu.version_r", ".note.gnu.build-id"})
_TEXTS = {
    "DT_NEEDED": "needed",
    "DT_SONAME": "soname",
    "DT_RPATH": "rpath",
    "DT_RUNPATH": "runpath",
}
_PLACES = frozenset(
    {
        *("DT_STRTAB", "DT_STRSZ", "DT_SYMTAB", "DT_GNU_HASH", "DT_RELA", "DT_VERSYM"),
        *("DT_VERNEED", "DT_NULL"),
    }
)


def meaning(data: bytes) -> dict[str, Any]:
    """Everything that a file says to a loader, by name, without where it says so."""
    file: Any = ELFFile(io.BytesIO(data))
    segment: Any = next(part for part in file.iter_segments() if isinstance(part, DynamicSegment))
    found: dict[str, Any] = {
        "dynamic": _entries(segment),
        "symbols": [symbol.name for symbol in segment.iter_symbols()],
        "relocations": [
            (name, relocation.entry)
            for name, table in segment.get_relocation_tables().items()
            for relocation in table.iter_relocations()
        ],
        "interpreter": None,
        "stack": None,
        "build id": [],
        "os abi": data[7],
    }
    for part in file.iter_segments():
        if part.header.p_type == "PT_INTERP":
            found["interpreter"] = part.get_interp_name()
        elif part.header.p_type == "PT_GNU_STACK":
            found["stack"] = bool(part.header.p_flags & 1)
        elif part.header.p_type == "PT_NOTE":
            notes = [note for note in part.iter_notes() if note.n_type == "NT_GNU_BUILD_ID"]
            found["build id"] = [note.n_desc for note in notes]
    for section in file.iter_sections():
        if isinstance(section, DynamicSection):
            assert _entries(section) == found["dynamic"]
        if section.header.sh_flags and section.name not in _MAY_CHANGE:
            found[section.name] = section.data() if section.header.sh_type != "SHT_NOBITS" else b""
    needs = file.get_section_by_name(".gnu.version_r")
    if needs is not None:
        found["versions"] = [
            (library.name, [version.name for version in versions])
            for library, versions in needs.iter_versions()
        ]
    return found


def expected(before: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """What a file with the meaning `before` should mean after edits."""
    after = dict(before)
    dynamic = [(tag, text) for tag, text in before["dynamic"] if tag != "DT_NEEDED"]
    needed = [text for tag, text in before["dynamic"] if tag == "DT_NEEDED"]
    needed = [
        edits.replace_needed.get(name, name) for name in needed if name not in edits.remove_needed
    ]
    added = [name for name in edits.add_needed if name not in needed]
    dynamic += [("DT_NEEDED", name) for name in [*added, *needed]]
    if edits.soname is not UNCHANGED:
        dynamic = [entry for entry in dynamic if entry[0] != "DT_SONAME"]
        dynamic += [("DT_SONAME", edits.soname)] if edits.soname is not None else []
    dynamic = _with_search_path(dynamic, edits)
    if edits.no_default_libraries:
        flags = dict(dynamic).get("DT_FLAGS_1", 0) | 0x800
        dynamic = [*(entry for entry in dynamic if entry[0] != "DT_FLAGS_1"), ("DT_FLAGS_1", flags)]
    if edits.add_debug_tag and "DT_DEBUG" not in dict(dynamic):
        dynamic.append(("DT_DEBUG", 0))
    after["dynamic"] = _sorted(dynamic)
    others = {
        "interpreter": edits.interpreter,
        "stack": edits.executable_stack,
        "os abi": edits.os_abi,
    }
    after |= {what: value for what, value in others.items() if value is not UNCHANGED}
    if edits.drop_build_id:
        after["build id"] = []
    if "versions" in before:
        names = {text for tag, text in before["dynamic"] if tag == "DT_NEEDED"}
        after["versions"] = [
            (edits.replace_needed.get(library, library) if library in names else library, versions)
            for library, versions in before["versions"]
        ]
    return after


def unsound(data: bytes) -> Iterator[str]:
    """Which rules that loaders and other tools rely on the file breaks.

    Source: gABI, chapters 4 and 5; for the program headers, Linux's fs/binfmt_elf.c before 5.18.
    """
    found = elf.read(memoryview(data), "lib.so")
    loads = [part for part in found.segments if part.type == PT_LOAD]
    if loads != sorted(loads, key=lambda part: part.vaddr):
        yield "loaded segments don't ascend"
    for part, following in itertools.pairwise(loads):
        page = min(part.align, following.align)
        if (part.vaddr + part.memsz - 1) // page >= following.vaddr // page:
            yield f"{part} and {following} share a page"
    for part in loads:
        if part.offset % part.align != part.vaddr % part.align:
            yield f"{part} can't be mapped"
        if part.offset + part.filesz > len(data) or part.vaddr + part.memsz > 1 << found.bits:
            yield f"{part} isn't in the file or in memory"
    for part in found.segments:
        load = found.load_of(part.vaddr)
        if part.type in (PT_PHDR, PT_DYNAMIC) and (
            load is None
            or part.vaddr - load.vaddr != part.offset - load.offset
            or part.vaddr + part.filesz > load.vaddr + load.filesz
        ):
            yield f"{part} isn't loaded"
        if part.type == PT_PHDR and part.offset != found.phoff:
            yield f"{part} isn't where the program headers are"
    if found.is_program:
        told = loads[0].vaddr - loads[0].offset + found.phoff
        load = found.load_of(told)
        if load is None or told - load.vaddr + load.offset != found.phoff:
            yield "old kernels tell a wrong place of the program headers"
    yield from _unsound_sections(found, data)


def _unsound_sections(found: elf.Elf, data: bytes) -> Iterator[str]:
    headers_size = len(found.segments) * found.shape.phdr.size
    taken = [(found.phoff, found.phoff + headers_size, "program headers")]
    sections = elf.sections(found, memoryview(data))
    if sections:
        size = len(sections) * found.shape.shdr.size
        taken.append((found.shoff, found.shoff + size, "section headers"))
    for index, part in enumerate(sections):
        if not part.size or part.type in (0, SHT_NOBITS):
            continue
        taken.append((part.offset, part.offset + part.size, f"section {index}"))
        load = found.load_of(part.addr) if part.flags & 2 else None
        if part.flags & 2 and (
            load is None
            or part.addr - load.vaddr != part.offset - load.offset
            or part.addr + part.size > load.vaddr + load.filesz
        ):
            yield f"section {index} isn't loaded"
        if part.addralign and part.addr % part.addralign:
            yield f"section {index} isn't aligned"
    taken.sort()
    for (_, end, name), (start, _, following) in itertools.pairwise(taken):
        if end > start:
            yield f"{name} overlaps {following}"


def _entries(part: Any) -> list[tuple[str, Any]]:
    """The dynamic entries, but for those that say where something is; NEEDED in order."""
    return _sorted(
        (tag.entry.d_tag, getattr(tag, _TEXTS[tag.entry.d_tag]))
        if tag.entry.d_tag in _TEXTS
        else (tag.entry.d_tag, tag.entry.d_val)
        for tag in part.iter_tags()
        if tag.entry.d_tag not in _PLACES
    )


def _sorted(entries: Any) -> list[tuple[str, Any]]:
    return sorted(entries, key=lambda entry: str(entry[0]))


def _with_search_path(dynamic: list[tuple[str, Any]], edits: Edits) -> list[tuple[str, Any]]:
    known = dict(dynamic)
    old = known.get("DT_RUNPATH", known.get("DT_RPATH"))
    if edits.search_path is UNCHANGED and edits.search_path_tag is UNCHANGED:
        return dynamic
    path = old if edits.search_path is UNCHANGED else edits.search_path
    tag = edits.search_path_tag
    if tag is UNCHANGED:
        tag = "rpath" if "DT_RPATH" in known and "DT_RUNPATH" not in known else "runpath"
    others = [entry for entry in dynamic if entry[0] not in ("DT_RPATH", "DT_RUNPATH")]
    return others + ([] if path is None else [(f"DT_{tag.upper()}", path)])
