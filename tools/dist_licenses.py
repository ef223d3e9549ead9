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
_ZIP = flags.DEFINE_string("zip", None, "The archive, if one is wanted.")
_INTO = flags.DEFINE_string("into", None, "The directory of the dist that they go to, if they do.")
_OUT = flags.DEFINE_string("out", "", "The dist with them, as a tree.")
_PROVENANCE = flags.DEFINE_string("provenance", "", "Where its paths came from.")

_LEVEL = 9
_TOP = ".licenses"
_OURS = "@rules_relocatable//:LICENSE"


def main() -> None:
    """Reads the flags and writes the archive, or the dist."""
    (tree,) = tree_tar.read_all([_TREE.value])
    packages = Packages(tree_tar.read_all(_TEXTS.value))
    own = File(Extent.of_file(Path(_OWN.value)), Record(Origin(_OURS, "LICENSE")))
    owner = inventory.owners(tree, Facts(_NAME.value, _TOOL_VERSION.value), packages)
    texts = collection.collect(tree, owner, Known(packages, own), _NAME.value)
    if _ZIP.value is not None:
        formats.write(texts, Path(_ZIP.value), "zip", Options(_NAME.value + _TOP, _LEVEL))
    if _INTO.value is not None:
        for path, node in texts:
            tree.add(f"{_INTO.value}/{path}", node)
        tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
