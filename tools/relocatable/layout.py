"""Where things are in a dist."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from relocatable.errors import RelocatableError
from relocatable.tree import Node, Tree, check_path

NAME = "{name}"
"""In a path for programs: the name of each."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the parts of a dist go; paths are relative to its root.

    Attributes:
        libraries: The directory for shared libraries that are taken from the pool, and the loader.
        programs: Where programs go whose place a launcher takes: a directory, or a path in which
            `NAME` stands for the program's name, such as `bin/{name}-bin`.
        runtime: The directory for the Python inside; `.` is the root.
    """

    libraries: str = "lib"
    programs: str = "libexec"
    runtime: str = "."

    def program(self, path: str) -> str:
        """Where the program that was at `path` goes."""
        name = posixpath.basename(path)
        if NAME in self.programs:
            return self.programs.replace(NAME, name)
        return posixpath.join(self.programs, name)

    def in_runtime(self, path: str) -> str:
        """Where `path` of the Python inside is in the dist."""
        return posixpath.normpath(posixpath.join(self.runtime, path))


DEFAULT = Layout()


def parse(parts: Mapping[str, str]) -> Layout:
    """Reads a layout from the names of its attributes and their values.

    Raises:
        RelocatableError: if a name is none of them, or a value is no path in a dist.
    """
    known = [each.name for each in fields(Layout)]
    for name, path in parts.items():
        if name not in known:
            raise RelocatableError(f"layout: wanted some of {', '.join(known)}, found {name!r}")
        if (name, path) != ("runtime", "."):
            try:
                check_path(path)
            except RelocatableError as error:
                raise RelocatableError(f"layout: {name}: {error}") from error
    return Layout(**parts)


def in_tree(place: Layout, tree: Tree) -> Layout:
    """Returns the layout with real paths, where a layer has a link (lib -> usr/lib)."""
    try:
        return replace(place, libraries=tree.follow(place.libraries))
    except RelocatableError:
        return place  # Nothing is there yet.


def moved(tree: Tree, directory: str) -> Tree:
    """Returns `tree` as it is below `directory`; links in it are relative, and stay true."""
    if directory == ".":
        return tree
    below = Tree()
    node: Node
    for path, node in tree:
        below.add(f"{directory}/{path}", node)
    return below
