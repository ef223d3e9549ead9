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


def _restore_environment() -> None:
    for note in [name for name in os.environ if name.startswith(_NOTE)]:
        before = os.environ.pop(note)
        name = note[len(_NOTE) :]
        if before.startswith("="):
            os.environ[name] = before[1:]
        else:
            os.environ.pop(name, None)


def _name_home() -> None:
    """Gives the home its real name: one with a ':' can't be told but by an open descriptor.

    The descriptor stays open for what was imported through it, but only in this process.
    """
    home = sys.prefix
    if not home.startswith(_DESCRIPTOR):
        return
    number, _, below = home[len(_DESCRIPTOR) :].partition("/")
    os.set_inheritable(int(number), False)
    real = os.path.join(os.readlink(_DESCRIPTOR + number), below).rstrip("/")
    for name in ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix"):
        setattr(sys, name, getattr(sys, name).replace(home, real, 1))
    for paths in (sys.path, site.PREFIXES):
        paths[:] = [path.replace(home, real, 1) for path in paths]


_name_home()
_restore_environment()
