"""What a command line means for one file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from relocatable import elf
from relocatable.elf import UNCHANGED, Edits, Elf
from relocatable.elf.constants import ET_DYN
from relocatable.elf_edit.options import Options

_LOADERS: Final = ("ld-linux", "ld64.so.", "ld.so.")

MachineOf = Callable[[str], int | None]
"""The machine (`e_machine`) of the ELF file at a path, None if there is no such file."""


def edits(options: Options, file: Elf, machine_of: MachineOf) -> Edits:
    """What `file` is to be like afterwards.

    Args:
        options: what the user wants.
        file: the file as it is.
        machine_of: finds libraries, for `--shrink-rpath`.
    """
    path, tag = _search_path(options, file, machine_of)
    return Edits(
        search_path=path,
        search_path_tag=tag,
        interpreter=UNCHANGED if options.interpreter is None else options.interpreter,
        # As patchelf: a program at a fixed address has none.
        soname=UNCHANGED if options.soname is None or file.type != ET_DYN else options.soname,
        replace_needed=dict(options.replace_needed),
        remove_needed=options.remove_needed,
        add_needed=options.add_needed,
        executable_stack=(
            UNCHANGED if options.executable_stack is None else options.executable_stack
        ),
        clear_symbol_versions=options.clear_symbol_versions,
        drop_build_id=options.drop_build_id,
        no_default_libraries=options.no_default_libraries,
        add_debug_tag=options.add_debug_tag,
        os_abi=UNCHANGED if options.os_abi is None else options.os_abi,
    )


def applicable(wanted: Edits, file: Elf) -> Edits:
    """`wanted` without what `file` has no place for: for files that nobody named one by one."""
    # glibc's loader stops, and every program with it, if it has a search path or needs a library.
    is_loader = file.interpreter is None and (file.soname or "").startswith(_LOADERS)
    if not file.dynamic or is_loader:
        wanted = Edits(
            executable_stack=wanted.executable_stack,
            drop_build_id=wanted.drop_build_id,
            os_abi=wanted.os_abi,
        )
    if file.interpreter is None:
        wanted = replace(wanted, interpreter=UNCHANGED)
    return wanted


def _search_path(
    options: Options, file: Elf, machine_of: MachineOf
) -> tuple[str | elf.Unchanged | None, elf.SearchPathTag | elf.Unchanged]:
    old = file.rpath if file.runpath is None else file.runpath
    new: str | None
    if options.remove_rpath:
        new = None
    elif options.set_rpath is not None:
        new = options.set_rpath
    elif options.add_rpath is not None:
        new = f"{old}:{options.add_rpath}" if old else options.add_rpath
    elif options.shrink_rpath and old is not None:
        allowed = options.allowed_rpath_prefixes
        new = shrink(old, file.needed, file.machine, allowed, machine_of)
    else:
        return UNCHANGED, UNCHANGED
    if not new:  # To the loader, an empty path is none.
        return None, UNCHANGED
    if options.force_rpath:
        return new, "rpath"
    # A path that grows or shrinks is of the kind that it was: a RUNPATH in place of an RPATH isn't
    # inherited, and libraries further down are found no more.
    return new, "runpath" if options.set_rpath is not None else UNCHANGED


def shrink(
    path: str, needed: Sequence[str], machine: int, allowed: Sequence[str], machine_of: MachineOf
) -> str:
    """A search path without the absolute directories that no needed library is found in.

    Other directories (`$ORIGIN/…`) stay. A library counts for the first directory that has it.

    Args:
        path: the search path.
        needed: names of the libraries.
        machine: `e_machine` that a library must have.
        allowed: what an absolute directory that stays begins with; if empty, that is no matter.
        machine_of: finds libraries.
    """
    missing = list(needed)
    kept = []
    for directory in path.split(":"):
        if directory.startswith("/"):
            if allowed and not directory.startswith(tuple(allowed)):
                continue
            found = [name for name in missing if machine_of(f"{directory}/{name}") == machine]
            if not found:
                continue
            missing = [name for name in missing if name not in found]
        if directory:
            kept.append(directory)
    return ":".join(kept)
