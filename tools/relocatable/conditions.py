"""Circumstances in which dists have failed their users, each to be tried by itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relocatable.errors import RelocatableError

_LONGEST_NAME: Final = 50
_LONG_PATH: Final = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """How a program of a dist is started.

    Attributes:
        about: what is tried, for people.
        place: the directory that the dist is moved to first, relative.
        linked: whether it is entered through a symbolic link to its directory.
        relative: whether the program is started as `./NAME` from its own directory.
        read_only: whether nobody can write to it.
        decoys: whether another Python's variables are set, its programs come first on PATH, and its
            library is where loaders are told to look.
        at_once: how often it is started at the same time.
    """

    about: str
    place: str = "another/place"
    linked: bool = False
    relative: bool = False
    read_only: bool = False
    decoys: bool = False
    at_once: int = 1


def _long_path() -> str:
    """A path of so many characters, in directories whose names a file system can hold."""
    names = ["d" * _LONGEST_NAME] * (_LONG_PATH // (_LONGEST_NAME + 1))
    return "/".join(names).ljust(_LONG_PATH, "d")


CONDITIONS: Final[Mapping[str, Condition]] = {
    "plain": Condition("in a directory of its own, with an empty environment", "dist"),
    "spaces": Condition("below a directory with spaces", "a directory with spaces"),
    "unicode": Condition("below a directory whose name is not ASCII", "ünïcödé/目录"),
    "long_path": Condition(f"below a path of {_LONG_PATH} characters", _long_path()),
    "colon": Condition("below a directory with a colon", "with:colon"),
    "link": Condition("entered through a link", linked=True),
    "relative": Condition("started by a relative path", relative=True),
    "read_only": Condition("where nobody can write", read_only=True),
    "decoys": Condition("amid another Python's programs, libraries and variables", decoys=True),
    "at_once": Condition("started twice at once", at_once=2),
    "moved": Condition("moved after it has run", "moved"),
}
"""In the order in which they are tried; the dist moves whenever the place is another."""


def chosen(names: Iterable[str]) -> Iterator[tuple[str, Condition]]:
    """Yields the conditions of these names, in the order of all.

    Raises:
        RelocatableError: if there is no such condition.
    """
    unknown = sorted(set(names) - CONDITIONS.keys())
    if unknown:
        raise RelocatableError(
            f"no such condition: {', '.join(unknown)}; there are {', '.join(CONDITIONS)}"
        )
    for name, condition in CONDITIONS.items():
        if name in names:
            yield name, condition


def make_decoys(directory: Path, shown: str) -> dict[str, str]:
    """Makes another Python's programs and library, which do harm if anything uses them.

    Args:
        directory: where; it is made.
        shown: what programs call it.

    Returns:
        Variables that lead there.
    """
    directory.mkdir()
    minors = range(11, 16)
    for name in ("python", "python3", *(f"python3.{minor}" for minor in minors)):
        (directory / name).write_text("#!/bin/sh\necho a decoy was started\nexit 97\n")
        (directory / name).chmod(0o755)
    for minor in minors:
        (directory / f"libpython3.{minor}.so.1.0").write_text("a decoy\n")
    return {
        "LD_LIBRARY_PATH": shown,
        "PATH": shown,
        "PYTHONHOME": shown,
        "PYTHONPATH": shown,
        "PYTHONPLATLIBDIR": "lib64",
        "PYTHONSTARTUP": f"{shown}/python",
        "PYTHONUSERBASE": shown,
    }
