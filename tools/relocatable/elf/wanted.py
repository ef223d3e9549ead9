"""Works out what a file's dynamic section is to say after an edit, with the new strings as text."""

from collections.abc import Iterator
from typing import NamedTuple

from relocatable.elf import constants as c
from relocatable.elf.edits import UNCHANGED, Edit, Edits
from relocatable.elf.missing import no_dynamic_section, no_interpreter
from relocatable.elf.reader import Elf
from relocatable.elf.shape import Dynamic
from relocatable.errors import RelocatableError

# What the kernel accepts, the NUL included.
_LONGEST_INTERPRETER = 4096


class Text(NamedTuple):
    """A dynamic entry whose value is to be the offset of a string that may not be there yet."""

    tag: int
    text: str


Wanted = list[Dynamic | Text]


def check_edits(elf: Elf, data: memoryview, edits: Edits) -> None:
    """Makes sure that edits can be carried out on a file.

    Args:
        elf: what `read` found in `data`.
        data: the file.
        edits: the edits.

    Raises:
        RelocatableError: if they can't.
    """
    for what, text in (
        ("a search path", edits.search_path),
        ("the path of an interpreter", edits.interpreter),
        ("a soname", edits.soname),
        *(("the name of a library", name) for name in edits.replace_needed.values()),
        *(("the name of a library", name) for name in edits.add_needed),
    ):
        if isinstance(text, str) and (not text or "\0" in text):
            raise RelocatableError(
                f"{elf.name}: {what} should have at least one character and no NUL, found {text!r}"
            )
    if edits.interpreter is not UNCHANGED:
        if elf.interpreter is None:
            raise RelocatableError(
                f"{elf.name}: no interpreter to replace: {no_interpreter(elf, data)}"
            )
        if len(encode(edits.interpreter)) > _LONGEST_INTERPRETER:
            raise RelocatableError(
                f"{elf.name}: the path of an interpreter should have less than"
                f" {_LONGEST_INTERPRETER} bytes, found {len(encode(edits.interpreter)) - 1}"
            )
    if edits.executable_stack is not UNCHANGED and not elf.segments:
        raise RelocatableError(f"{elf.name}: no stack to change: the file isn't linked")
    if edits.os_abi is not UNCHANGED and not 0 <= edits.os_abi <= 0xFF:
        raise RelocatableError(f"{elf.name}: an OS ABI should be 0 to 255, found {edits.os_abi}")
    dynamic = (
        isinstance(edits.search_path, str)
        or isinstance(edits.soname, str)
        or edits.add_needed
        or edits.no_default_libraries
        or edits.add_debug_tag
    )
    if dynamic and not elf.dynamic:
        raise RelocatableError(
            f"{elf.name}: no dynamic section to edit: {no_dynamic_section(elf, data)}"
        )


def edit_entries(elf: Elf, entries: list[Dynamic], edits: Edits) -> tuple[Wanted, list[Edit]]:
    """Applies edits to the entries of the dynamic section.

    Args:
        elf: the file.
        entries: its entries.
        edits: the edits.

    Returns:
        The entries that are wanted, and what has changed.
    """
    wanted: Wanted = list(entries)
    log = [
        *_edit_needed(elf, wanted, edits),
        *_edit_soname(elf, wanted, edits),
        *_edit_search_path(elf, wanted, edits),
    ]
    if edits.no_default_libraries and not elf.flags_1 & c.DF_1_NODEFLIB:
        flags = Dynamic(c.DT_FLAGS_1, elf.flags_1 | c.DF_1_NODEFLIB)
        found = [index for index, entry in enumerate(wanted) if entry.tag == c.DT_FLAGS_1]
        if found:
            wanted[found[-1]] = flags
        else:
            wanted.append(flags)
        log.append(Edit("no-default-libraries", None, "yes"))
    if edits.add_debug_tag and all(entry.tag != c.DT_DEBUG for entry in wanted):
        wanted.append(Dynamic(c.DT_DEBUG, 0))
        log.append(Edit("debug-tag", None, "yes"))
    return wanted, log


def encode(text: str) -> bytes:
    """A string as it stands in a file, with its NUL."""
    return text.encode("utf-8", "surrogateescape") + b"\0"


def _edit_needed(elf: Elf, wanted: Wanted, edits: Edits) -> Iterator[Edit]:
    names = iter(elf.needed)
    left: list[str] = []
    for entry in list(wanted):
        if entry.tag != c.DT_NEEDED:
            continue
        name = next(names)
        new = edits.replace_needed.get(name, name)
        if name in edits.remove_needed:
            wanted.remove(entry)
            yield Edit("needed", name, None)
        elif new != name:
            wanted[wanted.index(entry)] = Text(c.DT_NEEDED, new)
            left.append(new)
            yield Edit("needed", name, new)
        else:
            left.append(name)
    added = [name for name in dict.fromkeys(edits.add_needed) if name not in left]
    wanted[:0] = [Text(c.DT_NEEDED, name) for name in added]
    for name in added:
        yield Edit("needed", None, name)


def _edit_soname(elf: Elf, wanted: Wanted, edits: Edits) -> Iterator[Edit]:
    if edits.soname is UNCHANGED or edits.soname == elf.soname:
        return
    new = [] if edits.soname is None else [Text(c.DT_SONAME, edits.soname)]
    _replace(wanted, (c.DT_SONAME,), new)
    yield Edit("soname", elf.soname, edits.soname)


def _edit_search_path(elf: Elf, wanted: Wanted, edits: Edits) -> Iterator[Edit]:
    old = elf.rpath if elf.runpath is None else elf.runpath  # Loaders ignore RPATH beside RUNPATH.
    path = old if edits.search_path is UNCHANGED else edits.search_path
    if edits.search_path is UNCHANGED and edits.search_path_tag is UNCHANGED:
        return
    tag = edits.search_path_tag
    if tag is UNCHANGED:
        tag = "rpath" if elf.runpath is None and elf.rpath is not None else "runpath"
    new = {
        "rpath": path if tag == "rpath" else None,
        "runpath": path if tag == "runpath" else None,
    }
    changes = [
        Edit(kind, before, new[kind])
        for kind, before in (("rpath", elf.rpath), ("runpath", elf.runpath))
        if before != new[kind]
    ]
    if not changes:
        return
    number = c.DT_RPATH if tag == "rpath" else c.DT_RUNPATH
    _replace(wanted, (c.DT_RPATH, c.DT_RUNPATH), [] if path is None else [Text(number, path)])
    yield from changes


def _replace(wanted: Wanted, tags: tuple[int, ...], new: list[Text]) -> None:
    """Puts new entries where the first one with one of the tags is, and drops these."""
    found = [index for index, entry in enumerate(wanted) if entry.tag in tags]
    first = found[0] if found else len(wanted)
    for index in reversed(found):
        del wanted[index]
    wanted[first:first] = new
