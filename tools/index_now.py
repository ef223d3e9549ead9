"""Prints a mirror's URL, and the versions of a package that it lists now, each in a line.

`rules/private/index_now.bzl` runs this, with the Python of the machine, to say more of a package
that has vanished. So it takes nothing but the standard library; without an answer, no line is
printed.
"""

import argparse
import os
from pathlib import Path

from relocatable.apt.download import Mirror, read_logins
from relocatable.apt.index_now import versions_now

_PARSER = argparse.ArgumentParser(description=__doc__)
_PARSER.add_argument("--package", required=True, help="The package's name.")
_PARSER.add_argument("--architecture", required=True, help="Its own architecture.")
_PARSER.add_argument("--index", action="append", default=[], help="The path of a Packages file.")
_PARSER.add_argument("--mirror", action="append", default=[], help="The URL of the archive's root.")


def _main() -> None:
    flags = _PARSER.parse_args()
    logins = read_logins(Path(os.environ.get("NETRC") or Path.home() / ".netrc"))
    mirrors = (Mirror(url, logins=logins) for url in flags.mirror)
    answer = versions_now(mirrors, flags.index, flags.package, flags.architecture)
    if answer:
        url, versions = answer
        print("\n".join([url, *versions]))


if __name__ == "__main__":
    _main()
