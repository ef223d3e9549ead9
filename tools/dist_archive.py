"""Writes one archive of a dist, and its checksum."""

import os
from pathlib import Path

from absl import flags

from relocatable import checksum, cli, formats, target, tree_tar

_TAR = flags.DEFINE_string("tar", None, "The dist's tree.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_NAME = flags.DEFINE_string("name", None, "Of the directory in it.", required=True)
_FORMAT = flags.DEFINE_enum("format", None, sorted(formats.FORMATS), "Which.", required=True)
_LEVEL = flags.DEFINE_integer("level", None, "The compressor's.", 0, 22, required=True)
_WORKERS = flags.DEFINE_integer("workers", os.cpu_count() or 1, "Threads that compress.", 1)
_OUT = flags.DEFINE_string("out", None, "The archive.", required=True)
_SHA256 = flags.DEFINE_string("sha256", None, "Its checksum.", required=True)


def main() -> None:
    """Reads the flags and writes both files."""
    machine = target.read(Path(_TARGET.value)).machine
    options = formats.Options(_NAME.value, _LEVEL.value, machine, _WORKERS.value)
    out = Path(_OUT.value)
    formats.write(tree_tar.read_paths(Path(_TAR.value)), out, _FORMAT.value, options)
    checksum.write(out, Path(_SHA256.value))


if __name__ == "__main__":
    cli.run(main)
