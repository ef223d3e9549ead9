"""The files that a dist can be handed out as, each of them one module.

A format is a function that writes a tree below one directory. Its bytes follow from its arguments
alone: no clock, no file names, and as many workers as there are. Contents pass through memory in
chunks, so the largest file costs no more of it than the smallest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from relocatable.formats import tar_gz, tar_xz, tar_zst, zip_file
from relocatable.formats.format import Format, Options
from relocatable.output import whole
from relocatable.tree import Tree

__all__ = ["FORMATS", "Format", "Options", "write"]

FORMATS: Final[Mapping[str, Format]] = {
    "tar.gz": tar_gz.write,
    "tar.xz": tar_xz.write,
    "tar.zst": tar_zst.write,
    "zip": zip_file.write,
}
"""By the end of their file names, which is also what the attribute `formats` calls them."""


def write(tree: Tree, path: Path, form: str, options: Options) -> None:
    """Writes `tree` to `path`, which is there only when whole, in the format named `form`."""
    with whole(path) as file:
        FORMATS[form](tree, file, options)
