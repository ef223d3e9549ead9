"""Looks into the archive of a dist for macOS, which runs on a Mac only."""

import posixpath
from collections.abc import Iterator
from pathlib import Path

from relocatable import closure, content, tree_read
from relocatable.closure import RootKind
from relocatable.closure.text import problem_lines, summary
from relocatable.errors import RelocatableError, problems
from relocatable.macho import verify_signature
from relocatable.objects import thin_objects
from relocatable.tree import Tree


def look_into(archive: Path, program: str) -> None:
    """Says what an archive has, as a Mac would meet it.

    Args:
        archive: of the dist; it unpacks to one directory.
        program: path of a launcher in that.

    Raises:
        RelocatableError: all that is wrong.
    """
    tree = tree_read.read(archive)
    found = closure.trace(tree)
    print(
        f"{archive.name} is for macOS, so it is looked into, not run; docs/macos.md tells how a Mac"
        f" runs it\n{summary(found)}",
        flush=True,
    )
    wrong = [text for text, fatal in problem_lines(found) if fatal]
    started = {
        launcher.partition("/")[2]: load.root.path
        for load in found.loads
        if load.root.kind is RootKind.PROGRAM
        for launcher in load.root.launchers
    }
    if not _real(tree, program) & started.keys():
        names = ", ".join(sorted(started)) or "none"
        wrong.append(f"{program} is no launcher of the dist; these are: {names}")
    problems([*wrong, *_signatures(tree)], f"{archive.name} would not run on a Mac:")


def _real(tree: Tree, program: str) -> set[str]:
    """The path that a program's path means, links followed; nothing if it is not there."""
    for root in {path.partition("/")[0] for path in tree.nodes}:
        try:
            return {posixpath.relpath(tree.follow(f"{root}/{program}"), root)}
        except RelocatableError:
            continue
    return set()


def _signatures(tree: Tree) -> Iterator[str]:
    for path, file in tree.files():
        for thin, data in thin_objects(content.view(file.content), path):
            if thin.signature is not None or thin.architecture == "arm64":
                yield from verify_signature(thin, data)
