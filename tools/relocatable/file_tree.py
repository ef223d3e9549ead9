"""A tree of single files, each at a path that its user chose."""

from collections.abc import Iterable
from pathlib import Path

from relocatable import soname_links
from relocatable.content import Extent
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Tree


def collect(files: Iterable[str], programs: Iterable[str], label: str) -> Tree:
    """Returns a tree of files, with the links that shared libraries among them are found by.

    Args:
        files: FILE=PATH for each: one on disk, and its path in the tree, which has no `=`.
        programs: The same; these are executable there.
        label: Who asks, for the provenance.

    Raises:
        RelocatableError: if a pair is none, a path is not allowed in a tree, or is given to files
            that differ.
    """
    tree = Tree()
    sources: dict[str, str] = {}
    for pairs, executable in ((files, False), (programs, True)):
        for pair in pairs:
            source, equals, path = pair.rpartition("=")
            if not (source and equals and path):
                raise RelocatableError(f"FILE=PATH is wanted, found {pair!r}")
            there = sources.setdefault(path, source)
            if there != source and Path(there).read_bytes() != Path(source).read_bytes():
                raise RelocatableError(
                    f"{path} is to be {there} and {source}, which differ; move one of them"
                )
            # The same bytes come from another directory in another configuration.
            record = Record(Origin(label, path))
            tree.add(path, File(Extent.of_file(Path(source)), record, executable))
    soname_links.add(tree, label)
    return tree
