"""Makes one Python home that works from anywhere; the tool behind the rule of this name."""

import os
from pathlib import Path

from absl import flags

from relocatable import cli, target, tree_tar
from relocatable.output import scratch_beside
from relocatable.python import components, sources, wheel
from relocatable.python.bundle import Parts, bundle
from relocatable.python.caches import Compiler
from relocatable.python.tags import Python

_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON, if known.")
_STDLIB = flags.DEFINE_string(
    "stdlib", None, "TAR=PROVENANCE: the standard library.", required=True
)
_RUNTIME = flags.DEFINE_multi_string("runtime", [], "TAR=PROVENANCE: has libpython or python.")
_COMPONENTS = flags.DEFINE_multi_enum(
    "component", [], components.NAMES, "What to take of the runtime."
)
_COMMANDS = flags.DEFINE_multi_string("command", [], "NAME=MODULE:FUNCTION: a console script.")
_SITE_PACKAGES = flags.DEFINE_multi_string("site_packages", [], "TAR=PROVENANCE: more packages.")
_EXCLUDE = flags.DEFINE_multi_string("exclude", [], "[NAME:]PATTERN below site-packages.")
_WHEELS = flags.DEFINE_multi_string("wheel", [], "A wheel to install.")
_SOURCES = flags.DEFINE_string("sources", None, "File with a line SHORT_PATH<tab>PATH for each.")
_IMPORTS = flags.DEFINE_multi_string("import", [], "Import root of the sources.")
_WORKSPACE = flags.DEFINE_string("workspace", "_main", "The main repository among the runfiles.")
_COMPILER = flags.DEFINE_string("compiler", None, "TAR=PROVENANCE: has an interpreter.")
_OPTIMIZE = flags.DEFINE_integer("optimize", 0, "As python -O.", 0, 2)
_IS_DEFAULT = flags.DEFINE_bool("is_default", True, "Whether `bin/python3` is this one.")
_JOBS = flags.DEFINE_integer("jobs", os.cpu_count() or 1, "Processes that compile.", 1)
_OUT = flags.DEFINE_string("out", None, "The bundle, as a tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and makes the bundle."""
    out = Path(_OUT.value)
    label = cli.LABEL.value or "py_runtime_bundle"
    (library,) = tree_tar.read_all([_STDLIB.value])
    with scratch_beside(out) as scratch:
        parts = Parts(
            library=library,
            runtime=tree_tar.read_all(_RUNTIME.value),
            site_packages=tree_tar.read_all(_SITE_PACKAGES.value),
            wheels=[wheel.read(Path(path), scratch) for path in _WHEELS.value],
            sources=_sources(label),
            exclude=_EXCLUDE.value,
            commands=cli.pairs("command", _COMMANDS.value),
            components=_COMPONENTS.value,
            compiler=_compiler(scratch),
            is_default=_IS_DEFAULT.value,
        )
        platform = target.read(Path(_TARGET.value)) if _TARGET.value else None
        tree = bundle(Python(_VERSION.value, platform), parts, label)
        tree_tar.write(tree, out, Path(_PROVENANCE.value))


def _compiler(scratch: Path) -> Compiler | None:
    if not _COMPILER.value:
        return None
    (tree,) = tree_tar.read_all([_COMPILER.value])
    return Compiler(tree, _OPTIMIZE.value, scratch, _JOBS.value)


def _sources(label: str) -> list[sources.Installed]:
    if not _SOURCES.value:
        return []
    with Path(_SOURCES.value).open(encoding="utf-8", errors="surrogateescape") as lines:
        return sources.install(sources.read(lines, _WORKSPACE.value), _IMPORTS.value, label)


if __name__ == "__main__":
    cli.run(main)
