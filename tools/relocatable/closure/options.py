"""What the loader's answer depends on beyond the tree."""

from dataclasses import dataclass

SYSTEM_PREFIXES = ("/System/Library/", "/usr/lib/")
"""Where macOS has its own libraries."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a tree doesn't tell.

    Attributes:
        cpu: level of the processor, such as `x86-64-v3`; None for the least that there is. For
            dyld, the machine: `arm64` or `x86_64`; None for that of most files.
        host: sonames that the machine may be asked for, if the tree doesn't have them.
        library_path: directories given to the loader for what nothing in the tree asks for;
            None for those that the tree's launchers give.
        whole_system: whether the tree is a whole file system: absolute paths count from its root,
            and the loader's default directories are looked into.
        default_directories: those of a loader that isn't in the tree; empty for its usual ones.
        lib: what `$LIB` means; None for what the tree's loader is built with.
        platform: what `$PLATFORM` means; None for the machine's plainest.
        undefined: whether to look for undefined symbols too; in ELF files.
        system_prefixes: what the install names of libraries begin with that a Mac has.
    """

    cpu: str | None = None
    host: frozenset[str] = frozenset()
    library_path: tuple[str, ...] | None = None
    whole_system: bool = False
    default_directories: tuple[str, ...] = ()
    lib: str | None = None
    platform: str | None = None
    undefined: bool = False
    system_prefixes: tuple[str, ...] = SYSTEM_PREFIXES
