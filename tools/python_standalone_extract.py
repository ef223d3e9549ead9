"""Unpacks a python-build-standalone archive; the tool behind the rule of this name."""

import json
from dataclasses import asdict
from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.output import whole
from relocatable.python import standalone

_ARCHIVE = flags.DEFINE_string("archive", None, "The archive.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)
_LICENSES = flags.DEFINE_string("licenses", None, "Whose licences apply, as JSON.", required=True)
_TEXTS = flags.DEFINE_string("license_texts", None, "TAR=PROVENANCE: where licences are to go.")


def main() -> None:
    """Reads the flags and makes the tree."""
    label = cli.LABEL.value or "python_standalone_extract"
    found = standalone.extract(Path(_ARCHIVE.value), _VERSION.value, label)
    components = {name: asdict(component) for name, component in found.components.items()}
    with whole(Path(_LICENSES.value)) as file:
        file.write((json.dumps(components, indent=2) + "\n").encode())
        tree_tar.write(found.tree, Path(_OUT.value), Path(_PROVENANCE.value))
        for tar, provenance in cli.pairs("license_texts", filter(None, [_TEXTS.value])).items():
            tree_tar.write(found.texts(), Path(tar), Path(provenance))


if __name__ == "__main__":
    cli.run(main)
