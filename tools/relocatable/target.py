"""Facts about the platform that a dist is for; `toolchains/` writes them, rules hand them on."""

import json
from dataclasses import dataclass
from pathlib import Path

from relocatable.errors import RelocatableError


@dataclass(frozen=True, slots=True)
class Target:
    """One platform.

    Attributes:
        name: how people call it, for example `linux_arm64`.
        machine: what `e_machine` of its ELF files is.
        loader: soname of its ELF loader.
        multiarch: its Debian multiarch triplet.
        page_size: the largest page of its kernels, which loaded segments are aligned to, in bytes.
    """

    name: str
    machine: int
    loader: str
    multiarch: str
    page_size: int

    @property
    def library_directories(self) -> tuple[str, ...]:
        """Where a Debian system of this platform keeps shared libraries, first choice first."""
        return (f"usr/lib/{self.multiarch}", "usr/lib", "lib")


def read(path: Path) -> Target:
    """Reads the facts that the rule `target_facts` wrote.

    Raises:
        RelocatableError: if the file is something else.
    """
    try:
        return Target(**json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise RelocatableError(f"{path} does not hold the facts of a target: {error}") from error
