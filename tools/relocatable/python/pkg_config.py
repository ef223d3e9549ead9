"""Files of pkg-config that say where things are from where they are themselves.

Source: pc(5); `pcfiledir` is the directory of the file.
"""

import posixpath
import re

_VARIABLE = re.compile(r"(?P<name>\w+)=(?P<value>.*)")
# Debian's directories of one architecture; a prefix is for one, and has just lib and include.
_MULTIARCH = re.compile(r"/[\w-]+-linux-\w+(?=/|\s|$)")


def relocate(data: bytes, directory: str) -> bytes:
    """Returns a .pc file whose prefix follows from its own place.

    Args:
        data: The file; its variable `prefix` says for which prefix it was made.
        directory: Where it is, below the prefix.
    """
    up = posixpath.relpath("/", "/" + directory)
    lines = []
    prefix = None
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        match = _VARIABLE.fullmatch(line)
        if match is None:
            new = line
        elif match["name"] == "prefix":
            prefix = match["value"].rstrip("/")
            new = f"prefix=${{pcfiledir}}/{up}"
        elif prefix and (match["value"] + "/").startswith(prefix + "/"):
            new = f"{match['name']}=${{prefix}}{match['value'].removeprefix(prefix)}"
        else:
            new = line
        short = _MULTIARCH.sub("", new)
        lines.append(" ".join(dict.fromkeys(short.split(" "))) if short != new else new)
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
