"""Makes what Python programs add to a runtime; relocatable_dist does it for its binaries."""

from pathlib import Path

from absl import flags

from relocatable import cli, target, tree_tar
from relocatable.output import scratch_beside, whole
from relocatable.python import programs, sources
from relocatable.python.caches import Compiler
from relocatable.python.tags import Python

_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_RUNTIME = flags.DEFINE_string("runtime", None, "TAR=PROVENANCE: the bundle.", required=True)
_PROGRAMS = flags.DEFINE_multi_string(
    "program", None, "LAUNCHER=SHORT_PATH: of its main module.", required=True
)
_SOURCES = flags.DEFINE_string("sources", None, "SHORT_PATH<tab>PATH for each.", required=True)
_IMPORTS = flags.DEFINE_multi_string("import", [], "Import root of the sources.")
_WORKSPACE = flags.DEFINE_string("workspace", "_main", "The main repository among the runfiles.")
_COMPILER = flags.DEFINE_string("compiler", None, "TAR=PROVENANCE: has an interpreter.")
_OPTIMIZE = flags.DEFINE_integer("optimize", 0, "As python -O.", 0, 2)
_OUT = flags.DEFINE_string("out", None, "What is added, as a tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)
_MAINS = flags.DEFINE_string("mains", None, "Flags for relocate_tree.", required=True)


def main() -> None:
    """Reads the flags and writes the files."""
    out = Path(_OUT.value)
    label = cli.LABEL.value or "py_programs"
    python = Python(_VERSION.value, target.read(Path(_TARGET.value)))
    (runtime,) = tree_tar.read_all([_RUNTIME.value])
    with Path(_SOURCES.value).open(encoding="utf-8", errors="surrogateescape") as lines:
        found = sources.install(sources.read(lines, _WORKSPACE.value), _IMPORTS.value, label)
    wanted = {
        name: sources.runfile(short, _WORKSPACE.value)
        for name, short in cli.pairs("program", _PROGRAMS.value).items()
    }
    mains = programs.mains(python, found, wanted)
    with scratch_beside(out) as scratch:
        compiler = None
        if _COMPILER.value:
            (tree,) = tree_tar.read_all([_COMPILER.value])
            compiler = Compiler(tree, _OPTIMIZE.value, scratch, jobs=1)
        layer = programs.layer(python, runtime, found, compiler, label)
        tree_tar.write(layer, out, Path(_PROVENANCE.value))
    with whole(Path(_MAINS.value)) as file:
        file.write("".join(f"--python={name}={path}\n" for name, path in mains.items()).encode())


if __name__ == "__main__":
    cli.run(main)
