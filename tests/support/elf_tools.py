"""The pinned tools of //third_party/elf, and real loaders to try files with."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from relocatable import content
from relocatable.elf import Elf
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Link, Tree
from relocatable.trial import unpack
from support.processes import run

PROBE = "probe"
WHEELS = "usr/lib/wheels"
"""Where the files of wheels are, side by side as in site-packages."""

_ADDRESS = re.compile(r"0x[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Tools:
    """An unpacked dist of tools."""

    root: Path

    @classmethod
    def unpack(cls, archive: Path, directory: Path) -> "Tools":
        """Unpacks the dist."""
        return cls(unpack(archive, directory))

    def path(self, name: str) -> Path:
        """The program `name`."""
        return self.root / "bin" / name


@dataclass(frozen=True, slots=True)
class Machine:
    """An architecture: its unpacked libraries, and what runs its programs.

    Attributes:
        triplet: the multiarch triplet.
        loader: the loader's file name.
        root: where the libraries are unpacked.
        emulator: what to start programs with, nothing for those of the host.
    """

    triplet: str
    loader: str
    root: Path
    emulator: tuple[str, ...] = ()

    @property
    def libraries(self) -> Path:
        """The directory with the C library."""
        return self.root / "usr/lib" / self.triplet

    @property
    def library_path(self) -> tuple[Path, ...]:
        """Where libraries are looked for."""
        bundled = sorted((self.root / WHEELS).glob("*.libs"))
        return self.libraries, self.root / "usr/lib/llvm-16/lib", *bundled


def zig(arguments: Sequence[str | Path], cache: Path, cwd: Path | None = None) -> None:
    """Runs Zig's compiler or linker, which is a pinned wheel.

    Raises:
        RelocatableError: with its own words, if it fails or isn't there.
    """
    spec = find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise RelocatableError("the Python module ziglang, which holds the compiler, is missing")
    environment = {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
    run([Path(spec.origin).parent / "zig", *arguments], environment, cwd).check()


def add_probe(machine: Machine, source: Path, cache: Path) -> None:
    """Compiles the program that `load` starts with a library before it: one that does nothing."""
    unit = machine.root / "probe.o"
    target = f"{machine.triplet}.2.36"
    zig(["cc", "-target", target, "-c", "-O1", "-fPIC", "-o", unit, source], cache)
    libc = machine.libraries / "libc.so.6"
    zig(["ld.lld", "-pie", "-o", machine.root / PROBE, unit, libc], cache)


def load(machine: Machine, file: Path, known: Elf, *, home: Path | None = None) -> str:
    """Has the machine's loader load a file, relocate all of it and run its initialisers.

    Args:
        machine: the architecture.
        file: a program, a shared object, the C library or the loader itself.
        known: what the file is.
        home: the directory that the file comes from, where others that it needs may be.

    Returns:
        What can be compared with another time: the exit status, and what was written.
    """
    loader = machine.libraries / machine.loader
    preload: list[Path] = []
    arguments: list[str | Path] = [machine.root / PROBE]
    if file.name == machine.loader:
        loader = file
    elif known.is_program and known.soname is None:
        arguments = [file, "--version"]
    else:
        python = machine.libraries / "libpython3.11.so.1.0"
        preload = [python, file] if "cpython" in file.name and python.exists() else [file]
    path = ":".join(map(str, (file.parent, *machine.library_path, *([home] if home else []))))
    options = ["--preload", ":".join(map(str, preload))] if preload else []
    place = Path(tempfile.mkdtemp())
    done = run(
        [*machine.emulator, loader, "--library-path", path, *options, *arguments],
        {"LD_BIND_NOW": "1", "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(place / "trace")},
    )
    said = str(done).replace(str(file), "FILE")
    trace = "".join(part.read_text("utf-8", "replace") for part in place.iterdir())
    shutil.rmtree(place)
    if preload and f"file={file} [0];  generating link map" not in trace:
        said += "(not loaded)"
    return _ADDRESS.sub("0x…", said)


@contextlib.contextmanager
def aliases(edit: str, known: Elf, place: Path, machine: Machine, *, home: Path) -> Iterator[None]:
    """Puts links into `place` to what a file needs after one of the edits of `elf_cases`.

    Args:
        edit: the edit's name.
        known: what the file was before.
        place: the directory that it is in now.
        machine: its architecture.
        home: the directory that it comes from.
    """
    wanted = {
        "needed added": {"libadded.so.1": "libm.so.6"},  # A library that does no harm.
        "several at once": {"libadded.so.1": "libm.so.6"},
        "needed renamed": {"librenamed.so.1": known.needed[0] if known.needed else ""},
    }
    links = []
    for link, name in wanted.get(edit, {}).items():
        links.append(place / link)
        found = (path / name for path in (*machine.library_path, home))
        links[-1].symlink_to(next(path for path in found if path.exists()))
    try:
        yield
    finally:
        for path in links:
            path.unlink()


def unpack_tree(tree: Tree, directory: Path) -> None:
    """Writes a tree's files, directories and links below `directory`."""
    for path, node in tree:
        there = directory / path
        match node:
            case Directory():
                there.mkdir(parents=True)
            case File():
                there.write_bytes(content.view(node.content))
                there.chmod(0o755 if node.executable else 0o644)
            case Link():
                there.symlink_to(node.target)
