"""Paths of an archive's files: which ones a lock may hold, what a URL has for them, what a file is called.

A path is the name on the archive's disk, as `Filename` in its index has it, and no URL: a `%` in it is a `%`.
A string of Bazel's is the bytes of its UTF-8. `tools/relocatable/deb_lock/words.py` and
`tools/relocatable/apt/download.py` do the same.
"""

_ALNUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

# What most paths have nothing else of.
_PLAIN = _ALNUM + "+.-_~%/"

# What a URL's path may hold (RFC 3986, 3.3), but for what apt escapes all the same: some servers take a
# `+` for a space.
_URL = _ALNUM + "-._/:@!$&'()*,;="

# What a target's name may hold and what means nothing to a label or a flag.
_FILE = _ALNUM + "+.-_~%"

# Files of these names mean something to Bazel, in any case on disks that don't tell cases apart.
_READ_BY_BAZEL = [
    "build",
    "build.bazel",
    "module.bazel",
    "repo.bazel",
    "vendor.bazel",
    "workspace",
    "workspace.bazel",
    "workspace.bzlmod",
]

_HEX = "0123456789abcdef"

def is_path(path, suffix = ""):
    """Says whether a lock may hold a path: it leads to a file in the archive, and shows as it is.

    Args:
        path: A string.
        suffix: What it has to end with.

    Returns:
        A bool.
    """
    before = 0
    for character in path.strip(_PLAIN).elems():
        code = _code(character)

        # The controls of ASCII and, as two bytes, of Unicode; more than a byte is an escape of JSON's.
        if code < 32 or code == 127 or code > 255 or (before == 194 and 128 <= code and code < 160):
            return False
        before = code
    parts = path.split("/")

    # No part starts with a dot, so that none can lead out of the archive, and none is another server's URL.
    strays = [part for part in parts if part.startswith(".")]
    return bool(parts[-1]) and path.endswith(suffix) and not strays and "://" not in path

def url_path(path):
    """A path as a URL has it: as apt asks for it, and with what no URL may hold escaped.

    Args:
        path: A path.

    Returns:
        A string.
    """
    return _escaped(path, _URL)

def file_name(path):
    """What a path's file is called in a repository: as in the archive, but for what a label can't hold.

    A file that Bazel would read there gets another name, too: its first character is escaped.

    Args:
        path: A path.

    Returns:
        A string; what is escaped in it is escaped as apt escapes it in names of files.
    """
    file = path.rpartition("/")[2]
    if file.lower() in _READ_BY_BAZEL:
        return _escape(file[0]) + file[1:]
    return _escaped(file, _FILE)

def _escaped(text, plain):
    return "".join([
        character if character in plain else _escape(character)
        for character in text.elems()
    ])

def _escape(character):
    return "%" + _HEX[_code(character) // 16] + _HEX[_code(character) % 16]

def _code(character):
    # That of Java's String.hashCode, which for one character is its number.
    return hash(character)
