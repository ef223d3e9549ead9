"""Whether the C library would find a locale: a model of toolchains/launcher/locale_linux.h.

Source: glibc, locale/findlocale.c, locale/loadarchive.c, locale/locarchive.h and locale/hashval.h.
Only what people have is looked for: the name as it is, with its codeset in glibc's spelling, and
without its modifier. That glibc would also take `de.utf8` for `de_DE.UTF-8` is left out.
"""

import re
import struct
from collections.abc import Callable, Iterator, Mapping

DIRECTORY = "/usr/lib/locale"
"""Where glibc has locales, in each distribution that has glibc in /usr."""
ARCHIVE = f"{DIRECTORY}/locale-archive"

_NAME = re.compile(r"([^.@]*)\.([^@]+)(.*)", re.DOTALL)
_HEAD = struct.Struct("<IIIIIIII")  # magic, serial, names: offset, used, size; strings: likewise
_ENTRY = struct.Struct("<III")  # hash, offset of the name, offset of the record
_MAGIC = 0xDE020109


def chosen(environ: Mapping[str, str]) -> str:
    """Returns the name of the locale for characters: see locale(7)."""
    return environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or "C"


def is_lost(
    environ: Mapping[str, str], exists: Callable[[str], bool], read: Callable[[str], bytes]
) -> bool:
    """Tells whether the locale that is chosen for characters can't be had.

    Args:
        environ: Has LC_ALL, LC_CTYPE, LANG and LOCPATH.
        exists: Says whether a path is there.
        read: Gives the bytes of a file, and none if it isn't there.
    """
    name = chosen(environ)
    if name in {"C", "POSIX"}:
        return False
    if "/" in name:
        return True
    normal = _normal(name)
    places = environ.get("LOCPATH") or ""
    if not places and _is_archived(normal.encode("utf-8", "surrogateescape"), read(ARCHIVE)):
        return False
    names = {each for full in (name, normal) for each in (full, full.partition("@")[0])}
    directories = [*filter(None, places.split(":")), DIRECTORY]
    return not any(exists(f"{place}/{each}/LC_CTYPE") for place in directories for each in names)


def _normal(name: str) -> str:
    """Returns a name with its codeset as it is in names of files: UTF-8 is utf8."""
    match = _NAME.fullmatch(name)
    if match is None:
        return name
    letters = "".join(letter for letter in match[2] if letter.isascii() and letter.isalnum())
    codeset = letters.lower() if re.search("[A-Za-z]", letters) else f"iso{letters}"
    return f"{match[1]}.{codeset}{match[3]}"


def _is_archived(name: bytes, archive: bytes) -> bool:
    if len(archive) < _HEAD.size:
        return False
    magic, _, offset, _, size, *_ = _HEAD.unpack_from(archive)
    if magic != _MAGIC or size <= 2:
        return False
    wanted = _hash(name)
    for at in _places(wanted, size):
        place = offset + at * _ENTRY.size
        if place + _ENTRY.size > len(archive):
            return False
        found, text, record = _ENTRY.unpack_from(archive, place)
        if not text:
            return False
        if found == wanted and archive[text : text + len(name) + 1] == name + b"\0":
            return bool(record)
    return False


def _places(wanted: int, size: int) -> Iterator[int]:
    at, step = wanted % size, 1 + wanted % (size - 2)
    for _ in range(size):
        yield at
        at = (at + step) % size


def _hash(name: bytes) -> int:
    value = len(name)
    for byte in name:
        value = (((value << 9) | (value >> 23)) + byte) & 0xFFFFFFFF
    return value or 0xFFFFFFFF
