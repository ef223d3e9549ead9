"""Reading and writing lock files of Debian packages; JSON, one line per value."""

import dataclasses
import json
import re
from pathlib import Path

from relocatable import output
from relocatable.deb_lock.contradictions import contradictions
from relocatable.deb_lock.declaration import Declaration, Source, read_declaration
from relocatable.deb_lock.records import Lock, read_index, read_package, read_promise
from relocatable.deb_lock.source_packages import read_source_package
from relocatable.errors import RelocatableError, problems
from relocatable.strict_json import Reader

FORMAT = 1
"""Rises when a reader of the old format would misread the new one."""

START = '{"declaration": {"architectures": ["amd64"], "roots": ["PACKAGE"]}}'
"""What a person writes who has no lock yet."""

# Other than of what would end a string.
_ESCAPE = re.compile(r"\\[^\"]")

UPDATE = "bazel run @rules_relocatable//tools:update_deb_lock -- --lock="
"""The command that makes a lock; the file's path follows."""


def read(path: Path) -> Lock:
    """Reads a lock file and checks all of it.

    Raises:
        RelocatableError: if it is no lock file of this format, or contradicts itself.
    """
    lock = parse(path.read_bytes(), str(path))
    problems(contradictions(lock), f"{path}: contradicts itself (run {UPDATE}{path}):")
    return lock


def parse(data: bytes, name: str) -> Lock:
    """Reads a lock file's bytes; each value is checked by itself.

    This is what the update tool needs: a declaration that was edited by hand is not yet in
    agreement with the packages. A file with nothing but a declaration is one that a person starts.

    Args:
        data: The file's bytes.
        name: What error messages call it.

    Raises:
        RelocatableError: if it is no lock file of this format.
    """
    file = Reader.parse(_as_written(data, name), name)
    if file.left.keys() == {"declaration"}:
        return Lock(read_declaration(file.item("declaration")), (), ())
    if not file.has("version"):
        raise RelocatableError(
            f"{name}: wanted a JSON object with a version, or with a declaration alone, found the "
            f"keys {sorted(file.left)}"
        )
    found = file.integer("version")
    if found != FORMAT:
        raise RelocatableError(
            f"{name}: wanted lock format {FORMAT}, found {found}; "
            "use the rules_relocatable that wrote it, or delete it and start anew"
        )
    lock = Lock(
        declaration=read_declaration(file.item("declaration")),
        indices=tuple(read_index(item) for item in file.items("indices")),
        packages=tuple(read_package(item) for item in file.items("packages")),
        promises=tuple(
            read_promise(item) for item in (file.items("promises") if file.has("promises") else ())
        ),
        source_packages=tuple(
            read_source_package(item)
            for item in (file.items("source_packages") if file.has("source_packages") else ())
        ),
    )
    file.done()
    return lock


def _as_written(data: bytes, name: str) -> bytes:
    """Refuses what JSON's readers differ about, so that a lock says the same to each.

    Bazel makes other characters of escapes such as that of é than we do, and `render` writes none.
    """
    if not data.strip():
        raise RelocatableError(
            f"{name}: wanted a lock, or the start of one, found an empty file: write into it "
            f"{START}, and run this again"
        )
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.startswith(b"<<<<<<<"):
            raise RelocatableError(
                f"{name}: found a merge conflict in line {number}: take one side (git checkout "
                f"--ours {name}, or --theirs), see to it that `declaration` says what you want, "
                "and run this again"
            )
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise RelocatableError(f"{name}: wanted UTF-8: {error}") from error
    if text.startswith("\ufeff"):
        raise RelocatableError(f"{name}: wanted a JSON object, found a byte order mark before it")
    if escape := _ESCAPE.search(text.replace(r"\\", "")):
        raise RelocatableError(
            f"{name}: wanted characters as they are, found the escape {escape[0]}; correct it, or "
            "restore it from version control"
        )
    return data


def write(lock: Lock, path: Path) -> None:
    """Writes a lock file, one line per value, so that a diff shows what changed in each package.

    Raises:
        RelocatableError: if `read` would refuse it, for whatever an archive says about a package.
    """
    check(lock, path)
    with output.whole(path) as file:
        file.write(render(lock))


def check(lock: Lock, path: Path) -> None:
    """Refuses a lock that `read` would refuse, before anything is done with it.

    Raises:
        RelocatableError: for whatever an archive says about a package.
    """
    parse(render(lock), f"{path} (not written)")
    problems(contradictions(lock), f"{path}: not written, the lock contradicts itself:")


def render(lock: Lock) -> bytes:
    """The bytes of a lock file."""
    content = {"version": FORMAT, **_said(lock, ("promises", "source_packages"))}
    content["declaration"] = {
        **_said(lock.declaration, ("pins", "recommends", "with_source")),
        "sources": [
            _said(source, ("architectures", "priority", "release_suite", "snapshot"))
            for source in lock.declaration.sources
        ],
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _said(item: Lock | Declaration | Source, optional: tuple[str, ...]) -> dict[str, object]:
    """An object's attributes, without those optional ones that say nothing."""
    defaults = {f.name: f.default for f in dataclasses.fields(item) if f.name in optional}
    found = dataclasses.asdict(item)
    return {key: value for key, value in found.items() if defaults.get(key, ...) != value}
