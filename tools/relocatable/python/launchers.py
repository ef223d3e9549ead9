"""What launchers do for Python: its interpreters, programs that embed it, its console scripts."""

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from relocatable import content
from relocatable.launcher import ROOT, SELF
from relocatable.layout import Layout
from relocatable.python import scripts
from relocatable.target import Target
from relocatable.tree import Tree

_INTERPRETER = re.compile(r"python3\.\d+t?")
_HOME = "PYTHONHOME"
# Nearly all machines have it; where it is missing, nothing changes. All of macOS have the other.
_UTF8 = (("LC_CTYPE", "C.UTF-8"),)
_UTF8_OF_MACOS = (("LC_CTYPE", "UTF-8"),)
# A console script is a few lines; what is longer is not looked at.
_SCRIPT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Start:
    """How a program is started for Python's sake.

    Attributes:
        argv0: As in `launcher.Settings`.
        arguments: What comes before the user's.
        environment: As in `launcher.Settings`, by name.
        in_c: As in `launcher.Settings`.
        keeps_policies: Whether what policies set stays for the program. One that embeds Python
            starts others by its own code (a debugger what it debugs): nothing could spare those.
    """

    argv0: str | None
    arguments: tuple[str, ...]
    environment: Mapping[str, str | None]
    in_c: tuple[tuple[str, str], ...] = ()
    keeps_policies: bool = True


def is_interpreter(path: str) -> bool:
    """Tells whether the program at `path` is a CPython, by its name."""
    return _INTERPRETER.fullmatch(posixpath.basename(path)) is not None


def embedder(environment: Mapping[str, str | None], target: Target) -> Start:
    """How a program starts that loads libpython, for which `environment` is meant.

    In the C locale, which is where nobody has chosen one, Python's interpreter takes paths for
    UTF-8. But for a program that embeds it they have to be ASCII, those of its home included; on
    macOS, what it prints.
    """
    in_c = _UTF8 if target.is_elf else _UTF8_OF_MACOS
    return Start(None, (), environment, in_c, keeps_policies=False)


def interpreter(environment: Mapping[str, str | None]) -> Start:
    """How an interpreter starts.

    It finds its home from where it is. PYTHONHOME would hide the virtual environments made from it,
    and a name that someone made up for it would lead nowhere: it is told a path that is true.
    """
    return Start(SELF, (), _without_home(environment))


def script(path: str, started_by: str, environment: Mapping[str, str | None]) -> Start:
    """How the console script at `path` starts, with the interpreter whose launcher is named."""
    return Start(f"{ROOT}/{started_by}", (f"{ROOT}/{path}",), _without_home(environment))


@dataclass(frozen=True, slots=True)
class Script:
    """A console script: where it is now, and where the launcher of its interpreter is."""

    path: str
    interpreter: str


def take_scripts(tree: Tree, programs: Collection[str], place: Layout) -> dict[str, Script]:
    """Moves console scripts aside, for launchers to take their places.

    Args:
        tree: What they are in.
        programs: Paths of launchers; scripts of other interpreters stay.
        place: Where scripts go.

    Returns:
        Each script by its old path.
    """
    taken: dict[str, Script] = {}
    for path, file in list(tree.files()):
        if not file.executable or content.size(file.content) > _SCRIPT_BYTES:
            continue
        started_by = scripts.interpreter(path, content.read(file.content))
        if started_by is not None and started_by in programs and is_interpreter(started_by):
            taken[path] = Script(place.program(path), started_by)
            del tree.nodes[path]
            tree.add(taken[path].path, file)
    return taken


def _without_home(environment: Mapping[str, str | None]) -> dict[str, str | None]:
    return {**environment, _HOME: None} if environment else {}
