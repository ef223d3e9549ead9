"""The licence that a machine-readable `copyright` declares, where there is no doubt about it.

Source: the machine-readable debian/copyright file 1.0 (DEP-5); the SPDX License List.
"""

import re
from typing import Final, cast

from debian.copyright import (
    Copyright,
    FilesParagraph,
    Header,
    License,
    MachineReadableFormatError,
    NotMachineReadableError,
)
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

_SPDX: Final = {
    "apache-2": "Apache-2.0",
    "apache-2.0": "Apache-2.0",
    "artistic-2.0": "Artistic-2.0",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "cc0-1.0": "CC0-1.0",
    "expat": "MIT",
    "isc": "ISC",
    "mpl-1.1": "MPL-1.1",
    "mpl-2.0": "MPL-2.0",
    "python-2.0": "Python-2.0",
    "zlib": "Zlib",
}
"""Short names that mean the same in both. `MIT` is not one: in DEP-5 it can be any of several."""
_CURRENT: Final = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
_FORMAT: Final = re.compile(_CURRENT.replace("https", "https?").replace(".", r"\.") + r"?\s*")
"""As packages write it, too; a strict reader wants the current form."""
_GNU: Final = re.compile(r"(a?gpl|lgpl)-(\d(?:\.\d)?)(\+?)")
_GNU_VERSIONS: Final = {
    "agpl": ("3.0",),
    "gpl": ("1.0", "2.0", "3.0"),
    "lgpl": ("2.0", "2.1", "3.0"),
}


def declared(data: bytes) -> str:
    """Returns the one licence of a package as an SPDX expression.

    That is the one which the header names for the package as a whole, or else the one that all its
    files have. The result is empty if there is no such licence, or no SPDX name for it.
    """
    try:
        first, *lines = data.decode("utf-8").splitlines() or [""]
        if not _FORMAT.fullmatch(first):
            return ""
        document = Copyright([_CURRENT, *lines], strict=True)
        files = {_synopsis(each) for each in document.all_files_paragraphs()}
        whole = _synopsis(document.header)
    except (NotMachineReadableError, MachineReadableFormatError, ValueError):
        return ""
    if whole:
        return expression(whole)
    return expression(files.pop()) if len(files) == 1 else ""


def _synopsis(paragraph: Header | FilesParagraph) -> str:
    """The first line of its License, empty if it has none."""
    found = cast("License | None", paragraph.license)
    return found.synopsis if found else ""


def expression(synopsis: str) -> str:
    """Returns what a DEP-5 synopsis, such as `GPL-2+ or Expat`, means in SPDX; empty if unsure."""
    words = synopsis.lower().split()
    if len(words) % 2 == 0 or not all(word in {"and", "or"} for word in words[1::2]):
        return ""
    names = [_name(word) for word in words[::2]]
    if not all(names):
        return ""
    both = [word.upper() for word in words]
    both[::2] = names
    try:
        return canonicalize_license_expression(" ".join(both))
    except InvalidLicenseExpression:
        return ""


def _name(word: str) -> str:
    gnu = _GNU.fullmatch(word)
    if gnu is None:
        return _SPDX.get(word, "")
    family, version, later = gnu.groups()
    version = version if "." in version else f"{version}.0"
    if version not in _GNU_VERSIONS[family]:
        return ""
    return f"{family.upper()}-{version}-{'or-later' if later else 'only'}"
