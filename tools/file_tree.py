"""Makes a tree of files; the tool behind the rule of this name."""

from collections.abc import Iterator
from pathlib import Path

from absl import flags

from relocatable import cli, tree_tar
from relocatable.content import Extent
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Tree

_FILES = flags.DEFINE_multi_string("file", [], "FILE=PATH: a file, and its path in the tree.")
_PROGRAMS = flags.DEFINE_multi_string("program", [], "FILE=PATH: the same, executable.")
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags and makes the tree."""
    tree = Tree()
    for path, file in _files(cli.LABEL.value or "file_tree"):
        tree.add(path, file)
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


def _files(label: str) -> Iterator[tuple[str, File]]:
    for pairs, executable in ((_FILES.value, False), (_PROGRAMS.value, True)):
        for pair in pairs:
            source, equals, path = pair.rpartition("=")
            if not equals:
                raise RelocatableError(f"FILE=PATH is wanted, found {pair!r}")
            # The same bytes come from another directory in another configuration.
            record = Record(Origin(label, path))
            yield path, File(Extent.of_file(Path(source)), record, executable)


if __name__ == "__main__":
    cli.run(main)
