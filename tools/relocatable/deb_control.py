"""What a Debian package says of itself: the control archive, without what the package brings.

Source: deb-control(5), deb-conffiles(5), deb-triggers(5).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from debian.deb822 import Deb822, PkgRelation
from debian.debian_support import NativeVersion

from relocatable import deb_scripts, deb_tar
from relocatable.errors import RelocatableError
from relocatable.provenance import Package

FORMAT: Final = 1
"""Rises when a reader of the old format would misread the new one."""
_LIMIT: Final = 16 << 20
"""Bytes of one file of the control archive; real ones are below 1 MiB."""
_READ: Final = ("control", "conffiles", "triggers", *deb_scripts.NAMES)
_WORDS: Final = {
    "Package": re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*"),
    "Version": re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:-]*"),
    "Architecture": re.compile(r"[a-z0-9][a-z0-9-]*"),
}
"""deb-control(5), but names may be as short as one letter, and have capital ones."""
_SOURCE: Final = re.compile(
    r"(?P<name>{Package})(?:\s+\((?P<version>{Version})\))?".format(
        **{field: word.pattern for field, word in _WORDS.items()}
    )
)
_COMPARED: Final = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "=": lambda order: order == 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
    # Deprecated, and not what they look like.
    "<": lambda order: order <= 0,
    ">": lambda order: order >= 0,
}


@dataclass(frozen=True, slots=True)
class Control:
    """A control archive.

    Attributes:
        package: Whose it is.
        fields: Of the file `control`, as they are written there.
        conffiles: Paths of files that an administrator may change, without leading `/`.
        triggers: The lines of the file of that name, without comments.
        scripts: Names of the maintainer scripts.
        found: What these would have done.
    """

    package: Package
    fields: Mapping[str, str]
    conffiles: tuple[str, ...]
    triggers: tuple[str, ...]
    scripts: tuple[str, ...]
    found: deb_scripts.Found

    def replaces(self, other: Package) -> bool:
        """Tells whether its files take the place of those of `other` (Policy 7.6.1).

        Raises:
            RelocatableError: if it names a version that can't be one.
        """
        text = self.fields.get("Replaces", "").strip()
        try:
            return any(
                _names(relation, other)
                for group in (PkgRelation.parse_relations(text) if text else ())
                for relation in group
            )
        except ValueError as error:
            raise RelocatableError(f"{self.package}: Replaces: {error}") from error


def read(archive: deb_tar.File, sha256: str) -> Control:
    """Reads a control archive, decompressed, of the .deb with this SHA-256 (hex).

    Raises:
        RelocatableError: if it is damaged, or says what can't be.
    """
    files = _files(archive)
    path = archive.name
    try:
        fields = dict(Deb822(files.get("control", b"")))
        scripts = {name: files[name] for name in deb_scripts.NAMES if name in files}
        package = _package(path, fields, sha256)
        return Control(
            package,
            fields,
            tuple(_conffile(path, line) for line in _lines(files, "conffiles")),
            tuple(line for line in _lines(files, "triggers") if not line.startswith("#")),
            tuple(scripts),
            deb_scripts.read(scripts, package.name),
        )
    except ValueError as error:  # UnicodeError as well.
        raise RelocatableError(f"{path}: the control archive is corrupt: {error}") from error


def data(control: Control) -> dict[str, Any]:
    """Returns it as JSON has it; `docs/deb_info.md` describes the fields."""
    found = control.found
    return {
        "format": FORMAT,
        "package": control.package.name,
        "version": control.package.version,
        "architecture": control.package.architecture,
        "sha256": control.package.sha256,
        "fields": dict(control.fields),
        "conffiles": list(control.conffiles),
        "triggers": list(control.triggers),
        "scripts": list(control.scripts),
        "alternatives": [each._asdict() for each in found.alternatives],
        "diversions": [each._asdict() for each in found.diversions],
        "unresolved": list(found.unresolved),
    }


def dump(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Returns JSON as our files have it."""
    return json.dumps(value, indent=2).encode() + b"\n"


def _files(archive: deb_tar.File) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for info in deb_tar.entries(archive, "control"):
        name = info.name.removeprefix("./")
        if name in _READ and info.isreg() and not info.issparse():
            if info.size > _LIMIT:
                raise RelocatableError(
                    f"{archive.name}: the control archive's {name} has {info.size} bytes; at most "
                    f"{_LIMIT} are wanted"
                )
            found[name] = archive.at(info.offset_data, info.size)
    return found


def _lines(files: Mapping[str, bytes], name: str) -> list[str]:
    lines = files.get(name, b"").decode().split("\n")
    return [line.strip() for line in lines if line.strip()]


def _conffile(path: str, line: str) -> str:
    # Of one with a flag (remove-on-upgrade), the package brings no file.
    name = line.rpartition(" /")[2] if not line.startswith("/") else line[1:]
    if not name or any(part in {"", ".", ".."} for part in name.split("/")):
        raise RelocatableError(f"{path}: {line!r} can be no conffile")
    return name


def _package(path: str, fields: Mapping[str, str], sha256: str) -> Package:
    for field, word in _WORDS.items():
        if field not in fields:
            raise RelocatableError(f"{path}: the control file has no field {field!r}")
        if not word.fullmatch(fields[field]):
            raise RelocatableError(f"{path}: {fields[field]!r} can be no {field}")
    name, version = fields["Package"], fields["Version"]
    built = _SOURCE.fullmatch(fields.get("Source", name))
    if built is None:
        raise RelocatableError(f"{path}: {fields['Source']!r} can be no Source: NAME (VERSION)")
    return Package(
        name,
        version,
        fields["Architecture"],
        sha256,
        source=_other(built["name"], name),
        source_version=_other(built["version"] or version, version),
    )


def _other(value: str, usual: str) -> str:
    return "" if value == usual else value


def _names(relation: "PkgRelation.ParsedRelation", package: Package) -> bool:
    """As dpkg: by its own name, not by one that it provides."""
    if relation["name"] != package.name:
        return False
    if relation["archqual"] not in {None, "any", package.architecture}:
        return False
    comparison, version = relation["version"] or ("", "")
    if not comparison:
        return True
    left, right = NativeVersion(package.version), NativeVersion(version)
    return comparison in _COMPARED and _COMPARED[comparison]((left > right) - (left < right))
