"""Search paths as ELF files and launchers write them, with what glibc's loader replaces in them.

Source: ld.so(8), "Dynamic string tokens"; glibc's elf/dl-load.c for the details.
"""

import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"\$(?:\{(?P<braced>ORIGIN|LIB|PLATFORM)\}|(?P<bare>ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))"
)


def expand(text: str, values: Mapping[str, str | None]) -> str | None:
    """Replaces the tokens in `text`, such as `$ORIGIN` and `${LIB}`, by their `values`.

    What only looks like a token (`$ORIGINAL`, `$HOME`) stays. None if a token has no value: the
    loader drops such a path.
    """
    parts: list[str] = []
    end = 0
    for token in _TOKEN.finditer(text):
        value = values[token["braced"] or token["bare"]]
        if value is None:
            return None
        parts += (text[end : token.start()], value)
        end = token.end()
    return "".join((*parts, text[end:]))


def split(path: str) -> tuple[str, ...]:
    """The directories of an RPATH or RUNPATH, each once; an empty one means where a user is."""
    return tuple(dict.fromkeys(path.split(":"))) if path else ()
