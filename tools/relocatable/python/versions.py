"""Versions of distributions, in their order, and which of them a specifier takes.

Source: the specification "Version specifiers" (PEP 440).
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from relocatable.errors import RelocatableError

_VERSION = re.compile(
    r"""v?(?:(?P<epoch>\d{1,9})!)?(?P<release>\d{1,18}(?:\.\d{1,18}){0,31})
    (?:[-_.]?(?P<pre>a|b|c|rc|alpha|beta|pre|preview)[-_.]?(?P<pre_number>\d{0,18}))?
    (?:-(?P<post_alone>\d{1,18})|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>\d{0,18}))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>\d{0,18}))?
    (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?""",
    re.VERBOSE,
)
_SPELLINGS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_CLAUSE = re.compile(r"(?P<operator>===|~=|==|!=|<=|>=|<|>)\s*(?P<version>[^\s,;()]+)")
# Below and above every word or number of a part.
_FIRST, _LAST = ("",), ("~",)

_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Version:
    """A version, taken apart.

    Attributes:
        epoch: Before `!`.
        release: Its numbers.
        pre: `("a" or "b" or "rc", number)`, or none.
        post: The number, or none.
        dev: The number, or none.
        local: After `+`.
    """

    epoch: int
    release: tuple[int, ...]
    pre: tuple[str, int] | None
    post: int | None
    dev: int | None
    local: str

    @property
    def public(self) -> tuple[object, ...]:
        """What versions are ordered by, `local` aside."""
        pre: tuple[str | int, ...] = self.pre or _LAST
        if self.pre is None and self.post is None and self.dev is not None:
            pre = _FIRST  # A development version of the release comes before all its others.
        post = -1 if self.post is None else self.post
        dev = (1, 0) if self.dev is None else (0, self.dev)
        return (*self.base, pre, post, dev)

    @property
    def base(self) -> tuple[int, tuple[int, ...]]:
        """Of which release it is; zeros at the end of one mean nothing."""
        numbers = list(self.release)
        while len(numbers) > 1 and not numbers[-1]:
            numbers.pop()
        return self.epoch, tuple(numbers)

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but numbers."""
        return self.pre is None and self.post is None and self.dev is None and not self.local


def parse(text: str) -> Version | None:
    """Returns the version that a text is; none if it is not one."""
    match = _VERSION.fullmatch(text.strip().lower())
    if match is None:
        return None
    pre, post = match["pre"], match["post_alone"]
    if match["post"]:
        post = match["post_number"] or "0"
    return Version(
        epoch=int(match["epoch"] or 0),
        release=tuple(map(int, match["release"].split("."))),
        pre=(_SPELLINGS.get(pre, pre), int(match["pre_number"] or 0)) if pre else None,
        post=int(post) if post else None,
        dev=int(match["dev_number"] or 0) if match["dev"] else None,
        local=re.sub("[-_]", ".", match["local"] or ""),
    )


def takes(specifier: str, version: str) -> bool:
    """Tells whether all clauses of a specifier (`>=1.2,!=1.3.*`) take a version, previews too.

    Raises:
        RelocatableError: if the specifier is none.
    """
    return all(_takes(clause.strip(), version) for clause in specifier.split(",") if clause.strip())


def _takes(clause: str, version: str) -> bool:
    match = _CLAUSE.fullmatch(clause)
    if match is None:
        raise RelocatableError(f"{clause!r} is no version specifier, such as >=1.2")
    sign, text = match.group("operator", "version")
    if sign == "===":
        return text.lower() == version.lower()
    prefix = text.endswith(".*") and sign in {"==", "!="}
    wanted = parse(text.removesuffix(".*") if prefix else text)
    if (
        wanted is None
        or (prefix and not wanted.is_plain)
        or (wanted.local and sign not in {"==", "!="})
        or (sign == "~=" and len(wanted.release) == 1)
    ):
        raise RelocatableError(f"{clause!r} has no version after {sign} that can be there")
    found = parse(version)
    if found is None:
        return False  # Of a scheme of its own, for which there is ===.
    if sign in {"==", "!="}:
        equal = _begins(found, wanted) if prefix else _equal(found, wanted)
        return equal == (sign == "==")
    if sign == "~=":
        series = Version(wanted.epoch, wanted.release[:-1], None, None, None, "")
        return found.public >= wanted.public and _begins(found, series)
    # Neither a preview of what is not to be reached, nor a new build of what is to be left behind.
    same = found.base == wanted.base
    if sign == "<" and same and wanted.pre is None and wanted.dev is None:
        return found.public < wanted.public and found.pre is None and found.dev is None
    if sign == ">" and same and wanted.post is None and found.post is not None:
        return False
    return _ORDER[sign](found.public, wanted.public)


def _equal(found: Version, wanted: Version) -> bool:
    return found.public == wanted.public and wanted.local in {"", found.local}


def _begins(found: Version, wanted: Version) -> bool:
    """Whether it is of the series that `wanted`, without an end, names."""
    pairs = zip_longest(found.release[: len(wanted.release)], wanted.release, fillvalue=0)
    return found.epoch == wanted.epoch and all(own == other for own, other in pairs)
