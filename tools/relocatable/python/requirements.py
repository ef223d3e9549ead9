"""What a distribution says it needs (`Requires-Dist`), and whether that is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as Parsed
from packaging.version import InvalidVersion

from relocatable.errors import RelocatableError
from relocatable.python.tags import Python


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, of any text that may be hostile."""

    _parsed: Parsed

    @classmethod
    def parse(cls, text: str) -> "Requirement":
        """Reads a requirement.

        Raises:
            RelocatableError: if it is none.
        """
        try:
            return cls(Parsed(text))
        except (InvalidRequirement, RecursionError) as error:
            raise RelocatableError(f"{text[:80]!r} is no requirement, such as NAME>=1.2") from error

    @property
    def name(self) -> str:
        """Of the distribution that is wanted."""
        return self._parsed.name

    def applies(self, variables: Mapping[str, str]) -> bool:
        """Tells whether it is wanted in an `environment`, with no extras."""
        try:
            return self._parsed.marker is None or self._parsed.marker.evaluate(dict(variables))
        except (InvalidVersion, RecursionError) as error:
            raise RelocatableError(f"{str(self)[:80]!r} has a marker without a meaning") from error

    def takes(self, version: str) -> bool:
        """Tells whether a version will do, be it a preview or not."""
        try:
            return self._parsed.specifier.contains(version, prereleases=True)
        except InvalidVersion:
            return False

    def __str__(self) -> str:
        """For messages."""
        return f"{self._parsed.name}{self._parsed.specifier}"


def environment(python: Python, version: str) -> Mapping[str, str]:
    """What markers may ask of.

    Args:
        python: Which Python it is.
        version: MAJOR.MINOR.MICRO.
    """
    machine = python.target.architecture if python.target else ""
    is_linux = python.target is None or python.target.is_elf
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux" if is_linux else "Darwin",
        "platform_version": "",
        "python_full_version": version,
        "python_version": python.version,
        "sys_platform": "linux" if is_linux else "darwin",
    }
