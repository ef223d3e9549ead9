"""The file `copyright`: who holds the rights in what a package installs, and under which terms.

One paragraph for each component of the dist, with its files and all its texts.

Source: the machine-readable debian/copyright file 1.0 (DEP-5); Debian Policy 12.5.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from relocatable import content
from relocatable.licenses import collection
from relocatable.licenses.collection import Known
from relocatable.sbom.component import Component, Kind
from relocatable.tree import Tree

_FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
_OWN = """Made by rules_relocatable, which is licensed under the Apache License, Version 2.0:
its text is in /usr/share/common-licenses/Apache-2.0 on Debian systems."""
_PLAIN = re.compile(r"[^A-Za-z0-9.+-]+")
_SPECIAL = re.compile(r"[*?\\]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def made(installed: Tree, owner: Mapping[str, Component], known: Known, homepage: str) -> bytes:
    """Returns the file.

    Args:
        installed: what the package installs, from the root on.
        owner: the component of each file in it.
        known: where texts are from.
        homepage: where the sources are to be had, if that is known.
    """
    files: dict[Component, list[str]] = defaultdict(list)
    for path, component in owner.items():
        files[component].append(path)
    header = f"Format: {_FORMAT}\n" + (f"Source: {homepage}\n" if homepage else "")
    paragraphs = [header]
    taken: set[str] = set()
    for component in sorted(files, key=lambda each: (each.name, each.ref)):
        paths = files[component]
        texts = collection.texts(component, installed, paths, known)
        body = (
            _OWN
            if component.kind is Kind.TOOL
            else "\n".join(
                _CONTROLS.sub("", content.read(file.content).decode("utf-8", "replace"))
                for _, file in sorted(texts.files.items())
            )
        )
        if texts.missing:
            body += f"\nMissing: {texts.missing}."
        license_name = _unique(component, taken)
        listed = "\n ".join(pattern(path) for path in sorted(paths))
        paragraphs.append(
            f"Files: {listed}\n"
            "Copyright: as the text below tells\n"
            f"License: {license_name}\n" + "".join(_body(body))
        )
    return "\n".join(paragraphs).encode()


def _unique(component: Component, taken: set[str]) -> str:
    """A name for the terms of one component: those are of its version, whatever others say."""
    name = plain = _PLAIN.sub("-", f"{component.name}-{component.version}").strip("-") or "terms"
    number = 1
    while name in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name)
    return name


def pattern(path: str) -> str:
    """A path as a pattern: a `?` for what a pattern can't hold, which separates patterns."""
    escaped = _SPECIAL.sub(lambda match: "\\" + match[0], path)
    return re.sub(r"\s", "?", escaped).encode("utf-8", "replace").decode()


def _body(text: str) -> Iterator[str]:
    for line in text.strip("\n").splitlines():
        yield f" {line.rstrip()}\n" if line.strip() else " .\n"
