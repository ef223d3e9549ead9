"""Unpacks a dist's Python for a Bazel toolchain; behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.python import toolchain

_TAR = flags.DEFINE_string("tar", None, "The dist, as a tree.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_OUT = flags.DEFINE_string(
    "out",
    None,
    "The interpreter, in a directory beside lib and libexec, which are empty.",
    required=True,
)


def main() -> None:
    """Reads the flags and unpacks."""
    tree = tree_tar.read_paths(Path(_TAR.value))
    interpreter = Path(_OUT.value)
    toolchain.unpack(tree, _VERSION.value, interpreter, interpreter.parent.parent)


if __name__ == "__main__":
    cli.run(main)
