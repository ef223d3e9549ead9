"""What Python targets of Bazel bring, put where `import` finds it: site-packages.

A target says files, and import roots: directories among the runfiles that go to `sys.path`. What
lies below a root is at the same path below site-packages. A file below several counts for the
deepest; one below none for its repository, which Bazel puts on `sys.path` as well.
"""

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from relocatable import content, elf
from relocatable.content import CHUNK, Content, Extent
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import record
from relocatable.tree import File

_DIST_INFO = ".dist-info"
_CACHE = "__pycache__"


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its path among the runfiles (`REPOSITORY/PATH`), and where it is now."""

    runfile: str
    path: Path


def read(lines: Iterable[str], workspace: str) -> list[Source]:
    """Reads lines `SHORT_PATH<tab>PATH`, as the rule writes them.

    Args:
        lines: Each with a short path of Bazel: `../REPOSITORY/…`, or below the main repository.
        workspace: What the main repository is called among the runfiles.

    Raises:
        RelocatableError: if a line is something else.
    """
    found = []
    for line in lines:
        short, tab, path = line.rstrip("\n").partition("\t")
        if not tab:
            raise RelocatableError(f"SHORT_PATH<tab>PATH is wanted, found {line.strip()!r}")
        found.append(Source(runfile(short, workspace), Path(path)))
    return found


def runfile(short_path: str, workspace: str) -> str:
    """Returns the path among the runfiles of a file with that `short_path`."""
    outside = short_path.startswith("../")
    return short_path[3:] if outside else f"{workspace}/{short_path}"


@dataclass(frozen=True, slots=True)
class Installed:
    """What one import root brings: files by path in site-packages."""

    files: dict[str, File]

    def names(self) -> list[str]:
        """The distributions whose metadata is among the files (NAME of NAME-VERSION.dist-info)."""
        return sorted({top.partition("-")[0] for top in map(_top, self.files) if _is_info(top)})

    def distributions(self) -> Iterator[tuple[str, list[str]]]:
        """Yields each metadata directory, and the paths of the files that belong to it.

        Its RECORD tells them. An installer of Bazel's may leave that out; then, if there is one
        distribution in this root, all of the root is its.
        """
        found = sorted({top for top in map(_top, self.files) if _is_info(top)})
        for directory in found:
            listed = self.files.get(f"{directory}/{record.NAME}")
            if listed is not None:
                entries = record.parse(content.read(listed.content), str(listed.record.origin))
                yield directory, [path for path in entries if path in self.files]
            elif len(found) == 1:
                yield directory, list(self.files)


def install(sources: Sequence[Source], imports: Iterable[str], label: str) -> list[Installed]:
    """Sorts files by the import root that each belongs to, in the roots' order.

    Args:
        sources: The files.
        imports: Import roots, as paths among the runfiles.
        label: Who asks, for the provenance.
    """
    roots = sorted({posixpath.normpath(path) for path in imports}, key=len, reverse=True)
    installed: dict[str, Installed] = {}
    distributions = {
        repository
        for source in sources
        for repository, _, rest in [source.runfile.partition("/")]
        if f"{_DIST_INFO}/" in rest
    }
    for source in sorted(sources, key=lambda source: source.runfile):
        repository = source.runfile.partition("/")[0]
        root = next((r for r in roots if source.runfile.startswith(r + "/")), repository)
        if root == repository and repository in distributions and repository not in roots:
            continue  # Scripts and data beside an installed distribution: bin, include.
        if f"/{_CACHE}/" in source.runfile:
            continue
        path = source.runfile.removeprefix(root + "/")
        data = _content(source.path)
        # A mode says nothing: Bazel changes it on the way.
        file = File(data, Record(Origin(label, source.runfile)), _runs(data, source.runfile))
        installed.setdefault(root, Installed({})).files[path] = file
    return list(installed.values())


def _content(path: Path) -> Content:
    # A descriptor for each of thousands of small files would be too many.
    large = path.stat().st_size > CHUNK
    return Extent.of_file(path) if large else path.read_bytes()


def _runs(data: Content, name: str) -> bool:
    view = content.view(data)
    return bytes(view[:2]) == b"#!" or (elf.is_elf(view[:4]) and elf.read(view, name).is_program)


def _is_info(name: str) -> bool:
    return name.endswith(_DIST_INFO)


def _top(path: str) -> str:
    return path.partition("/")[0]
