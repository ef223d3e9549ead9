"""Writes the archive, checksum and metadata of a dist; the last action of relocatable_dist."""

import os
from pathlib import Path

from absl import flags

from relocatable import archive, cli, target, tree_tar
from relocatable.output import whole

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_NAME = flags.DEFINE_string("name", None, "Name of the dist and its directory.", required=True)
_LIBC = flags.DEFINE_string("libc", None, "Whose libc it runs on.", required=True)
_PYTHON_VERSION = flags.DEFINE_string("python_version", None, "Of the Python inside, if any.")
_TOOL_VERSION = flags.DEFINE_string("tool_version", None, "Of rules_relocatable.", required=True)
_LEVEL = flags.DEFINE_integer("level", None, "zstd's.", 1, 22, required=True)
_WORKERS = flags.DEFINE_integer("workers", os.cpu_count() or 1, "Threads that compress.", 1)
_OUT = flags.DEFINE_string("out", None, "The archive.", required=True)
_SHA256 = flags.DEFINE_string("sha256", None, "Its checksum.", required=True)
_METADATA = flags.DEFINE_string("metadata", None, "What it is, as JSON.", required=True)


def main() -> None:
    """Reads the flags and writes the three files."""
    (tree,) = tree_tar.read_all([_TREE.value])
    facts = archive.Facts(
        name=_NAME.value,
        target=target.read(Path(_TARGET.value)),
        libc=_LIBC.value,
        python_version=_PYTHON_VERSION.value,
        tool_version=_TOOL_VERSION.value,
    )
    out = Path(_OUT.value)
    archive.write_tar_zst(tree, out, _NAME.value, _LEVEL.value, _WORKERS.value)
    sha256 = archive.write_sha256(out, Path(_SHA256.value))
    with whole(Path(_METADATA.value)) as file:
        file.write(archive.metadata(tree, facts, out, sha256))


if __name__ == "__main__":
    cli.run(main)
