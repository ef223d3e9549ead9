"""The kinds of strings that locks of Debian packages are made of.

`rules/private/deb_words.bzl` has the same, for builds; a test holds the two against each other.
"""

import re

from relocatable.strict_json import Text

# What a terminal obeys, and what ends a line, of all of Unicode.
CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
LINE = Text("one line of text without control characters", re.compile(rf"[^{CONTROL}]*"))

# Debian Policy 5.6.1, except that it wants two characters.
NAME = Text("a package name", re.compile(r"[a-z0-9][a-z0-9+.-]*"))
# Policy 5.6.12: epoch, upstream version, revision.
VERSION = Text("a Debian version", re.compile(r"([0-9]+:)?[0-9A-Za-z][0-9A-Za-z.+~-]*"))
SHA256 = Text("64 hexadecimal digits", re.compile(r"[0-9a-f]{64}"))
# An environment variable is named after it.
SOURCE = Text("a source's name (a-z, 0-9, -)", re.compile(r"[a-z][a-z0-9-]*"))
# The name on an archive's disk, as in `Filename`: whatever apt takes but controls. No part of it
# starts with a dot, so that none can lead out of the archive, and none is a URL. Two slashes are no
# mistake otherwise: to a store of objects, they are not the same as one.
_NO = r"\x00-\x1f\x7f-\x9f\ud800-\udfff/"
_PART = rf"[^.{_NO}][^{_NO}]*"
_PATH = rf"(?!.*://)((?:{_PART})?/)*{_PART}"
DEB_PATH = Text("a .deb file's path in the archive", re.compile(rf"{_PATH}\.deb"))
FILE_PATH = Text("a file's path in the archive", re.compile(_PATH))
PATTERN = Text("a package name, where * is anything", re.compile(r"[a-z0-9*][a-z0-9+.*-]*"))

# The Debian architectures that `toolchains/` has target facts for.
ARCHITECTURES = ("amd64", "arm64")
TARGET = Text(" or ".join(ARCHITECTURES), re.compile("|".join(ARCHITECTURES)))
ARCHITECTURE = Text(f"all, {TARGET.meaning}", re.compile(f"all|{TARGET.pattern.pattern}"))

COMPONENT = Text("a component", re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+-]*"))
SUITE = Text(
    "a suite, or a flat repository's directory with a slash at its end",
    re.compile(rf"(\.?/)|{COMPONENT.pattern.pattern}"),
)
RELEASE_SUITE = Text(
    "a suite, as a Release file has it, or - for none",
    re.compile(rf"-|{COMPONENT.pattern.pattern}|"),
)
PIN = Text(
    "package=version or package/source",
    re.compile(rf"[a-z0-9*][a-z0-9+.*-]*(={VERSION.pattern.pattern}|/{SOURCE.pattern.pattern})"),
)
URL = Text("an http or https URL", re.compile(r"https?://[!-.0-~][!-~]*"))
KEYRING = Text(
    "a keyring's path in the workspace, or its name",
    re.compile(rf"(?!(.*/)?\.\.?(/|$))[^/ {CONTROL}][^ {CONTROL}]*|"),
)
MOMENT = Text("a moment like 20260131T000000Z", re.compile(r"[0-9]{8}T[0-9]{6}Z|"))

# Of version 4 (SHA-1) or 6 (SHA-256): RFC 9580, 5.5.4.
FINGERPRINT = Text("a key's fingerprint", re.compile(r"[0-9A-F]{40}|[0-9A-F]{64}"))
