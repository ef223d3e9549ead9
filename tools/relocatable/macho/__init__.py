"""Reads Mach-O files and edits what dyld looks at, without a copy of the file in memory."""

from relocatable.macho.edits import UNCHANGED, Edit, Edits, Sign, Strip, Unchanged
from relocatable.macho.image import NotEditableError
from relocatable.macho.merge import merge, plan_extract
from relocatable.macho.plan import Plan, plan, plan_thin
from relocatable.macho.reader import MachO, is_macho, read
from relocatable.macho.replay import replay
from relocatable.macho.shape import (
    BuildVersion,
    Command,
    Dylib,
    Section,
    Segment,
    version_text,
)
from relocatable.macho.signature import Signature, read_signature
from relocatable.macho.universal import Slice, is_universal, read_all, slices, thin_files
from relocatable.macho.verify import verify_signature

__all__ = [
    "UNCHANGED",
    "BuildVersion",
    "Command",
    "Dylib",
    "Edit",
    "Edits",
    "MachO",
    "NotEditableError",
    "Plan",
    "Section",
    "Segment",
    "Sign",
    "Signature",
    "Slice",
    "Strip",
    "Unchanged",
    "is_macho",
    "is_universal",
    "merge",
    "plan",
    "plan_extract",
    "plan_thin",
    "read",
    "read_all",
    "read_signature",
    "replay",
    "slices",
    "thin_files",
    "verify_signature",
    "version_text",
]
