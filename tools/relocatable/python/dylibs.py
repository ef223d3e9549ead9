"""Frees programs and libraries for macOS from the prefix that their Python was built for.

A library's install name is the path at which whoever is linked with it looks for it; one in the
prefix is true nowhere. It becomes relative to the run path, and a file that needs one gets a run
path that leads to the directory it came from, by way of its own place.
"""

import posixpath

from relocatable import content, macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edits, MachO
from relocatable.provenance import Edit
from relocatable.tree import File

PREFIX = "/install/"
_RUN_PATH = "@rpath/"


def relocated(path: str, file: File) -> File:
    """Returns a Mach-O file, thin or universal, that names no place in `PREFIX`, and is signed.

    Args:
        path: Where it is below the prefix.
        file: The file.

    Raises:
        RelocatableError: if it is damaged, or has no room for the new names.
    """
    data = content.view(file.content)
    files = macho.read_all(data, path)
    if not any(name.startswith(PREFIX) for each in files for name in _names(each)):
        return file
    # What differs between slices is the machine; what is asked for here is not.
    first = files[0]
    edits = Edits(
        install_name=_relative(first.install_name) if first.install_name else macho.UNCHANGED,
        replace_dylibs={
            name: _relative(name)
            for each in files
            for name in (dylib.name for dylib in each.dylibs)
            if name.startswith(PREFIX)
        },
        rpaths=tuple(_run_paths(path, first)),
    )
    try:
        plan = macho.plan(data, path, edits)
    except RelocatableError as error:
        raise RelocatableError(f"{error}: it is to be free of {PREFIX}") from error
    log = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(plan.apply(data), *log)


def _names(file: MachO) -> list[str]:
    own = [file.install_name] if file.install_name else []
    return [*own, *(dylib.name for dylib in file.dylibs), *(f"{path}/" for path in file.rpaths)]


def _relative(name: str) -> str:
    return _RUN_PATH + posixpath.basename(name) if name.startswith(PREFIX) else name


def _run_paths(path: str, file: MachO) -> list[str]:
    """The file's own run paths, with those of the prefix, and of names in it, made relative."""
    of_names = (posixpath.dirname(each.name) for each in file.dylibs)
    wanted = [*file.rpaths, *(name for name in of_names if f"{name}/".startswith(PREFIX))]
    found = [_from_own_place(path, each) for each in wanted]
    return list(dict.fromkeys(found))


def _from_own_place(path: str, directory: str) -> str:
    if not f"{directory}/".startswith(PREFIX):
        return directory
    below = directory[len(PREFIX) :] or "."
    return posixpath.join("@loader_path", posixpath.relpath(below, posixpath.dirname(path) or "."))
