"""Runs programs from several threads that also write programs.

The kernel runs no file that is open for writing, and between fork and exec a child has what its
parent has open. So nothing is written while a process starts, and nothing starts while one writes.
"""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relocatable.errors import RelocatableError

_ONE_AT_A_TIME = threading.Lock()
_TIMEOUT = 120.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a process has left: its exit status and its output, decoded."""

    status: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        """The status, and what was written."""
        return f"{self.status}: {self.stdout}{self.stderr}"

    def check(self) -> None:
        """Raises RelocatableError, with what the process has written, if it failed."""
        if self.status:
            raise RelocatableError(str(self))


def write_program(path: Path, data: bytes) -> None:
    """Writes an executable file."""
    with _ONE_AT_A_TIME:
        path.write_bytes(data)
        path.chmod(0o755)


def run(
    command: Sequence[str | Path], environment: Mapping[str, str], cwd: Path | None = None
) -> Done:
    """Runs a command to its end.

    Args:
        command: the program and its arguments.
        environment: all variables that it sees.
        cwd: where it runs.
    """
    with _ONE_AT_A_TIME:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            cwd=cwd,
            encoding="utf-8",
            errors="surrogateescape",
        )
    with process:
        try:
            stdout, stderr = process.communicate(timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Done(process.returncode, stdout, stderr)
