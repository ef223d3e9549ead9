"""Takes the standard library out of a tree; the tool behind the rule of this name."""

import json
from dataclasses import asdict
from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.output import whole
from relocatable.python import stdlib

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: has the library.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_EXCLUDE = flags.DEFINE_multi_string("exclude_feature", [], "A feature to leave out, by its name.")
_OUT = flags.DEFINE_string("out", None, "The trimmed library, as a tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)
_REPORT = flags.DEFINE_string("report", None, "What was left out, as JSON.", required=True)


def main() -> None:
    """Reads the flags and trims."""
    (source,) = tree_tar.read_all([_TREE.value])
    tree, report = stdlib.trim(source, _VERSION.value, _EXCLUDE.value)
    with whole(Path(_REPORT.value)) as file:
        file.write((json.dumps(asdict(report), indent=2) + "\n").encode())
        tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
