"""What launchers do for Python: its interpreters, programs that embed it, its console scripts."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from relocatable import content
from relocatable.launcher import ROOT, SELF
from relocatable.python import scripts
from relocatable.tree import File, Tree

_INTERPRETER = re.compile(r"python3\.\d+t?")
_HOME = "PYTHONHOME"
# Nearly all machines have it; where it is missing, nothing changes.
_UTF8 = "C.UTF-8"
# A console script is a few lines; what is longer is not looked at.
_SCRIPT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Start:
    """How a program is started for Python's sake.

    Attributes:
        argv0: As in `launcher.Settings`.
        arguments: What comes before the user's.
        environment: As in `launcher.Settings`, by name.
        ctype: As in `launcher.Settings`.
    """

    argv0: str | None
    arguments: tuple[str, ...]
    environment: Mapping[str, str | None]
    ctype: str | None = None


def is_interpreter(path: str) -> bool:
    """Tells whether the program at `path` is a CPython, by its name."""
    return _INTERPRETER.fullmatch(posixpath.basename(path)) is not None


def embedder(environment: Mapping[str, str | None]) -> Start:
    """How a program starts that loads libpython, for which `environment` is meant.

    In the C locale, which is where nobody has chosen one, Python's interpreter takes paths for
    UTF-8. But for a program that embeds it they have to be ASCII, those of its home included.
    """
    return Start(None, (), environment, ctype=_UTF8)


def interpreter(environment: Mapping[str, str | None]) -> Start:
    """How an interpreter starts.

    It finds its home from where it is. PYTHONHOME would hide the virtual environments made from it,
    and a name that someone made up for it would lead nowhere: it is told a path that is true.
    """
    return Start(SELF, (), _without_home(environment))


def script(path: str, started_by: str, environment: Mapping[str, str | None]) -> Start:
    """How the console script at `path` starts, with the interpreter whose launcher is named."""
    return Start(f"{ROOT}/{started_by}", (f"{ROOT}/{path}",), _without_home(environment))


def take_scripts(tree: Tree, launchers: Mapping[str, str], directory: str) -> dict[str, str]:
    """Moves console scripts to `directory`, for launchers to take their places.

    Args:
        tree: What they are in.
        launchers: The launchers that there are; scripts of other interpreters stay.
        directory: Where scripts go.

    Returns:
        For each script's old path, that of its interpreter's launcher.
    """
    taken: dict[str, str] = {}
    for path, file in list(tree.files()):
        if not file.executable or content.size(file.content) > _SCRIPT_BYTES:
            continue
        started_by = scripts.interpreter(path, content.read(file.content))
        if started_by is not None and started_by in launchers and is_interpreter(started_by):
            _move(tree, path, f"{directory}/{posixpath.basename(path)}", file)
            taken[path] = started_by
    return taken


def _move(tree: Tree, path: str, there: str, file: File) -> None:
    del tree.nodes[path]
    tree.add(there, file)


def _without_home(environment: Mapping[str, str | None]) -> dict[str, str | None]:
    return {**environment, _HOME: None} if environment else {}
