"""Where the files to edit are: alone, in a directory, or in a tree."""

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Protocol, TypeAlias

from relocatable import content, provenance, tree_tar
from relocatable.content import Content, Extent
from relocatable.errors import RelocatableError
from relocatable.output import destination
from relocatable.rewrite.staged import Staged, Write
from relocatable.tree import File, Link, Tree

IsWanted: TypeAlias = Callable[[bytes], bool]
"""Whether a file that starts with these 8 bytes, or is shorter, is one to edit."""

_HEAD: Final = 8


class Change(Protocol):
    """What is to happen to a file; false if it stays as it is."""

    def __bool__(self) -> bool:
        """Whether the file changes."""

    @property
    def log(self) -> Sequence[provenance.Edit]:
        """What changes, for the file's provenance."""

    def apply(self, old: Extent) -> Content:
        """The file afterwards."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to edit in a place.

    Attributes:
        path: where in the place it is.
        name: how the user is told of it.
        content: its bytes.
    """

    path: str
    name: str
    content: Extent


class Place(Protocol):
    """What a FILE of the command line means."""

    @property
    def is_file(self) -> bool:
        """Whether it is one file, and not whatever files are in it."""

    def found(self) -> Iterator[Found]:
        """The files, in order."""

    def stage(self, changes: Mapping[str, Change], staged: Staged, output: Path | None) -> None:
        """Prepares new bytes where something changes, by `Found.path`; for `output`, in any case.

        Raises:
            RelocatableError: if the user may not write there.
        """


def place_of(path: Path, is_wanted: IsWanted) -> Place:
    """What `path` means.

    Args:
        path: a file, which is taken whatever it is, or where files are.
        is_wanted: which of those to take.

    Raises:
        RelocatableError: if it is neither a file nor a directory, or an unusual tar.
        OSError: if it can't be read.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return _Directory(path, is_wanted)
    if not stat.S_ISREG(mode):
        raise RelocatableError(f"{path} is a device or the like; a file or directory is wanted")
    if path.suffix == ".tar":
        return _TreeTar.open(path, is_wanted)
    return _OneFile(path)


@dataclass(frozen=True, slots=True)
class _OneFile:
    path: Path
    is_file: ClassVar[bool] = True

    def found(self) -> Iterator[Found]:
        yield Found("", str(self.path), Extent.of_file(self.path))

    def stage(self, changes: Mapping[str, Change], staged: Staged, output: Path | None) -> None:
        for change in changes.values():
            new = change.apply(Extent.of_file(self.path))
            if output is not None:
                staged.create(output, _writes(new), self.path)
            elif change:
                staged.replace(self.path, _writes(new))


@dataclass(frozen=True, slots=True)
class _Directory:
    path: Path
    is_wanted: IsWanted
    is_file: ClassVar[bool] = False

    def found(self) -> Iterator[Found]:
        for directory, names, files in os.walk(self.path, onerror=_fail):
            names.sort()
            for path in (Path(directory, name) for name in sorted(files)):
                if stat.S_ISREG(path.lstat().st_mode):
                    found = Found(str(path), str(path), Extent.of_file(path))
                    if self.is_wanted(_head(found.content)):
                        yield found

    def stage(self, changes: Mapping[str, Change], staged: Staged, output: Path | None) -> None:
        if output is not None:
            raise RelocatableError(f"--output takes a file, but {self.path} is a directory")
        for path, change in changes.items():
            if change:
                new = change.apply(Extent.of_file(Path(path)))
                staged.replace(Path(path), _writes(new))


@dataclass(frozen=True, slots=True)
class _TreeTar:
    """A tree's tar; the provenance that a rule has written beside it is kept up to date."""

    path: Path
    is_wanted: IsWanted
    tree: Tree
    has_provenance: bool
    is_file: ClassVar[bool] = False

    @classmethod
    def open(cls, path: Path, is_wanted: IsWanted) -> "_TreeTar":
        lines = _provenance_of(path)
        if lines.exists():
            return cls(path, is_wanted, tree_tar.read(path, lines), has_provenance=True)
        return cls(path, is_wanted, tree_tar.read_paths(path), has_provenance=False)

    def found(self) -> Iterator[Found]:
        for path, file in self.tree.files():
            if isinstance(file.content, Extent) and self.is_wanted(_head(file.content)):
                yield Found(path, f"{self.path}:{path}", file.content)

    def stage(self, changes: Mapping[str, Change], staged: Staged, output: Path | None) -> None:
        if output is None and not any(changes.values()):
            return
        new = Tree(dict(self.tree.nodes))
        for path, change in changes.items():
            file = self.tree.file(path)
            if change and isinstance(file.content, Extent):
                new.nodes[path] = file.edited(change.apply(file.content), *change.log)
        out = output or self.path
        staged.create(out, lambda writer: tree_tar.write_to(new, writer), self.path)
        if self.has_provenance and not destination(out).is_stream:
            records = ((path, n.record) for path, n in new if isinstance(n, File | Link))
            lines = provenance.write(records)
            old = _provenance_of(self.path)
            staged.create(_provenance_of(out), _writes(lines), old)


def _writes(new: Content) -> Write:
    return lambda writer: writer.write(new)


def _provenance_of(tar: Path) -> Path:
    return tar.with_suffix(".provenance.jsonl")


def _head(data: Extent) -> bytes:
    return content.read(Extent(data.store, data.offset, min(_HEAD, data.size)))


def _fail(error: OSError) -> None:
    raise error
