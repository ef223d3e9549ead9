"""Writes one layer of a container image; the command behind the rule of this name."""

import os
from pathlib import Path

from absl import flags

from relocatable import cli, formats, layers, tree_tar
from relocatable.content import Writer
from relocatable.output import whole
from relocatable.tree import Tree

_TAR = flags.DEFINE_string("tar", None, "The dist's tree.", required=True)
_BELOW = flags.DEFINE_string("below", None, "That of the dist in the layer below, if there is one.")
_DIRECTORY = flags.DEFINE_string("directory", None, "Where they lie in the image.", required=True)
_FORMAT = flags.DEFINE_enum("format", None, ["tar", "tar.gz", "tar.zst"], "Which.", required=True)
_LEVEL = flags.DEFINE_integer("level", None, "The compressor's.", 0, 22, required=True)
_OUT = flags.DEFINE_string("out", None, "The layer.", required=True)


def main() -> None:
    """Reads the flags and writes the layer."""
    below = tree_tar.read_paths(Path(_BELOW.value)) if _BELOW.value else Tree()
    made = layers.layer(tree_tar.read_paths(Path(_TAR.value)), below, _DIRECTORY.value)
    out = Path(_OUT.value)
    if _FORMAT.value in formats.FORMATS:
        options = formats.Options("", _LEVEL.value, workers=os.cpu_count() or 1)
        formats.write(made, out, _FORMAT.value, options)
        return
    with whole(out) as file:
        tree_tar.write_to(made, Writer(file.fileno()))


if __name__ == "__main__":
    cli.run(main)
