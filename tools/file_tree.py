"""Makes a tree of files; the tool behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, file_tree, tree_tar

_FILES = flags.DEFINE_multi_string("file", [], "FILE=PATH: a file, and its path in the tree.")
_PROGRAMS = flags.DEFINE_multi_string("program", [], "FILE=PATH: the same, executable.")
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and makes the tree."""
    tree = file_tree.collect(_FILES.value, _PROGRAMS.value, cli.LABEL.value or "file_tree")
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
