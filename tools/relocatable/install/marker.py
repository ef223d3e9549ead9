"""What an installed dist says of itself, in a file of its own."""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MARKER = ".relocatable.json"
"""In an installed dist: what it is. By this, a later install knows that it may replace it."""

REPLACED = "replaced"
"""The marker's key, true, in what is being removed while its successor is complete beside it."""

_LIMIT = 1 << 16
"""Bytes of a marker; ours have some hundred."""


@dataclass(frozen=True, slots=True)
class About:
    """What is installed: the dist's name, its platform, and the version of rules_relocatable."""

    name: str
    platform: str
    version: str


def installed(directory: Path | int) -> Mapping[str, object] | None:
    """Returns what an installed dist says of itself, or None if `directory` is none.

    Args:
        directory: a path, or a descriptor.
    """
    if isinstance(directory, Path):
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return installed(descriptor)
        finally:
            os.close(descriptor)
    try:
        found = json.loads(_read(directory))
    except (OSError, ValueError, RecursionError):
        return None
    is_marker = isinstance(found, dict) and isinstance(found.get("name"), str)
    return found if is_marker else None


def _read(directory: int) -> bytes:
    # A pipe of that name would never end.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(MARKER, flags, dir_fd=directory), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return b""
        return file.read(_LIMIT)
