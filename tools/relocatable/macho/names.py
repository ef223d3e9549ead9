"""Edits of the names in load commands: the file's own, those of libraries, and run paths."""

import json
from collections import Counter
from collections.abc import Iterator

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import UNCHANGED, Edit, Edits, Unchanged
from relocatable.macho.image import Image, string_command


def edit_names(image: Image, edits: Edits) -> Iterator[Edit]:
    """Carries out what `edits` says of names, and tells what changed.

    Raises:
        RelocatableError: if a run path or a library would be there twice: newer versions of dyld
            load no such file.
    """
    yield from _edit_install_name(image, edits.install_name)
    yield from _edit_dylibs(image, edits)
    if not isinstance(edits.rpaths, Unchanged):
        yield from _edit_rpaths(image, tuple(edits.rpaths))


def _edit_install_name(image: Image, wanted: str | Unchanged) -> Iterator[Edit]:
    command = image.find(c.LC_ID_DYLIB)
    if wanted is UNCHANGED or command is None:
        return
    old = image.text(command)
    if old != wanted:
        image.replace(command, image.with_text(command, wanted))
        yield Edit("install-name", old, wanted)


def _edit_dylibs(image: Image, edits: Edits) -> Iterator[Edit]:
    before = image.file.dylibs
    renamed = False
    for index, command in enumerate(image.commands):
        if image.kind(command) in c.DYLIB_LOADS:
            old = image.text(command)
            new = edits.replace_dylibs.get(old, old)
            if new != old:
                image.commands[index] = image.with_text(command, new)
                yield Edit("dylib", old, new)
                renamed = True
    if renamed:
        old_names = Counter(dylib.name for dylib in before)
        names = Counter(edits.replace_dylibs.get(x.name, x.name) for x in before)
        twice = sorted(x for x in names if names[x] > max(1, old_names[x]))
        if twice:
            raise RelocatableError(
                f"{image.file.name}: would load {', '.join(twice)} twice, which newer versions of"
                " dyld refuse; rename only one of them so"
            )


def _edit_rpaths(image: Image, wanted: tuple[str, ...]) -> Iterator[Edit]:
    old = image.file.rpaths
    if old == wanted:
        return
    if len(set(wanted)) < len(wanted):
        raise RelocatableError(
            f"{image.file.name}: run paths should each be there once, which newer versions of"
            f" dyld insist on; found {', '.join(wanted)}"
        )
    left = list(wanted)
    commands: list[bytes] = []
    for command in image.commands:
        if image.kind(command) != c.LC_RPATH:
            commands.append(command)
        elif left:
            text = left.pop(0)
            same = image.text(command) == text
            commands.append(command if same else image.with_text(command, text))
    commands += [string_command(image, c.LC_RPATH, text) for text in left]
    image.commands = commands
    yield Edit("rpaths", json.dumps(list(old)), json.dumps(list(wanted)))
