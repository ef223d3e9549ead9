"""The build-time variables of `sysconfig`, freed from the place they were built for.

`_sysconfigdata_*.py` is one assignment of a literal dictionary. Values that name the prefix are
computed when the module is imported; what names the directory of the build is dropped.
"""

import ast
import pprint
import re

from relocatable.errors import RelocatableError

_PLACEHOLDER = "@PREFIX@"
# Data of the system that Python looks for at run time: there is nothing of ours to lead to.
_OF_THE_SYSTEM = frozenset({"TZPATH"})
_BUILD = re.compile(r"[^\s'\"]*/build/[^\s'\"]*")
_PROGRAM = re.compile(r"/usr/bin/(?=[\w.+-]+)")
# Debian's directory of one architecture; a bundle is for one, and has just lib.
_MULTIARCH = re.compile(r"/(lib|include)/\w+-linux-gnu\b")
_PREFIX = re.compile(r"(?:^|(?<=[\s'\"=:])|(?<=-[IL]))/usr\b")

_TEMPLATE = '''\
"""Build-time variables of CPython, for wherever this copy of it is."""

import sys

build_time_vars = {{
    name: value.replace("{placeholder}", sys.base_prefix) if isinstance(value, str) else value
    for name, value in {variables}.items()
}}
'''


def relocate(source: bytes, name: str, version: str) -> bytes:
    """Returns the text of a `_sysconfigdata` module whose prefix is found when it is imported.

    Args:
        source: The module.
        name: What messages call it.
        version: MAJOR.MINOR of the Python that it is to be of.

    Raises:
        RelocatableError: if `source` is not such a module, or is one of another Python.
    """
    if source.startswith(_TEMPLATE.partition("\n")[0].encode()):
        return source  # It is what this function returns.
    try:
        module = ast.parse(source)
        assignment = module.body[-1]
        variables = ast.literal_eval(getattr(assignment, "value", assignment))
        relocated = {
            key: _relocate(value) if isinstance(value, str) and key not in _OF_THE_SYSTEM else value
            for key, value in variables.items()
        }
    except (SyntaxError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise RelocatableError(f"{name} is not a _sysconfigdata module: {error}") from error
    if (found := variables.get("VERSION", version)) != version:
        raise RelocatableError(f"{name} is of Python {found}; {version} is wanted")
    text = pprint.pformat(relocated, width=100, sort_dicts=True)
    return _TEMPLATE.format(placeholder=_PLACEHOLDER, variables=text).encode()


def _relocate(value: str) -> str:
    if "/build/" in value:
        value = " ".join(_BUILD.sub("", value).split())
    value = _PROGRAM.sub("", value)
    value = _MULTIARCH.sub(r"/\1", value)
    return _PREFIX.sub(_PLACEHOLDER, value)
