"""Makes a tree of the Python of a toolchain; the tool behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.python import standalone

_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_PREFIX = flags.DEFINE_string("prefix", None, "What its paths begin with.", required=True)
_FILES = flags.DEFINE_string(
    "files", None, "File with a line SHORT_PATH<tab>PATH for each.", required=True
)
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and makes the tree."""
    lines = Path(_FILES.value).read_text("utf-8", "surrogateescape").splitlines()
    prefix = _PREFIX.value + "/"
    files = {
        short.removeprefix(prefix): Path(path)
        for short, _, path in (line.partition("\t") for line in lines)
        if short.startswith(prefix)
    }
    label = cli.LABEL.value or "py_runtime_tree"
    tree = standalone.installed(files, _VERSION.value, label)
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
