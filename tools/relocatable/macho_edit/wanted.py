"""What a command line means for one file."""

from relocatable.errors import RelocatableError
from relocatable.macho import UNCHANGED, Edits, MachO, Unchanged
from relocatable.macho_edit.options import Options


def edits(options: Options, file: MachO, *, named: bool) -> Edits:
    """The edits of a thin file, or of one architecture.

    Args:
        options: the command line.
        file: what it is about.
        named: whether the user means this very file: then a run path that it doesn't have is an
            error, as install_name_tool has it, which it isn't for one of many in a directory.

    Raises:
        RelocatableError: if a run path isn't there, or would be there twice.
    """
    return Edits(
        install_name=UNCHANGED if options.install_name is None else options.install_name,
        replace_dylibs=dict(options.change),
        rpaths=_rpaths(options, file, named=named),
        strip=options.strip,
        sign=options.sign,
        identifier=options.identifier,
    )


def _rpaths(options: Options, file: MachO, *, named: bool) -> tuple[str, ...] | Unchanged:
    old = file.rpaths
    gone = [*options.delete_rpath, *(path for path, _ in options.rpath)]
    missing = [path for path in gone if path not in old]
    if missing and named:
        raise RelocatableError(
            f"{file.name}: no run path {', '.join(missing)}; it has {', '.join(old) or 'none'}"
        )
    new = dict(options.rpath)
    kept = () if options.delete_all_rpaths else old
    kept = tuple(new.get(path, path) for path in kept if path not in options.delete_rpath)
    added = (*options.prepend_rpath, *options.add_rpath)
    there = [path for path in added if path in kept]
    if there and named:
        raise RelocatableError(f"{file.name}: has the run path {', '.join(there)} already")
    before = (path for path in options.prepend_rpath if path not in kept)
    behind = (path for path in options.add_rpath if path not in kept)
    wanted = (*before, *kept, *behind)
    return UNCHANGED if wanted == old else wanted
