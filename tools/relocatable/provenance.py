"""Where each path of a tree came from, and every edit made to it since: one JSON line per path.

The SBOM, the edit log and the answer to "why is this file here?" are all made from these lines.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from relocatable.errors import RelocatableError


@dataclass(frozen=True, slots=True)
class Package:
    """A binary package: its control fields, and the SHA-256 (hex) of the .deb file.

    `source` and `source_version` are of the source package that it was built from, each empty if
    it is that of the package itself. Advisories of a distribution name source packages. `vendor`
    is what the archive calls itself that has the package, for example `Debian`, and `url` where a
    public mirror of it has the file; both are empty if that isn't known.
    """

    name: str
    version: str
    architecture: str
    sha256: str
    source: str = ""
    source_version: str = ""
    vendor: str = ""
    url: str = ""

    def __str__(self) -> str:
        """As people write it: name, version and architecture."""
        return f"{self.name} {self.version} {self.architecture}"


@dataclass(frozen=True, slots=True)
class Wheel:
    """A Python wheel: what its metadata says, and the name and SHA-256 (hex) of its file."""

    name: str
    version: str
    file: str
    sha256: str

    def __str__(self) -> str:
        """As people write it: the file's name."""
        return self.file


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file was taken from, and the path in it.

    Attributes:
        source: A package, a wheel, or a label: of a target, or of the rule that made the file.
        path: In it; for what a rule made, what that calls it.
    """

    source: Package | Wheel | str
    path: str

    def __str__(self) -> str:
        """For messages: the source and the path in it."""
        return f"{self.source}: {self.path}"


_KINDS: Final[Mapping[str, type[Package] | type[Wheel]]] = {"deb": Package, "wheel": Wheel}
"""What JSON calls them."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: what was changed (for example `runpath`), its value before and after."""

    what: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        """For people: `runpath: /usr/lib -> $ORIGIN`, or what was removed or is new."""
        if self.after is None:
            return self.what if self.before is None else f"{self.what}: {self.before} removed"
        return f"{self.what}: {'' if self.before is None else f'{self.before} -> '}{self.after}"


class Dpkg(NamedTuple):
    """What dpkg would keep of a path besides its package.

    Attributes:
        conffile: Whether it is one: an administrator may change it, and an update leaves it.
        diverted: The path that it would have without a diversion; empty if there is none.
        replaces: Packages whose file of this path it took the place of, since its own package
            declares that it does.
    """

    conffile: bool = False
    diverted: str = ""
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The provenance of one path."""

    origin: Origin
    edits: tuple[Edit, ...] = ()
    dpkg: Dpkg | None = None


def write(records: Iterable[tuple[str, Record]]) -> bytes:
    """Returns the JSON lines of `(path, record)` pairs, in the given order."""
    return b"".join(lines(records))


def lines(records: Iterable[tuple[str, Record]]) -> Iterator[bytes]:
    """Yields what `write` returns, one line after the other: all of a large tree are many."""
    # What a package is called is the same for all of its many paths.
    sources: dict[Package | Wheel | str, str] = {}
    for path, record in records:
        source = sources.get(record.origin.source)
        if source is None:
            source = sources[record.origin.source] = _text(_source(record.origin.source))[1:-1]
        line = f'{{"path": {_text(path)}, {source}, "from": {_text(record.origin.path)}'
        if record.dpkg:
            known = {key: value for key, value in record.dpkg._asdict().items() if value}
            line += f', "dpkg": {_text(known)}'
        if record.edits:
            edits = [
                {"what": edit.what, "before": edit.before, "after": edit.after}
                for edit in record.edits
            ]
            line += f', "edits": {_text(edits)}'
        yield f"{line}}}\n".encode()


def read(path: Path) -> dict[str, Record]:
    """Reads the provenance file at `path`.

    Raises:
        RelocatableError: if a line is not what `write` makes.
    """
    records = {}
    known: dict[Package | Wheel | str, Package | Wheel | str] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                told = json.loads(line)
                kind = next((kind for kind in _KINDS if kind in told), None)
                found = _KINDS[kind](**told[kind]) if kind else None
                source = known.setdefault(found or told["label"], found or told["label"])
                records[told["path"]] = Record(
                    Origin(source, told["from"]),
                    tuple(Edit(**edit) for edit in told.get("edits", ())),
                    _dpkg(**told["dpkg"]) if "dpkg" in told else None,
                )
            except (ValueError, KeyError, TypeError) as error:
                message = f"{path}:{number}: not a provenance line: {error}"
                raise RelocatableError(message) from error
    return records


def fields(source: Package | Wheel) -> dict[str, str]:
    """Returns what is known of a source, as JSON has it: without what is empty."""
    return {name: value for name, value in asdict(source).items() if value}


def _source(source: Package | Wheel | str) -> dict[str, Any]:
    if isinstance(source, str):
        return {"label": source}
    kind = next(kind for kind, made in _KINDS.items() if isinstance(source, made))
    return {kind: fields(source)}


def _dpkg(*, conffile: bool = False, diverted: str = "", replaces: Iterable[str] = ()) -> Dpkg:
    return Dpkg(conffile, diverted, tuple(replaces))


_text: Final = json.JSONEncoder(ensure_ascii=True).encode
