"""Checks of what is no object: links, texts, and what launchers start."""

import re
from collections.abc import Callable, Iterator

from relocatable import content, launcher
from relocatable.errors import RelocatableError
from relocatable.provenance import Package, Wheel
from relocatable.tree import File, Link, Tree
from relocatable.verify.contract import named

# Where Bazel builds: below its output base, which is named by an MD5 unless somebody has chosen
# another, in an execroot or a sandbox.
_BAZEL = (
    rb"/_bazel_[\w.+-]{1,64}/[0-9a-f]{32}/",
    rb"/[0-9a-f]{32}/(?:execroot|external|sandbox)/",
    rb"/(?:linux|darwin|processwrapper)-sandbox/\d{1,9}/execroot/",
    rb"/execroot/[\w.+~-]{1,64}/(?:bazel-out|external)/",
    rb"/execroot/(?:_main|__main__)(?![\w.+~-])",
)
# Where Debian's builders do: sbuild's NAME-XXXXXX has the source in it, which is called by its
# name, or can be told by a capital letter. What else begins with /build/ may be anything.
_BUILD = rb"(?:(?<![\w.-])|(?<=-[IL]))/build/"
_DEBIAN = (
    _BUILD + rb"reproducible-path/",
    _BUILD + rb"([a-z0-9][a-z0-9+.-]{0,64})-\w{6}/\1-",
    _BUILD + rb"[a-z0-9][a-z0-9+.-]{0,64}-(?=[a-z0-9_]{0,5}[A-Z])\w{6}/",
)
# A piece without any of these, which is quick to see, has no such path.
_BAZEL_HINTS = (b"/_bazel_", b"/execroot/", b"/external/", b"/sandbox/")
_DEBIAN_HINTS = (b"/build/",)
# So many, or fewer, tell one.
_LEAK_BYTES = 256


def link_problems(tree: Tree, path: str, link: Link) -> Iterator[str]:
    """What is wrong with a link."""
    try:
        tree.follow(path)
    except RelocatableError as error:
        yield f"link {named(path, link)} -> {link.target}: {error}"


def text_problems(path: str, file: File) -> Iterator[str]:
    """Where a file names the machine that built it."""
    find = _looks_for(file.record.origin.source)
    line, before = 1, b""
    for piece in content.pieces(file.content):
        data = before + piece
        # What stands before a match counts: so nothing begins at the first byte that is kept.
        leak = find(data, 1 if before else 0)
        if leak is not None:
            line += data.count(b"\n", 0, leak.start())
            yield (
                f"{named(path, file)}, line {line}, names a path of the machine that built it"
                f" ({leak[0].decode('ascii', 'replace')}…)"
            )
            return
        before = data[-_LEAK_BYTES:]
        line += data.count(b"\n", 0, len(data) - len(before))


def _looks_for(
    source: Package | Wheel | str,
) -> Callable[[bytes, int], re.Match[bytes] | None]:
    """Finds the first path of a building machine, from an offset on, in a file of `source`."""
    hints: tuple[bytes, ...] = _BAZEL_HINTS
    patterns: tuple[bytes, ...] = _BAZEL
    if isinstance(source, Package):
        # Other builders, such as pbuilder, have no random part.
        name = source.source or source.name
        version = (source.source_version or source.version).rpartition(":")[2]
        upstream = version.rpartition("-")[0] or version
        own = _BUILD + f"{re.escape(name)}-{re.escape(upstream)}/".encode()
        hints, patterns = hints + _DEBIAN_HINTS, (*patterns, *_DEBIAN, own)
    expressions = [re.compile(pattern) for pattern in patterns]

    def find(data: bytes, start: int) -> re.Match[bytes] | None:
        if not any(hint in data for hint in hints):
            return None
        found = (expression.search(data, start) for expression in expressions)
        return min(filter(None, found), key=lambda match: match.start(), default=None)

    return find


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
