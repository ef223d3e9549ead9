"""Makes one Python home that works from anywhere; the tool behind the rule of this name."""

from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.python.bundle import bundle

_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_STDLIB = flags.DEFINE_string(
    "stdlib", None, "TAR=PROVENANCE: the standard library.", required=True
)
_RUNTIME = flags.DEFINE_multi_string("runtime", [], "TAR=PROVENANCE: has libpython or python.")
_SITE_PACKAGES = flags.DEFINE_multi_string("site_packages", [], "TAR=PROVENANCE: more packages.")
_OUT = flags.DEFINE_string("out", None, "The bundle, as a tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and makes the bundle."""
    (library,) = tree_tar.read_all([_STDLIB.value])
    tree = bundle(
        _VERSION.value,
        library,
        tree_tar.read_all(_RUNTIME.value),
        tree_tar.read_all(_SITE_PACKAGES.value),
        cli.LABEL.value or "py_runtime_bundle",
    )
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
