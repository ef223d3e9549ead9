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
from relocatable.install import About, User
from relocatable.progress import Progress

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _SignalError(RelocatableError):
    """Somebody wants it to end."""


def main() -> int:
    """Installs, from where its user is."""
    parser = argparse.ArgumentParser(description="Installs a dist into a directory.")
    parser.add_argument("--spec", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--force", action="store_true", help="replace another dist, or one that was unpacked there"
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
    if not options.directory:
        raise RelocatableError(
            "DIR is empty, as an unset variable is; the path of a directory is wanted"
        )
    # `bazel run` starts in the runfiles and says here where its user is.
    working = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""))
    directory = working / options.directory
    homes = [Path(home) for home in (os.environ.get("HOME"),) if home]
    user = User(working=(working, Path.cwd()), homes=tuple(homes))
    total = install.size(tree)
    progress = Progress(sys.stdout, total)
    progress.say(f"installing {about.name} ({total / 1e6:.0f} MB) into {directory}")
    install.install(tree, about, directory, progress, user=user, force=options.force)
    progress.say(f"{directory} is {about.name}")


def _end(number: int, _: FrameType | None) -> None:
    # Who asks twice does not want to wait for the tidying up; the next install does it.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_DFL)
    raise _SignalError(f"ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    sys.exit(main())
