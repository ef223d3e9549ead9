"""Unpacks a tree into a directory; behind the output group `directory`."""

from pathlib import Path

from absl import flags

from relocatable import cli, directory, tree_tar

_TAR = flags.DEFINE_string("tar", None, "The tree.", required=True)
_OUT = flags.DEFINE_string("out", None, "The directory, which exists and is empty.", required=True)


def main() -> None:
    """Reads the flags and unpacks."""
    directory.unpack(tree_tar.read_paths(Path(_TAR.value)), Path(_OUT.value))


if __name__ == "__main__":
    cli.run(main)
