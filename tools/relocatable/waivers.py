"""What a dist is known to break of its contract, where, and why that is meant.

A waiver is written by whoever has looked at the files. So it names one check, gives a reason, and
is an error as soon as it waives nothing.
"""

import enum
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs


class Check(enum.Enum):
    """What can be waived: nothing that a program needs in order to start."""

    BUILD_PATH = "build-path"
    """A file names a directory of the machine that built it."""
    DANGLING_LINK = "dangling-link"
    """A link leads nowhere."""
    FOREIGN_MACHINE = "foreign-machine"
    """A program or library is for another machine: it is data here, and stays as it is."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Says that what a check finds at some paths is meant.

    Attributes:
        pattern: of paths in the dist (`relocatable.globs`).
        check: what is waived there.
        reason: for whoever reads the metadata of the dist.
    """

    pattern: str
    check: Check
    reason: str


def parse(flag: str) -> tuple[Waiver, ...]:
    """Reads the attribute `waivers` of relocatable_dist, which comes as JSON.

    Raises:
        RelocatableError: if a waiver names no check that there is, or has no reason.
    """
    try:
        read: object = json.loads(flag)
    except ValueError as error:
        raise RelocatableError(f"waivers: wanted a JSON object: {error}") from error
    if not isinstance(read, dict):
        raise RelocatableError(f"waivers: wanted a JSON object, found {flag!r}")
    found: list[str] = []
    waivers: list[Waiver] = []
    for pattern, text in read.items():
        try:
            waivers += _parse(pattern, text)
        except RelocatableError as error:
            found.append(f"waivers[{pattern!r}]: {error}")
    problems(found, "waivers that can't be:")
    return tuple(waivers)


def _parse(pattern: str, text: object) -> list[Waiver]:
    Globs([pattern])
    checks, _, reason = str(text).partition(":")
    if not reason.strip() or not reason.isprintable():
        raise RelocatableError(
            f'wanted "CHECK: REASON", on one line and with a reason, found {text!r}'
        )
    known = {check.value: check for check in Check}
    named = [name.strip() for name in checks.split(",")]
    for name in named:
        if name not in known:
            raise RelocatableError(f"there is no check {name!r}; these are: {', '.join(known)}")
    return [Waiver(pattern, known[name], reason.strip()) for name in dict.fromkeys(named)]


class Waivers:
    """The waivers of a dist, each of which remembers what it has waived."""

    def __init__(self, waivers: Iterable[Waiver] = ()) -> None:
        """Compiles their patterns; raises RelocatableError for one that can match nothing."""
        self._paths: dict[Waiver, dict[str, None]] = {waiver: {} for waiver in waivers}
        self._globs = {waiver: Globs([waiver.pattern]) for waiver in self._paths}

    def has(self, check: Check) -> bool:
        """Whether any waiver is about `check`."""
        return any(waiver.check is check for waiver in self._paths)

    def cover(self, check: Check, path: str) -> bool:
        """Tells whether what `check` has found at `path` is meant; notes that it was found."""
        covered = False
        for waiver, paths in self._paths.items():
            if waiver.check is check and self._globs[waiver].match(path):
                paths[path] = None
                covered = True
        return covered

    def unused(self) -> list[str]:
        """A line for each waiver that has waived nothing."""
        return [
            f"waivers[{waiver.pattern!r}]: {waiver.check.value} is found nowhere there; take it out"
            for waiver, paths in self._paths.items()
            if not paths
        ]

    def used(self) -> list[dict[str, Any]]:
        """What was waived, for JSON; docs/relocatable_dist.md tells its fields."""
        return [
            {
                "pattern": waiver.pattern,
                "check": waiver.check.value,
                "reason": waiver.reason,
                "paths": sorted(paths),
            }
            for waiver, paths in self._paths.items()
        ]
