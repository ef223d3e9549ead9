"""Collects the licence texts of all that is in a dist: as an archive, or into the dist."""

from pathlib import Path

from absl import flags

from relocatable import cli, formats, tree_tar
from relocatable.content import Extent
from relocatable.formats import Options
from relocatable.licenses import collection
from relocatable.licenses.collection import Known
from relocatable.licenses.debian import Packages
from relocatable.provenance import Origin, Record
from relocatable.sbom import inventory
from relocatable.sbom.inventory import Facts
from relocatable.tree import File

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_TEXTS = flags.DEFINE_multi_string("texts", [], "TAR=PROVENANCE: licences of Debian packages.")
_OWN = flags.DEFINE_string("own", None, "The licence of rules_relocatable.", required=True)
_TOOL_VERSION = flags.DEFINE_string("tool_version", None, "Of rules_relocatable.", required=True)
_NAME = flags.DEFINE_string("name", None, "The dist's name.", required=True)
_ZIP = flags.DEFINE_string("zip", None, "The archive.", required=True)

_LEVEL = 9
_TOP = ".licenses"


def main() -> None:
    """Reads the flags and writes the archive."""
    label = cli.LABEL.value or "dist_licenses"
    (tree,) = tree_tar.read_all([_TREE.value])
    packages = Packages(tree_tar.read_all(_TEXTS.value))
    own = File(Extent.of_file(Path(_OWN.value)), Record(Origin(label, "LICENSE")))
    facts = Facts(_NAME.value, _TOOL_VERSION.value)
    owner = inventory.owners(tree, facts, packages)
    texts = collection.collect(tree, owner, Known(packages, own, label), _NAME.value)
    formats.write(texts, Path(_ZIP.value), "zip", Options(_NAME.value + _TOP, _LEVEL))


if __name__ == "__main__":
    cli.run(main)
