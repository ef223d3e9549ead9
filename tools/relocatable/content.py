"""The bytes of a file in a tree, held where they already are until a tree is written.

A tree of 300 MB is moved, merged and edited as a few thousand small objects: a `Store` is an open
file on disk, an `Extent` is a run of its bytes, `Spliced` is several of them and new bytes in a
row, and `Patched` is any of these with some bytes replaced.
"""

import errno
import mmap
import operator
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, TypeAlias

from relocatable.errors import RelocatableError

CHUNK = 1 << 20
"""Bytes moved at a time; larger gains nothing, smaller costs system calls."""


class Store:
    """A file on disk that is open for reading for as long as anything refers to it."""

    def __init__(self, path: Path, descriptor: int | None = None) -> None:
        """Opens `path`, or takes over a descriptor of it; raises OSError if that can't be done."""
        self.path = path
        if descriptor is None:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.descriptor = descriptor
        status = os.fstat(self.descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise RelocatableError(f"{path} is not a regular file; one is wanted")
        self.size = status.st_size

    def __del__(self) -> None:
        """Closes the file."""
        if hasattr(self, "descriptor"):
            os.close(self.descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """Returns exactly `size` bytes from `offset`.

        Raises:
            RelocatableError: if the file ends before that.
        """
        parts = []
        while size > 0:
            part = os.pread(self.descriptor, size, offset)
            if not part:
                raise RelocatableError(
                    f"{self.path} is truncated: {size} more bytes are wanted at offset {offset}"
                )
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @cached_property
    def view(self) -> memoryview:
        """The whole file as memory that is read from disk only where it is looked at."""
        if self.size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ))


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes `[offset, offset + size)` of a store."""

    store: Store
    offset: int
    size: int

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """All bytes of the file at `path`."""
        store = Store(path)
        return cls(store, 0, store.size)


@dataclass(frozen=True, slots=True)
class Spliced:
    """Bytes from several places, one after the other."""

    parts: tuple[Extent | bytes, ...]

    @classmethod
    def of(cls, base: "Extent | Spliced | bytes", parts: Iterable[tuple[int, int] | bytes]) -> Self:
        """Ranges `(start, end)` of `base`, and new bytes, in the given order."""
        found: list[Extent | bytes] = []
        for part in parts:
            if isinstance(part, bytes):
                found.append(part)
            else:
                found += _cut(base, *part)
        return cls(tuple(found))


@dataclass(frozen=True, slots=True)
class Patched:
    """`base` with bytes replaced at some offsets, and with bytes added at its end."""

    base: Extent | Spliced | bytes
    patches: tuple[tuple[int, bytes], ...]
    appended: bytes = b""


Content: TypeAlias = bytes | Extent | Spliced | Patched


def size(content: Content) -> int:
    """Returns the length of `content` in bytes."""
    match content:
        case bytes():
            return len(content)
        case Extent():
            return content.size
        case Spliced():
            return sum(map(size, content.parts))
        case Patched():
            return size(content.base) + len(content.appended)


def view(content: Content) -> memoryview:
    """Returns `content` as memory; only `Spliced` and `Patched` are copied for that."""
    match content:
        case bytes():
            return memoryview(content)
        case Extent():
            return content.store.view[content.offset : content.offset + content.size]
        case Spliced():
            return memoryview(b"".join(map(view, content.parts)))
        case Patched():
            changed = bytearray(view(content.base))
            for offset, new in content.patches:
                changed[offset : offset + len(new)] = new
            return memoryview(bytes(changed + content.appended))


def read(content: Content) -> bytes:
    """Returns all bytes of `content`."""
    match content:
        case bytes():
            return content
        case Extent():
            return content.store.read(content.offset, content.size)
        case Spliced():
            return b"".join(map(view, content.parts))
        case Patched():
            return bytes(view(content))


def pieces(content: Content) -> Iterator[bytes | memoryview]:
    """Yields all bytes of `content` in pieces of at most `CHUNK`, each read when it is its turn."""
    if isinstance(content, Extent):
        for start in range(0, content.size, CHUNK):
            yield content.store.read(content.offset + start, min(CHUNK, content.size - start))
    elif isinstance(content, Spliced):
        for part in content.parts:
            yield from pieces(part)
    else:
        whole = view(content)
        for start in range(0, len(whole), CHUNK):
            yield whole[start : start + CHUNK]


def equal(left: Content, right: Content) -> bool:
    """Tells whether both hold the same bytes."""
    if left == right:
        return True
    if size(left) != size(right):
        return False
    if isinstance(left, Extent) and isinstance(right, Extent):
        return all(map(operator.eq, pieces(left), pieces(right)))
    if isinstance(left, Patched) or isinstance(right, Patched):
        return view(left) == view(right)
    return _equal_in_turn(pieces(left), pieces(right))


def _equal_in_turn(left: Iterator[bytes | memoryview], right: Iterator[bytes | memoryview]) -> bool:
    """Compares as many bytes as much, however each is cut; a file with holes is large."""
    a, b = memoryview(b""), memoryview(b"")
    while True:
        a, b = a or _next(left), b or _next(right)
        count = min(len(a), len(b))
        if a[:count] != b[:count]:
            return False
        if not count:
            return True
        a, b = a[count:], b[count:]


def _next(parts: Iterator[bytes | memoryview]) -> memoryview:
    return memoryview(next((part for part in parts if len(part)), b""))


class Writer:
    """Writes contents one after the other to an open file, large ones without passing memory."""

    def __init__(self, descriptor: int) -> None:
        """Starts at the descriptor's current offset."""
        self._descriptor = descriptor
        self._pending = bytearray()
        self.offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        """Where the next byte goes."""

    def write(self, content: Content) -> None:
        """Appends `content`."""
        if isinstance(content, Extent):
            if content.size <= CHUNK // 16:
                self._pending += content.store.read(content.offset, content.size)
            else:
                self.flush()
                self._copy(content)
            self.offset += content.size
        elif isinstance(content, Spliced):
            for part in content.parts:
                self.write(part)
        elif isinstance(content, Patched):
            start = self.offset
            self.write(content.base)
            self.write(content.appended)
            self.flush()
            for offset, new in content.patches:
                os.pwrite(self._descriptor, new, start + offset)
        else:
            self._pending += content
            self.offset += len(content)
        if len(self._pending) >= CHUNK:
            self.flush()

    def flush(self) -> None:
        """Hands everything written so far to the operating system."""
        rest = memoryview(bytes(self._pending))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        self._pending.clear()

    def _copy(self, extent: Extent) -> None:
        """Copies inside the kernel where it can (on some file systems, without copying at all)."""
        offset, left = extent.offset, extent.size
        while left:
            copied = _copy_range(extent.store.descriptor, self._descriptor, left, offset)
            if not copied:
                extent.store.read(offset, left)  # Says what is missing.
            offset += copied
            left -= copied


def _cut(base: Extent | Spliced | bytes, start: int, end: int) -> Iterator[Extent | bytes]:
    if isinstance(base, bytes):
        yield base[start:end]
    elif isinstance(base, Extent):
        yield Extent(base.store, base.offset + start, end - start)
    else:
        at = 0
        for part in base.parts:
            first, last = max(start, at), min(end, at + size(part))
            if first < last:
                yield from _cut(part, first - at, last - at)
            at += size(part)


def _copy_range(source: int, target: int, count: int, offset: int) -> int:
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, count, offset_src=offset)
        except OSError as error:
            # Not between these two file systems, or not on this kernel.
            if error.errno not in {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP}:
                raise
    return os.write(target, os.pread(source, min(count, CHUNK), offset))
