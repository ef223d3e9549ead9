"""`.tar.gz`: for machines that know nothing newer."""

import gzip
from typing import IO

from relocatable import tree_tar
from relocatable.formats.format import Feed, Options
from relocatable.tree import Tree


def write(tree: Tree, file: IO[bytes], options: Options) -> None:
    """Writes the tree; the header has neither a name nor a time (RFC 1952, section 2.3)."""
    with gzip.GzipFile("", "wb", options.level, file, mtime=0) as stream:
        tree_tar.write_to(tree, Feed(stream), options.top)
