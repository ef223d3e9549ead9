"""`.tar.xz`: the smallest to download.

x86's filter (xz(1), `--x86`) makes jumps to one place look alike, wherever they are from. There is
one for arm64 too, but xz reads it only from 5.4 on, and Python's `lzma` doesn't know it.
"""

import lzma
from collections.abc import Mapping
from typing import IO, Final

from relocatable import tree_tar
from relocatable.formats.format import Feed, Options
from relocatable.tree import Tree

_BRANCHES: Final[Mapping[int, int]] = {62: lzma.FILTER_X86}
"""The filter for a machine's instructions, by `e_machine` (EM_X86_64)."""

_SMALLEST: Final = 9
"""The level that also looks longest (`xz -9e`)."""


def write(tree: Tree, file: IO[bytes], options: Options) -> None:
    """Writes the tree as one stream, which is smaller than several that threads could make."""
    with stream(file, options) as compressor:
        tree_tar.write_to(tree, Feed(compressor), options.top)


def stream(file: IO[bytes], options: Options) -> lzma.LZMAFile:
    """Returns what compresses into `file`, and leaves it open."""
    preset = options.level | (lzma.PRESET_EXTREME if options.level == _SMALLEST else 0)
    branches = [{"id": _BRANCHES[options.machine]}] if options.machine in _BRANCHES else []
    filters = [*branches, {"id": lzma.FILTER_LZMA2, "preset": preset}]
    return lzma.LZMAFile(file, "w", format=lzma.FORMAT_XZ, filters=filters)
