"""The parts of a Python other than its library, taken out of what a distribution installs."""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from relocatable import content
from relocatable.errors import RelocatableError, problems
from relocatable.provenance import Edit
from relocatable.python import pkg_config
from relocatable.tree import Directory, File, Link, Node, Tree, link_destination, link_target

INTERPRETER, LIBPYTHON = "interpreter", "libpython"
HEADERS, PKG_CONFIG = "headers", "pkg_config"


@dataclass(frozen=True, slots=True)
class _Component:
    """Which paths of a runtime are a component, and where in a prefix they go."""

    pattern: re.Pattern[str]
    place: str
    wanted: str
    edit: Callable[[bytes], bytes] | None = None


def _components(version: str) -> Mapping[str, tuple[_Component, ...]]:
    number = re.escape(version)
    headers = f"include/python{version}"

    def part(pattern: str, place: str, wanted: str) -> _Component:
        return _Component(re.compile(rf"(?:.*/)?{pattern}"), place, wanted)

    return {
        INTERPRETER: (part(rf"bin/(python{number})", "bin", f"bin/python{version}"),),
        LIBPYTHON: (
            part(rf"(libpython{number}\.so[.0-9]*)", "lib", f"libpython{version}.so.1.0"),
            part(rf"(libpython{number}\.dylib)", "lib", ""),
        ),
        HEADERS: (
            part(rf"include/python{number}/(.+)", headers, f"{headers}/Python.h"),
            # Debian keeps what differs between machines apart, and includes it from there.
            part(rf"include/[\w-]+-linux-\w+/python{number}/(.+)", headers, ""),
        ),
        PKG_CONFIG: (
            part(
                rf"pkgconfig/(python-{number}(?:-embed)?\.pc)",
                "lib/pkgconfig",
                f"pkgconfig/python-{version}.pc",
            ),
        ),
    }


NAMES = tuple(_components("3.11"))


def take(version: str, runtime: Sequence[Tree], names: Collection[str]) -> Tree:
    """Returns the components `names` in a prefix layout.

    Args:
        version: MAJOR.MINOR.
        runtime: Trees in which they are found, anywhere.
        names: Of `NAMES`, each of which has to be there; empty for the interpreter and the shared
            library, as far as they are there.

    Raises:
        RelocatableError: if one that is wanted is not there, or is there in several forms.
    """
    found: list[str] = []
    tree = Tree()
    for name in names or (INTERPRETER, LIBPYTHON):
        parts = _components(version)[name]
        before = len(tree.nodes)
        for number, part in enumerate(parts):
            for path, node in _taken(runtime, part):
                # What is for one machine comes later, and stands for the choice between machines.
                tree.add(path, _edited(path, node), replaces=number > 0)
        if len(tree.nodes) == before and names:
            found.append(f"{name}: no runtime tree has {parts[0].wanted}{_others(runtime)}")
    problems(found, f"wanted of Python {version}, and not there:")
    if not names and not tree.nodes:
        raise RelocatableError(
            f"no runtime tree has libpython{version}.so or bin/python{version}; one of them is "
            f"wanted{_others(runtime)}"
        )
    return tree


def _taken(runtime: Sequence[Tree], part: _Component) -> Iterator[tuple[str, Node]]:
    for tree in runtime:
        for path, node in tree:
            match = part.pattern.fullmatch(path)
            if match is None or isinstance(node, Directory):
                continue
            there = f"{part.place}/{match[1]}"
            if isinstance(node, Link):
                name = posixpath.basename(link_destination(path, node.target))
                beside = posixpath.join(posixpath.dirname(there), name)
                yield there, Link(link_target(there, beside), node.record)
            else:
                yield there, node


def _edited(path: str, node: Node) -> Node:
    if not path.endswith(".pc") or not isinstance(node, File):
        return node
    new = pkg_config.relocate(content.read(node.content), posixpath.dirname(path))
    return node.edited(new, Edit("pkg_config", None, "prefix from ${pcfiledir}"))


def _others(runtime: Sequence[Tree]) -> str:
    """Which Python is there instead, for a message; a framework's is never taken."""
    pattern = re.compile(
        r"(?:.*/)?(?:lib/|bin/)?((?:lib)?python3\.\d+(?:\.so[.\d]*|\.dylib)?"
        r"|Python\.framework/Versions/3\.\d+/Python)"
    )
    found = sorted(
        {match[1] for tree in runtime for path, _ in tree if (match := pattern.fullmatch(path))}
    )
    return f"; found {', '.join(found)}" if found else ""
