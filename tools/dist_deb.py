"""Writes a Debian package of a dist, and its checksum."""

import os
from pathlib import Path

from absl import flags

from relocatable import checksum, cli, target, tree_tar
from relocatable.content import Extent
from relocatable.deb_package import package, writer
from relocatable.deb_package.package import Inputs
from relocatable.formats import Options
from relocatable.licenses.collection import Known
from relocatable.licenses.debian import Packages
from relocatable.provenance import Origin, Record
from relocatable.sbom.inventory import Facts
from relocatable.tree import File

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_FILES = flags.DEFINE_multi_string("files", [], "TAR=PROVENANCE: what else is installed, from /.")
_SCRIPTS = flags.DEFINE_multi_string("script", [], "NAME=FILE: a maintainer script.")
_TEXTS = flags.DEFINE_multi_string("texts", [], "TAR=PROVENANCE: licences of Debian packages.")
_OWN = flags.DEFINE_string("own", None, "The licence of rules_relocatable.", required=True)
_TOOL_VERSION = flags.DEFINE_string("tool_version", None, "Of rules_relocatable.", required=True)
_CONTROL = flags.DEFINE_string("control", None, "The control block, as JSON.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_NAME = flags.DEFINE_string("name", None, "The dist's name.", required=True)
_XZ_LEVEL = flags.DEFINE_integer("xz_level", None, "How hard xz works.", 0, 9, required=True)
_ZST_LEVEL = flags.DEFINE_integer("zst_level", None, "The same of zstd.", 1, 22, required=True)
_WORKERS = flags.DEFINE_integer("workers", os.cpu_count() or 1, "Threads that compress.", 1)
_OUT = flags.DEFINE_string("out", None, "The package.", required=True)
_SHA256 = flags.DEFINE_string("sha256", None, "Its checksum.", required=True)

_OURS = "@rules_relocatable//:LICENSE"


def main() -> None:
    """Reads the flags and writes both files."""
    platform = target.read(Path(_TARGET.value))
    spec = package.read(Path(_CONTROL.value), platform)
    own = File(Extent.of_file(Path(_OWN.value)), Record(Origin(_OURS, "LICENSE")))
    known = Known(Packages(tree_tar.read_all(_TEXTS.value)), own)
    (dist,) = tree_tar.read_all([_TREE.value])
    facts = Facts(_NAME.value, _TOOL_VERSION.value)
    own_scripts = {
        name: Path(path).read_bytes() for name, path in cli.pairs("script", _SCRIPTS.value).items()
    }
    others = tree_tar.read_all(_FILES.value)
    made = package.assemble(spec, Inputs(dist, others, own_scripts, known, facts))
    level = {"xz": _XZ_LEVEL.value, "zst": _ZST_LEVEL.value}[spec.compression]
    options = Options("", level, platform.machine, _WORKERS.value)
    out = Path(_OUT.value)
    writer.write(out, made.control, made.data, spec.compression, options)
    checksum.write(out, Path(_SHA256.value))


if __name__ == "__main__":
    cli.run(main)
