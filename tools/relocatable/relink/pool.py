"""The libraries that a tree may be completed from, and what the tree has got of them."""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from relocatable.tree import Link, Tree, link_target


@dataclass(slots=True)
class Pool:
    """Gives a tree the files of another, each once.

    Attributes:
        tree: what they come from.
        completed: the tree that gets them.
        libraries: the directory of it that they go to.
    """

    tree: Tree
    completed: Tree
    libraries: str
    _taken: dict[str, str] = field(default_factory=dict)
    """For each file that the other tree has got, its path here and its path there."""

    def there(self, name: str) -> str | None:
        """Where the other tree has a library of this name, whatever it is, at the usual place."""
        path = f"{self.libraries}/{name}"
        return self.completed.follow(path) if path in self.completed.nodes else None

    def take(self, found: str, name: str) -> str:
        """Gives the file at `found`, under the name that is asked for; returns where it is then."""
        node = self.tree.file(found)
        path = f"{self.libraries}/{name}"
        if found in self._taken:
            # Two names for one file: two copies would be two instances when loaded.
            target = link_target(path, self._taken[found])
            self.completed.add(path, Link(target, node.record))
        else:
            self.completed.add(path, node)
            self._taken[found] = path
        return self._taken[found]


def loaded(program: str, needs: Callable[[str], Iterable[str]]) -> set[str]:
    """The file names of all libraries that starting a program loads.

    Args:
        program: its path.
        needs: gives the paths of the libraries that the file at a path needs itself.
    """
    seen: set[str] = set()
    work = [program]
    while work:
        for needed in needs(work.pop()):
            if needed not in seen:
                seen.add(needed)
                work.append(needed)
    return {posixpath.basename(needed) for needed in seen}
