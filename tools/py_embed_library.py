"""Gives what a program that embeds Python is built with; behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, content, tree_tar
from relocatable.output import whole
from relocatable.python import embed

_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_TREES = flags.DEFINE_multi_string("tree", None, "TAR=PROVENANCE: has the parts.", required=True)
_INCLUDE = flags.DEFINE_string("include", None, "A directory, for the headers.", required=True)
_LIBRARY = flags.DEFINE_string("library", None, "The shared libpython.", required=True)


def main() -> None:
    """Reads the flags and writes the parts."""
    trees = tree_tar.read_all(_TREES.value)
    headers = embed.headers(_VERSION.value, trees)
    library = embed.library(_VERSION.value, trees)
    for path, header in headers.items():
        there = Path(_INCLUDE.value, path)
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(content.view(header))
    with whole(Path(_LIBRARY.value)) as file:
        file.write(content.view(library))


if __name__ == "__main__":
    cli.run(main)
