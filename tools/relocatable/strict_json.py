"""Reads JSON that has exactly the shape that is expected of it; every error names the place."""

import dataclasses
import difflib
import json
import re
from typing import NamedTuple, NoReturn, Self

from relocatable.errors import RelocatableError


class Text(NamedTuple):
    """A kind of string.

    Attributes:
        meaning: What error messages call it, for example "a package name".
        pattern: What the whole string has to match.
    """

    meaning: str
    pattern: re.Pattern[str]


@dataclasses.dataclass(slots=True)
class Reader:
    """One JSON object, whose keys are taken one by one; `done` then finds what is left over.

    Attributes:
        place: What error messages call it: the file's name and the way to the object.
        left: The keys not taken yet, with their values.
        known: The keys that somebody has asked for.
    """

    place: str
    left: dict[str, object]
    known: set[str] = dataclasses.field(default_factory=set)

    @classmethod
    def parse(cls, data: bytes, name: str) -> Self:
        """Reads an object from a file's bytes.

        Raises:
            RelocatableError: if the bytes are no JSON object, or an object has a key twice.
        """
        try:
            value = json.loads(data, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:
            raise RelocatableError(f"{name}: wanted a JSON object: {error}") from error
        return cls._of(value, f"{name}:")

    @classmethod
    def _of(cls, value: object, place: str) -> Self:
        if not isinstance(value, dict):
            _fail(place, "an object", value)
        return cls(place, dict(value))

    def has(self, key: str) -> bool:
        """Says whether a key is there that need not be."""
        self.known.add(key)
        return key in self.left

    def string(self, key: str, kind: Text) -> str:
        """Takes a string.

        Raises:
            RelocatableError: as each of these methods does, if the value is anything else.
        """
        return _string(self._take(key), kind, self._place(key))

    def optional_string(self, key: str, kind: Text) -> str | None:
        """Takes a string or null."""
        self.known.add(key)
        if self.left.get(key, "") is None:
            del self.left[key]
            return None
        return self.string(key, kind)

    def strings(self, key: str, kind: Text, least: int = 0) -> tuple[str, ...]:
        """Takes a list of at least `least` different strings."""
        place = self._place(key)
        found = tuple(
            _string(value, kind, f"{place}[{number}]")
            for number, value in enumerate(self._list(key, least))
        )
        if len(set(found)) != len(found):
            _fail(place, "each string once", list(found))
        return found

    def integer(self, key: str) -> int:
        """Takes a positive integer."""
        value = self._take(key)
        if type(value) is not int or value <= 0:
            _fail(self._place(key), "a positive integer", value)
        return value

    def count(self, key: str) -> int:
        """Takes an integer that is not negative."""
        value = self._take(key)
        if type(value) is not int or value < 0:
            _fail(self._place(key), "an integer that is not negative", value)
        return value

    def boolean(self, key: str) -> bool:
        """Takes true or false."""
        value = self._take(key)
        if not isinstance(value, bool):
            _fail(self._place(key), "true or false", value)
        return value

    def item(self, key: str) -> Self:
        """Takes an object."""
        return self._of(self._take(key), self._place(key))

    def items(self, key: str, least: int = 0) -> list[Self]:
        """Takes a list of at least `least` objects."""
        place = self._place(key)
        return [
            self._of(value, f"{place}[{number}]")
            for number, value in enumerate(self._list(key, least))
        ]

    def done(self) -> None:
        """Checks that nothing is left.

        Raises:
            RelocatableError: if the object has keys that nobody took.
        """
        if self.left:
            strange = min(self.left)
            near = difflib.get_close_matches(strange, sorted(self.known), n=1)
            raise RelocatableError(
                f"{self.place} has the unknown key {strange!r}"
                f"{f'; is {near[0]!r} meant?' if near else ''}; "
                f"there are {', '.join(sorted(self.known)) or 'none'}"
            )

    def _place(self, key: str) -> str:
        return f"{self.place} {key}" if self.place.endswith(":") else f"{self.place}.{key}"

    def _take(self, key: str) -> object:
        self.known.add(key)
        if key not in self.left:
            near = difflib.get_close_matches(key, sorted(self.left), n=1)
            raise RelocatableError(
                f"{self.place} misses the key {key!r}"
                f"{f'; {near[0]!r} is there: is that how it is meant?' if near else ''}"
            )
        return self.left.pop(key)

    def _list(self, key: str, least: int) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            _fail(self._place(key), "a list", value)
        if len(value) < least:
            _fail(self._place(key), f"at least {least} in the list", value)
        return value


def _string(value: object, kind: Text, place: str) -> str:
    if not isinstance(value, str) or not kind.pattern.fullmatch(value):
        _fail(place, kind.meaning, value)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {max(keys, key=keys.count)!r} stands twice in one object")
    return found


def _fail(place: str, wanted: str, found: object) -> NoReturn:
    text = json.dumps(found, ensure_ascii=False)
    shown = text if len(text) <= 60 else f"{text[:60]}…"
    raise RelocatableError(f"{place}: wanted {wanted}, found {shown}".replace("::", ":"))
