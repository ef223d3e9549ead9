"""One Python home that works from anywhere, out of a distribution's interpreter and library."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from importlib import resources

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import stdlib, sysconfig
from relocatable.tree import File, Link, Tree, link_destination, link_target

STARTUP = "_relocatable"
"""The module that `site` runs through a .pth file of this name, the hook meant for it."""

# Debian's `sysconfig` installs to /usr/local, to keep out of apt's way.
_DEBIAN_SCHEME = ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'")
# Debian's `site` (frozen into libpython: editing site.py would change nothing) looks here only.
_DEBIAN_PACKAGES = "dist-packages"


def bundle(
    version: str, library: Tree, runtime: Sequence[Tree], site_packages: Sequence[Tree], label: str
) -> Tree:
    """Returns a prefix: `lib/pythonX.Y`, `lib/libpythonX.Y.so*` and, if there, `bin/pythonX.Y`.

    Args:
        version: MAJOR.MINOR.
        library: The standard library as `stdlib.trim` gives it.
        runtime: Trees in which the shared libpython and, if wanted, the executable are found.
        site_packages: Trees whose roots go to `lib/pythonX.Y/site-packages`.
        label: Who asks, for the provenance of what is made here.

    Raises:
        RelocatableError: if a part is missing, is there twice, or is not of this version.
    """
    home = stdlib.directory(version)
    tree = Tree()
    tree.merge(library)
    programs = list(_programs(version, runtime))
    if not programs:
        raise RelocatableError(
            f"no runtime tree has libpython{version}.so or bin/python{version}; one is wanted"
        )
    for path, file in programs:
        tree.add(path, file)
    packages = f"{home}/site-packages"
    for layer in site_packages:
        for path, node in layer:
            tree.add(f"{packages}/{path}", node)
    _relocate_sysconfig(tree, home)
    _free_from_debian(tree, home, label)
    startup = resources.files("relocatable.python").joinpath("startup.py").read_bytes()
    for name, data in ((".py", startup), (".pth", f"import {STARTUP}\n".encode())):
        record = Record(Origin(label, STARTUP + name))
        tree.add(f"{packages}/{STARTUP}{name}", File(data, record))
    return tree


def _programs(version: str, runtime: Sequence[Tree]) -> Iterator[tuple[str, File | Link]]:
    """The shared library and the executable, each at its place in a prefix layout."""
    library = re.compile(rf"(?:.*/)?(libpython{re.escape(version)}\.so[.0-9]*)")
    program = re.compile(rf"(?:.*/)?bin/(python{re.escape(version)})")
    for tree in runtime:
        for path, node in tree:
            for pattern, place in ((library, "lib"), (program, "bin")):
                match = pattern.fullmatch(path)
                if match is None:
                    continue
                there = f"{place}/{match[1]}"
                if isinstance(node, File):
                    yield there, node
                elif isinstance(node, Link):
                    name = posixpath.basename(link_destination(path, node.target))
                    yield there, Link(link_target(there, f"{place}/{name}"), node.record)


def _relocate_sysconfig(tree: Tree, home: str) -> None:
    data = [
        (path, node)
        for path, node in tree.files()
        if posixpath.dirname(path) == home and posixpath.basename(path).startswith("_sysconfigdata")
    ]
    if not data:
        raise RelocatableError(f"{home} has no _sysconfigdata*.py: pydoc and pip want it")
    for path, file in data:
        new = sysconfig.relocate(content.read(file.content), path)
        tree.nodes[path] = file.edited(new, Edit("sysconfig", None, "prefix found when imported"))


def _free_from_debian(tree: Tree, home: str, label: str) -> None:
    """Lets the directories be found, and used, that Python's manual names."""
    if _DEBIAN_PACKAGES.encode() in content.read(tree.file(f"{home}/site.py").content):
        link = f"{home}/{_DEBIAN_PACKAGES}"
        tree.add(link, Link("site-packages", Record(Origin(label, _DEBIAN_PACKAGES))))
    path = f"{home}/sysconfig.py"
    old, new = _DEBIAN_SCHEME
    file = tree.nodes.get(path)
    if isinstance(file, File) and old.encode() in (text := content.read(file.content)):
        edited = text.replace(old.encode(), new.encode())
        tree.nodes[path] = file.edited(edited, Edit("text", old, new))
