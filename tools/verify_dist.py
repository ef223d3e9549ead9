"""Proves that a tree keeps the contract of a dist; the validation action of relocatable_dist."""

import json
from dataclasses import asdict
from pathlib import Path

from absl import flags

from relocatable import cli, edit_log, target, tree_tar
from relocatable.errors import problems
from relocatable.output import whole
from relocatable.verify import verify

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_ORIGINALS = flags.DEFINE_multi_string(
    "original", [], "TAR=PROVENANCE: a tree that the dist was made of; they prove its edit log."
)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_OUT = flags.DEFINE_string("out", None, "What was checked, as JSON.", required=True)


def main() -> None:
    """Reads the flags and verifies."""
    (tree,) = tree_tar.read_all([_TREE.value])
    report = verify(tree, target.read(Path(_TARGET.value)))
    problems(report.problems, "the dist would not run from anywhere:")
    proof = edit_log.verify(tree, tree_tar.read_all(_ORIGINALS.value))
    problems(proof.problems, "the dist is not what its provenance says:")
    found = asdict(report) | {"provenance": asdict(proof)}
    with whole(Path(_OUT.value)) as file:
        file.write((json.dumps(found, indent=2) + "\n").encode())


if __name__ == "__main__":
    cli.run(main)
