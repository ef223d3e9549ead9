"""Proves that a tree keeps the contract of a dist; the validation action of relocatable_dist."""

import json
import re
from dataclasses import asdict
from pathlib import Path

from absl import flags

from relocatable import cli, edit_log, target, tree_tar
from relocatable.errors import RelocatableError, problems
from relocatable.layout import DEFAULT
from relocatable.output import whole
from relocatable.relocate import Libc
from relocatable.verify import Promise, verify
from relocatable.waivers import Waivers, parse

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: the dist's tree.", required=True)
_ORIGINALS = flags.DEFINE_multi_string(
    "original", [], "TAR=PROVENANCE: a tree that the dist was made of; they prove its edit log."
)
_TARGET = flags.DEFINE_string("target", None, "Facts about the platform, as JSON.", required=True)
_LIBC = flags.DEFINE_enum_class("libc", Libc.BUNDLED, Libc, "Whose C library programs run on.")
_MIN_GLIBC = flags.DEFINE_string("min_glibc", None, "The version that machines have at least.")
_MIN_MACOS = flags.DEFINE_string("min_macos", None, "Likewise; by default that of the target.")
_LIBRARIES = flags.DEFINE_string("libraries", DEFAULT.libraries, "Where the loader's are.")
_WAIVERS = flags.DEFINE_string("waivers", "{}", "JSON: see relocatable.waivers.")
_OUT = flags.DEFINE_string("out", None, "What was checked, as JSON.", required=True)


def main() -> None:
    """Reads the flags and verifies."""
    (tree,) = tree_tar.read_all([_TREE.value])
    facts = target.read(Path(_TARGET.value))
    host = facts.system_libraries if _LIBC.value is Libc.HOST else ()
    promise = Promise(
        host=frozenset(host),
        min_glibc=_version(_MIN_GLIBC, "2.28"),
        min_macos=_version(_MIN_MACOS, "11.0"),
        libraries=_LIBRARIES.value,
    )
    report = verify(tree, facts, promise, Waivers(parse(_WAIVERS.value)))
    problems(report.problems, "the dist would not run from anywhere:")
    proof = edit_log.verify(tree, tree_tar.read_all(_ORIGINALS.value))
    problems(proof.problems, "the dist is not what its provenance says:")
    found = asdict(report) | {"provenance": asdict(proof)}
    with whole(Path(_OUT.value)) as file:
        file.write((json.dumps(found, indent=2) + "\n").encode())


def _version(flag: flags.FlagHolder[str | None], such_as: str) -> str | None:
    if flag.value is not None and not re.fullmatch(r"\d{1,4}(\.\d{1,3}){1,2}", flag.value):
        raise RelocatableError(
            f"{flag.name}: a version such as {such_as} is wanted, found {flag.value!r}"
        )
    return flag.value


if __name__ == "__main__":
    cli.run(main)
