"""Puts the environment back as it was before the launcher changed it for this program.

A launcher notes, for each variable NAME that it changes, what it was in `RELOCATABLE_RESTORE_NAME`:
nothing if it was not set, else `=` and its value. CPython has read its own by the time this runs,
and no child process should see them.
"""

import os

# A home whose path has a ':' comes as a descriptor (see the launcher), and only for this process.
_home = os.environ.get("PYTHONHOME", "")
if _home.startswith("/proc/self/fd/"):
    os.set_inheritable(int(_home.rpartition("/")[2]), False)

_PREFIX = "RELOCATABLE_RESTORE_"

for _note in [name for name in os.environ if name.startswith(_PREFIX)]:
    _before = os.environ.pop(_note)
    _name = _note[len(_PREFIX) :]
    if _before.startswith("="):
        os.environ[_name] = _before[1:]
    else:
        os.environ.pop(_name, None)
