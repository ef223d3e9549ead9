"""Writes a bill of materials of a dist."""

from pathlib import Path

from absl import flags

from relocatable import cli, target, tree_tar
from relocatable.licenses.debian import Packages
from relocatable.output import whole
from relocatable.sbom import documents, inventory
from relocatable.sbom.inventory import Facts

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_TEXTS = flags.DEFINE_multi_string("texts", [], "TAR=PROVENANCE: licences of Debian packages.")
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_NAME = flags.DEFINE_string("name", None, "The dist's name.", required=True)
_VERSION = flags.DEFINE_string("version", "", "The dist's own version, if it has one.")
_DEB_VENDOR = flags.DEFINE_string("deb_vendor", "debian", "The distribution of the packages.")
_TOOL_VERSION = flags.DEFINE_string("tool_version", None, "Of rules_relocatable.", required=True)
_FORMAT = flags.DEFINE_enum("format", None, sorted(documents.FORMATS), "Which.", required=True)
_OUT = flags.DEFINE_string("out", None, "The document.", required=True)


def main() -> None:
    """Reads the flags and writes the file."""
    (tree,) = tree_tar.read_all([_TREE.value])
    facts = Facts(
        name=_NAME.value,
        version=_VERSION.value,
        platform=target.read(Path(_TARGET.value)).name,
        tool_version=_TOOL_VERSION.value,
        deb_vendor=_DEB_VENDOR.value,
    )
    packages = Packages(tree_tar.read_all(_TEXTS.value))
    found = documents.write(inventory.take(tree, facts, packages), _FORMAT.value)
    with whole(Path(_OUT.value)) as file:
        file.write(found)


if __name__ == "__main__":
    cli.run(main)
