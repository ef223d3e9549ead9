"""`.tar.zst`: the fastest to make and to unpack."""

from typing import IO, Final

import zstandard

from relocatable import tree_tar
from relocatable.formats.format import Feed, Options
from relocatable.tree import Tree

WINDOW_LOG: Final = 27
"""128 MiB: the farthest that any `zstd -d` looks back without being told to."""


def write(tree: Tree, file: IO[bytes], options: Options) -> None:
    """Writes the tree; zstd gives the same bytes for any number of workers but none."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        options.level,
        window_log=WINDOW_LOG,
        enable_ldm=True,
        threads=options.workers,
        write_checksum=True,
    )
    compressor = zstandard.ZstdCompressor(compression_params=parameters)
    with compressor.stream_writer(file, closefd=False) as stream:
        tree_tar.write_to(tree, Feed(stream), options.top)
