"""What each format is given, and the way of a tree's contents into a compressor."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Protocol, Self, TypeAlias

from relocatable import content as contents
from relocatable.content import Content
from relocatable.tree import Tree


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the bytes beside the tree.

    Attributes:
        top: the name of the one directory that unpacking makes.
        level: how hard to compress, on the format's own scale.
        machine: `e_machine` of the ELF files inside, which some compressors know instructions of.
        workers: threads, at least one; their number changes nothing but the time.
    """

    top: str
    level: int
    machine: int = 0
    workers: int = 1


Format: TypeAlias = Callable[[Tree, IO[bytes], Options], None]


class Compressor(Protocol):
    """What takes plain bytes, such as a file of `gzip` or a member of a `ZipFile`."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Takes `data`; returns a number that nobody asks for."""


class Stream(Compressor, Protocol):
    """A compressor that is done at the end of a `with` block."""

    def __enter__(self) -> Self:
        """Returns itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> object:
        """Writes what is left."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A `tree_tar.Sink` that feeds a compressor, in chunks."""

    compressor: Compressor

    def write(self, content: Content) -> None:
        """Feeds all of `content`."""
        for piece in contents.pieces(content):
            self.compressor.write(piece)

    def flush(self) -> None:
        """Nothing is held back here."""
