"""Reads ELF files and edits what the loader looks at, without a copy of the file in memory.

`read` gives an `Elf`; a `plan_…` function gives a `Plan` of small patches, which the caller writes
where the file goes. An edit adds no byte to a file that has padding to use, as most have.
"""

from relocatable.elf.plan import Edit, Plan, plan_runpath
from relocatable.elf.reader import Elf, is_elf, read, sections
from relocatable.elf.shape import Dynamic, Section, Segment
from relocatable.elf.versions import version_needs

__all__ = [
    "Dynamic",
    "Edit",
    "Elf",
    "Plan",
    "Section",
    "Segment",
    "is_elf",
    "plan_runpath",
    "read",
    "sections",
    "version_needs",
]
