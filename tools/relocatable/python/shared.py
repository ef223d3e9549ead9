"""Python modules for several interpreters: each text once, and links to it for each version.

    share/pyshared/NAME/…                          the texts, and the data beside them
    lib/pythonX.Y/site-packages/…                  relative links to them, and extension modules
    share/pyshared/file_lists/NAME_VERSION.list    all .py files, a line each

The links are there from the build on: nothing has to be run before the modules can be imported, and
a package manager knows each path that Python looks at.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from relocatable import content, elf
from relocatable.errors import RelocatableError, problems
from relocatable.macho.reader import is_macho
from relocatable.provenance import Origin, Record
from relocatable.python import library
from relocatable.tree import Directory, File, Link, Tree, link_target

SHARED: Final = "share/pyshared"
FILE_LISTS: Final = f"{SHARED}/file_lists"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:-]*")
_MINOR: Final = 2
"""Numbers in MAJOR.MINOR."""


@dataclass(frozen=True, slots=True)
class Package:
    """What is installed together.

    Attributes:
        name: of its directory among the texts.
        version: of the list of its files.
        directory: of each version's library that the links go to, such as `site-packages`.
    """

    name: str
    version: str
    directory: str

    def __post_init__(self) -> None:
        """Raises RelocatableError if a name can't be that of a file."""
        for what, value, pattern in (
            ("a package's name", self.name, _NAME),
            ("a package's version", self.version, _VERSION),
            ("a directory's name", self.directory, _NAME),
        ):
            if not pattern.fullmatch(value):
                raise RelocatableError(f"wanted {what}, found {value!r}")

    @property
    def file_list(self) -> str:
        """The path of the list of its .py files."""
        return f"{FILE_LISTS}/{self.name}_{self.version}.list"

    def packages(self, version: str) -> str:
        """Where one Python finds it."""
        return f"{library.directory(version)}/{self.directory}"


def supported(versions: Sequence[str], requires: str) -> list[str]:
    """Returns those of `versions` (MAJOR.MINOR) that a range such as `>= 3.11, < 3.14` allows.

    Raises:
        RelocatableError: if the range is none, is of more than MAJOR.MINOR, or allows none of them.
    """
    for version in versions:
        library.directory(version)
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier as error:
        message = f"requires_python: wanted a range such as '>= 3.11, < 3.14', found {requires!r}"
        raise RelocatableError(message) from error
    for each in allowed:
        if len(each.version.removesuffix(".*").split(".")) > _MINOR:
            raise RelocatableError(
                f"requires_python: wanted MAJOR.MINOR in each version, as links are for all of "
                f"one; found {str(each)!r}"
            )
    found = [version for version in versions if allowed.contains(version)]
    if not found:
        raise RelocatableError(
            f"requires_python: {requires!r} allows none of {', '.join(versions) or 'no versions'}"
        )
    return found


def combine(
    package: Package,
    modules: Iterable[Tree],
    own: Mapping[str, Sequence[Tree]],
    versions: Sequence[str],
    label: str,
) -> Tree:
    """Returns the tree in a prefix.

    Args:
        package: what it is.
        modules: what all versions share, as in site-packages.
        own: what is of one version alone, by version, beside these: extension modules.
        versions: that get links.
        label: who asks, for the provenance.

    Raises:
        RelocatableError: if what is shared has machine code, or two disagree on a path.
    """
    common = Tree()
    for each in modules:
        common.merge(each)
    problems(
        [path for path, file in common.files() if _is_code(file)],
        "machine code is for one version of Python; wanted in `extensions`:",
    )
    tree = Tree()
    record = Record(Origin(label, package.name))
    for path, node in common:
        if isinstance(node, Directory):
            continue
        place = f"{SHARED}/{package.name}/{path}"
        tree.add(place, node)
        for version in versions:
            link = f"{package.packages(version)}/{path}"
            tree.add(link, Link(link_target(link, place), record))
    for version in versions:
        for each in own.get(version, ()):
            for path, node in each:
                if not _is_shared(common, path, node):
                    tree.add(f"{package.packages(version)}/{path}", node)
    listed = "".join(f"{path}\n" for path, _ in tree.files() if path.endswith(".py"))
    tree.add(package.file_list, File(listed.encode("utf-8", "surrogateescape"), record))
    return tree


def _is_code(file: File) -> bool:
    head = bytes(content.view(file.content)[:4])
    return elf.is_elf(head) or is_macho(head)


def _is_shared(common: Tree, path: str, node: File | Link | Directory) -> bool:
    """Whether a version's own file is the one that all have."""
    there = common.nodes.get(path)
    if isinstance(there, File) and isinstance(node, File):
        return content.equal(there.content, node.content)
    return isinstance(node, Directory) and isinstance(there, Directory)
