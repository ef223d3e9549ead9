"""A tree: the paths that a stage takes or gives, with what is at each and where it came from.

On disk a tree is one tar file in normal form (`relocatable.tree_tar`) and one provenance file.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from relocatable import content as contents
from relocatable.content import Content
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Record

MAX_LINKS = 40
"""Links followed before a path counts as a loop, as in Linux's MAXSYMLINKS."""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file; its mode is 0755 if `executable`, else 0644."""

    content: Content
    record: Record
    executable: bool = False

    def edited(self, content: Content, *edits: Edit) -> "File":
        """This file with other bytes, and why they are other."""
        record = replace(self.record, edits=self.record.edits + edits)
        return replace(self, content=content, record=record)


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link; `target` is relative to the link's directory and stays in the tree."""

    target: str
    record: Record


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory, kept even when empty."""


Node: TypeAlias = File | Link | Directory


@dataclass(slots=True)
class Tree:
    """Nodes by path. Paths are relative, `/`-separated, without `.` or `..`."""

    nodes: dict[str, Node] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, Node]]:
        """Paths and nodes in the order of the path's bytes, each directory before its contents."""
        return iter(sorted(self.nodes.items(), key=lambda item: sort_key(item[0])))

    def files(self) -> Iterator[tuple[str, File]]:
        """The regular files, in order."""
        for path, node in self:
            if isinstance(node, File):
                yield path, node

    def add(self, path: str, node: Node, *, replaces: bool = False) -> None:
        """Puts `node` at `path` and makes the directories above it.

        The same node twice is fine (packages share directories and licence files).

        Raises:
            RelocatableError: if something else is at `path` or a parent is not a directory, and
                `replaces` is not set; or if the path is not a normal one.
        """
        check_path(path)
        parent = posixpath.dirname(path)
        while parent and not isinstance(above := self.nodes.get(parent), Directory):
            if above is not None:
                raise RelocatableError(
                    f"{path} can't be added: {parent} is {_describe(above)}, not a directory"
                )
            self.nodes[parent] = Directory()
            parent = posixpath.dirname(parent)
        there = self.nodes.get(path)
        if there is None or (replaces and not isinstance(there, Directory)):
            self.nodes[path] = node
        elif not same(there, node):
            raise RelocatableError(
                f"two layers disagree on {path}: it is {_describe(there)} and {_describe(node)}; "
                "exclude one of them"
            )

    def merge(self, other: "Tree", *, replaces: bool = False) -> None:
        """Adds every node of `other`; errors as for `add`, all of them together."""
        for path, node in other:
            self.add(path, node, replaces=replaces)

    def follow(self, path: str) -> str:
        """Returns where `path` really is: no directory above it and not itself a link.

        Raises:
            RelocatableError: if a link in it dangles, leaves the tree or runs in a circle.
        """
        names = path.split("/")
        done: list[str] = []
        links = 0
        while names:
            name = names.pop(0)
            if name in {"", "."}:
                continue
            if name == "..":
                if not done:
                    raise RelocatableError(f"{path} leaves the tree")
                done.pop()
                continue
            here = "/".join([*done, name])
            node = self.nodes.get(here)
            if node is None:
                raise RelocatableError(f"{path} leads to {here}, which does not exist")
            if isinstance(node, Link):
                links += 1
                if links > MAX_LINKS:
                    raise RelocatableError(f"{path} runs in a circle of links")
                names = node.target.split("/") + names
            else:
                done.append(name)
        return "/".join(done)

    def file(self, path: str) -> File:
        """Returns the regular file that `path` leads to.

        Raises:
            RelocatableError: if there is none; it names what the path does lead to.
        """
        node = self.nodes[self.follow(path)]
        if not isinstance(node, File):
            raise RelocatableError(f"{path} is a directory; a file is wanted")
        return node


def sort_key(path: str) -> bytes:
    """Sorts paths by their bytes; a directory comes before what is in it."""
    return path.encode("utf-8", "surrogateescape")


def check_path(path: str) -> None:
    """Raises RelocatableError unless `path` is relative, normal and inside its root."""
    names = path.split("/")
    if "" in names or "." in names or ".." in names or "\0" in path:
        raise RelocatableError(
            f"path {path!r} is not allowed in a tree: a relative path without '.', '..' or empty "
            "names is wanted"
        )


def link_target(link: str, destination: str) -> str:
    """Returns the relative target of a link at path `link` that leads to path `destination`."""
    return posixpath.relpath("/" + destination, posixpath.dirname("/" + link))


def link_destination(link: str, target: str) -> str:
    """Returns the path that a link at path `link` with text `target` names, links not followed.

    An absolute target counts from the tree's root.

    Raises:
        RelocatableError: if it leaves the tree.
    """
    if target.startswith("/"):
        joined = posixpath.normpath(target.lstrip("/") or ".")
    else:
        joined = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    if joined == ".." or joined.startswith("../"):
        raise RelocatableError(
            f"link {link} -> {target} leaves the tree; exclude it, or remap what it points to"
        )
    return joined


def same(left: Node, right: Node) -> bool:
    """Tells whether both are of one kind, with one content; where they are from is no matter."""
    match left, right:
        case File(), File():
            return left.executable == right.executable and contents.equal(
                left.content, right.content
            )
        case Link(), Link():
            return left.target == right.target
        case _:
            return isinstance(left, Directory) and isinstance(right, Directory)


def _describe(node: Node) -> str:
    match node:
        case File():
            return f"a file of {contents.size(node.content)} bytes ({node.record.origin})"
        case Link():
            return f"a link to {node.target} ({node.record.origin})"
        case Directory():
            return "a directory"
