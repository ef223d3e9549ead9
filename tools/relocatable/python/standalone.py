"""A CPython of the project python-build-standalone, as the tree that a distribution would have.

Its archives hold a Python that was built for the prefix `/install` with tools in `/tools`, and that
works from anywhere if started by its own `bin/pythonX.Y`. There are two layouts:

    python/PYTHON.json, python/install/…, python/licenses/…, python/build/…   full
    python/…                                                                  install_only

Here the prefix becomes `/usr` in texts, as in a distribution's Python, so that those who undo that
need not know the difference. Programs and libraries for macOS name it too, as the place where dyld
is to look for libpython: they become relative, as newer archives have it.

Source: "Distribution Archives" in the project's documentation, format versions 5 to 8.
"""

import json
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relocatable import content, elf, macho, tree_read
from relocatable.content import Extent
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import dylibs
from relocatable.python.library import directory
from relocatable.tree import Directory, File, Link, Tree, link_destination

LICENSES = "share/licenses/python"
"""Where the texts of the licences of CPython, and of what is linked into it, come to be."""

_DESCRIPTION = "python/PYTHON.json"
_ROOTS = ("python/install", "python")
_FORMATS = range(5, 9)
_SYSTEMS = ("linux-gnu", "apple-darwin")
_FOR = "Linux or macOS"
_TEXT = re.compile(rf"{LICENSES}/[^/]+|lib/python3\.\d+/LICENSE\.txt")

# Flags that lead to the libraries that it was linked with, and the programs that built it.
_FLAG = re.compile(rb"-[IL]/tools/[^\s'\"]*")
_TOOL = re.compile(rb"/tools/(?:[\w.+-]+/)*bin/(?=[\w.+-])")
_PREFIX = re.compile(rb"(?<![\w./-])/install(?![\w.-])|(?<=-[IL])/install(?![\w.-])")
# What names them: sysconfig's data, the Makefile, pkg-config files, pythonX.Y-config.
_TEXTS = re.compile(r"(?:.*/)?(?:_sysconfigdata[^/]*\.(?:py|json)|Makefile|[^/]+\.pc|[^/]+-config)")


@dataclass(frozen=True, slots=True)
class Component:
    """Something with licences of its own: CPython, or a library that is linked into it.

    Attributes:
        licenses: SPDX identifiers.
        files: the licences' texts, as paths of the tree.
        public_domain: whether it has no owner.
    """

    licenses: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    public_domain: bool = False


@dataclass(frozen=True, slots=True)
class Standalone:
    """An archive's Python.

    Attributes:
        tree: prefix layout: bin, lib, include, share.
        components: by name, `python` for CPython itself; empty if the archive (install_only) does
            not tell.
    """

    tree: Tree
    components: dict[str, Component] = field(default_factory=dict)

    def texts(self) -> Tree:
        """The licences' texts, whichever of its files somebody takes."""
        texts = Tree()
        for path, file in self.tree.files():
            if _TEXT.fullmatch(path):
                texts.add(posixpath.basename(path), file)
        return texts


def extract(archive: Path, version: str, label: str) -> Standalone:
    """Reads an archive, of either layout and any compression.

    Links that lead nowhere, in a circle, or to a directory that they are in (terminfo has such)
    are left out: no directory of Bazel can hold them.

    Args:
        archive: The file.
        version: MAJOR.MINOR.
        label: Who asks, for the provenance.

    Raises:
        RelocatableError: if it is no such archive, or one of another version or C library.
    """
    source = tree_read.read(archive)
    description = _description(source, archive)
    root = _root(source, version, archive)
    _check(description, version, archive)
    tree = Tree()
    for path, node in source:
        if path.startswith(root + "/"):
            _add(tree, path.removeprefix(root + "/"), node, label)
        elif path.startswith("python/licenses/") and isinstance(node, File):
            _add(tree, f"{LICENSES}/{posixpath.basename(path)}", node, label)
    _drop_useless_links(tree)
    try:
        return Standalone(tree, _components(description))
    except (AttributeError, KeyError, TypeError) as error:
        raise RelocatableError(
            f"{archive}: {_DESCRIPTION} says of licences what can't be read: {error!r}"
        ) from error


def installed(files: Mapping[str, Path], version: str, label: str) -> Tree:
    """Makes a tree of the files of an unpacked archive, as a build tool hands them out.

    Args:
        files: By path below the prefix. Of links to a file, each is a file of its own here.
        version: MAJOR.MINOR.
        label: Who asks, for the provenance.

    Raises:
        RelocatableError: if there is no Python of this version.
    """
    wanted = f"{directory(version)}/os.py"
    if wanted not in files:
        matches = (re.fullmatch(r"lib/python(3\.\d+)/os\.py", path) for path in files)
        others = sorted(match[1] for match in matches if match)
        raise RelocatableError(
            f"{wanted} is wanted among the runtime's files, "
            + (f"found Python {', '.join(others)}" if others else f"{len(files)} have no Python")
        )
    tree = Tree()
    for path, file in files.items():
        # Modes say nothing: some executors let all inputs be programs.
        executable = path.startswith("bin/")
        made = File(Extent.of_file(file), Record(Origin(label, path)), executable)
        tree.add(path, _relocated(path, made))
    return tree


def _description(source: Tree, archive: Path) -> dict[str, Any]:
    node = source.nodes.get(_DESCRIPTION)
    if not isinstance(node, File):
        return {}
    try:
        description = json.loads(content.read(node.content))
        number = int(description["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise RelocatableError(f"{archive}: {_DESCRIPTION} can't be read: {error!r}") from error
    if number not in _FORMATS:
        raise RelocatableError(
            f"{archive}: {_DESCRIPTION} is of format {number}; {_FORMATS[0]} to {_FORMATS[-1]} "
            "are known"
        )
    return dict(description)


def _root(source: Tree, version: str, archive: Path) -> str:
    wanted = f"{directory(version)}/os.py"
    for root in _ROOTS:
        if f"{root}/{wanted}" in source.nodes:
            return root
    others = sorted(
        {
            match[1]
            for path in source.nodes
            if (match := re.fullmatch(r"python/(?:install/)?lib/python(3\.\d+)/os\.py", path))
        }
    )
    raise RelocatableError(
        f"{archive}: {wanted} is wanted in python/install or python, "
        + (
            f"found Python {', '.join(others)}"
            if others
            else "neither has a Python for Linux or macOS"
        )
    )


def _check(description: dict[str, Any], version: str, archive: Path) -> None:
    found = description.get("python_version", version)
    if found != version and not str(found).startswith(version + "."):
        raise RelocatableError(f"{archive} is Python {found}; {version} is wanted")
    triple = description.get("target_triple", _SYSTEMS[0])
    if not any(system in str(triple) for system in _SYSTEMS):
        raise RelocatableError(
            f"{archive} is for {triple}; one for {' or '.join(_SYSTEMS)} is wanted"
        )


def _add(tree: Tree, path: str, node: File | Link | Directory, label: str) -> None:
    match node:
        case Directory():
            tree.add(path, node)
        case Link():
            tree.add(path, Link(node.target, _record(node.record, label)))
        case File():
            record = _record(node.record, label)
            tree.add(path, _relocated(path, File(node.content, record, node.executable)))


def _record(record: Record, label: str) -> Record:
    return Record(Origin(label, record.origin.path))


def _relocated(path: str, file: File) -> File:
    """Gives a text the prefix of a distribution, and drops the machine that it was built on."""
    head = content.view(file.content)[:8]
    # A static library may be universal too; a linker looks for it by its path alone.
    if (macho.is_macho(head) or macho.is_universal(head)) and not path.endswith(".a"):
        return dylibs.relocated(path, file)
    if not _TEXTS.fullmatch(path) or elf.is_elf(head[:4]):
        return file
    before = content.read(file.content)
    after = _PREFIX.sub(b"/usr", _TOOL.sub(b"", _FLAG.sub(b"", before)))
    if after == before:
        return file
    return file.edited(after, Edit("prefix", "/install", "/usr"))


def _drop_useless_links(tree: Tree) -> None:
    for path, node in list(tree):
        if not isinstance(node, Link):
            continue
        try:
            there = tree.follow(path)
            link_destination(path, node.target)
        except RelocatableError:
            del tree.nodes[path]
            continue
        if not there or f"{path}/".startswith(f"{there}/"):
            del tree.nodes[path]


def _components(description: dict[str, Any]) -> dict[str, Component]:
    """Reads what the description tells of licences; of formats without it, nothing."""
    found = {}
    if description:
        path = description.get("license_path")
        own = {"licenses": description.get("licenses"), "license_paths": [path] if path else []}
        found["python"] = _component(own)
    extensions = description.get("build_info", {}).get("extensions", {})
    for name, variants in sorted(extensions.items()):
        for variant in variants:
            if variant.get("license_paths") or variant.get("license_public_domain"):
                found[name] = _component(variant)
    return found


def _component(fields: dict[str, Any]) -> Component:
    paths = fields.get("license_paths") or []
    return Component(
        tuple(sorted(fields.get("licenses") or [])),
        tuple(sorted(f"{LICENSES}/{posixpath.basename(path)}" for path in paths)),
        bool(fields.get("license_public_domain")),
    )
