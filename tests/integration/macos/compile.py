"""Compiles a C program for macOS that embeds Python, with the compiler of launchers."""

import tempfile
from pathlib import Path

from absl import flags
from toolchains.launcher import build_launcher

from relocatable import cli, content, macho, tree_tar

_TREE = flags.DEFINE_string("tree", None, "The files of a tree with libpython.", required=True)
_SOURCE = flags.DEFINE_string("source", None, "The program's source.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Machine and oldest system.", required=True)
_PROGRAM = flags.DEFINE_string("program", None, "The program.", required=True)

_LIBRARY = "libpython3.11.dylib"


def main() -> None:
    """Reads the flags and compiles."""
    by_ending = {Path(file).suffix: file for file in _TREE.value.split()}
    (tree,) = tree_tar.read_all([f"{by_ending['.tar']}={by_ending['.jsonl']}"])
    with tempfile.TemporaryDirectory() as directory:
        library = Path(directory, _LIBRARY)
        library.write_bytes(content.read(tree.file(f"lib/{_LIBRARY}").content))
        program = Path(directory, Path(_PROGRAM.value).name)
        options = ["cc", "-target", _TARGET.value, "-nostdlib", "-O1", "-s"]
        build_launcher.zig([*options, "-o", program, _SOURCE.value, library], directory)
        data = program.read_bytes()
    # Zig signs for arm64 alone.
    plan = macho.plan(memoryview(data), program.name, macho.Edits(sign="always"))
    Path(_PROGRAM.value).write_bytes(plan.apply(data))


if __name__ == "__main__":
    cli.run(main)
