"""What Python finds in a tree: modules, and distributions with their versions.

Modules go by their names, so that those of one Python compare with those of another, whose
directory has another name.

Source: the import system's file suffixes (`importlib.machinery`); "Recording installed projects"
for `.dist-info`, setuptools for `.egg-info`.
"""

import email.parser
import io
import re
import zipfile
from collections.abc import Iterator
from typing import Final

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.python.library import module_name
from relocatable.python.wheel import normal
from relocatable.tree import Directory, File, Tree

_PLACE: Final = re.compile(
    r"(?:.*?/)??lib(?:64)?/"
    r"python3(?:\.\d+/(?:lib-dynload|(?:site|dist)-packages)|\.\d+|/dist-packages)/"
)
"""Where modules lie; what is below `site-packages` doesn't lie in the directory above it."""
_ZIP: Final = re.compile(r"(?:.*/)?lib(?:64)?/python3\d+\.zip")
_KINDS: Final = (
    ("native", re.compile(r"(.*?)((?:^|(?<=/))[^./]+)(?:\.[^/]*)?\.so", re.DOTALL)),
    ("source", re.compile(r"(.*?)([^/]*)\.py", re.DOTALL)),
    ("bytecode", re.compile(r"(.*?)([^/]*)\.pyc", re.DOTALL)),
)
"""What a module's file is called."""
_ABOUT: Final = re.compile(
    r"(?:.*/)?[^/]+(?:\.dist-info/METADATA|\.egg-info(?:/PKG-INFO)?)", re.DOTALL
)
_ABOUT_LIMIT: Final = 1 << 20


def modules(tree: Tree) -> tuple[dict[str, str], list[str]]:
    """Returns each module's kind (`native`, `source` or `bytecode`) by its full name, and notes.

    Notes tell of zip files that can't be read.
    """
    found: dict[str, str] = {}
    notes = []
    for path, node in tree:
        if isinstance(node, Directory):
            continue
        if place := _PLACE.match(path):
            _add(found, path[place.end() :])
        elif isinstance(node, File) and _ZIP.fullmatch(path):
            try:
                for name in _zipped(node):
                    _add(found, name)
            except RelocatableError as error:
                notes.append(f"{path}: {error}")
    return found, notes


def distributions(tree: Tree) -> dict[str, str]:
    """Returns the version of each installed distribution by its normalised name."""
    found = {}
    for path, node in tree.files():
        if not _ABOUT.fullmatch(path) or content.size(node.content) > _ABOUT_LIMIT:
            continue
        about = email.parser.BytesHeaderParser().parsebytes(content.read(node.content))
        if about["Name"] and about["Version"]:
            found[normal(str(about["Name"]))] = str(about["Version"])
    return found


def _add(found: dict[str, str], path: str) -> None:
    if "__pycache__/" in path:
        return
    for kind, pattern in _KINDS:
        if match := pattern.fullmatch(path):
            name = module_name(f"{match[1]}{match[2]}.py")
            if name is not None:
                found.setdefault(name, kind)
            return


def _zipped(file: File) -> Iterator[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content.view(file.content))) as archive:
            yield from archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise RelocatableError(f"no .zip that can be read: {error}") from error
