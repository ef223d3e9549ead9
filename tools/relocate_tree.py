"""Merges layers into one tree that runs from anywhere; the first action of relocatable_dist."""

from dataclasses import fields
from pathlib import Path

from absl import flags

from relocatable import cli, layout, target, tree_tar
from relocatable.policies import Policies, Policy
from relocatable.relocate import Libc, Request, Strip, relocate
from relocatable.waivers import parse

_LAYERS = flags.DEFINE_multi_string("layer", [], "TAR=PROVENANCE: kept whole.")
_RUNTIME = flags.DEFINE_multi_string("runtime", [], "TAR=PROVENANCE: the same, of the Python.")
_LIBRARIES = flags.DEFINE_multi_string("library", [], "TAR=PROVENANCE: only what is needed of it.")
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_LAUNCHER = flags.DEFINE_string("launcher", None, "The native one; without, they are scripts.")
_LAUNCHERS = flags.DEFINE_multi_string("start", [], "LAUNCHER=PROGRAM: paths in the layers.")
_ENVIRONMENT = flags.DEFINE_multi_string("env", [], "NAME=VALUE for all programs.")
_INHERITED = flags.DEFINE_multi_string("inherited", [], "NAME of `env` that children see as well.")
_PYTHON = flags.DEFINE_multi_string("python_env", [], "NAME=VALUE for those that load libpython.")
_HIDDEN = flags.DEFINE_multi_string("python_unset", [], "NAME that no Python may see.")
_PROGRAMS = flags.DEFINE_multi_string("python", [], "LAUNCHER=MAIN: a path of the runtime.")
_LAYOUT = flags.DEFINE_multi_string("layout", [], "PART=PATH: see relocatable.layout.")
_STRIP = flags.DEFINE_enum_class("strip", Strip.NONE, Strip, "What programs and libraries lose.")
_UNIVERSAL = flags.DEFINE_bool("universal", False, "Whether such Mach-O files stay so.")
_LIBC = flags.DEFINE_enum_class("libc", Libc.BUNDLED, Libc, "Whose C library programs run on.")
_WAIVERS = flags.DEFINE_string("waivers", "{}", "JSON: see relocatable.waivers.")
_POLICIES = {
    each.name: flags.DEFINE_enum_class(each.name, each.default, Policy, "See relocatable.policies.")
    for each in fields(Policies)
}
_OUT = flags.DEFINE_string("out", None, "The relocated tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and relocates."""
    request = Request(
        label=cli.LABEL.value or "relocate_tree",
        target=target.read(Path(_TARGET.value)),
        launcher=Path(_LAUNCHER.value).read_bytes() if _LAUNCHER.value else None,
        launchers=cli.pairs("start", _LAUNCHERS.value),
        environment=cli.pairs("env", _ENVIRONMENT.value),
        inherited=_INHERITED.value,
        python_environment=cli.pairs("python_env", _PYTHON.value) | dict.fromkeys(_HIDDEN.value),
        strip=_STRIP.value,
        libc=_LIBC.value,
        policies=Policies(**{name: flag.value for name, flag in _POLICIES.items()}),
        layout=layout.parse(cli.pairs("layout", _LAYOUT.value)),
        python_programs=cli.pairs("python", _PROGRAMS.value),
        universal=_UNIVERSAL.value,
        waivers=parse(_WAIVERS.value),
    )
    flagged = (_LAYERS.value, _LIBRARIES.value, _RUNTIME.value)
    layers, libraries, runtime = map(tree_tar.read_all, flagged)
    tree = relocate(layers, libraries, request, runtime)
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


if __name__ == "__main__":
    cli.run(main)
