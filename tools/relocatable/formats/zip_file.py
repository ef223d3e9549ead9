"""`.zip`: with modes and links as Info-ZIP keeps them, in the upper half of the attributes.

Source: APPNOTE.TXT, sections 4.4.15 (external file attributes) and 4.5.3 (Zip64).
"""

import stat
import zipfile
from typing import IO, Final

from relocatable import content as contents
from relocatable.errors import RelocatableError
from relocatable.formats.format import Feed, Options
from relocatable.tree import Directory, File, Link, Tree

_UNIX: Final = 3
_MSDOS_DIRECTORY: Final = 0x10
_DIRECTORY: Final = (stat.S_IFDIR | 0o755) << 16 | _MSDOS_DIRECTORY
_LINK: Final = (stat.S_IFLNK | 0o777) << 16
_ZIP64: Final = 2 << 30
"""From this size on, leave room for a larger one: deflate can make a file grow a little."""


def write(tree: Tree, file: IO[bytes], options: Options) -> None:
    """Writes the tree; all times are the earliest that the format has, 1980 began.

    Raises:
        RelocatableError: if a name is not UTF-8, the one encoding that unpackers agree on.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=options.level) as archive:
        _small(archive, f"{options.top}/", b"", _DIRECTORY)
        for path, node in tree:
            name = _checked(f"{options.top}/{path}")
            match node:
                case Directory():
                    _small(archive, f"{name}/", b"", _DIRECTORY)
                case Link():
                    _small(archive, name, _checked(node.target).encode(), _LINK)
                case File():
                    _file(archive, name, node)


def _small(archive: zipfile.ZipFile, name: str, data: bytes, attributes: int) -> None:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = _UNIX, attributes
    archive.writestr(info, data, zipfile.ZIP_STORED)


def _file(archive: zipfile.ZipFile, name: str, node: File) -> None:
    large = contents.size(node.content) >= _ZIP64 - (_ZIP64 >> 6)
    # By name, as an entry of our own would not get the archive's level. Attributes stand only in
    # the directory at the end, so it is early enough to say them afterwards.
    with archive.open(name, "w", force_zip64=large) as member:
        Feed(member).write(node.content)
    info = archive.getinfo(name)
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | (0o755 if node.executable else 0o644)) << 16


def _checked(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RelocatableError(
            f"{text!r}: a name in UTF-8 is wanted for .zip; rename it, or make a .tar"
        ) from error
    return text
