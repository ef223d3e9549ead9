"""Which archives a machine's apt is set to: sources.list(5), in both of its formats.

`rules/private/apt_sources.bzl` reads the same files in the same way.
"""

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

from relocatable.deb_lock import Source

APT = Path("/etc/apt")


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One archive that apt reads.

    Attributes:
        uri: The archive's root, without a slash at the end.
        suites: Directories below `dists/`.
        components: Parts of each suite; none for a flat repository.
    """

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]

    def offers(self, source: Source) -> bool:
        """Says whether this is an archive that has all of a source.

        Of flat repositories nothing but their URL says which one they are, and a moment of old is
        not what apt is set to.
        """
        return (
            not source.flat
            and not source.snapshot
            and source.suite in self.suites
            and set(source.components) <= set(self.components)
        )


def mirrors(source: Source, configuration: Path = APT) -> list[str]:
    """URLs of the archives that a machine's apt would take a source from, in apt's order.

    Only http and https: a transport like `mirror+file:` or `cdrom:` is apt's own.

    Args:
        source: What is wanted.
        configuration: apt's directory; one that is absent has no entries.
    """
    found = [entry.uri for entry in _entries(configuration) if entry.offers(source)]
    return list(dict.fromkeys(uri for uri in found if re.match(r"https?://", uri)))


def _entries(configuration: Path) -> Iterator[Entry]:
    parts = configuration / "sources.list.d"
    for path in (configuration / "sources.list", *sorted(parts.glob("*"))):
        if path.is_file() and path.suffix in _FORMATS:
            yield from _FORMATS[path.suffix](path.read_text(encoding="utf-8", errors="replace"))


def one_line(text: str) -> Iterator[Entry]:
    """Reads the one-line format: `deb [option=value …] uri suite component…`."""
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", " ", line.partition("#")[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            yield Entry(words[1].rstrip("/"), (words[2],), tuple(words[3:]))


def deb822(text: str) -> Iterator[Entry]:
    """Reads the deb822 format: stanzas with Types, URIs, Suites and Components."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n[ \t]*\n", lines):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", ()) or fields.get("enabled") in (["no"], ["false"]):
            continue
        for uri in fields.get("uris", ()):
            yield Entry(
                uri.rstrip("/"),
                tuple(fields.get("suites", ())),
                tuple(fields.get("components", ())),
            )


def _fields(stanza: str) -> dict[str, list[str]]:
    """Splits a stanza into the words of each field; a line that starts with space continues."""
    fields: dict[str, list[str]] = {}
    words: list[str] = []
    for line in stanza.splitlines():
        if line[:1].isspace():
            words.extend(line.split())
        else:
            name, _, value = line.partition(":")
            words = fields[name.strip().lower()] = value.split()
    return fields


_FORMATS = {".list": one_line, ".sources": deb822}
