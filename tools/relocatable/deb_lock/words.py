"""The kinds of strings that locks of Debian packages are made of."""

import re

from relocatable.strict_json import Text

# Debian Policy 5.6.1, except that it wants two characters.
NAME = Text("a package name", re.compile(r"[a-z0-9][a-z0-9+.-]*"))
# Policy 5.6.12: epoch, upstream version, revision.
VERSION = Text("a Debian version", re.compile(r"([0-9]+:)?[0-9A-Za-z][0-9A-Za-z.+~-]*"))
SHA256 = Text("64 hexadecimal digits", re.compile(r"[0-9a-f]{64}"))
# An environment variable is named after it.
SOURCE = Text("a source's name (a-z, 0-9, -)", re.compile(r"[a-z][a-z0-9-]*"))
# No part of a path starts with a dot, so that none can lead out of the archive.
_PART = r"[0-9A-Za-z_+~%-][0-9A-Za-z_.+~%-]*"
DEB_PATH = Text("a .deb file's path in the archive", re.compile(rf"({_PART}/)*{_PART}\.deb"))
FILE_PATH = Text("a file's path in the archive", re.compile(rf"({_PART}/)*{_PART}"))
PATTERN = Text("a package name, where * is anything", re.compile(r"[a-z0-9*][a-z0-9+.*-]*"))

# The Debian architectures that `toolchains/` has target facts for.
ARCHITECTURES = ("amd64", "arm64")
TARGET = Text(" or ".join(ARCHITECTURES), re.compile("|".join(ARCHITECTURES)))
ARCHITECTURE = Text(f"all, {TARGET.meaning}", re.compile(f"all|{TARGET.pattern.pattern}"))
