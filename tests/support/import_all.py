"""Imports every module of a library for real, each in a process of its own."""

import ast
import stat
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROGRAM = """
import os, sys  # Nothing that isn't part of start-up.

names = eval(sys.stdin.read())
null = os.open(os.devnull, os.O_RDWR)
for name in names:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(null, 1)
        os.dup2(null, 2)
        result = {}
        try:
            module = __import__(name, fromlist=["x"])
            result["file"] = getattr(module, "__file__", None)
            result["loader"] = type(getattr(module, "__loader__", None)).__name__
        except BaseException as error:
            result["error"] = f"{type(error).__name__}: {error}"
            result["missing"] = getattr(error, "name", None)
        os.write(writer, repr(result).encode())
        os._exit(0)
    os.close(writer)
    data = b""
    while part := os.read(reader, 65536):
        data += part
    os.close(reader)
    _, status = os.waitpid(child, 0)
    print((name, eval(data) if data else {"error": f"status {status}"}))
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an import ended.

    Attributes:
        error: What was raised, if anything.
        missing: Which module an ImportError was about.
        file: The module's `__file__`.
        loader: The name of its loader's class.
    """

    error: str | None = None
    missing: str | None = None
    file: str | None = None
    loader: str | None = None


def import_all(
    argv: Sequence[str], home: Path, names: Iterable[str], *, cache: Path | None = None
) -> dict[str, Outcome]:
    """Imports modules with nothing but a library of ours.

    Args:
        argv: An interpreter.
        home: What PYTHONHOME is to be.
        names: Of modules.
        cache: Where Python keeps what it compiles, else nowhere: sources are slow to import then.
    """
    environment = {"PYTHONHOME": str(home)}
    if cache is not None:
        environment["PYTHONPYCACHEPREFIX"] = str(cache)
    done = subprocess.run(
        [*argv, *([] if cache else ["-B"]), "-s", "-S", "-P", "-c", _PROGRAM],
        input=repr(sorted(names)),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    lines = map(ast.literal_eval, done.stdout.splitlines())
    return {name: Outcome(**result) for name, result in lines}


def read_only(directory: Path) -> None:
    """Takes away the right to write, as in a shipped dist: no cache can be made."""
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
