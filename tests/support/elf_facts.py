"""What GNU readelf says of an ELF file, in a form that can be compared before and after an edit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from support.processes import run

_SHOW = (
    "--wide",
    "--file-header",
    "--program-headers",
    "--section-headers",
    "--dynamic",
    "--version-info",
    "--dyn-syms",
    "--relocs",
    "--notes",
)
_TITLE = re.compile(
    r"^(Dynamic section at|Symbol table|Relocation section|Version \w+ section|Displaying notes|"
    r"Program Headers|Section Headers|ELF Header|Version symbols section)"
)
_DYNAMIC = re.compile(r"^ 0x[0-9a-f]+ \(?(.+?)\)?\s{2,}(.*)$")
_SEGMENT = re.compile(
    r"^  (\w+)\s+0x[0-9a-f]+ (0x[0-9a-f]+) 0x[0-9a-f]+ 0x[0-9a-f]+ (0x[0-9a-f]+) ([RWE ]{3})"
)
_SECTION = re.compile(r"^  \[ *\d+\] (\S*) +(\S+) +[0-9a-f]+ ([0-9a-f]+) ([0-9a-f]+) ")
_MOVABLE = frozenset(
    [
        "HASH",
        "GNU_HASH",
        "STRTAB",
        "STRSZ",
        "SYMTAB",
        "VERSYM",
        "VERNEED",
        "VERDEF",
        "RELA",
        "REL",
        "RELR",
        "JMPREL",
    ]
)
"""Entries whose value says where a table is, not what is in it: the tables are compared."""
_FIXED_SEGMENTS = frozenset({"TLS", "GNU_EH_FRAME", "GNU_RELRO", "GNU_STACK"})


class Section(NamedTuple):
    """A section header: `size` bytes at file offset `offset`."""

    name: str
    kind: str
    offset: int
    size: int


@dataclass(slots=True)
class Facts:
    """What a file says to a linker or loader, by its meaning rather than by its place.

    Attributes:
        header: of the file: type, machine, entry point, ABI, flags.
        interpreter: path of the loader.
        dynamic: entries of the dynamic section as (tag, text), without where its tables are.
        segments: those that mean more than a place, as (type, address, size, flags).
        loads: the loaded segments as (address, size, flags).
        sections: the section headers, in order.
        tables: the lines of the other tables (symbols, versions, relocations, notes) by title.
        warnings: what readelf complains about.
    """

    header: dict[str, str] = field(default_factory=dict)
    interpreter: str | None = None
    dynamic: list[tuple[str, str]] = field(default_factory=list)
    segments: list[tuple[str, str, str, str]] = field(default_factory=list)
    loads: list[tuple[int, int, str]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    tables: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def values(self, tag: str) -> list[str]:
        """What stands in brackets in the dynamic entries with a tag, such as names of libraries."""
        return [text[text.index("[") + 1 : -1] for found, text in self.dynamic if found == tag]


def facts(readelf: Path, file: Path) -> Facts:
    """Asks `readelf` about `file`."""
    done = run([readelf, *_SHOW, file], {"LC_ALL": "C"})
    found = Facts()
    for title, lines in _parts(done.stdout):
        _read(found, title, lines)
    warnings = (line for line in done.stderr.splitlines() if line.strip())
    found.warnings = sorted({line.replace(str(file), "FILE") for line in warnings})
    if done.status:
        found.warnings.append(f"readelf ends with status {done.status}")
    return found


def _parts(output: str) -> Iterator[tuple[str, list[str]]]:
    title, lines = "", list[str]()
    for line in output.splitlines():
        if _TITLE.match(line):
            yield title, lines
            title, lines = line, []
        elif line.strip():
            lines.append(line)
    yield title, lines


def _read(found: Facts, title: str, lines: list[str]) -> None:
    if title.startswith("ELF Header"):
        pairs = (line.strip().partition(":") for line in lines)
        wanted = {"Class", "Data", "OS/ABI", "Type", "Machine", "Entry point address", "Flags"}
        found.header = {name: value.strip() for name, _, value in pairs if name in wanted}
    elif title.startswith("Program Headers"):
        for line in lines:
            if "Requesting program interpreter: " in line:
                found.interpreter = line.split(": ", 1)[1].rstrip("]")
            match = _SEGMENT.match(line)
            if match and match[1] == "LOAD":
                found.loads.append((int(match[2], 16), int(match[3], 16), match[4]))
            elif match and match[1] in _FIXED_SEGMENTS:
                found.segments.append((match[1], match[2], match[3], match[4]))
    elif title.startswith("Section Headers"):
        for line in lines:
            if match := _SECTION.match(line):
                found.sections.append(
                    Section(match[1], match[2], int(match[3], 16), int(match[4], 16))
                )
    elif title.startswith("Dynamic section"):
        entries = (match.groups() for line in lines if (match := _DYNAMIC.match(line)))
        found.dynamic = [
            (tag, text) for tag, text in entries if tag not in _MOVABLE and tag != "NULL"
        ]
    elif title:
        # Where a table is, is not what it says.
        name = re.sub(r" at offset 0x[0-9a-f]+", "", title)
        found.tables[name] = [line for line in lines if not line.startswith(" Addr: ")]
