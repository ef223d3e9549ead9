"""Reads ELF files and edits what the loader looks at, without a copy of the file in memory.

`read` gives an `Elf`; a `plan_…` function gives a `Plan` of small patches, which the caller writes
where the file goes. An edit adds no byte to a file that has padding to use, as most have.
"""

from relocatable.elf.edits import UNCHANGED, Edit, Edits, SearchPathTag, Unchanged
from relocatable.elf.missing import (
    has_only_debug_information,
    no_dynamic_section,
    no_interpreter,
)
from relocatable.elf.plan import Plan, plan, plan_runpath
from relocatable.elf.reader import Elf, is_elf, read, sections
from relocatable.elf.shape import Dynamic, Section, Segment
from relocatable.elf.start import plan_start, read_start
from relocatable.elf.strip import NotStrippableError, StripPlan, plan_strip
from relocatable.elf.versions import version_needs

__all__ = [
    "UNCHANGED",
    "Dynamic",
    "Edit",
    "Edits",
    "Elf",
    "NotStrippableError",
    "Plan",
    "SearchPathTag",
    "Section",
    "Segment",
    "StripPlan",
    "Unchanged",
    "has_only_debug_information",
    "is_elf",
    "no_dynamic_section",
    "no_interpreter",
    "plan",
    "plan_runpath",
    "plan_start",
    "plan_strip",
    "read",
    "read_start",
    "sections",
    "version_needs",
]
