"""Relations between packages (Debian Policy 7): a name, and which packages of that name will do."""

import dataclasses
import functools
import re

from debian.debian_support import NativeVersion

from relocatable.errors import RelocatableError

# Policy 7.1 and its deprecated spellings, as the results of `compare` that each allows.
_COMPARISONS = {
    "<<": (-1,),
    "<": (-1, 0),
    "<=": (-1, 0),
    "=": (0,),
    ">=": (0, 1),
    ">": (0, 1),
    ">>": (1,),
}

# Name, qualifier, comparison and version; what is for some architectures or profiles only has no
# place in a binary package. A name that Policy doesn't allow is one that nothing has, as for apt.
_RELATION = re.compile(
    r"([^\s,|()<>=\[\]]+?)(?::([a-zA-Z0-9][a-zA-Z0-9-]*))?"
    r"(?:\s*\(\s*([<>=]+)\s*([^\s()]+)\s*\))?(?:\s*\[[^\]]*\])?(?:\s*<.+>)?"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Relation:
    """One alternative of a dependency, or one package that another conflicts with.

    Attributes:
        name: Name of a package, concrete or virtual.
        comparison: One of `<< <= = >= >>`, or empty: then any version will do.
        version: What the comparison is with.
        qualifier: What follows a colon after the name: empty, "any" or an architecture.
    """

    name: str
    comparison: str = ""
    version: str = ""
    qualifier: str = ""

    @property
    def offered(self) -> str:
        """What a package has to be called, or to provide: `name:any` is a name of its own.

        A package is also called so if it is `Multi-Arch: allowed`: only of such a one does another
        architecture's stand for this one's.
        """
        return f"{self.name}:any" if self.qualifier == "any" else self.name

    def is_for(self, architecture: str) -> bool:
        """Says whether packages of an architecture, or of all, are meant."""
        return self.qualifier in {"", "any", architecture}

    def allows(self, version: str | None) -> bool:
        """Says whether a version will do; `None` is a `Provides` without one (Policy 7.5)."""
        if not self.comparison:
            return True
        if version is None:
            return False
        return compare(version, self.version) in _COMPARISONS[self.comparison]

    def __str__(self) -> str:
        """The way that a control file writes it."""
        qualified = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{qualified} ({self.comparison} {self.version})" if self.comparison else qualified


Alternatives = tuple[Relation, ...]
"""Any one of them will do."""


@functools.cache
def compare(left: str, right: str) -> int:
    """Orders two versions as dpkg does: -1, 0 or 1.

    Raises:
        RelocatableError: if one of them is no Debian version.
    """
    try:
        a, b = NativeVersion(left), NativeVersion(right)
    except ValueError as error:
        raise RelocatableError(f"wanted Debian versions, found {left!r}, {right!r}") from error
    return (a > b) - (a < b)


def parse_relations(text: str, place: str) -> tuple[Alternatives, ...]:
    """Reads a field like Depends: all of the outer tuple are wanted, any of each inner one.

    Args:
        text: The field's value.
        place: What error messages call it.

    Raises:
        RelocatableError: if it isn't a list of relations (Policy 7.1).
    """
    # What writes control files leaves a comma at the end.
    text = text.strip().removesuffix(",").rstrip()
    return tuple(
        tuple(_relation(item.strip(), place) for item in group.split("|"))
        for group in (text.split(",") if text else ())
    )


def _relation(text: str, place: str) -> Relation:
    match = _RELATION.fullmatch(text)
    if not match or (match[3] or "") not in {"", *_COMPARISONS}:
        raise RelocatableError(f"{place}: wanted a package relation, found {text!r}")
    relation = Relation(*(match[number] or "" for number in (1, 3, 4, 2)))
    if relation.version:
        try:
            compare(relation.version, relation.version)
        except RelocatableError as error:
            raise RelocatableError(f"{place}: {relation}: {error}") from error
    return relation
