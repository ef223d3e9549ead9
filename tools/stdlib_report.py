"""Prints what stdlib_trim did: `bazel run` of such a target runs this.

bazel run //dist:stdlib                    # sizes, features, the largest modules, warnings
bazel run //dist:stdlib -- --why=pydoc     # the import chain that keeps a module
bazel run //dist:stdlib -- --files         # each file, kept or not, and why
bazel run //dist:stdlib -- --level=22      # besides, how small an archive of it is at this level
"""

import json
import os
from pathlib import Path

import zstandard
from absl import flags

from relocatable import cli
from relocatable.errors import RelocatableError
from relocatable.python import report, report_table

_REPORT = flags.DEFINE_string("report", None, "The report; by default the target's own.")
_TREE = flags.DEFINE_string("tree", None, "The trimmed library's tar; by default the target's own.")
_FILES = flags.DEFINE_bool("files", False, "Whether to print a line for each file.")
_WHY = flags.DEFINE_string("why", None, "A module or path of which to print why it is kept.")
_LEVEL = flags.DEFINE_integer("level", None, "zstd level to compress the library with.", 1, 22)


def main() -> None:
    """Prints what was asked for."""
    document = json.loads(_file(_REPORT.value, "report").read_text("utf-8"))
    if document["format"] != report.FORMAT:
        raise RelocatableError(
            f"the report has format {document['format']}; {report.FORMAT} is wanted"
        )
    if _WHY.value is not None:
        lines = report_table.why(document, _WHY.value)
        if not lines:
            raise RelocatableError(f"{_WHY.value} is no module or path of the library")
    elif _FILES.value:
        lines = list(report_table.files(document))
    else:
        lines = list(report_table.summary(document))
    print("\n".join(lines))
    if _LEVEL.value is not None:
        data = _file(_TREE.value, "tree").read_bytes()
        packed = zstandard.ZstdCompressor(level=_LEVEL.value).compress(data)
        print(f"\n.tar.zst at level {_LEVEL.value}: {len(packed) / 1e6:.2f} MB")


def _file(value: str | None, flag: str) -> Path:
    """The path that a flag gives, or the rule in an environment variable of `bazel run`."""
    path = value or os.environ.get(f"STDLIB_{flag.upper()}")
    if path is None:
        raise RelocatableError(f"--{flag} is wanted, or a stdlib_trim target that is run by bazel")
    return Path(path)


if __name__ == "__main__":
    cli.run(main)
