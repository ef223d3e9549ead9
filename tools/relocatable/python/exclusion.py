"""Files of packages that a bundle leaves out.

Two wheels may bring files of one name that are no part of either's code: CHANGELOG.md, tests. pip
has the last one win; here, somebody says what is wanted.
"""

import re
from collections.abc import Collection, Iterable

from relocatable.errors import RelocatableError, problems
from relocatable.globs import Globs, likest
from relocatable.python.wheel import normal

# What the checks of a bundle read: without it, they would have nothing to say.
_CHECKED = re.compile(r"[^/]+\.dist-info/(?P<name>METADATA|RECORD)")
_WHY = {
    "METADATA": "says what a package needs; if that may be missing, name it in `unmet`",
    "RECORD": "is made anew, of what is there",
}


class Exclusion:
    """Patterns over site-packages, each for all packages or, as `NAME:PATTERN`, for one."""

    def __init__(self, patterns: Iterable[str], names: Iterable[str]) -> None:
        """Reads patterns.

        Args:
            patterns: As `globs` has them.
            names: Of the distributions that a pattern may be for.

        Raises:
            RelocatableError: if one can match nothing.
        """
        known = {normal(name) for name in names}
        self._seen: list[str] = []
        self._patterns: list[tuple[str, str, Globs]] = []
        for pattern in patterns:
            name, colon, inside = pattern.rpartition(":")
            if colon and normal(name) not in known:
                raise RelocatableError(
                    f"exclude: {pattern!r} is for {name}; wanted one of the packages that bring "
                    f"their metadata ({', '.join(sorted(known)) or 'there is none'})"
                )
            self._patterns.append((pattern, normal(name), Globs([inside])))

    def matches(self, path: str, names: Collection[str]) -> bool:
        """Tells whether a file is left out.

        Args:
            path: Of it, below site-packages.
            names: The distributions that it may be of.

        Raises:
            RelocatableError: if it can't be left out.
        """
        self._seen.append(path)
        found = False
        for pattern, name, globs in self._patterns:
            if (not name or name in map(normal, names)) and globs.match(path):
                if checked := _CHECKED.fullmatch(path):
                    raise RelocatableError(
                        f"exclude: {pattern!r} matches {path}, which {_WHY[checked['name']]}"
                    )
                found = True
        return found

    def check(self) -> None:
        """Raises RelocatableError for patterns that have matched nothing."""
        unused = []
        for pattern, _, globs in self._patterns:
            for inside in globs.unused():
                meant = likest(inside, self._seen)
                unused.append(f"{pattern!r}" + (f"; {meant!r} is there" if meant else ""))
        problems(unused, "exclude: matches nothing in site-packages:")
