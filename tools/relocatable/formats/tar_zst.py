"""`.tar.zst`: the fastest to make and to unpack."""

from typing import IO, Final

import zstandard

from relocatable import tree_tar
from relocatable.formats.format import Feed, Options
from relocatable.tree import Tree

WINDOW_LOG: Final = 27
"""128 MiB: the farthest that any `zstd -d` looks back without being told to."""
LONG_FROM: Final = 9
"""At lower levels, to look that far costs half as much time again, for one byte in a hundred."""


def write(tree: Tree, file: IO[bytes], options: Options) -> None:
    """Writes the tree; zstd gives the same bytes for any number of workers but none."""
    with stream(file, options) as compressor:
        tree_tar.write_to(tree, Feed(compressor), options.top)


def stream(file: IO[bytes], options: Options) -> zstandard.ZstdCompressionWriter:
    """Returns what compresses into `file`, and leaves it open."""
    far = {"window_log": WINDOW_LOG, "enable_ldm": True} if options.level >= LONG_FROM else {}
    parameters = zstandard.ZstdCompressionParameters.from_level(
        options.level,
        **far,
        threads=options.workers,
        write_checksum=True,
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    return compressor.stream_writer(file, closefd=False)
