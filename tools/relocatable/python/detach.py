"""Frees a standard library from the place, and from the policy, of the distribution it is from.

Done before modules are compiled, since bytecode is not compared with a text that is edited later.
What is free already stays as it is.
"""

import posixpath
import re
from dataclasses import replace

from relocatable import content
from relocatable.provenance import Edit
from relocatable.python import sysconfig
from relocatable.python.library import Library
from relocatable.tree import File, Link, Tree

PACKAGES = "dist-packages"
"""Where Debian's `site` looks for packages (a frozen module: to edit site.py would not do)."""
SYSCONFIG_DATA = "_sysconfigdata"
"""How the module begins that has the variables of the build."""

# The same variables as JSON, since 3.14, for who builds for this Python from outside; nothing of
# the library reads it, and it can't be true of every place.
_FOR_BUILDERS = re.compile(r"(_sysconfig_vars[^/]*|build-details)\.json")
# Debian's `sysconfig` installs to /usr/local, to keep out of apt's way.
_SCHEME = (b"prefix_scheme = 'posix_local'", b"prefix_scheme = 'posix_prefix'")


def library(found: Library) -> Library:
    """Returns a library, freed.

    Raises:
        RelocatableError: if its `_sysconfigdata` is none, or that of another Python.
    """
    nodes = {
        path: _freed(path, node, found.version)
        for path, node in found.nodes.items()
        if not _FOR_BUILDERS.fullmatch(path)
    }
    return replace(found, nodes=nodes)


def tree(found: Tree, home: str, version: str) -> None:
    """Frees the library at directory `home` of a tree; errors as for `library`."""
    for path, node in list(found.files()):
        name = path.removeprefix(home + "/")
        if _FOR_BUILDERS.fullmatch(name):
            del found.nodes[path]
        elif name != path:
            found.nodes[path] = _freed(name, node, version, path)


def _freed(path: str, node: File | Link, version: str, shown: str = "") -> File | Link:
    if isinstance(node, Link) or not path.endswith(".py"):
        return node
    if "/" not in path and path.startswith(SYSCONFIG_DATA):
        text = content.read(node.content)
        new = sysconfig.relocate(text, shown or path, version)
        edit = Edit("sysconfig", None, "prefix found when imported")
        return node if new == text else node.edited(new, edit)
    if posixpath.splitext(path)[0] in {"sysconfig", "sysconfig/__init__"}:
        old, new = _SCHEME
        text = content.read(node.content)
        if old in text:
            edit = Edit("text", old.decode(), new.decode())
            return node.edited(text.replace(old, new), edit)
    return node
