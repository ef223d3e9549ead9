"""What a launcher does, whatever it is made of.

All paths are relative to the dist's root and are POSIX paths. Text is UTF-8; bytes that are not
stay as they are (surrogateescape).
"""

import posixpath
import re
from dataclasses import dataclass

from relocatable.errors import RelocatableError

ROOT = "{root}"
"""In an argument or a variable: the absolute path of the dist."""

ROOT_WITHOUT_COLON = "{root_without_colon}"
"""The same for what is split at ':' with no way to quote it, such as PYTHONHOME.

It is the absolute path too, unless that has a ':'. Then it is `/proc/self/fd/N`, with a descriptor
that the program inherits (and that its start-up should make not inheritable).
"""

SELF = "{self}"
"""In an argument: a path that leads to the launcher, for a program that looks around there.

It is argv[0] if that is such a path, so that a link keeps its meaning (a virtual environment's
`bin/python`); else the path that was executed; else the launcher's own path without links.
"""

RESTORE = "RELOCATABLE_RESTORE_"
"""Begins the names of variables that say what a changed variable was before.

`RELOCATABLE_RESTORE_X=` says that X was not set, `RELOCATABLE_RESTORE_X==old` that it was `old`.
"""

KEPT = "RELOCATABLE_KEPT"
"""A variable that names others, with `:` between: what a launcher has set for the program for good.

The start-up of a bundle's Python puts back all variables that have a note, as Python has read its
own by then; but not these. They stay for the program, and only programs that Python starts are
spared.
"""

_RESERVED = re.compile("[\0-\4]")  # The native launcher's tokens.


@dataclass(frozen=True, slots=True)
class Settings:
    """What a launcher does.

    Attributes:
        depth: How many directories lie between the dist's root and the launcher: 1 for bin/lldb.
        program: The program to run.
        loader: The dynamic loader to run it through, or None to leave that to the kernel.
        library_path: Directories in which the loader looks first; only with a loader.
        arguments: Arguments before the user's own; `ROOT`, `ROOT_WITHOUT_COLON` and `SELF` are
            replaced.
        environment: Variables to change before the program starts, by name, in this order: the
            value (replaced likewise), or None for a variable that it must not see. A name that
            ends with `*` stands for all that begin so, and has no value.
        inherited: Variables (replaced likewise) that are set without a note: the program's children
            see them too.
        argv0: What the program's argv[0] is to be (replaced likewise), if not the launcher's own.
        in_c: Variables (replaced likewise) for where nobody has chosen a locale for characters but
            that of C, which has only ASCII, or one that begins with `C.`: LC_ALL, LC_CTYPE or LANG,
            the first of them that is set, says so, or none is. LC_ALL=C counts as a choice.
        lost: Variables (replaced likewise) for where the locale that is chosen for characters is
            not C's, and is none that the C library would find (see `locales`).
        files: Names of variables and paths (replaced likewise): one that the user has not set is
            set to the first of its paths that is there.
    """

    depth: int
    program: str
    loader: str | None = None
    library_path: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str | None], ...] = ()
    argv0: str | None = None
    inherited: tuple[tuple[str, str], ...] = ()
    in_c: tuple[tuple[str, str], ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Raises RelocatableError for what can't be said to a launcher, or would leave the dist."""
        if not 0 <= self.depth < 2**16:
            raise RelocatableError(f"launcher: depth {self.depth} is not between 0 and 65535")
        files = [self.program] if self.loader is None else [self.program, self.loader]
        for path in (*files, *self.library_path):
            _check_relative(path)
        if "." in files:
            raise RelocatableError("launcher: '.' is the dist's root, not a file")
        if self.library_path and self.loader is None:
            raise RelocatableError("launcher: a library path needs a loader")
        for path in self.library_path:
            if found := re.search("[:;$]", path):
                raise RelocatableError(
                    f"launcher: library path {path!r} has a {found[0]!r}, which loaders interpret"
                )
        names = [name for name, _ in (*self.environment, *self.inherited)]
        others = (*self.inherited, *self.in_c, *self.lost, *self.files)
        more = [text for pair in others for text in pair]
        for name, value in (*self.environment, *others):
            several = "*" in name and (not name.endswith("*") or name == "*" or value is not None)
            if not name or "=" in name or name.startswith(RESTORE) or several:
                raise RelocatableError(f"launcher: {name!r} can't be the name of a variable")
            if names.count(name) > 1:
                raise RelocatableError(f"launcher: variable {name} is given twice")
        values = (value or "" for _, value in self.environment)
        for text in (*self.arguments, *names, *values, *more, self.argv0 or ""):
            if found := _RESERVED.search(text):
                raise RelocatableError(
                    f"launcher: {text!r} has the byte {ord(found[0])}, which settings can't hold"
                )

    def loader_flags(self) -> list[str]:
        """What the loader is told before the program.

        Library directories are told from the program's own ($ORIGIN): the loader splits the list at
        ':' before it replaces that, so that a root with a ':' in its name does no harm.
        """
        origin = posixpath.dirname(self.program) or "."
        libraries = [
            posixpath.join("$ORIGIN", posixpath.relpath(directory, origin)).removesuffix("/.")
            for directory in self.library_path
        ]
        return ["--inhibit-cache"] + (["--library-path", ":".join(libraries)] if libraries else [])


def _check_relative(path: str) -> None:
    """Raises if a path could lead out of the dist, or has two spellings."""
    wrong = path.startswith("/") or ".." in path.split("/") or path != posixpath.normpath(path)
    if wrong or _RESERVED.search(path):
        raise RelocatableError(
            f"launcher: {path!r} is not a plain path relative to the dist's root"
        )
