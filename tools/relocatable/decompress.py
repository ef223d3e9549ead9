"""Decompression of many files at once, on all cores, with bounded memory.

An .xz file of several blocks is decoded block by block: the index at its end tells where each
begins and where its output goes. A block behind a copy of the stream header is all that a fresh
decoder wants, and it still verifies the block's checksum. The decoders release the GIL.

Source: The .xz File Format 1.2.1; deb(5) for the compressions that occur.
"""

import bz2
import lzma
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from relocatable.content import Extent, Store
from relocatable.errors import RelocatableError

MEMORY_LIMIT = 160 << 20
"""Bytes that one decoder may allocate: room for xz -9 and zstd --long=27, with two at once."""
SIZE_LIMIT = 16 << 30
"""Bytes that one file may decompress to if nobody says less; more is taken for an attack."""

PIECE = 1 << 16
"""Bytes fed and taken at a time: what stays in a core's cache; with 1 MiB, the kernel spends four
times as long on mapping and clearing memory."""

_XZ_HEADER_BYTES = 12
_XZ_FOOTER_BYTES = 12
_XZ_MAGIC = b"\xfd7zXZ\0"


@dataclass(frozen=True, slots=True)
class _Task:
    """One run of compressed bytes, decoded by one thread, to one place of one output."""

    head: bytes
    data: Extent
    decoder: Callable[[], Any]
    output: int
    offset: int
    size: int | None
    """Bytes that must come out, if the container tells."""
    limit: int = SIZE_LIMIT
    """Bytes that may come out, if it doesn't."""


def decompress(
    members: Sequence[tuple[str, Extent]],
    scratch: Path,
    jobs: int,
    limits: Sequence[int] | None = None,
) -> list[Extent]:
    """Returns the decompressed bytes of each `(name, data)`, held in nameless files in `scratch`.

    The compression is told by the ending of `name`: .xz, .lzma, .gz, .bz2, .zst, or none of these
    for data that is not compressed (returned as it is).

    Args:
        members: What is compressed.
        scratch: A directory.
        jobs: Threads that decompress.
        limits: For each, the bytes that it may decompress to; `SIZE_LIMIT` by default.

    Raises:
        RelocatableError: if data is corrupt, truncated or beyond a limit; it names the file.
    """
    outputs: list[int | None] = []
    tasks: list[_Task] = []
    try:
        for number, (name, data) in enumerate(members):
            if _ending(name) not in _DECODERS:
                outputs.append(None)
                continue
            with tempfile.TemporaryFile(dir=scratch) as file:
                output = os.dup(file.fileno())
            outputs.append(output)
            tasks += _tasks(name, data, output, limits[number] if limits else SIZE_LIMIT)
        # The longest first, so that no core idles while the last one works.
        tasks.sort(key=lambda task: -task.data.size)
        with ThreadPoolExecutor(jobs) as pool:
            for _ in pool.map(_run, tasks):
                pass
    except BaseException:
        for output in filter(None, outputs):
            os.close(output)
        raise
    extents = []
    for (_, data), descriptor in zip(members, outputs, strict=True):
        if descriptor is None:
            extents.append(data)
        else:
            store = Store(data.store.path, descriptor)
            extents.append(Extent(store, 0, store.size))
    return extents


class _TooLargeError(RelocatableError):
    """What comes out is more than may."""

    def __init__(self, data: Extent, limit: int) -> None:
        super().__init__(
            f"{data.store.path}: {data.size} compressed bytes in it decompress to more than "
            f"{limit}, which is taken for an attack"
        )


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


def _tasks(name: str, data: Extent, output: int, limit: int) -> Iterator[_Task]:
    decoder = _DECODERS[_ending(name)]
    blocks = list(_xz_blocks(data)) if _ending(name) == "xz" else []
    if not blocks:
        yield _Task(b"", data, decoder, output, 0, None, limit)
        return
    head = data.store.read(data.offset, _XZ_HEADER_BYTES)
    offset = 0
    for block, size in blocks:
        yield _Task(head, block, decoder, output, offset, size)
        offset += size
    if offset > limit:
        raise _TooLargeError(data, limit)


class Growing:
    """Decompressed bytes that are there as far as somebody has asked for them.

    For who wants what is at the beginning: what follows is neither decoded nor held against its
    checksum.
    """

    def __init__(self, name: str, data: Extent, scratch: Path, limit: int = SIZE_LIMIT) -> None:
        """Takes what `decompress` takes; the bytes go to a nameless file in `scratch`."""
        self.name = str(data.store.path)
        self._data = data
        self._size = 0
        self._parts: Iterator[bytes] | None = None
        if _ending(name) in _DECODERS:
            task = _Task(b"", data, _DECODERS[_ending(name)], -1, 0, None, limit)
            self._parts = _decoded(task)
            with tempfile.TemporaryFile(dir=scratch) as file:
                self._store = Store(data.store.path, os.dup(file.fileno()))

    def at(self, offset: int, size: int) -> bytes:
        """Returns up to `size` bytes from `offset`: less only where they end."""
        if self._parts is None:
            count = max(0, min(size, self._data.size - offset))
            return self._data.store.read(self._data.offset + offset, count)
        while self._size < offset + size and (part := next(self._parts, None)) is not None:
            os.pwrite(self._store.descriptor, part, self._size)
            self._size += len(part)
        return self._store.read(offset, max(0, min(size, self._size - offset)))


def _run(task: _Task) -> None:
    written = task.offset
    for part in _decoded(task):
        os.pwrite(task.output, part, written)
        written += len(part)


def _decoded(task: _Task) -> Iterator[bytes]:
    decoder = task.decoder()
    written = 0
    try:
        for feed in _feeds(task):
            part = decoder.decompress(feed, PIECE)
            while True:
                written += len(part)
                if task.size is None and written > task.limit:
                    raise _TooLargeError(task.data, task.limit)
                if task.size is not None and written > task.size:
                    raise RelocatableError(f"{task.data.store.path} holds more than it declares")
                yield part
                if decoder.eof or (decoder.needs_input and len(part) < PIECE):
                    break
                part = decoder.decompress(b"", PIECE)
            if decoder.eof:
                break
    except (
        lzma.LZMAError,
        OSError,
        EOFError,
        zlib.error,
        zstandard.ZstdError,
        ValueError,
    ) as error:
        raise RelocatableError(f"{task.data.store.path} is corrupt: {error}") from error
    # A lone block has no end mark of its own; its size, which the index told, stands for it.
    if not decoder.eof if task.size is None else written != task.size:
        raise RelocatableError(
            f"{task.data.store.path} is truncated: decompression ended after {written} bytes"
        )


def _feeds(task: _Task) -> Iterator[bytes]:
    head = task.head
    for start in range(0, task.data.size, PIECE):
        size = min(PIECE, task.data.size - start)
        yield head + task.data.store.read(task.data.offset + start, size)
        head = b""


def _xz_blocks(data: Extent) -> list[tuple[Extent, int]]:
    """Returns the blocks of a file of one stream, each with its size when decoded.

    A file that is not exactly that (several streams, padding, damage) gives none: then it is
    decoded from end to end, and the decoder says what is wrong with it.
    """
    if data.size < _XZ_HEADER_BYTES + _XZ_FOOTER_BYTES:
        return []
    footer = data.store.read(data.offset + data.size - _XZ_FOOTER_BYTES, _XZ_FOOTER_BYTES)
    index_size = (int.from_bytes(footer[4:8], "little") + 1) * 4
    index_start = data.size - _XZ_FOOTER_BYTES - index_size
    if footer[10:] != b"YZ" or index_start < _XZ_HEADER_BYTES:
        return []
    index = data.store.read(data.offset + index_start, index_size)
    if zlib.crc32(index[:-4]) != int.from_bytes(index[-4:], "little"):
        return []
    numbers = _xz_numbers(index[1:-4])
    try:
        records = [(next(numbers), next(numbers)) for _ in range(min(next(numbers), index_size))]
    except StopIteration:
        return []
    blocks = []
    offset = _XZ_HEADER_BYTES
    for unpadded, size in records:
        padded = (unpadded + 3) // 4 * 4
        blocks.append((Extent(data.store, data.offset + offset, padded), size))
        offset += padded
    return blocks if offset == index_start else []


def _xz_numbers(data: bytes) -> Iterator[int]:
    """The variable-length integers of an index: seven bits a byte, low ones first."""
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield number
            number = shift = 0


class _Zlib:
    """zlib's decompressor with the interface of bz2's and lzma's."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._rest

    def decompress(self, data: bytes, size: int) -> bytes:
        part = self._decoder.decompress(self._rest + data, size)
        self._rest = self._decoder.unconsumed_tail
        return part


class _Zstandard:
    """zstandard's decompressor with the interface of bz2's and lzma's.

    It can't be told how much to give, so it is fed a little at a time: 1 KiB holds at most 256
    blocks of 128 KiB.
    """

    _PIECE = 1 << 10

    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor(max_window_size=MEMORY_LIMIT).decompressobj()
        self._rest = memoryview(b"")

    @property
    def eof(self) -> bool:
        return bool(self._decoder.eof)

    @property
    def needs_input(self) -> bool:
        return not self._rest

    def decompress(self, data: bytes, _: int) -> bytes:
        rest = memoryview(data) if data else self._rest
        self._rest = rest[self._PIECE :]
        return self._decoder.decompress(rest[: self._PIECE])


_DECODERS: dict[str, Callable[[], Any]] = {
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_LIMIT),
    "lzma": lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MEMORY_LIMIT),
    "gz": _Zlib,
    "bz2": bz2.BZ2Decompressor,
    "zst": _Zstandard,
}
