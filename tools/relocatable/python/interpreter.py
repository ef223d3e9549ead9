"""An interpreter out of a tree, run by the tools where this machine can."""

import platform
import posixpath
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from relocatable import content, directory, elf, launcher
from relocatable.errors import RelocatableError
from relocatable.python import library as standard
from relocatable.tree import Directory, File, Link, Node, Tree, link_destination

# What platform.machine() says on Linux, as the gABI writes it.
_MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64"}
# The least library that an interpreter starts with (the rest of start-up is frozen into it).
_START_UP = ("os.py", "codecs.py", "io.py", "abc.py", "encodings")
_SUFFIXES = (".py", ".pyc")
_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter on disk.

    Attributes:
        argv: How to start it.
        home: Where its library is.
        version: MAJOR.MINOR.PATCH, as it says itself.
    """

    argv: tuple[str, ...]
    home: Path
    version: str

    def run(self, program: str, data: bytes) -> bytes:
        """Runs a Python program in it, alone: no site, no user's files, nothing of the machine's.

        Args:
            program: Its text.
            data: For its stdin.

        Raises:
            RelocatableError: if it fails.
        """
        return _run(self.argv, self.home, program, data)


def cannot_run(tree: Tree, version: str) -> str | None:
    """Says why this machine can't run a tree's interpreter; None if it can.

    The kind of machine alone decides: an interpreter that could run, and fails, is an error.

    Raises:
        RelocatableError: if the tree has no interpreter of `version`.
    """
    path = _find(tree, version)
    data = content.view(tree.file(path).content)
    if sys.platform == "darwin":
        return f"{path} is for Linux, this is macOS" if elf.is_elf(data[:4]) else None
    if not elf.is_elf(data[:4]):
        return f"{path} is no ELF file"
    machine = elf.read(data, path).machine_name
    here = _MACHINES.get(platform.machine(), platform.machine())
    return None if machine == here else f"{path} is for {machine}, this is {here}"


def unpack(
    tree: Tree, version: str, library: Iterable[tuple[str, Node]], place: Path
) -> Interpreter:
    """Unpacks an interpreter, and as much of a library as it starts with, and asks its version.

    Args:
        tree: Has `bin/pythonX.Y` and, if they are not the machine's, its loader and libraries.
        version: MAJOR.MINOR that is wanted.
        library: Has the standard library, in any form, at its place in a prefix.
        place: An empty directory.

    Raises:
        RelocatableError: if it can't be started, or is of another version.
    """
    own, home = place / "interpreter", place / "home"
    own.mkdir()
    home.mkdir()
    path = _find(tree, version)
    needed = _with_libraries(tree, path)
    directory.unpack(needed, own)
    directory.unpack(_start_up(library, version), home)
    argv = command(needed, path, own)
    found = _run(argv, home, "import sys; print(sys.version.split()[0])", b"").decode().strip()
    if not found.startswith(version + "."):
        raise RelocatableError(f"{path} is Python {found}; {version} is wanted")
    return Interpreter(argv, home, found)


def _find(tree: Tree, version: str) -> str:
    name = f"bin/python{version}"
    found = [
        path
        for path, node in tree
        if (path == name or path.endswith("/" + name)) and isinstance(node, File | Link)
    ]
    if len(found) != 1:
        there = f"there are {', '.join(found)}" if found else "there is none"
        raise RelocatableError(f"one {name} is wanted in the interpreter's tree, {there}")
    # In a dist it is a launcher, which gives the program a home; here it is to have another.
    data = content.read(tree.file(found[0]).content)
    return launcher.read(data).program if launcher.is_launcher(data) else found[0]


def _with_libraries(tree: Tree, path: str) -> Tree:
    """The program at `path` and, by their names, its loader and all libraries that it needs."""
    by_name: dict[str, list[str]] = {}
    for name, each in tree:
        if not isinstance(each, Directory):
            by_name.setdefault(posixpath.basename(name), []).append(name)
    result = Tree()
    wanted = [path]
    while wanted:
        name = wanted.pop()
        node = tree.nodes.get(name)
        if node is None or name in result.nodes:
            continue
        result.add(name, node)
        if isinstance(node, Link):
            wanted.append(link_destination(name, node.target))
        elif isinstance(node, File) and elf.is_elf((data := content.view(node.content))[:4]):
            file = elf.read(data, name)
            for library in filter(None, [*file.needed, file.interpreter]):
                wanted += by_name.get(posixpath.basename(library), [])
    return result


def _start_up(library: Iterable[tuple[str, Node]], version: str) -> Tree:
    home = standard.directory(version)
    result = Tree()
    # Without this directory it warns of each start.
    result.add(f"{home}/{standard.EXTENSIONS}", Directory())
    for path, node in library:
        first = path.removeprefix(f"{home}/").partition("/")[0].replace(".pyc", ".py")
        module = first in _START_UP and path.endswith(_SUFFIXES)
        if module or path == standard.archive(version):
            result.add(path, node)
    return result


def command(tree: Tree, path: str, place: Path) -> tuple[str, ...]:
    """Returns how to start the program at `path` of a tree that is unpacked at `place`.

    Its own loader starts it if the tree has that; else it runs as any program of this machine.
    """
    program = str(place / path)
    data = content.view(tree.file(path).content)
    wanted = elf.read(data, path).interpreter if elf.is_elf(data[:4]) else None
    loaders = [
        name
        for name, _ in tree
        if wanted and posixpath.basename(name) == posixpath.basename(wanted)
    ]
    if not loaders:
        return (program,)
    directories = dict.fromkeys(posixpath.dirname(name) for name, _ in tree.files())
    libraries = ":".join(str(place / name) for name in directories)
    return (str(place / tree.follow(loaders[0])), "--library-path", libraries, program)


def _run(argv: Sequence[str], home: Path, program: str, data: bytes) -> bytes:
    environment = {"PYTHONHOME": str(home), "PYTHONHASHSEED": "0"}
    # From a file: for -c, newer versions import a part of the library that isn't here.
    with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
        file.write(program)
        file.flush()
        # Not -I, with which PYTHONHOME would not count; the environment holds nothing else.
        command = [*argv, "-s", "-S", "-P", "-B", "-X", "utf8", file.name]
        try:
            done = subprocess.run(
                command, input=data, env=environment, capture_output=True, check=False
            )
        except OSError as error:
            raise RelocatableError(f"{argv[-1]} can't be started: {error.strerror}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-_SHOWN:]
        raise RelocatableError(f"{argv[-1]} ended with status {done.returncode}: {said}")
    return done.stdout
