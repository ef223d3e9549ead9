"""Tells what differs between two dists: `dist_diff [--json] [--all] OLD NEW`.

    bazel run @rules_relocatable//tools:dist_diff -- old/lldb.tar.zst new/lldb.tar.zst

Each is an archive, a directory, or the metadata of a dist. The status is 0 if nothing differs, 1 if
something does, 2 if that can't be told. See docs/dist_diff.md.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from relocatable import cli, diff
from relocatable.errors import RelocatableError

_DIFFERENT, _TROUBLE = 1, 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        usage = self.format_usage().removeprefix("usage: ").strip()
        raise RelocatableError(f"{message}; wanted: {usage}")


def main() -> int:
    """Runs the command where its user is."""
    cli.go_to_user()
    status = 0

    def tell() -> None:
        nonlocal status
        parser = _Parser("dist_diff", description=__doc__.partition(":")[0], allow_abbrev=False)
        what = "an archive, a directory, or the metadata of a dist"
        parser.add_argument("old", metavar="OLD", type=Path, help=what)
        parser.add_argument("new", metavar="NEW", type=Path, help="another one")
        parser.add_argument("--json", action="store_true", help="all of it, for programs")
        parser.add_argument("--all", action="store_true", help="all lines of long sections")
        options = parser.parse_args()
        found = diff.compare(diff.read(options.old), diff.read(options.new))
        text = diff.summary(found, everything=options.all).encode()
        _print(diff.document(found) if options.json else text)
        status = 0 if found.same else _DIFFERENT

    return _TROUBLE if cli.status_of(tell) else status


def _print(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Its reader, `head` for example, has seen enough. Python would write the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
