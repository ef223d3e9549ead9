"""Dists as layers of a container image, each with only what the one below doesn't have.

A layer depends on its own dist and the one below alone, so it is the same in all images with it,
and a registry keeps it once.
"""

from relocatable.errors import problems
from relocatable.tree import Directory, Tree, same

_SHOWN = 20
"""Paths named in a message."""


def layer(dist: Tree, below: Tree, directory: str) -> Tree:
    """Returns what `dist` adds to or changes of `below`, as a tree that unpacks over it.

    Args:
        dist: all that is to be seen where both layers are.
        below: the dist of the layer below; empty for the first one.
        directory: where the dists lie in the image, for example `opt/app`.

    Raises:
        RelocatableError: if a path of `below` is not in `dist`. A whiteout could hide it, but each
            image would go on to carry it.
    """
    missing = [path for path, _ in below if path not in dist.nodes]
    if len(missing) > _SHOWN:
        missing[_SHOWN:] = [f"and {len(missing) - _SHOWN} more"]
    problems(
        missing,
        "wanted a dist with all that the one below has (as of dists with one `runtime`), "
        "found one without:",
    )
    made = Tree()
    for path, node in dist:
        there = below.nodes.get(path)
        if there is None or not same(there, node):
            made.add(f"{directory}/{path}", node)
    if not made.nodes:
        made.add(directory, Directory())
    return made
