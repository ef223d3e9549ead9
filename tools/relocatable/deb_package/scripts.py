"""Maintainer scripts: what a user wrote, and what the package's contents ask for.

Python modules that several interpreters share (`relocatable.python.shared`) are compiled where they
are installed, by a program that a package of its own brings along.

Source: Debian Policy 6.5 (which script is called when); deb-triggers(5).
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from relocatable.errors import RelocatableError, problems
from relocatable.python.shared import FILE_LISTS
from relocatable.tree import Tree

NAMES: Final = ("preinst", "postinst", "prerm", "postrm", "config", "templates", "triggers")
"""Of files in the control archive that a user may write."""
NOT_RUN: Final = frozenset({"templates", "triggers"})
COMPILER: Final = "python-byte-compile"
"""The package that has the program."""
PLACE: Final = "#DEBHELPER#"
"""The line of a user's script that the rest takes the place of, as debhelper has it."""

_PROGRAM: Final = "python-byte-compile-package"
_LIST: Final = re.compile(rf"((?:.*/)?){FILE_LISTS}/([^/_]+)_([^/_]+)\.list")
_INTERPRETER: Final = re.compile(r"lib/python(3\.\d+)/")


@dataclass(frozen=True, slots=True)
class Modules:
    """What is to be compiled: one list of files.

    Attributes:
        name: of the package that the list is of.
        version: its version.
        prefix: absolute, where it is installed.
        pythons: the versions that it has links for.
    """

    name: str
    version: str
    prefix: str
    pythons: tuple[str, ...]

    @property
    def arguments(self) -> str:
        """What the program is told besides what to do."""
        place = "" if self.prefix == "/usr" else f" --prefix {self.prefix}"
        return f"{self.name} --version {self.version}{place}"


def found(data: Tree) -> list[Modules]:
    """Returns what of a package's contents is to be compiled."""
    modules = []
    for path in sorted(data.nodes):
        if match := _LIST.fullmatch(path):
            prefix, name, version = match.groups()
            inside = (each.removeprefix(prefix) for each in data.nodes if each.startswith(prefix))
            pythons = {link[1] for link in map(_INTERPRETER.match, inside) if link}
            place = posixpath.join("/", prefix).rstrip("/")
            modules.append(Modules(name, version, place, tuple(sorted(pythons))))
    return modules


def made(modules: list[Modules], own: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns the scripts and other control files by name.

    Args:
        modules: what is to be compiled.
        own: what a user wrote.

    Raises:
        RelocatableError: if one is of no known name; or if both have one, and the user's has no
            line for the other.
    """
    unknown = [
        f"wanted one of {', '.join(NAMES)}, found {name!r}" for name in set(own) - set(NAMES)
    ]
    problems(unknown, "deb: scripts:")
    result = dict(own)
    for name, text in _generated(modules).items():
        theirs = own.get(name)
        if theirs is None:
            head = "" if name in NOT_RUN else "#!/bin/sh\nset -e\n"
            result[name] = f"{head}{text}".encode()
        elif PLACE.encode() in theirs.splitlines():
            result[name] = theirs.replace(PLACE.encode(), text.rstrip().encode())
        else:
            raise RelocatableError(
                f"deb: {name}: wanted a line {PLACE}, which the line that compiles Python modules "
                "takes the place of"
            )
    return {name: text.replace(PLACE.encode(), b"") for name, text in result.items()}


def _generated(modules: list[Modules]) -> dict[str, str]:
    if not modules:
        return {}
    compiled = "".join(f"{_PROGRAM} {each.arguments}\n" for each in modules)
    # It is gone already if somebody has forced dpkg to remove it.
    removed = "".join(
        f"! command -v {_PROGRAM} >/dev/null || {_PROGRAM} {each.arguments} --remove\n"
        for each in modules
    )
    return {
        "postinst": compiled,
        "prerm": removed,
        "triggers": "".join(f"interest-noawait {path}\n" for path in _interpreters(modules)),
    }


def _interpreters(modules: list[Modules]) -> Iterator[str]:
    """The paths at which interpreters come and go."""
    yield from sorted(
        {
            f"{prefix}/bin/python{version}"
            for each in modules
            for version in each.pythons
            for prefix in (each.prefix, "/usr")
        }
    )
