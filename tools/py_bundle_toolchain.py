"""Unpacks a dist's Python for a Bazel toolchain; behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.python import toolchain

_TAR = flags.DEFINE_string("tar", None, "The dist, as a tree.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_OUT = flags.DEFINE_string("out", None, "The interpreter.", required=True)
_PARTS = flags.DEFINE_string("parts", None, "Where lib and libexec are, empty.", required=True)


def main() -> None:
    """Reads the flags and unpacks."""
    tree = tree_tar.read_paths(Path(_TAR.value))
    toolchain.unpack(tree, _VERSION.value, Path(_OUT.value), Path(_PARTS.value))


if __name__ == "__main__":
    cli.run(main)
