"""What a loader would make of a finished tree, for any architecture, without running it.

`trace` loads every program and every Python extension module of a tree in the way of glibc's
ld.so, and answers with plain data: what each name means and why, what is missing and who wants it,
what nothing ever needs, and which versions of glibc and others all of it requires.
"""

from relocatable.closure.answers import (
    Baseline,
    Closure,
    Kind,
    Load,
    Place,
    Problem,
    Resolution,
    Root,
    RootKind,
    Rule,
)
from relocatable.closure.baseline import Newer, newer
from relocatable.closure.files import wants
from relocatable.closure.loaders import other_libc
from relocatable.closure.options import Options
from relocatable.closure.trace import Opener, trace

__all__ = [
    "Baseline",
    "Closure",
    "Kind",
    "Load",
    "Newer",
    "Opener",
    "Options",
    "Place",
    "Problem",
    "Resolution",
    "Root",
    "RootKind",
    "Rule",
    "newer",
    "other_libc",
    "trace",
    "wants",
]
