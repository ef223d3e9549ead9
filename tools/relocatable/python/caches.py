"""Bytecode beside the modules of packages: where nobody can write, Python would compile each time.

Packages keep their texts, which some of them read; it is the library that can do without.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from relocatable import content
from relocatable.provenance import Edit
from relocatable.python import compiling, interpreter
from relocatable.tree import Tree


@dataclass(frozen=True, slots=True)
class Compiler:
    """How modules are compiled.

    Attributes:
        tree: Has an interpreter.
        optimize: 0 to 2, as `python -O`.
        scratch: A directory to unpack it in.
        jobs: Processes at a time; they change nothing but the time.
    """

    tree: Tree
    optimize: int
    scratch: Path
    jobs: int


def add(tree: Tree, packages: str, version: str, compiler: Compiler) -> dict[str, str]:
    """Compiles all modules in a directory.

    Args:
        tree: Has them, and the standard library of `version`.
        packages: The directory.
        version: MAJOR.MINOR of both.
        compiler: How. If its interpreter can't run on this machine, nothing is compiled.

    Returns:
        For each module's path the path of its bytecode. One that is no Python of this version has
        none.

    Raises:
        RelocatableError: if the interpreter is missing, of another version, or fails.
    """
    if interpreter.cannot_run(compiler.tree, version) is not None:
        return {}
    texts = {
        path.removeprefix(packages + "/"): file
        for path, file in tree.files()
        if path.startswith(packages + "/") and path.endswith(".py")
    }
    with tempfile.TemporaryDirectory(dir=compiler.scratch) as place:
        python = interpreter.unpack(compiler.tree, version, tree, Path(place).absolute())
        compiled = compiling.compile_all(
            {path: content.read(file.content) for path, file in texts.items()},
            packages,
            python,
            compiler.optimize,
            compiler.jobs,
        )
    why = Edit("compile", None, f"CPython {python.version} -O{compiler.optimize}")
    added = {}
    for path, data in sorted(compiled.files.items()):
        cache = f"{packages}/{compiling.cache_path(path, version, compiler.optimize)}"
        tree.add(cache, replace(texts[path].edited(data, why), executable=False), replaces=True)
        added[f"{packages}/{path}"] = cache
    return added
