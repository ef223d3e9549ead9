"""What such a command's program does around it."""

import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from relocatable import cli


def command(run: Callable[[Sequence[str], TextIO, TextIO], int]) -> int:
    """Runs a command where its user is; returns the exit status.

    Args:
        run: takes the command line without the command's name, stdout and stderr; returns the
            status, or raises what is wrong.
    """
    # Names of files may have any bytes, and go out as they came in.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
    cli.go_to_user()
    status = 0

    def step() -> None:
        nonlocal status
        status = run(sys.argv[1:], sys.stdout, sys.stderr)

    return cli.status_of(step) or status
