"""Tells what a loader would make of a tree: what is loaded and why, what is missing or unneeded.

    bazel run @rules_relocatable//tools:closure -- --tree=$PWD/dist.tar.zst --why=libz.so.1

The status is 1 if a loader would give up on something. See docs/closure.md.
"""

import sys
from pathlib import Path

from absl import flags

from relocatable import cli, tree_read
from relocatable.closure import Kind, Options, text, trace
from relocatable.errors import RelocatableError
from relocatable.output import whole

_TREE = flags.DEFINE_string(
    "tree", None, "A directory, a tar file of any kind, or a .zip.", required=True
)
_WHY = flags.DEFINE_multi_string("why", [], "A soname, file name or path: tells what leads to it.")
_LIST = flags.DEFINE_bool("list", False, "Tells of every name what it means and why.")
_JSON = flags.DEFINE_string("json", None, "Where to write everything, as JSON.")
_CPU = flags.DEFINE_string(
    "cpu", None, "Level of the processor, such as x86-64-v3; of a Mac, arm64 or x86_64."
)
_HOST = flags.DEFINE_multi_string("host", [], "A soname that is left to the machine.")
_LIBRARY_PATH = flags.DEFINE_multi_string(
    "library_path", None, "A directory that the loader is given for what no program loads."
)
_WHOLE_SYSTEM = flags.DEFINE_bool(
    "whole_system", False, "The tree is a root directory: absolute paths count from it."
)
_UNDEFINED = flags.DEFINE_bool("undefined", False, "Looks for undefined symbols too.")


def main() -> None:
    """Reads the flags, traces and prints."""
    paths = _LIBRARY_PATH.value
    options = Options(
        cpu=_CPU.value,
        host=frozenset(_HOST.value),
        library_path=None if paths is None else tuple(paths),
        whole_system=_WHOLE_SYSTEM.value,
        undefined=_UNDEFINED.value,
    )
    cli.go_to_user()
    closure = trace(tree_read.read(Path(_TREE.value)), options)
    if _JSON.value:
        with whole(Path(_JSON.value)) as file:
            file.write(text.document(closure))
    for name in _WHY.value:
        sys.stdout.write(text.why(closure, name))
    if _LIST.value:
        sys.stdout.write(text.listing(closure))
    if not (_WHY.value or _LIST.value or _JSON.value):
        sys.stdout.write(text.summary(closure))
    wrong = sum(problem.fatal for problem in closure.problems())
    if wrong:
        raise RelocatableError(f"{_TREE.value}: a loader would give up {wrong} times")
    others = sum(problem.kind is Kind.OTHER_LIBC for problem in closure.unread)
    if others:
        raise RelocatableError(
            f"{_TREE.value}: {others} of its files are for another C library than glibc; what its"
            " loader makes of them is not known here"
        )


if __name__ == "__main__":
    cli.run(main)
