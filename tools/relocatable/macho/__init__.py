"""Reads Mach-O files and edits what dyld looks at, without a copy of the file in memory."""

from relocatable.macho.reader import MachO, is_macho, read
from relocatable.macho.shape import (
    BuildVersion,
    Command,
    Dylib,
    Section,
    Segment,
    version_text,
)
from relocatable.macho.universal import Slice, is_universal, read_all, slices, thin_files

__all__ = [
    "BuildVersion",
    "Command",
    "Dylib",
    "MachO",
    "Section",
    "Segment",
    "Slice",
    "is_macho",
    "is_universal",
    "read",
    "read_all",
    "slices",
    "thin_files",
    "version_text",
]
