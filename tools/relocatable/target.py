"""Facts about the platform that a dist is for; `toolchains/` writes them, rules hand them on."""

import enum
import re
from dataclasses import dataclass
from pathlib import Path

from relocatable.errors import RelocatableError
from relocatable.strict_json import Reader, Text

_WORD = Text("a name without spaces", re.compile(r"[0-9A-Za-z_.+-]+"))
_VERSION = Text("a version such as 11.0", re.compile(r"[0-9]+(\.[0-9]+){1,2}"))
_PREFIX = Text("a directory with a slash at its end", re.compile(r"/([^/]+/)+"))

# What platform.machine() says of a Mac, by `cputype`.
_MACS = {0x01000007: "x86_64", 0x0100000C: "arm64"}


class ObjectFormat(enum.Enum):
    """Of programs and libraries."""

    ELF = "elf"
    MACH_O = "mach-o"


@dataclass(frozen=True, slots=True)
class Target:
    """One platform. What an object format doesn't have is empty.

    Attributes:
        name: how people call it, for example `linux_arm64`.
        machine: what its object files say of it: `e_machine` of ELF, `cputype` of Mach-O.
        loader: soname of its ELF loader.
        multiarch: its Debian multiarch triplet; for ELF.
        page_size: the largest page of its kernels, which loaded segments are aligned to, in bytes.
        system_libraries: sonames that each machine of this platform has; for ELF.
        object_format: of its programs and libraries.
        minimum_os: the oldest version of the system that dists are for; for Mach-O.
        system_prefixes: what the install names of the system's own libraries begin with; for
            Mach-O.
    """

    name: str
    machine: int
    loader: str
    multiarch: str
    page_size: int
    system_libraries: tuple[str, ...] = ()
    object_format: ObjectFormat = ObjectFormat.ELF
    minimum_os: str = ""
    system_prefixes: tuple[str, ...] = ()

    @property
    def library_directories(self) -> tuple[str, ...]:
        """Where a Debian system of this platform keeps shared libraries, first choice first."""
        return (f"usr/lib/{self.multiarch}", "usr/lib", "lib") if self.multiarch else ("lib",)

    @property
    def is_elf(self) -> bool:
        """Whether programs and libraries are ELF files; else they are Mach-O files."""
        return self.object_format is ObjectFormat.ELF

    @property
    def architecture(self) -> str:
        """What the system itself calls the machine (platform.machine()): x86_64, aarch64, arm64."""
        return self.multiarch.partition("-")[0] if self.is_elf else _MACS[self.machine]


def read(path: Path) -> Target:
    """Reads the facts that the rule `target_facts` wrote.

    Raises:
        RelocatableError: if the file is something else.
    """
    place = f"target facts {path}"
    reader = Reader.parse(path.read_bytes(), place)
    name, machine = reader.string("name", _WORD), reader.integer("machine")
    page_size = reader.integer("page_size")
    kind = reader.string("object_format", _WORD)
    if kind == ObjectFormat.ELF.value:
        target = Target(
            name=name,
            machine=machine,
            loader=reader.string("loader", _WORD),
            multiarch=reader.string("multiarch", _WORD),
            page_size=page_size,
            system_libraries=reader.strings("system_libraries", _WORD),
        )
    elif kind == ObjectFormat.MACH_O.value:
        if machine not in _MACS:
            known = ", ".join(f"{number} ({mac})" for number, mac in _MACS.items())
            raise RelocatableError(f"{place}: machine: wanted one of {known}, found {machine}")
        target = Target(
            name=name,
            machine=machine,
            loader="",
            multiarch="",
            page_size=page_size,
            object_format=ObjectFormat.MACH_O,
            minimum_os=reader.string("minimum_os", _VERSION),
            system_prefixes=reader.strings("system_prefixes", _PREFIX, least=1),
        )
    else:
        known = ", ".join(each.value for each in ObjectFormat)
        raise RelocatableError(f"{place}: object_format: wanted one of {known}, found {kind!r}")
    reader.done()
    return target
