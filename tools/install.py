"""Installs a dist; behind the target NAME.install of each: `bazel run //dist:NAME.install -- DIR`.

See docs/install.md.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from relocatable import cli, install, tree_tar
from relocatable.errors import RelocatableError
from relocatable.install import About
from relocatable.progress import Progress

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _SignalError(RelocatableError):
    """Somebody wants it to end."""


def main() -> int:
    """Installs, from where its user is."""
    parser = argparse.ArgumentParser(description="Installs a dist into a directory.")
    parser.add_argument("--spec", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--force", action="store_true", help="replace whatever is there, with all that is in it"
    )
    parser.add_argument("directory", metavar="DIR", help="where to; what is there is replaced")
    options = parser.parse_args()
    for number in _SIGNALS:
        signal.signal(number, _end)
    return cli.status_of(lambda: _install(options))


def _install(options: argparse.Namespace) -> None:
    spec = json.loads(options.spec.read_text())
    about = About(spec["name"], spec["platform"], spec["version"])
    tree = tree_tar.read_paths(Path(spec["tree"]))
    # `bazel run` starts in the runfiles and says here where its user is.
    directory = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), options.directory)
    total = install.size(tree)
    progress = Progress(sys.stdout, total)
    progress.say(f"installing {about.name} ({total / 1e6:.0f} MB) into {directory}")
    install.install(tree, about, directory, progress, force=options.force)
    progress.say(f"{directory} is {about.name}")


def _end(number: int, _: FrameType | None) -> None:
    # Who asks twice does not want to wait for the tidying up; the next install does it.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise _SignalError(f"ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
