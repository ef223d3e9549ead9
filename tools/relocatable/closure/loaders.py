"""Which loader a program asks for, and whether what starts it is that one."""

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from relocatable.closure.answers import Root
from relocatable.closure.files import Files
from relocatable.elf import Elf
from relocatable.elf import constants as c
from relocatable.errors import RelocatableError
from relocatable.tree import File

# As glibc installs them, for all of its ports, and the Linux Standard Base's names for the same.
_GLIBC: Final = re.compile(r"ld(?:64)?(?:-(?:linux|lsb)[\w-]*)?\.so\.\d+|ld-2\.\d+\.so", re.ASCII)
# What is linked against musl, uClibc or bionic needs. glibc's own is libc.so.6 (libc.so.6.1).
_OTHER_LIBC: Final = re.compile(
    r"libc\.so(?:\.[01])?|libc\.musl-[\w-]+\.so\.\d+|ld-(?:musl|uClibc)[\w-]*\.so\.\d+", re.ASCII
)


def other_libc(elf: Elf) -> str | None:
    """Why an ELF file is none of glibc's world, as a predicate; None if it is, or may be."""
    if elf.interpreter is not None and not _is_glibc(elf.interpreter):
        return f"asks for the loader {elf.interpreter}, which is not glibc's"
    needed = next(filter(_OTHER_LIBC.fullmatch, elf.needed), None)
    return None if needed is None else f"needs {needed}, a C library that is not glibc"


def problems(files: Files, root: Root, *, whole_system: bool) -> Iterator[str]:
    """Why the program of `root` is not loaded by the loader that it asks for.

    Args:
        files: what is there.
        root: a program, and the loader by which a launcher or the kernel starts it.
        whole_system: whether the kernel finds the loader in the tree or nowhere.

    Raises:
        RelocatableError: if the program is damaged.
    """
    elf = files.elf(root.path)
    if elf is None:
        return
    asked = elf.interpreter
    by = f"{', '.join(root.launchers)} starts it by" if root.launchers else "it is started by"
    if asked is None and not root.library_path and root.loader is None:
        yield f"{root.path} needs libraries, but names no loader (PT_INTERP) to load them"
    elif asked is not None and root.loader is None and whole_system:
        yield f"{root.path} asks for the loader {asked}, which is not there"
    if root.loader is None:
        return
    unusable = _unusable(files, root.loader, elf)
    if unusable:
        yield f"{root.path}: {by} {root.loader}, and {unusable}"
    elif asked is not None and _is_glibc(asked) != _is_glibc(_name(files, root.loader)):
        yield (
            f"{root.path} asks for the loader {asked} (PT_INTERP), but {by} {root.loader}, which"
            " belongs to another C library"
        )


def _unusable(files: Files, loader: str, program: Elf) -> str:
    """Why the file at `loader` loads no program like `program`; empty if it does."""
    node = files.tree.nodes.get(loader)
    try:
        elf = files.elf(loader)
    except RelocatableError as error:
        return f"that can't be executed: {str(error).removeprefix(f'{loader}: ')}"
    if not isinstance(node, File) or elf is None:
        return "that is no ELF file"
    if (elf.machine, elf.bits, elf.little) != (program.machine, program.bits, program.little):
        return (
            f"that is for {elf.machine_name} with {elf.bits} bits, where the program is for"
            f" {program.machine_name} with {program.bits}"
        )
    if elf.type != c.ET_DYN or not elf.dynamic or elf.interpreter is not None:
        return "that is no loader, but a program or library that wants one itself"
    if not node.executable:
        return "that may not be executed (mode 0644; 0755 is wanted)"
    return ""


def _name(files: Files, loader: str) -> str:
    """What the loader in the file at `loader` calls itself."""
    elf = files.elf(loader)
    return (elf.soname if elf is not None else None) or loader


def _is_glibc(loader: str) -> bool:
    return _GLIBC.fullmatch(posixpath.basename(loader)) is not None
