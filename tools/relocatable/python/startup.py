"""Makes an embedded Python forget how the launcher told it where its home is.

A launcher notes, for each variable NAME that it changes, what it was in `RELOCATABLE_RESTORE_NAME`:
nothing if it was not set, else `=` and its value. CPython has read its own by the time this runs,
and no child process should see them.
"""

import os
import site
import sys

_NOTE = "RELOCATABLE_RESTORE_"
_DESCRIPTOR = "/proc/self/fd/"
_NUMBER = "/.vol/"
# Of macOS's sys/fcntl.h, the size of the answer as well.
_F_GETPATH, _PATH_MAX = 50, 1024


def _restore_environment() -> None:
    for note in [name for name in os.environ if name.startswith(_NOTE)]:
        before = os.environ.pop(note)
        name = note[len(_NOTE) :]
        if before.startswith("="):
            os.environ[name] = before[1:]
        else:
            os.environ.pop(name, None)


def _name_home() -> None:
    """Gives the home its real name: one with a ':' can only be told by another.

    On Linux that is a descriptor, which stays open for what was imported through it, but only in
    this process. On macOS it is the directory's number.
    """
    home = sys.prefix
    if home.startswith(_DESCRIPTOR):
        number, _, below = home[len(_DESCRIPTOR) :].partition("/")
        os.set_inheritable(int(number), False)
        root = os.readlink(_DESCRIPTOR + number)
    elif home.startswith(_NUMBER):
        volume, number, *rest = home[len(_NUMBER) :].split("/", 2)
        below = "".join(rest)
        root = _path_of_number(f"{_NUMBER}{volume}/{number}")
    else:
        return
    real = os.path.join(root, below).rstrip("/")
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        setattr(sys, name, getattr(sys, name).replace(home, real, 1))
    for paths in (sys.path, site.PREFIXES):
        paths[:] = [path.replace(home, real, 1) for path in paths]


def _path_of_number(name: str) -> str:
    import fcntl  # noqa: PLC0415 - for this alone, and a file of its own

    descriptor = os.open(name, os.O_RDONLY)
    try:
        path = fcntl.fcntl(descriptor, _F_GETPATH, bytes(_PATH_MAX))
    finally:
        os.close(descriptor)
    return os.fsdecode(path.rstrip(b"\0"))


_name_home()
_restore_environment()
