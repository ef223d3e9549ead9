"""Unpacks a tree into a directory; behind the output group `directory`."""

from pathlib import Path

from absl import flags

from relocatable import cli, content, tree_tar
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Link

_TAR = flags.DEFINE_string("tar", None, "The tree.", required=True)
_OUT = flags.DEFINE_string("out", None, "The directory, which exists and is empty.", required=True)


def main() -> None:
    """Unpacks; links that dangle are left out, because Bazel refuses directories that have one."""
    tree = tree_tar.read_paths(Path(_TAR.value))
    out = Path(_OUT.value)
    for path, node in tree:
        there = out / path
        match node:
            case Directory():
                there.mkdir()
            case File():
                there.write_bytes(content.view(node.content))
                there.chmod(0o755 if node.executable else 0o644)
            case Link():
                try:
                    tree.follow(path)
                except RelocatableError:
                    continue
                there.symlink_to(node.target)


if __name__ == "__main__":
    cli.run(main)
