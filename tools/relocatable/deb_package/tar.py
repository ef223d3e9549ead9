"""The tar files in a package: GNU's format, as dpkg reads no pax headers.

Source: deb(5), "FORMAT"; GNU tar manual, "Basic Tar Format".
"""

import tarfile

from relocatable import content as contents
from relocatable.tree import Directory, File, Link, Tree
from relocatable.tree_tar import BLOCK, MTIME, Sink


def write_to(tree: Tree, out: Sink) -> None:
    """Writes a tree below `./`, as dpkg-deb does: owner root, and one time for all."""
    out.write(_header(Directory(), "."))
    for path, node in tree:
        out.write(_header(node, f"./{path}"))
        if isinstance(node, File):
            out.write(node.content)
            out.write(bytes(-contents.size(node.content) % BLOCK))
    out.write(bytes(2 * BLOCK))
    out.flush()


def _header(node: File | Link | Directory, name: str) -> bytes:
    info = tarfile.TarInfo(name)
    info.mtime, info.uname, info.gname = MTIME, "root", "root"
    match node:
        case File():
            info.mode = 0o755 if node.executable else 0o644
            info.size = contents.size(node.content)
        case Link():
            info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, node.target
        case Directory():
            info.type, info.mode = tarfile.DIRTYPE, 0o755
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
