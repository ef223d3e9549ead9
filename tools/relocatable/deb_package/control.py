"""What a package says of itself: the control block that a user writes, checked, as dpkg reads it.

Source: Debian Policy 5.6 (fields), 7.1 (relations); deb-control(5), deb-version(7).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from debian.debian_support import NativeVersion

from relocatable.errors import RelocatableError, problems
from relocatable.strict_json import Reader, Text
from relocatable.target import Target
from relocatable.tree import check_path

ALL: Final = "all"
"""The architecture of a package that has no code for any machine."""

_ARCHITECTURES: Final[Mapping[str, str]] = {
    "aarch64-linux-gnu": "arm64",
    "arm-linux-gnueabihf": "armhf",
    "i386-linux-gnu": "i386",
    "powerpc64le-linux-gnu": "ppc64el",
    "riscv64-linux-gnu": "riscv64",
    "s390x-linux-gnu": "s390x",
    "x86_64-linux-gnu": "amd64",
}
"""Debian's names of machines, by multiarch triplet (dpkg's cputable and tupletable)."""

RELATIONS: Final = (
    "Pre-Depends",
    "Depends",
    "Recommends",
    "Suggests",
    "Conflicts",
    "Breaks",
    "Replaces",
    "Provides",
)

_NAME = Text("a package name (Policy 5.6.1)", re.compile(r"[a-z0-9][a-z0-9+.-]+"))
_VERSION = Text("a Debian version", re.compile(r"(?:\d+:)?\d[0-9A-Za-z.+~-]*"))
_MAINTAINER = Text("NAME <ADDRESS>", re.compile(r"[^<>\n]*[^<>\s] <[^<>\s@]+@[^<>\s@]+>"))
_LINE = Text("one line that is not empty", re.compile(r"\S(?:[^\n]*\S)?"))
_TEXT = Text("a text that starts with its synopsis, in one line", re.compile(r"\S[\s\S]*"))
_SECTION = Text("a section", re.compile(r"(?:[a-z-]+/)?[a-z-]+"))
_PRIORITY = Text(
    "a priority (Policy 2.5)", re.compile("required|important|standard|optional|extra")
)
_FIELD = Text("the name of a field", re.compile(r"[!-,.-9;-~][!-9;-~]*"))
_ANY = Text("a string", re.compile(r"[\s\S]*"))
_RELATION = re.compile(
    rf"{_NAME.pattern.pattern}(?::[a-z0-9-]+)?"
    rf"(?: *\( *(?:<<|<=|=|>=|>>) *{_VERSION.pattern.pattern} *\))?"
)
"""One alternative; Policy 7.1 for binary packages, and dpkg's qualifiers of an architecture."""
_SYNOPSIS: Final = 80
_EXTENDED: Final = """This package was put together by rules_relocatable, from files of other
packages and of its own build. Its copyright file, in
/usr/share/doc/{package}, says where they are from, and which
licences they have."""
_OWN: Final = {
    *RELATIONS,
    "Architecture",
    "Description",
    "Homepage",
    "Installed-Size",
    "Maintainer",
    "Package",
    "Priority",
    "Section",
    "Version",
}
"""Fields that have attributes of their own, or are computed."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control block.

    Attributes:
        package: the name.
        version: as dpkg compares it.
        maintainer: `NAME <ADDRESS>`.
        description: the synopsis, and what else is to be said in further lines.
        architecture: Debian's name of the machine, or `ALL`.
        section: what kind of package it is.
        priority: how much the system needs it.
        homepage: a URL; may be empty.
        relations: the texts of each field of `RELATIONS`, one for each relation.
        fields: any further fields.
    """

    package: str
    version: str
    maintainer: str
    description: str
    architecture: str
    section: str = "misc"
    priority: str = "optional"
    homepage: str = ""
    relations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)

    def text(self, installed_size: int, depends: tuple[str, ...] = ()) -> bytes:
        """Returns the file `control`.

        Args:
            installed_size: in KiB.
            depends: what it depends on besides.
        """
        relations = {name: list(each) for name, each in self.relations.items()}
        known = relations.setdefault("Depends", [])
        known += [each for each in depends if each not in known]
        found = {
            "Package": self.package,
            "Version": self.version,
            "Architecture": self.architecture,
            "Maintainer": self.maintainer,
            "Installed-Size": str(installed_size),
            **{name: ", ".join(relations.get(name, ())) for name in RELATIONS},
            "Section": self.section,
            "Priority": self.priority,
            "Homepage": self.homepage,
            **self.fields,
            "Description": "\n".join(_folded(self._description())),
        }
        return "".join(f"{name}: {value}\n" for name, value in found.items() if value).encode()

    def _description(self) -> str:
        """With an extended part, which Policy 3.4 wants; what is said by default holds for all."""
        told = self.description.rstrip()
        return told if "\n" in told else f"{told}\n{_EXTENDED.format(package=self.package)}"


def architecture(target: Target) -> str:
    """Returns Debian's name of a platform's machine.

    Raises:
        RelocatableError: if there is none.
    """
    if target.multiarch not in _ARCHITECTURES:
        raise RelocatableError(
            f"deb: wanted a platform whose multiarch triplet is one of "
            f"{', '.join(_ARCHITECTURES)}; that of {target.name} is {target.multiarch!r}"
        )
    return _ARCHITECTURES[target.multiarch]


def read(reader: Reader, target: Target) -> Control:
    """Takes a control block out of JSON.

    Raises:
        RelocatableError: that names all values which are not what Debian's policy wants.
    """
    relations = reader.item("relations")
    fields = reader.item("fields")
    control = Control(
        package=reader.string("package", _NAME),
        version=reader.string("version", _VERSION),
        maintainer=reader.string("maintainer", _MAINTAINER),
        description=reader.string("description", _TEXT),
        architecture=ALL if reader.boolean("architecture_all") else architecture(target),
        section=reader.string("section", _SECTION),
        priority=reader.string("priority", _PRIORITY),
        homepage=reader.string("homepage", _ANY),
        relations={name: relations.strings(name, _LINE) for name in RELATIONS},
        fields={name: fields.string(name, _LINE) for name in sorted(fields.left)},
    )
    relations.done()
    problems(list(_problems(control)), f"deb {control.package}:")
    return control


def _problems(control: Control) -> Iterator[str]:
    try:
        NativeVersion(control.version)
    except ValueError:
        yield f"wanted a Debian version, found {control.version!r}"
    synopsis = control.description.split("\n", 1)[0]
    if len(synopsis) >= _SYNOPSIS:
        yield f"wanted a synopsis of less than 80 characters (Policy 3.4), found {synopsis!r}"
    for name in control.fields:
        if not _FIELD.pattern.fullmatch(name):
            yield f"wanted {_FIELD.meaning}, found {name!r}"
        elif name.title() in _OWN:
            yield f"the field {name} is not for `fields`: it follows from the rest"
    for name, texts in control.relations.items():
        for text in texts:
            if not _is_relation(text):
                yield f"{name}: wanted a relation such as 'libc6 (>= 2.36) | musl', found {text!r}"


def _is_relation(text: str) -> bool:
    return all(_RELATION.fullmatch(each.strip()) for each in text.split("|"))


def _folded(description: str) -> Iterator[str]:
    """The lines of a Description: a space before each but the first, a dot for an empty one."""
    first, *rest = description.rstrip().splitlines()
    yield first.strip()
    for line in rest:
        yield f" {line.rstrip()}" if line.strip() else " ."


def paths(reader: Reader, key: str) -> tuple[str, ...]:
    """Takes a list of absolute paths; returns them relative to the root.

    Raises:
        RelocatableError: if one is no such path.
    """
    return tuple(relative(path, f"deb: {key}") for path in reader.strings(key, _LINE))


def relative(path: str, place: str) -> str:
    """Returns an absolute path as one relative to the root.

    Raises:
        RelocatableError: if it is not absolute, or not a normal one.
    """
    if not path.startswith("/"):
        raise RelocatableError(f"{place}: wanted an absolute path, found {path!r}")
    check_path(path[1:])
    return path[1:]
