"""Lists a tree's paths, for dist_listing_test."""

from pathlib import Path

from absl import flags

from relocatable import cli, listing, tree_tar
from relocatable.output import whole

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the tree.", required=True)
_COLUMN = flags.DEFINE_multi_string("column", [], "What stands before each path, in this order.")
_EXCLUDE = flags.DEFINE_multi_string("exclude", [], "Pattern of paths that are left out.")
_OUT = flags.DEFINE_string("out", None, "The listing.", required=True)


def main() -> None:
    """Reads the flags and writes the file."""
    (tree,) = tree_tar.read_all([_TREE.value])
    lines = listing.listing(tree, _COLUMN.value, _EXCLUDE.value)
    with whole(Path(_OUT.value)) as file:
        file.write(listing.golden(lines, []).encode())


if __name__ == "__main__":
    cli.run(main)
