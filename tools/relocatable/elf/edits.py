"""What a file is to be like after an edit, and what has changed then."""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

SearchPathTag: TypeAlias = Literal["runpath", "rpath"]


class Unchanged(enum.Enum):
    """Stands for whatever the file has."""

    UNCHANGED = enum.auto()


UNCHANGED: Final = Unchanged.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a file is to be like afterwards; what is `UNCHANGED`, empty or false stays as it is.

    Attributes:
        search_path: where the loader looks for libraries, as `$ORIGIN/../lib:$ORIGIN`; None for no
            DT_RPATH and no DT_RUNPATH at all.
        search_path_tag: which of DT_RUNPATH and DT_RPATH the file is to have, also if the path
            stays. If unchanged, a new path gets the tag that the old one has, or DT_RUNPATH.
        interpreter: the path of the loader that runs the program.
        soname: DT_SONAME; None for no name.
        replace_needed: new names of libraries, by old name. Names that the file doesn't have are
            ignored. Version requirements follow.
        remove_needed: libraries that are no longer needed. Version requirements stay; loaders
            complain about those of a library that isn't loaded.
        add_needed: libraries to put in front of those that the file needs, unless it already
            needs them.
        executable_stack: whether the stack must be executable.
        clear_symbol_versions: undefined dynamic symbols that any version will do for.
        drop_build_id: whether to remove the build ID note.
        no_default_libraries: true to make the loader leave out its default directories.
        add_debug_tag: true to add DT_DEBUG, which debuggers find the loaded libraries by.
        os_abi: number of the operating system's ABI in the ELF header.
    """

    search_path: str | Unchanged | None = UNCHANGED
    search_path_tag: SearchPathTag | Unchanged = UNCHANGED
    interpreter: str | Unchanged = UNCHANGED
    soname: str | Unchanged | None = UNCHANGED
    replace_needed: Mapping[str, str] = field(default_factory=dict)
    remove_needed: Collection[str] = ()
    add_needed: Sequence[str] = ()
    executable_stack: bool | Unchanged = UNCHANGED
    clear_symbol_versions: Collection[str] = ()
    drop_build_id: bool = False
    no_default_libraries: bool = False
    add_debug_tag: bool = False
    os_abi: int | Unchanged = UNCHANGED


class Edit(NamedTuple):
    """A change of meaning, for the provenance of a file."""

    kind: str
    before: str | None
    after: str | None
