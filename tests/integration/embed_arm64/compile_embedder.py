"""Compiles a C program that embeds Python, for another machine, with the compiler of launchers."""

import tempfile
from pathlib import Path

from absl import flags
from toolchains.launcher.build_launcher import zig

from relocatable import cli, content, tree_tar
from relocatable.python import embed

_PYTHON = flags.DEFINE_string("python", None, "TAR=PROVENANCE: headers, libpython.", required=True)
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_TARGET = flags.DEFINE_string("target", None, "Machine and C library.", required=True)
_SOURCES = flags.DEFINE_multi_string("source", None, "A C file.", required=True)
_HEADERS = flags.DEFINE_multi_string("header", [], "A header.")
_PROGRAM = flags.DEFINE_string("program", None, "The program.", required=True)


def main() -> None:
    """Reads the flags and compiles."""
    trees = tree_tar.read_all([_PYTHON.value])
    with tempfile.TemporaryDirectory() as directory:
        include = Path(directory, "include")
        for path, header in embed.headers(_VERSION.value, trees).items():
            there = include / path
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content.view(header))
        library = Path(directory, embed.library_name(_VERSION.value))
        library.write_bytes(content.view(embed.library(_VERSION.value, trees)))
        headers = {Path(header).resolve().parent for header in _HEADERS.value}
        options: list[str | Path] = ["cc", "-target", _TARGET.value, "-O2", "-fno-sanitize=all"]
        options += [part for place in (include, *sorted(headers)) for part in ("-I", place)]
        # What libpython itself needs is for the dist to have.
        options += [*_SOURCES.value, library, "-Wl,--allow-shlib-undefined", "-ldl"]
        zig([*options, "-o", Path(_PROGRAM.value)], directory)


if __name__ == "__main__":
    cli.run(main)
