"""The frame that every tool shares: flags in, one library call, one clear line on bad input."""

import errno
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from absl import app, flags

from relocatable.errors import RelocatableError, printable, problems

_CALLED_FROM = "BUILD_WORKING_DIRECTORY"
"""What `bazel run`, which starts a tool in its runfiles, tells it of its user."""

_INTERRUPTED = 128 + signal.SIGINT

_TURNED = (
    "; `bazel run` has turned bazel-bin to the tool's configuration: name the file as "
    "`bazel cquery --output=files TARGET` does"
)


def _quietly(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Has an interrupted user spared a traceback; Python then ends itself by SIGINT."""
    if issubclass(kind, KeyboardInterrupt):
        print("\ninterrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


# From here on, as what the tools import takes a while, too.
sys.excepthook = _quietly

LABEL = flags.DEFINE_string("label", None, "The target that asks, for messages and provenance.")


def run(main: Callable[[], None]) -> None:
    """Parses absl flags (also from `--flagfile`), calls `main`, and never returns.

    Exit status: 0, or 1 with a line on stderr when a flag is wrong or the input is bad or can't be
    read; 130 if a user has interrupted it, as a shell says it of one that SIGINT has ended.
    """

    def start(_: list[str]) -> int:
        return status_of(main)

    app.run(start, flags_parser=_parse)


def go_to_user() -> None:
    """Goes to the directory of whoever has called `bazel run`."""
    os.chdir(os.environ.get(_CALLED_FROM, "."))


def pairs(flag: str, values: Iterable[str]) -> dict[str, str]:
    """Returns the repeated values `KEY=VALUE` of a flag as a mapping.

    Raises:
        RelocatableError: if a value has no `=`, or a key comes twice.
    """
    mapping: dict[str, str] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not equals or key in mapping:
            raise RelocatableError(f"--{flag}={text}: KEY=VALUE is wanted, each key once")
        mapping[key] = value
    return mapping


def _parse(argv: list[str]) -> list[str]:
    """Parses the flags as absl does, but says in our way what is wrong with them."""

    def parse() -> None:
        try:
            rest = flags.FLAGS(argv)[1:]
        except flags.Error as error:
            problems(str(error).splitlines(), "wrong flags:")
        else:
            if rest:
                raise RelocatableError(f"unknown argument {rest[0]!r}: this tool takes flags only")

    if status := status_of(parse):
        sys.exit(status)
    return argv


def status_of(step: Callable[[], None]) -> int:
    """Takes a step; returns the exit status that follows from it."""
    try:
        step()
    except (RelocatableError, OSError) as error:
        place = f"{LABEL.value}: " if flags.FLAGS.is_parsed() and LABEL.value else ""
        print(printable(f"error: {place}{_text(error)}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # Behind what the terminal shows of the key.
        print("\ninterrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _text(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.filename is None:
        # Files in the temporary directory have no name that would say where the room is missing.
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        where = f" for temporary files in {tempfile.gettempdir()} (TMPDIR)" if full else ""
        return f"{error.strerror or error}{where}"
    hint = ""
    if isinstance(error, FileNotFoundError) and _CALLED_FROM in os.environ:
        hint = _TURNED if "bazel-bin" in Path(os.fsdecode(error.filename)).parts else ""
    return f"{error.filename}: {error.strerror}{hint}"
