"""Takes one file out of a tree; behind the private rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, content, tree_tar
from relocatable.output import whole

_TAR = flags.DEFINE_string("tar", None, "The tree.", required=True)
_PATH = flags.DEFINE_string("path", None, "The file's path in it.", required=True)
_OUT = flags.DEFINE_string("out", None, "The file.", required=True)


def main() -> None:
    """Reads the flags and writes the file, with its mode."""
    file = tree_tar.read_paths(Path(_TAR.value)).file(_PATH.value)
    out = Path(_OUT.value)
    with whole(out) as opened:
        opened.write(content.view(file.content))
    out.chmod(0o755 if file.executable else 0o644)


if __name__ == "__main__":
    cli.run(main)
