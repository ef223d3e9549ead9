"""What a distribution says it needs (`Requires-Dist`), and whether that is there.

Source: the specification "Dependency specifiers" (PEP 508).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from relocatable.errors import RelocatableError
from relocatable.python import versions
from relocatable.python.tags import Python

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*"
    r"(?:\[[^\]]*\])?\s*(?:@\s*\S+|\((?P<inside>[^)]*)\)|(?P<specifier>[^;@()]*))\s*"
    r"(?:;\s*(?P<marker>.+))?"
)
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>===|~=|==|!=|<=|>=|<|>|not\s+in\b|in\b)|(?P<word>and\b|or\b|[()])
    |(?P<quote>['"])(?P<text>.*?)(?P=quote)|(?P<variable>[a-z_]+))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement.

    Attributes:
        name: Of the distribution that is wanted.
        specifier: Which versions of it; empty for any.
        marker: When it is wanted; empty for always.
    """

    name: str
    specifier: str
    marker: str

    def __str__(self) -> str:
        """For messages."""
        return self.name + self.specifier


def parse(text: str) -> Requirement:
    """Reads a requirement.

    Raises:
        RelocatableError: if it is none.
    """
    match = _REQUIREMENT.fullmatch(text.strip())
    if match is None:
        raise RelocatableError(f"{text!r} is no requirement, such as NAME>=1.2")
    specifier = (match["inside"] or match["specifier"] or "").strip()
    versions.takes(specifier, "0")  # Raises if it is none.
    return Requirement(match["name"], specifier, match["marker"] or "")


def environment(python: Python, version: str) -> Mapping[str, str]:
    """What markers may ask of, on Linux.

    Args:
        python: Which Python it is.
        version: MAJOR.MINOR.MICRO.
    """
    machine = python.target.multiarch.partition("-")[0] if python.target else ""
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": version,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": version,
        "python_version": python.version,
        "sys_platform": "linux",
    }


def applies(marker: str, variables: Mapping[str, str]) -> bool:
    """Tells whether a marker is true; an empty one is.

    Raises:
        RelocatableError: if it is none.
    """
    if not marker:
        return True
    error = RelocatableError(f"{marker!r} is no marker, such as python_version < '3.12'")
    # Of each open parenthesis: whether a term before the last `or` held, and the one since does.
    frames = [[False, True]]
    tokens = _tokens(marker, variables, error)
    position, operand = 0, True
    while position < len(tokens):
        kind, value = tokens[position]
        if operand and kind == "value":
            if [kind for kind, _ in tokens[position + 1 : position + 3]] != ["sign", "value"]:
                raise error
            frames[-1][1] &= _compare(value, tokens[position + 1][1], tokens[position + 2][1])
            position, operand = position + 2, False
        elif operand and value == "(":
            frames.append([False, True])
        elif not operand and value == ")" and len(frames) > 1:
            before, last = frames.pop()
            frames[-1][1] &= before or last
        elif not operand and value in {"and", "or"}:
            if value == "or":
                frames[-1] = [frames[-1][0] or frames[-1][1], True]
            operand = True
        else:
            raise error
        position += 1
    if operand or len(frames) != 1:
        raise error
    return any(frames[0])


def _tokens(
    marker: str, variables: Mapping[str, str], error: RelocatableError
) -> list[tuple[str, str]]:
    found = []
    position, end = 0, len(marker.rstrip())
    while position < end:
        match = _TOKEN.match(marker, position)
        if match is None:
            raise error
        if match["sign"]:
            found.append(("sign", " ".join(match["sign"].split())))
        elif match["word"]:
            found.append(("word", match["word"]))
        elif match["quote"]:
            found.append(("value", match["text"]))
        elif match["variable"] in variables:
            found.append(("value", variables[match["variable"]]))
        else:
            raise error
        position = match.end()
    return found


def _compare(left: str, sign: str, right: str) -> bool:
    if sign == "in":
        return left in right
    if sign == "not in":
        return left not in right
    if versions.parse(right.removesuffix(".*")) is not None and versions.parse(left) is not None:
        return versions.takes(f"{sign}{right}", left)
    # What is no version has no order: two texts are the same or are not.
    return left != right if sign == "!=" else left == right and "=" in sign
