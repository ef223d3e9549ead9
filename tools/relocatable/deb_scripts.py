"""What maintainer scripts would have done to the files of others: alternatives and diversions.

Scripts are read, never run. They are programs, and can do anything; found here are plain calls of
`update-alternatives --install` and `dpkg-divert`, as debhelper and most maintainers write them. A
call with a variable in it is told as it is written.

Source: update-alternatives(1), dpkg-divert(1), deb-preinst(5).
"""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from relocatable.errors import RelocatableError

NAMES: Final[tuple[str, ...]] = ("config", "preinst", "postinst", "prerm", "postrm")
"""In the order in which dpkg and debconf run them."""
_INSTALLING: Final = ("preinst", "postinst")
"""Those that make what a package is used with; the others clean up."""
_CALL: Final = re.compile(r"(?<![\w./-])(?:/usr/s?bin/)?(update-alternatives|dpkg-divert)(?=\s)")
_OTHER_ACTIONS: Final = frozenset(
    {"--remove", "--list", "--listpackage", "--truename", "--help", "--version"}
)
_TAKES_VALUE: Final = frozenset({"--divert", "--package", "--admindir", "--instdir", "--root"})
_OPERATORS: Final = frozenset(";&|()<>")
_LINE_LIMIT: Final = 1 << 16
"""Characters of a line with its continuations; longer ones are no calls but data."""


class Alternative(NamedTuple):
    """A link that update-alternatives would make, and where it would lead; without leading `/`."""

    link: str
    path: str


class Diversion(NamedTuple):
    """A path of other packages, and where theirs goes instead.

    `package` is whose file stays at `path`; empty, if nobody's does (`--local`).
    """

    path: str
    to: str
    package: str


class Found(NamedTuple):
    """All that a package's scripts would do, and the calls that say it with variables."""

    alternatives: tuple[Alternative, ...]
    diversions: tuple[Diversion, ...]
    unresolved: tuple[str, ...]


def read(scripts: Mapping[str, bytes], package: str) -> Found:
    """Returns what `scripts` (by name) of `package` would do when it is installed."""
    alternatives: dict[Alternative, None] = {}
    diversions: dict[Diversion, None] = {}
    unresolved: dict[str, None] = {}
    for name in _INSTALLING:
        for words in _calls(scripts.get(name, b"").decode("utf-8", "replace")):
            try:
                if words[0] == "dpkg-divert":
                    diversions.update(dict.fromkeys(_diversions(words[1:], package)))
                else:
                    alternatives.update(dict.fromkeys(_alternatives(words[1:])))
            except RelocatableError:
                unresolved[f"{name}: {' '.join(words)}"] = None
    return Found(tuple(alternatives), tuple(diversions), tuple(unresolved))


def _calls(text: str) -> Iterator[list[str]]:
    """The words of each call, up to where the next command begins."""
    for line in text.replace("\\\n", " ").splitlines():
        if len(line) > _LINE_LIMIT or line.lstrip().startswith("#"):
            continue
        for match in _CALL.finditer(line):
            words = shlex.shlex(line[match.start() :], posix=True, punctuation_chars=True)
            words.whitespace_split = True
            found: list[str] = []
            try:
                found.extend(
                    itertools.takewhile(lambda word: not _OPERATORS.issuperset(word), words)
                )
            except ValueError:  # A quote that ends in another line, or that began before.
                continue
            if found:
                yield [match[1], *found[1:]]


def _alternatives(words: list[str]) -> Iterator[Alternative]:
    """`--install LINK NAME PATH PRIORITY`, and `--slave LINK NAME PATH` any number of times."""
    for at, word in enumerate(words):
        if word in {"--install", "--slave"}:
            link, _, path = [*words[at + 1 : at + 4], "", "", ""][:3]
            yield Alternative(_path(link), _path(path))


def _diversions(words: list[str], package: str) -> Iterator[Diversion]:
    options: dict[str, str] = {}
    plain: list[str] = []
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=")
        if option in _TAKES_VALUE:
            options[option] = value if equals else next(rest, "")
        elif word.startswith("-"):
            options[option] = value
        else:
            plain.append(word)
    if _OTHER_ACTIONS.isdisjoint(options) and (plain or "--add" in options):
        path = _path(plain[0] if plain else options["--add"])
        to = _path(options["--divert"]) if "--divert" in options else f"{path}.distrib"
        owner = "" if "--local" in options else options.get("--package", package)
        if "$" in owner:
            raise RelocatableError(f"{owner} is no package")
        yield Diversion(path, to, owner)


def _path(word: str) -> str:
    if not re.fullmatch(r"/[^$`*?\s]+", word):
        raise RelocatableError(f"{word!r} is no absolute path")
    return word.lstrip("/")
