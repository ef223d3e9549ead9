"""The command from end to end."""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from relocatable import content, elf
from relocatable.elf_edit import show
from relocatable.elf_edit.change import Change, plan_change
from relocatable.elf_edit.options import Options, help_text, parse
from relocatable.errors import RelocatableError
from relocatable.rewrite import Found, Place, place_of, rewrite

_HEAD = 20
"""Bytes that tell a file's machine."""


def run(arguments: Sequence[str], out: TextIO, messages: TextIO) -> int:
    """Runs the command; returns its exit status.

    Args:
        arguments: the command line, without the command's name.
        out: for what is printed.
        messages: for warnings, and for what `--debug` tells.

    Raises:
        RelocatableError: if the command line or a file is wrong; then nothing is written.
        OSError: if a file can't be read or written; likewise.
    """
    if not arguments:
        messages.write(help_text())
        return 1
    options = parse(arguments)
    places = [place_of(path, elf.is_elf) for path in options.files]
    rewrite(
        places,
        lambda file, place: _look_at(file, place, options, out, messages),
        options.output,
        messages if options.debug else None,
    )
    return 0


def _look_at(file: Found, place: Place, options: Options, out: TextIO, messages: TextIO) -> Change:
    """Prints what is asked for of a file, and plans its change."""
    data = content.view(file.content)
    read = elf.read(data, file.name)
    prefix = "" if place.is_file else f"{file.name}: "
    for what in options.prints:
        try:
            lines = show.values(what, read, data)
        except RelocatableError:
            if place.is_file:
                raise
            continue  # One of many, that doesn't have it.
        out.writelines(f"{prefix}{line}\n" for line in lines)
    if options.summary:
        out.write(f"{file.name}\n")
        out.writelines(f"  {line}\n" for line in show.summary(read, data))
    change = plan_change(options, read, data, _machine_of, named=place.is_file)
    messages.writelines(f"warning: {file.name}: {text}\n" for text in change.warnings)
    return change


def _machine_of(path: str) -> int | None:
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(head) < _HEAD or not elf.is_elf(head):
        return None
    return int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
