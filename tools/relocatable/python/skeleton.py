"""A module's text without all that an older Python could fail to parse, but with all its imports.

Imports and the headers that say when they happen stay; other blocks become `if unknown:`, and every
other statement `pass`. Lines keep their numbers.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

_PREFIX = r"[rbutfRBUTF]{0,3}"
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    rf"|(?P<triple>{_PREFIX}(?P<quotes>'''|\"\"\")(?:\\.|(?!(?P=quotes)).)*(?P=quotes))"
    # One that doesn't end in its line has newer syntax inside: PEP 701's lines between brackets.
    rf"|(?P<string>{_PREFIX}(?P<quote>['\"])(?:\\.|(?!(?P=quote))[^\n\\])*(?P<end>(?P=quote)?))"
    r"|(?P<open>[\[({])|(?P<close>[\])}])|(?P<continued>\\\n)|(?P<newline>\n)"
    r"|(?P<walrus>:=)|(?P<colon>:)|(?P<word>\w+)|[ \t]+|.",
    re.DOTALL,
)
_IMPORTS = frozenset({"from", "import"})
_KEPT = frozenset({"elif", "else", "finally", "if", "try"})
_BLOCKS = frozenset({"async", "case", "class", "for", "match", "while", "with"})


@dataclass(slots=True)
class _Statement:
    """One logical line, without comments and line breaks.

    Attributes:
        before: What comes before it: blank lines, comments' lines, its indentation.
        words: Its tokens.
        colon: Where, of those, the header of a block ends.
        lines: Line breaks in it and at its end.
    """

    before: str = ""
    words: list[str] = field(default_factory=list)
    colon: int | None = None
    lines: int = 0


def of(text: bytes) -> str:
    """Returns the skeleton of a module.

    Raises:
        SyntaxError: if the text is not in the encoding that it declares.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(text).readline)
    source = text.decode(encoding).replace("\r\n", "\n").replace("\f", "")
    return "".join(
        f"{statement.before}{_reduced(statement)}" + "\n" * statement.lines
        for statement in _statements(source + "\n")
    )


def _statements(source: str) -> Iterator[_Statement]:
    now = _Statement()
    depth = lambdas = 0
    for token in _TOKEN.finditer(source):
        value = token[0]
        kind = "string" if token["string"] or token["triple"] else token.lastgroup
        if not now.words and (kind in {None, "newline"}) and value.isspace():
            now.before = f"{now.before}\n" if kind == "newline" else _indented(now.before, value)
            continue
        now.lines += value.count("\n")
        if kind == "open":
            depth += 1
        elif token["string"] and not token["end"]:
            opened = sum(map(value.count, "([{")) - sum(map(value.count, ")]}"))
            depth = max(0, depth + opened)
        elif kind == "close":
            depth = max(0, depth - 1)
        elif value == "lambda" and not depth:
            lambdas += 1
        elif kind == "colon" and not depth and lambdas:
            lambdas -= 1
        elif kind == "colon" and not depth and now.colon is None:
            now.colon = len(now.words)
        elif kind == "newline" and not depth:
            if not now.words:  # It was a comment.
                now.before, now.lines = f"{_indented(now.before, '')}\n", 0
                continue
            yield now
            now, lambdas = _Statement(), 0
            continue
        if kind == "comment":
            continue
        now.words.append(" " if kind in {"continued", "newline"} else value)
    if now.words:
        yield now


def _indented(before: str, indent: str) -> str:
    return before[: before.rfind("\n") + 1] + indent


def _reduced(statement: _Statement) -> str:
    words = statement.words
    first = words[0]
    if first in _IMPORTS:
        return "".join(words)
    if first == "raise":  # It tells what a handler is about.
        return first
    if statement.colon is None:
        return "pass"
    header = "".join(words[: statement.colon]).rstrip()
    rest = "".join(words[statement.colon + 1 :]).strip()
    body = ":" + (rest if rest.startswith(("import ", "from ")) else "pass" if rest else "")
    if first == "except":
        star, _, types = header.removeprefix("except").rpartition("*")
        names = re.sub(r"\s+as\s+\w+$", "", types.strip())
        return (
            f"except{star}{'*' if '*' in header else ''} ({names}){body}"
            if names
            else header + body
        )
    if first == "def" or (first == "async" and "def" in words):
        return f"def _(){body}"
    if first in _KEPT or (first == "with" and "suppress" in words):
        return header + body if _parses(header) else f"{_unknown(first)}{body}"
    return f"if unknown{body}" if first in _BLOCKS else "pass"


def _unknown(keyword: str) -> str:
    return "elif unknown" if keyword == "elif" else "if unknown"


def _parses(header: str) -> bool:
    if header in {"else", "finally", "try"}:
        return True
    try:
        ast.parse(f"{header.removeprefix('el')}: pass")
    except SyntaxError:
        return False
    return True
