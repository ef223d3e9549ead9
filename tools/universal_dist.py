"""Merges dists for several kinds of Mac into one; the command behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar, universal_tree
from relocatable.errors import RelocatableError
from relocatable.universal_tree import Part

_TREES = flags.DEFINE_multi_string("tree", [], "TAR=PROVENANCE of each dist.")
_NAMES = flags.DEFINE_multi_string("name", [], "What messages call each.")
_EITHER = flags.DEFINE_multi_string("either", [], "A pattern of paths that may differ.")
_OUT = flags.DEFINE_string("out", None, "The merged tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and merges."""
    if len(_TREES.value) != len(_NAMES.value):
        raise RelocatableError("a --name is wanted for each --tree")
    trees = tree_tar.read_all(_TREES.value)
    parts = [Part(name, tree) for name, tree in zip(_NAMES.value, trees, strict=True)]
    merged = universal_tree.merge(parts, _EITHER.value)
    tree_tar.write(merged, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
