"""Console scripts: commands in `bin` that find their interpreter from their own place.

In a prefix such a command is a text that both sh and Python read: sh executes the interpreter
beside it on the same file, and to Python that line is a string. It needs a shell, realpath and
dirname; `relocatable_dist` needs none of these and puts a native launcher before it.

Source: the specification "Entry points"; for `#!python`, that of wheels (PEP 427).
"""

import configparser
import posixpath
import re
from collections.abc import Iterator

from relocatable.errors import RelocatableError

DIRECTORY = "bin"
"""Where commands are, below a prefix."""

_HEADER = """#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/{interpreter}" "$0" "$@"
' '''
"""
_STARTED = re.compile(
    re.escape(_HEADER).replace(re.escape("{interpreter}"), r"(?P<interpreter>[\w./-]+)").encode()
)
_PLACEHOLDER = re.compile(rb"#![ \t]*pythonw?(?:[ \t][^\r\n]*)?\r?\n")
_BODY = """import sys

from {module} import {name}

if __name__ == "__main__":
    sys.exit({call}())
"""
_GROUPS = ("console_scripts", "gui_scripts")
_NAME = re.compile(r"[\w+-][\w.+-]*")
_OBJECT = re.compile(
    r"(?P<module>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\s*:\s*(?P<call>[^\W\d]\w*(?:\.[^\W\d]\w*)*)"
    r"\s*(?:\[[\w\s,.-]*\])?"
)


def from_entry_points(data: bytes, name: str, version: str) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the text of each command that an `entry_points.txt` asks for.

    Args:
        data: The file.
        name: What messages call it.
        version: MAJOR.MINOR of the interpreter.

    Raises:
        RelocatableError: if it is not such a file, or a name in it could lead anywhere else.
    """
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    try:
        parser.read_string(data.decode("utf-8"))
    except (UnicodeDecodeError, configparser.Error) as error:
        said = " ".join(str(error).split())
        raise RelocatableError(f"{name} is no list of entry points: {said}") from error
    for group in _GROUPS:
        for command, target in parser[group].items() if parser.has_section(group) else ():
            yield command, text(command, target, name, version)


def text(command: str, target: str, name: str, version: str) -> bytes:
    """Returns the text of the command that calls `target`, MODULE:FUNCTION.

    Args:
        command: Its name.
        target: What it calls, and exits with what that returns.
        name: What messages call the place where both are written.
        version: MAJOR.MINOR of the interpreter.

    Raises:
        RelocatableError: if `target` is not of that form, or `command` could lead anywhere else.
    """
    match = _OBJECT.fullmatch(target)
    if not _NAME.fullmatch(command) or match is None:
        raise RelocatableError(
            f"{name}: wanted COMMAND = MODULE:FUNCTION, found {command!r} = {target!r}"
        )
    call = match["call"]
    body = _BODY.format(module=match["module"], name=call.partition(".")[0], call=call)
    return (header(f"python{version}") + body).encode()


def started_here(data: bytes, version: str) -> bytes | None:
    """Returns a wheel's script so that it is started by the interpreter beside it.

    None if it is no script for Python: its first line is not the `#!python` of wheels.
    """
    match = _PLACEHOLDER.match(data)
    return None if match is None else header(f"python{version}").encode() + data[match.end() :]


def interpreter(path: str, data: bytes) -> str | None:
    """Returns the path of the interpreter that starts the script at `path`; None if none does."""
    match = _STARTED.match(data)
    if match is None:
        return None
    there = posixpath.join(posixpath.dirname(path), match["interpreter"].decode())
    return posixpath.normpath(there)


def first_line(data: bytes) -> str:
    """Returns the first line of a file, for people."""
    return data.partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")


def header(interpreter_name: str) -> str:
    """Returns the first lines of a script that the interpreter beside it starts."""
    return _HEADER.format(interpreter=interpreter_name)
