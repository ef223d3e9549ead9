"""What a dist promises, what is said about it, and who looks at files of one object format."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from relocatable.closure import Closure
from relocatable.layout import DEFAULT
from relocatable.tree import File, Link


@dataclass(slots=True)
class Report:
    """What was looked at, and everything that is wrong with it.

    Attributes:
        files: how many there are.
        links: likewise.
        objects: ELF or Mach-O files that a loader loads.
        launchers: native ones.
        requires: by family (`GLIBC`), the newest symbol version that the dist's objects require; by
            `macos`, the newest version of it that they are built for.
        unneeded: shared objects that no program and no Python module of the dist loads.
        waived: what would be a problem, and is meant: `relocatable.waivers`.
        problems: a line for each.
    """

    files: int = 0
    links: int = 0
    objects: int = 0
    launchers: int = 0
    requires: dict[str, str] = field(default_factory=dict)
    unneeded: tuple[str, ...] = ()
    waived: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Promise:
    """What a dist may ask of its machine.

    Attributes:
        host: sonames that are left to it; nothing if the dist has its own C library.
        min_glibc: the version that it has at least; None for any.
        min_macos: likewise; None for that of the target.
        libraries: the directory that launchers tell the dist's own loader.
    """

    host: frozenset[str] = frozenset()
    min_glibc: str | None = None
    min_macos: str | None = None
    libraries: str = DEFAULT.libraries


class Checks(Protocol):
    """Looks at the programs and libraries of one tree."""

    def is_object(self, path: str) -> bool:
        """Whether the file at `path` is of the format."""

    def is_loaded(self, path: str) -> bool:
        """Whether it is more than a program that loads nothing, such as a static launcher."""

    def problems(self, path: str, file: File) -> Iterator[str]:
        """What is wrong with one file of the format."""

    def closure(self) -> Closure:
        """What loading everything comes to."""

    def others(self, found: Closure) -> Iterator[str]:
        """What is wrong that no single file shows; `found` is what loading comes to."""


def named(path: str, node: File | Link) -> str:
    """A path and what it came from."""
    return f"{path} ({node.record.origin.source})"
