"""A command's way through its files: none changes before all are read, planned and written anew."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from relocatable.errors import RelocatableError, problems
from relocatable.rewrite.places import Change, Found, Place
from relocatable.rewrite.staged import Staged


def rewrite(
    places: Iterable[Place],
    change_of: Callable[[Found, Place], Change],
    output: Path | None,
    debug: TextIO | None,
) -> None:
    """Changes all files of all places, or none.

    Args:
        places: where the files are.
        change_of: plans what becomes of a file; its RelocatableErrors are told together.
        output: what is written instead of the one file that there is.
        debug: what each edit is told to.

    Raises:
        RelocatableError: if a file is wrong.
        OSError: if a file can't be read or written.
    """
    found: list[str] = []
    with Staged() as staged:
        for place in places:
            changes = {}
            for file in place.found():
                try:
                    change = changes[file.path] = change_of(file, place)
                except RelocatableError as error:
                    found.append(str(error))
                    continue
                if debug is not None:
                    debug.writelines(
                        f"{file.name}: {edit.what}: {edit.before} -> {edit.after}\n"
                        for edit in change.log
                    )
            if not found:
                place.stage(changes, staged, output)
        if len(found) == 1:
            raise RelocatableError(found[0])
        problems(found, "nothing is written:")
