"""The command from end to end."""

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from relocatable import content, macho
from relocatable.content import Extent, Spliced
from relocatable.errors import RelocatableError
from relocatable.macho_edit import show
from relocatable.macho_edit.change import Change, plan_change
from relocatable.macho_edit.options import Options, help_text, parse
from relocatable.rewrite import Found, Place, Staged, place_of, rewrite


def run(arguments: Sequence[str], out: TextIO, messages: TextIO) -> int:
    """Runs the command; returns its exit status.

    Args:
        arguments: the command line, without the command's name.
        out: for what is printed.
        messages: for what `--debug` tells.

    Raises:
        RelocatableError: if the command line or a file is wrong; then nothing is written.
        OSError: if a file can't be read or written; likewise.
    """
    if not arguments:
        messages.write(help_text())
        return 1
    options = parse(arguments)
    if options.merge and options.output is not None:
        _merge(options.files, options.output)
        return 0
    places = [place_of(path, _is_wanted) for path in options.files]
    rewrite(
        places,
        lambda file, place: _look_at(file, place, options, out),
        options.output,
        messages if options.debug else None,
    )
    return 0


def _is_wanted(head: bytes) -> bool:
    return macho.is_macho(head) or macho.is_universal(head)


def _look_at(file: Found, place: Place, options: Options, out: TextIO) -> Change:
    """Prints what is asked for of a file, and plans its change."""
    data = content.view(file.content)
    wrong: list[str] = []
    for thin, view in macho.thin_files(data, file.name):
        if options.summary:
            out.write(f"{thin.name}\n")
            out.writelines(f"  {line}\n" for line in show.summary(thin, view))
        if options.verify and (thin.signature or place.is_file):
            wrong += macho.verify_signature(thin, view)
    if wrong:
        raise RelocatableError("\n".join(wrong))
    return plan_change(options, data, file.name, named=place.is_file)


def _merge(files: Sequence[Path], output: Path) -> None:
    extents = [Extent.of_file(path) for path in files]
    inputs = [(content.view(x), str(path)) for x, path in zip(extents, files, strict=True)]
    made = macho.merge(inputs)
    parts = tuple(
        part if isinstance(part, bytes) else Extent(extents[part[0]].store, part[1], part[2])
        for part in made
    )
    with Staged() as staged:
        staged.create(output, lambda writer: writer.write(Spliced(parts)), files[0])
