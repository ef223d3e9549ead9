"""Proves that a bundle is the Python that it says it is; the validation of py_runtime_bundle."""

import json
from dataclasses import asdict
from pathlib import Path

from absl import flags

from relocatable import cli, target, tree_tar
from relocatable.errors import problems
from relocatable.output import whole
from relocatable.python.tags import Python
from relocatable.python.verify import verify

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the bundle.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON, if known.")
_UNMET = flags.DEFINE_multi_string(
    "unmet", [], "A distribution that may be missing although others need it."
)
_OUT = flags.DEFINE_string("out", None, "What was checked, as JSON.", required=True)


def main() -> None:
    """Reads the flags and verifies."""
    (tree,) = tree_tar.read_all([_TREE.value])
    platform = target.read(Path(_TARGET.value)) if _TARGET.value else None
    report = verify(tree, Python(_VERSION.value, platform), _UNMET.value)
    problems(report.problems, f"the bundle is no Python {_VERSION.value} that works:")
    with whole(Path(_OUT.value)) as file:
        file.write((json.dumps(asdict(report), indent=2) + "\n").encode())


if __name__ == "__main__":
    cli.run(main)
