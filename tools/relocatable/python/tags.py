"""Compatibility tags: which Pythons and platforms the code of a wheel is for.

Sources: PEP 425 (tags), PEP 600 (manylinux_X_Y), PEP 656 (musllinux), PEP 3149 (the tag in the name
of an extension module); for macOS "Platform compatibility tags" of PyPA's specifications.
"""

import re
from dataclasses import dataclass

from relocatable.target import Target

_LINUX = re.compile(r"(linux|manylinux|musllinux)(?:_\d+_\d+|1|2010|2014)?_(?P<machine>\w+)")
_MACOS = re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<machines>\w+)")
# Code for several machines in one file; what else there was, was for machines of before 2006.
_UNIVERSAL = {
    "fat64": {"x86_64"},
    "intel": {"x86_64"},
    "universal": {"x86_64"},
    "universal2": {"arm64", "x86_64"},
}
_EXTENSION = re.compile(r"\.(?P<tag>cpython-(?P<digits>3\d+)\w*(?:-(?P<place>[\w-]+))?|abi3)\.so")


@dataclass(frozen=True, slots=True)
class Tag:
    """One combination of what a wheel is for, for example `cp311-cp311-manylinux_2_17_x86_64`."""

    python: str
    abi: str
    platform: str

    def __str__(self) -> str:
        """As in the name of a wheel."""
        return f"{self.python}-{self.abi}-{self.platform}"


@dataclass(frozen=True, slots=True)
class Python:
    """The Python that code is to run on.

    Attributes:
        version: MAJOR.MINOR.
        target: The platform, or None if that is not known; then each is taken for the right one.
    """

    version: str
    target: Target | None = None

    def __str__(self) -> str:
        """For messages."""
        if self.target is None:
            return f"CPython {self.version}"
        system = f" (macOS {self.target.minimum_os} and newer)" if self.target.minimum_os else ""
        return f"CPython {self.version} on {self.target.name}{system}"

    @property
    def abi(self) -> str:
        """The tag of its own ABI, for example `cp311`."""
        return "cp" + self.version.replace(".", "")

    @property
    def soname(self) -> str:
        """What its shared library is called."""
        is_elf = self.target is None or self.target.is_elf
        return f"libpython{self.version}." + ("so.1.0" if is_elf else "dylib")

    def takes(self, tag: Tag) -> bool:
        """Tells whether a wheel with this tag runs on it."""
        return self._takes_code(tag.python, tag.abi) and self._takes_platform(tag.platform)

    def takes_extension(self, name: str) -> bool:
        """Tells whether it would import an extension module with the file name `name`.

        A name without a tag says nothing of its ABI, and counts as right.
        """
        match = _EXTENSION.search(name)
        if match is None or match["tag"] == "abi3":
            return True
        place = match["place"]
        return "cp" + match["digits"] == self.abi and (
            place is None or self.target is None or place == (self.target.multiarch or "darwin")
        )

    def _takes_code(self, python: str, abi: str) -> bool:
        implementation, version = python[:2], _version(python[2:])
        own = _version(self.abi[2:])
        if implementation not in {"cp", "py"} or version is None or own is None:
            return False
        if abi == "none":
            # Code for one CPython may lean on its bytecode or its very library.
            older = implementation == "py" and (own[0], 0) <= version <= own
            return older or version == own
        if abi == "abi3":
            return implementation == "cp" and (own[0], 2) <= version <= own
        return abi == self.abi and python == self.abi

    def _takes_platform(self, platform: str) -> bool:
        if platform == "any" or self.target is None:
            return True
        if not self.target.is_elf:
            return _macos_takes(platform, self.target)
        machine, _, libc = self.target.multiarch.partition("-linux-")
        match = _LINUX.fullmatch(platform)
        if match is None or match["machine"] != machine:
            return False
        return match[1] == "linux" or (match[1] == "musllinux") == libc.startswith("musl")


def _macos_takes(platform: str, target: Target) -> bool:
    """Whether the oldest system that dists are for may run it, and the machine."""
    match = _MACOS.fullmatch(platform)
    if match is None:
        return False
    oldest = [int(part) for part in target.minimum_os.split(".")]
    machines = _UNIVERSAL.get(match["machines"], {match["machines"]})
    return (
        target.architecture in machines
        and [
            int(match["major"]),
            int(match["minor"]),
        ]
        <= oldest
    )


def _version(digits: str) -> tuple[int, int] | None:
    """`3` and `311` as numbers; of `3`, each minor version is meant."""
    if not re.fullmatch(r"[23]\d*", digits):
        return None
    return int(digits[0]), int(digits[1:] or 0)
