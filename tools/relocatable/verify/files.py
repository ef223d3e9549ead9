"""Checks of what is no object: links, texts, and what launchers start."""

import re
from collections.abc import Iterator

from relocatable import content, launcher
from relocatable.errors import RelocatableError
from relocatable.provenance import Package
from relocatable.tree import File, Link, Tree
from relocatable.verify.contract import named

# What a path of the machine that built something looks like: Bazel's own, and, in a package of
# Debian, that of its builders. (Elsewhere, /build may be an example in a manual; and in CPython,
# Tools/build has generated this and that.)
_LEAK = re.compile(rb"/execroot/|/\.cache/bazel/")
_LEAK_IN_DEBIAN = re.compile(_LEAK.pattern + rb"|(?<![\w.-])/build/")
# So many, or fewer, tell one.
_LEAK_BYTES = 16


def link_problems(tree: Tree, path: str, link: Link) -> Iterator[str]:
    """What is wrong with a link."""
    try:
        tree.follow(path)
    except RelocatableError as error:
        yield f"link {named(path, link)} -> {link.target}: {error}"


def text_problems(path: str, file: File) -> Iterator[str]:
    """Where a file names the machine that built it."""
    from_debian = isinstance(file.record.origin.source, Package)
    pattern = _LEAK_IN_DEBIAN if from_debian else _LEAK
    line, before = 1, b""
    for piece in content.pieces(file.content):
        data = before + piece
        # What stands before a match counts: so nothing begins at the first byte that is kept.
        leak = pattern.search(data, 1 if before else 0)
        if leak is not None:
            line += data.count(b"\n", 0, leak.start())
            yield (
                f"{named(path, file)}, line {line}, names a path of the machine that built it"
                f" ({leak[0].decode()}…)"
            )
            return
        before = data[-_LEAK_BYTES:]
        line += data.count(b"\n", 0, len(data) - len(before))


def is_launcher(file: File) -> bool:
    """Whether a file is a launcher, of either kind."""
    small = content.size(file.content) <= content.CHUNK
    return small and launcher.is_launcher(content.read(file.content))


def launcher_problems(tree: Tree, path: str, file: File) -> Iterator[str]:
    """What is wrong with what a launcher executes."""
    told = f"launcher {named(path, file)}"
    if not file.executable:
        yield f"{told} may not be executed (mode 0644; 0755 is wanted)"
    try:
        settings = launcher.read(content.read(file.content))
        program = tree.file(settings.program)
        if settings.loader is not None:
            tree.file(settings.loader)  # The closure says whether it is one.
        elif not program.executable:
            yield f"{told}: {settings.program} may not be executed (mode 0644; 0755 is wanted)"
        for directory in settings.library_path:
            tree.follow(directory)
    except RelocatableError as error:
        yield f"{told}: {error}"
