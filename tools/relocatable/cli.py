"""The frame that every tool shares: flags in, one library call, one clear line on bad input."""

import sys
from collections.abc import Callable, Iterable

from absl import app, flags

from relocatable.errors import RelocatableError

LABEL = flags.DEFINE_string("label", None, "The target that asks, for messages and provenance.")


def run(main: Callable[[], None]) -> None:
    """Parses absl flags (also from `--flagfile`), calls `main`, and never returns.

    Exit status: 0, or 1 with a line on stderr when the input is bad or can't be read, or 2 when
    a flag is wrong (absl's usage error is 1; a left-over positional argument is ours).
    """

    def start(argv: list[str]) -> int:
        if len(argv) > 1:
            print(
                f"error: unknown argument {argv[1]!r}: this tool takes flags only", file=sys.stderr
            )
            return 2
        try:
            main()
        except (RelocatableError, OSError) as error:
            place = f"{LABEL.value}: " if LABEL.value else ""
            print(f"error: {place}{error}", file=sys.stderr)
            return 1
        return 0

    app.run(start)


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
