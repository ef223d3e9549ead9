"""Takes back, as Python starts, what a launcher has set for the interpreter alone.

A launcher notes, for each variable NAME that it changes, what it was in `RELOCATABLE_RESTORE_NAME`:
nothing if it was not set, else `=` and its value. CPython has read its own by the time this runs.
What `RELOCATABLE_KEPT` names, with colons between, is meant for the program as long as it runs: it
stays, and `_relocatable_children` spares other programs.
"""

import os
import site
import sys

_NOTE = "RELOCATABLE_RESTORE_"
_KEPT = "RELOCATABLE_KEPT"
_DESCRIPTOR = "/proc/self/fd/"
_NUMBER = "/.vol/"
# Of macOS's sys/fcntl.h, the size of the answer as well.
_F_GETPATH, _PATH_MAX = 50, 1024


def _restore_environment() -> None:
    notes = [name for name in os.environ if name.startswith(_NOTE)]
    if not notes:
        return
    kept = os.environ.get(_KEPT, "").split(":")
    stay = []
    for note in notes:
        name = note[len(_NOTE) :]
        if name in kept:
            stay.append(name)
            continue
        before = os.environ.pop(note)
        if before.startswith("="):
            os.environ[name] = before[1:]
        else:
            os.environ.pop(name, None)
    if stay:
        __import__("_relocatable_children").spare(stay)  # `children.py`, beside this in a bundle


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
