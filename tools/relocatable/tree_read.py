"""Reads a tree from what people have: a directory, a tar file of any kind, or a .zip.

Trees that rules make are read by `relocatable.tree_tar`, which refuses what is not in normal form.
Here everything that has bytes is taken as it is found. Owners and times are not looked at; devices,
sockets and pipes are left out; a link to an absolute path leads to where it would if the tree were
the root directory.
"""

import mmap
import os
import stat
import tarfile
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from relocatable import tree_unzip
from relocatable.content import Extent, Store
from relocatable.decompress import decompress
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Node, Tree, check_path, link_target

_OPEN: Final = 64
"""Files of a directory that are held open at a time: a tree has more than a process may open."""
_PATH_LIMIT: Final = 4096
"""Characters of a path, as in Linux's PATH_MAX: each directory above it is kept, too."""
_ENDINGS: Final = {"tgz": "gz", "tbz2": "bz2", "txz": "xz", "tzst": "zst"}


def read(path: Path) -> Tree:
    """Reads the tree at `path`. Contents stay where they are, unless they are compressed.

    Raises:
        RelocatableError: if it is none of these, or is damaged.
        OSError: if it can't be read.
    """
    tree = Tree()
    if path.is_dir():
        found = _walk(path)
    else:
        found = tree_unzip.members(path) if path.suffix == ".zip" else _members(path)
    for name, node in found:
        try:
            _check(name)
            if not (isinstance(node, Directory) and isinstance(tree.nodes.get(name), Directory)):
                # Of two entries, tar keeps the later one.
                tree.add(name, _relative(name, node), replaces=True)
        except RelocatableError as error:
            raise RelocatableError(f"{path}: {error}") from error
    return tree


def _walk(root: Path) -> Iterator[tuple[str, Node]]:
    """What is in a directory."""
    work = [""]
    while work:
        prefix = work.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                name = prefix + entry.name
                record = Record(Origin(str(root), name))
                if entry.is_symlink():
                    yield name, Link(str(Path(entry).readlink()), record)
                elif entry.is_dir():
                    yield name, Directory()
                    work.append(f"{name}/")
                elif entry.is_file():
                    state = entry.stat()
                    content = Extent(_LazyStore(Path(entry), state.st_size), 0, state.st_size)
                    yield name, File(content, record, bool(state.st_mode & stat.S_IXUSR))


def _members(path: Path) -> Iterator[tuple[str, Node]]:
    """What is in a tar file."""
    ending = path.name.rpartition(".")[2]
    name = f"tar.{_ENDINGS.get(ending, ending)}"
    scratch = Path(tempfile.gettempdir())
    (data,) = decompress([(name, Extent.of_file(path))], scratch, os.cpu_count() or 1)
    files: dict[str, File] = {}
    try:
        with (
            os.fdopen(os.dup(data.store.descriptor), "rb") as opened,
            tarfile.open(fileobj=opened, mode="r:") as tar,
        ):
            for member in tar:
                name = _name(member.name)
                record = Record(Origin(str(path), name))
                if member.isdir() and name:
                    yield name, Directory()
                elif member.issym():
                    yield name, Link(member.linkname, record)
                elif member.islnk():
                    files[name] = _linked(files, path, name, _name(member.linkname))
                    yield name, files[name]
                elif member.isreg():
                    files[name] = File(
                        _content(data.store, path, member), record, bool(member.mode & stat.S_IXUSR)
                    )
                    yield name, files[name]
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise RelocatableError(
            f"{path} is neither a directory nor a tar file that can be read: {error}"
        ) from error


def _check(path: str) -> None:
    check_path(path)
    if len(path) > _PATH_LIMIT:
        raise RelocatableError(f"path {path[:80]!r}… has more than {_PATH_LIMIT} characters")


def _relative(path: str, node: Node) -> Node:
    """The node, its target counted from where it is if it is a link that has an absolute one."""
    if isinstance(node, Link) and node.target.startswith("/"):
        return replace(node, target=link_target(path, node.target.strip("/")))
    return node


def _name(name: str) -> str:
    """The path that a member's name means, empty for the root."""
    plain = name.removeprefix("./").strip("/")
    return "" if plain == "." else plain


def _linked(files: dict[str, File], path: Path, name: str, target: str) -> File:
    if target not in files:
        raise RelocatableError(f"{path}: {name} is a link to {target}, which is not before it")
    return files[target]


def _content(store: Store, path: Path, member: tarfile.TarInfo) -> Extent:
    if member.issparse():
        raise RelocatableError(f"{path}: {member.name} has holes; pack it without --sparse")
    if member.offset_data + member.size > store.size:
        raise RelocatableError(f"{path} is truncated in {member.name}")
    return Extent(store, member.offset_data, member.size)


class _LazyStore(Store):
    """A file of a directory, opened when its bytes are asked for."""

    _descriptors: ClassVar[OrderedDict["_LazyStore", int]] = OrderedDict()

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size

    def __del__(self) -> None:
        """Leaves the file to `descriptor`, which holds all that are open."""

    @property
    def descriptor(self) -> int:  # type: ignore[override]
        """The open file, valid until `_OPEN` others have been asked for."""
        descriptors = self._descriptors
        descriptor = descriptors.pop(self, None)
        if descriptor is None:
            if len(descriptors) >= _OPEN:
                os.close(descriptors.popitem(last=False)[1])
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        descriptors[self] = descriptor
        return descriptor

    @property
    def view(self) -> memoryview:
        """The whole file; the mapping lasts as long as the view, because it holds a descriptor."""
        if self.size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(self.descriptor, self.size, access=mmap.ACCESS_READ))
