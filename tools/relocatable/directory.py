"""A tree as files and directories of the machine."""

import os
from pathlib import Path

from relocatable.content import Writer
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Link, Tree


def unpack(tree: Tree, directory: Path, inside: str = "") -> None:
    """Unpacks a tree, or what is below its directory `inside`, into an existing, empty `directory`.

    Links that dangle are left out, because Bazel refuses directories that have one.
    """
    prefix = f"{inside}/" if inside else ""
    for path, node in tree:
        if not path.startswith(prefix):
            continue
        there = directory / path.removeprefix(prefix)
        match node:
            case Directory():
                there.mkdir()
            case File():
                with there.open("wb", buffering=0) as file:
                    writer = Writer(file.fileno())
                    writer.write(node.content)
                    writer.flush()
                    os.fchmod(file.fileno(), 0o755 if node.executable else 0o644)
            case Link():
                try:
                    tree.follow(path)
                except RelocatableError:
                    continue
                there.symlink_to(node.target)
