"""The file: an ar archive of two compressed tar files, written in one pass.

Source: deb(5); ar(5), the common format.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Final

from relocatable.ar import HEADER_BYTES, MAGIC
from relocatable.deb_package import tar
from relocatable.errors import RelocatableError
from relocatable.formats import tar_xz, tar_zst
from relocatable.formats.format import Feed, Options, Stream
from relocatable.output import whole
from relocatable.tree import Tree
from relocatable.tree_tar import MTIME

COMPRESSIONS: Final[dict[str, Callable[[IO[bytes], Options], Stream]]] = {
    "xz": tar_xz.stream,
    "zst": tar_zst.stream,
}
"""Of the data, by the end of its name."""

_FORMAT: Final = b"2.0\n"
_CONTROL_LEVEL: Final = 6
"""Of the control archive: it is small, and at more xz would hold memory for nothing."""
_LARGEST: Final = 10**10
"""A member's size has ten digits."""


def write(path: Path, control: Tree, data: Tree, compression: str, options: Options) -> None:
    """Writes a package to `path`, which is there only when whole.

    Args:
        path: of the file.
        control: the files of its control archive.
        data: what it installs, from the root on.
        compression: of `COMPRESSIONS`.
        options: how hard to compress, and what with; `top` is for other formats.

    Raises:
        RelocatableError: if it gets larger than the format can hold.
    """
    with whole(path) as file:
        file.write(MAGIC)
        with _member(file, "debian-binary"):
            file.write(_FORMAT)
        # xz for the control archive whatever the data has: each dpkg reads that.
        with (
            _member(file, "control.tar.xz"),
            tar_xz.stream(file, Options("", _CONTROL_LEVEL)) as stream,
        ):
            tar.write_to(control, Feed(stream))
        name = f"data.tar.{compression}"
        with _member(file, name), COMPRESSIONS[compression](file, options) as stream:
            tar.write_to(data, Feed(stream))


@contextlib.contextmanager
def _member(file: IO[bytes], name: str) -> Iterator[None]:
    """Leaves room for a header, and fills it in when the size of what follows is known."""
    start = file.tell()
    file.write(bytes(HEADER_BYTES))
    yield
    size = file.tell() - start - HEADER_BYTES
    if size >= _LARGEST:
        raise RelocatableError(
            f"deb: {name} has {size} bytes, and can have {_LARGEST - 1}; make it several packages"
        )
    file.write(b"\n" * (size % 2))
    file.seek(start)
    file.write(b"%-16b%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), MTIME, 0, 0, 0o100644, size))
    file.seek(0, os.SEEK_END)
