"""Unpacks Debian packages into one tree; the tool behind the rule of this name."""

import os
from pathlib import Path
from typing import Any

from absl import flags

from relocatable import cli, deb_control, tree_tar
from relocatable.deb import Source
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from relocatable.output import scratch_beside, whole
from relocatable.tree import Tree

_DEB = flags.DEFINE_multi_string("deb", None, "A .deb file.", required=True)
_ORIGINS = flags.DEFINE_multi_string("origin", [], "FILE=VENDOR=URL: where a .deb file is from.")
_INCLUDE = flags.DEFINE_multi_string("include", [], "Take only paths that a pattern matches.")
_EXCLUDE = flags.DEFINE_multi_string("exclude", [], "Leave out paths that a pattern matches.")
_STRIP_PREFIX = flags.DEFINE_string(
    "strip_prefix", "", "Take only what is below; drop this prefix."
)
_REMAP = flags.DEFINE_multi_string("remap", [], "OLD=NEW: move what is below OLD to NEW.")
_LINK = flags.DEFINE_multi_string("link", [], "PATH=DESTINATION: add a link.")
_DIVERSION = flags.DEFINE_multi_string(
    "diversion", [], "[PACKAGE:]PATH=TO: where other packages' PATH goes."
)
_ALTERNATIVE = flags.DEFINE_multi_string(
    "alternative", [], "LINK=PATH: what update-alternatives would have linked."
)
_PACKAGES = flags.DEFINE_string("packages", None, "JSON: what each package says of itself.")
_JOBS = flags.DEFINE_integer("jobs", os.cpu_count() or 1, "Threads that decompress.", 1)
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)
_LICENSES = flags.DEFINE_string("licenses", None, "TAR=PROVENANCE: where licences are to go.")


def main() -> None:
    """Reads the flags and makes the tree."""
    selection = Selection(
        include=_INCLUDE.value,
        exclude=_EXCLUDE.value,
        strip_prefix=_STRIP_PREFIX.value,
        remap=cli.pairs("remap", _REMAP.value),
        links=cli.pairs("link", _LINK.value),
        diversions=cli.pairs("diversion", _DIVERSION.value),
        alternatives=cli.pairs("alternative", _ALTERNATIVE.value),
    )
    out = Path(_OUT.value)
    with scratch_beside(out) as scratch:
        debs = [Path(path) for path in _DEB.value]
        label = cli.LABEL.value or "deb_extract"
        licenses = Tree()
        packages: list[dict[str, Any]] = []
        tree = extract(
            debs,
            selection,
            label,
            scratch,
            _JOBS.value,
            licenses=licenses,
            sources=dict(map(_source, _ORIGINS.value)),
            packages=packages,
        )
        tree_tar.write(tree, out, Path(_PROVENANCE.value))
        if _PACKAGES.value:
            with whole(Path(_PACKAGES.value)) as file:
                file.write(deb_control.dump(packages))
        for tar, provenance in cli.pairs("licenses", filter(None, [_LICENSES.value])).items():
            tree_tar.write(licenses, Path(tar), Path(provenance))


def _source(origin: str) -> tuple[str, Source]:
    file, equals, source = origin.partition("=")
    vendor, also, url = source.partition("=")
    if not (equals and also):
        raise RelocatableError(f"--origin={origin}: FILE=VENDOR=URL is wanted")
    return file, Source(vendor, url)


if __name__ == "__main__":
    cli.run(main)
