"""A dist's Python as the interpreter of a Bazel toolchain.

Bazel wants the interpreter as a file, and everything beside it as files or directories that are
known before they are made. So the launcher is one output, and the directories that it and Python
look into are others, all at their places below one prefix: the launcher, and Python, then find what
they need as they do in the dist, also through the links of runfiles and sandboxes.
"""

import dataclasses
import os
from pathlib import Path

from relocatable import content, directory, launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import Settings
from relocatable.layout import DEFAULT
from relocatable.tree import Tree

PARTS = (DEFAULT.libraries, DEFAULT.programs)
"""The directories of a dist that its Python needs."""


def unpack(tree: Tree, version: str, interpreter: Path, parts: Path) -> None:
    """Writes the launcher of a dist's Python to `interpreter`, and `PARTS` below `parts`.

    Args:
        tree: The dist.
        version: MAJOR.MINOR.
        interpreter: The file to write.
        parts: Where `PARTS` exist, and are empty.

    Raises:
        RelocatableError: if the dist has no launcher for a Python of this version.
    """
    path = f"bin/python{version}"
    if path not in tree.nodes:
        raise RelocatableError(
            f"{path} is wanted in the dist, it is not there; in Debian it is in the package "
            f"python{version}-minimal: give that to py_runtime_bundle"
        )
    data = content.read(tree.file(path).content)
    settings = launcher.read(data)
    for there in (settings.program, settings.loader or settings.program):
        if not there.startswith(tuple(f"{part}/" for part in PARTS)):
            raise RelocatableError(
                f"{path} starts {there}; a toolchain wants a dist whose layout is the default: "
                f"programs in {DEFAULT.programs}, libraries in {DEFAULT.libraries}"
            )
    settings = dataclasses.replace(settings, environment=_environment(settings))
    interpreter.write_bytes(launcher.changed(data, settings))
    interpreter.chmod(0o755)
    for part in PARTS:
        directory.unpack(tree, parts / part, part)
        _without_empty_directories(parts / part)


def _without_empty_directories(directory: Path) -> None:
    """Removes directories that hold nothing, which Python has no use for."""
    for below, _, _ in os.walk(directory, topdown=False):
        if below != str(directory) and not any(Path(below).iterdir()):
            Path(below).rmdir()


def _environment(settings: Settings) -> tuple[tuple[str, str | None], ...]:
    """What the launcher changes: as in the dist, but that Python is Bazel's to use."""
    # By this variable, a py_binary says what it imports.
    hidden = [("PYTHONPATH", None), ("PYTHON*", None)]
    environment: dict[str, str | None] = {"PYTHONHOME": None}
    environment |= dict(change for change in settings.environment if change not in hidden)
    # Python must not write into what is an output of the build, and an input of its next.
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return tuple(sorted(environment.items()))
