"""Whether modules are Python of some version: asked of that version's interpreter, or of this one.

This interpreter knows the grammar of older versions (`ast.parse`, `feature_version`), if not each
detail of it: CPython promises a best effort. What a newer version takes, it can't know; there it
goes by its own grammar, and a module that is newer wants an interpreter to judge it.
"""

import ast
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from relocatable.python import compiling, interpreter, library
from relocatable.tree import Tree


def refused_by(
    tree: Tree, texts: Mapping[str, bytes], version: str, scratch: Path, jobs: int
) -> dict[str, str]:
    """Returns, for each module that an interpreter can't compile, why.

    Args:
        tree: has the interpreter of `version`, and its standard library.
        texts: of the modules by path.
        version: MAJOR.MINOR.
        scratch: a directory to unpack it in.
        jobs: processes at a time.

    Raises:
        RelocatableError: if the interpreter is missing, of another version, or fails.
    """
    if interpreter.cannot_run(tree, version) is not None:
        return refused(texts, version)
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        placed = library.find(tree, version).placed()
        python = interpreter.unpack(tree, version, placed, Path(place).absolute())
        return dict(compiling.compile_all(texts, "lib", python, 0, jobs).failures)


def refused(texts: Mapping[str, bytes], version: str) -> dict[str, str]:
    """The same, judged by the interpreter that this runs on."""
    found = {}
    for path, text in texts.items():
        error = _error(text, path, int(version.split(".")[1]))
        if error:
            found[path] = error
    return found


def _error(text: bytes, path: str, minor: int) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text, path, feature_version=(3, min(minor, sys.version_info.minor)))
            compile(tree, path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return f"{type(error).__name__}: {error}"
    return ""
