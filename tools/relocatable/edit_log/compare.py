"""Bytes beside bytes."""

from dataclasses import dataclass

from relocatable.content import CHUNK
from relocatable.errors import RelocatableError


@dataclass(frozen=True, slots=True)
class Proof:
    """What an edited file has of its own.

    Attributes:
        changed: bytes that replace others.
        added: bytes by which the file is longer; negative if it is shorter.
    """

    changed: int
    added: int


def must_be_same(
    name: str, offset: int, wanted: memoryview, after: memoryview, source: str
) -> None:
    """Compares a run of a file with what should be there.

    Args:
        name: how errors call the file.
        offset: where in the file the run is.
        wanted: its bytes.
        after: the file.
        source: whose the bytes are, for errors.

    Raises:
        RelocatableError: if there are others.
    """
    difference = first_difference(wanted, after[offset : offset + len(wanted)])
    if difference is not None:
        raise RelocatableError(f"{name}: the byte at {offset + difference:#x} is not that {source}")


def first_difference(left: memoryview, right: memoryview) -> int | None:
    """Where two files of one size differ first, or None."""
    for start in range(0, len(left), CHUNK):
        # Copies are compared ten times as fast as views.
        old, new = bytes(left[start : start + CHUNK]), bytes(right[start : start + CHUNK])
        if old != new:
            pairs = enumerate(zip(old, new, strict=True))
            return start + next(index for index, (was, is_now) in pairs if was != is_now)
    return None


def changed(left: memoryview, right: memoryview) -> int:
    """How many bytes differ."""
    total = 0
    for start in range(0, len(left), CHUNK):
        old, new = bytes(left[start : start + CHUNK]), bytes(right[start : start + CHUNK])
        if old != new:
            differing = int.from_bytes(old) ^ int.from_bytes(new)
            total += len(old) - differing.to_bytes(len(old)).count(0)
    return total
