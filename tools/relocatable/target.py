"""Facts about the platform that a dist is for; `toolchains/` writes them, rules hand them on."""

import re
from dataclasses import dataclass
from pathlib import Path

from relocatable.strict_json import Reader, Text

_WORD = Text("a name without spaces", re.compile(r"[0-9A-Za-z_.+-]+"))


@dataclass(frozen=True, slots=True)
class Target:
    """One platform.

    Attributes:
        name: how people call it, for example `linux_arm64`.
        machine: what `e_machine` of its ELF files is.
        loader: soname of its ELF loader.
        multiarch: its Debian multiarch triplet.
        page_size: the largest page of its kernels, which loaded segments are aligned to, in bytes.
        system_libraries: sonames that each machine of this platform has.
    """

    name: str
    machine: int
    loader: str
    multiarch: str
    page_size: int
    system_libraries: tuple[str, ...] = ()

    @property
    def library_directories(self) -> tuple[str, ...]:
        """Where a Debian system of this platform keeps shared libraries, first choice first."""
        return (f"usr/lib/{self.multiarch}", "usr/lib", "lib")


def read(path: Path) -> Target:
    """Reads the facts that the rule `target_facts` wrote.

    Raises:
        RelocatableError: if the file is something else.
    """
    reader = Reader.parse(path.read_bytes(), f"target facts {path}")
    target = Target(
        name=reader.string("name", _WORD),
        machine=reader.integer("machine"),
        loader=reader.string("loader", _WORD),
        multiarch=reader.string("multiarch", _WORD),
        page_size=reader.integer("page_size"),
        system_libraries=reader.strings("system_libraries", _WORD),
    )
    reader.done()
    return target
