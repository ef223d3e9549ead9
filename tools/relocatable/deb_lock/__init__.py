"""The lock file of Debian packages: what was asked for, and exactly what that is.

A lock is one JSON object. `declaration` is written by people (by hand, in MODULE.bazel, or through
the flags of `tools/update_deb_lock.py`); the rest is computed from it and the archive's indices.
`rules/private/deb_lock.bzl` reads the same format; `docs/debs.md` describes each field.
"""

from relocatable.deb_lock.contradictions import contradictions
from relocatable.deb_lock.declaration import (
    NAMELESS,
    PRIORITY,
    SNAPSHOT,
    Declaration,
    Source,
    checked,
    sources,
)
from relocatable.deb_lock.file import FORMAT, START, UPDATE, check, parse, read, render, write
from relocatable.deb_lock.records import Index, Key, Lock, Package, Promise
from relocatable.deb_lock.source_packages import SourceFile, SourcePackage, named
from relocatable.deb_lock.words import ARCHITECTURES

__all__ = [
    "ARCHITECTURES",
    "FORMAT",
    "NAMELESS",
    "PRIORITY",
    "SNAPSHOT",
    "START",
    "UPDATE",
    "Declaration",
    "Index",
    "Key",
    "Lock",
    "Package",
    "Promise",
    "Source",
    "SourceFile",
    "SourcePackage",
    "check",
    "checked",
    "contradictions",
    "named",
    "parse",
    "read",
    "render",
    "sources",
    "write",
]
