"""Installed distributions: what `pip` and `importlib.metadata` are told, kept true.

Whoever changes a file of one (an edit, another place) calls `refresh`; RECORD then says what is
there.
"""

import email
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from relocatable import content
from relocatable.errors import RelocatableError, problems
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import record, scripts
from relocatable.python.wheel import normal
from relocatable.tree import File, Tree

INSTALLER = "rules_relocatable"
"""What `pip inspect` names as the installer."""

_RECORDS = re.compile(r"(?:.*/)?site-packages/[^/]+\.dist-info/RECORD")
# How and from where a distribution was installed, on the machine that did.
_OF_ANOTHER_MACHINE = ("direct_url.json", "REQUESTED")


@dataclass(slots=True)
class Distribution:
    """An installed distribution.

    Attributes:
        directory: Its `*.dist-info` in the tree.
        files: The paths in the tree of what belongs to it.
    """

    directory: str
    files: list[str] = field(default_factory=list)


def complete(tree: Tree, distributions: Sequence[Distribution], version: str, label: str) -> None:
    """Gives each distribution its commands, its INSTALLER and a true RECORD.

    Args:
        tree: What they are in.
        distributions: All of them.
        version: MAJOR.MINOR of the interpreter.
        label: Who asks, for the provenance of what is made here.

    Raises:
        RelocatableError: if one is there twice, or says something wrong of itself.
    """
    names: dict[str, list[str]] = {}
    for found in distributions:
        about = email.message_from_bytes(_read(tree, f"{found.directory}/METADATA"))
        name = normal(about["Name"] or "")
        names.setdefault(name, []).append(posixpath.basename(found.directory))
    twice = [
        f"{name} ({' and '.join(sorted(there))})" for name, there in names.items() if len(there) > 1
    ]
    problems(twice, "a distribution can be there once; exclude all but one of")
    for found in distributions:
        _complete(tree, found, version, label)


def refresh(tree: Tree, moved: Mapping[str, str]) -> None:
    """Makes each RECORD in `tree` true again after files were edited.

    Args:
        tree: What was changed.
        moved: For files that something else took the place of, where they are now; both belong to
            the distribution then.

    Raises:
        RelocatableError: if a RECORD is none.
    """
    for path, file in list(tree.files()):
        if not _RECORDS.fullmatch(path):
            continue
        old = record.parse(content.read(file.content), path)
        packages = posixpath.dirname(posixpath.dirname(path))
        new = dict(_refreshed(tree, packages, old, moved))
        if new != old:
            edit = Edit("record", None, "files as they are now")
            tree.nodes[path] = file.edited(record.write(new), edit)


def _refreshed(
    tree: Tree, packages: str, old: Mapping[str, record.Entry], moved: Mapping[str, str]
) -> Iterator[tuple[str, record.Entry]]:
    for name, entry in old.items():
        path = posixpath.normpath(posixpath.join(packages, name))
        node = tree.nodes.get(path)
        # Without an edit it is what was recorded; what isn't here was never recorded by us.
        changed = isinstance(node, File) and node.record.edits and entry.digest
        yield name, _entry(node) if changed and isinstance(node, File) else entry
        there = tree.nodes.get(moved.get(path, ""))
        if isinstance(there, File):
            yield posixpath.relpath(moved[path], packages), _entry(there)


def _complete(tree: Tree, found: Distribution, version: str, label: str) -> None:
    packages = posixpath.dirname(found.directory)
    origin = posixpath.basename(found.directory)
    files = set(found.files)

    def make(path: str, data: bytes, *, executable: bool = False) -> None:
        made = File(
            data, Record(Origin(label, f"{origin}: {posixpath.basename(path)}")), executable
        )
        tree.add(path, made, replaces=path.startswith(found.directory + "/"))
        files.add(path)

    entry_points = f"{found.directory}/entry_points.txt"
    if entry_points in tree.nodes:
        data = _read(tree, entry_points)
        for name, text in scripts.from_entry_points(data, entry_points, version):
            make(f"{scripts.DIRECTORY}/{name}", text, executable=True)
    for name in _OF_ANOTHER_MACHINE:
        tree.nodes.pop(f"{found.directory}/{name}", None)
    make(f"{found.directory}/INSTALLER", INSTALLER.encode() + b"\n")
    own = f"{found.directory}/{record.NAME}"
    entries = {
        posixpath.relpath(path, packages): _entry(node)
        for path in files - {own}
        if isinstance(node := tree.nodes.get(path), File)
    }
    entries[posixpath.relpath(own, packages)] = record.Entry()
    make(own, record.write(entries))


def _entry(file: File) -> record.Entry:
    return record.entry(content.view(file.content))


def _read(tree: Tree, path: str) -> bytes:
    node = tree.nodes.get(path)
    if not isinstance(node, File):
        raise RelocatableError(f"{path} is missing: each installed distribution has one")
    return content.read(node.content)
