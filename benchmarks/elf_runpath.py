"""Sets the RUNPATH of about 400 libraries, beside patchelf: `elf_runpath.py --tree DIR`.

Each contestant gets its own copies; copying isn't counted. Ours edits them in one process, patchelf
is started once with all files, and once per file. Rounds alternate and the best of each counts, as
that is the one with the least noise. Without `--tree` the host's libraries are used.
"""

import mmap
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from absl import app, flags

from relocatable import elf
from relocatable.errors import RelocatableError

_TREE = flags.DEFINE_list("tree", ["/usr/lib"], "Directories to take libraries from.")
_COUNT = flags.DEFINE_integer("count", 400, "How many libraries at most.", lower_bound=1)
_PATCHELF = flags.DEFINE_string("patchelf", "patchelf", "The patchelf to compare with.")
_RUNPATH = flags.DEFINE_string("runpath", "$ORIGIN/../../lib", "The RUNPATH to set.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "How often each contestant runs.", lower_bound=1)


def _libraries(trees: list[str], count: int) -> Iterator[Path]:
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


def _edit(path: Path, runpath: str) -> None:
    """What relocatable_dist does to a file, here in place."""
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            with memoryview(mapped) as data:
                plan = elf.plan_runpath(elf.read(data, str(path)), data, runpath)
            size = len(mapped)
        for offset, patch in plan.patches:
            os.pwrite(file.fileno(), patch, offset)
        if plan.append:
            os.pwrite(file.fileno(), plan.append, size)


def _ours(paths: list[Path], runpath: str) -> None:
    for path in paths:
        _edit(path, runpath)


def _patchelf_once(paths: list[Path], runpath: str) -> None:
    subprocess.run([_PATCHELF.value, "--set-rpath", runpath, *paths], check=True)


def _patchelf_each(paths: list[Path], runpath: str) -> None:
    for path in paths:
        _patchelf_once([path], runpath)


def _time(
    contestant: Callable[[list[Path], str], None], files: list[Path]
) -> tuple[float, int, int]:
    """Seconds, bytes added to all files, and how many files grew."""
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, str(index)) for index in range(len(files))]
        for file, copy in zip(files, copies, strict=True):
            shutil.copyfile(file, copy)
        start = time.perf_counter()
        contestant(copies, _RUNPATH.value)
        seconds = time.perf_counter() - start
        more = [
            copy.stat().st_size - file.stat().st_size
            for file, copy in zip(files, copies, strict=True)
        ]
        for copy in copies:
            data = memoryview(copy.read_bytes())
            if elf.read(data, str(copy)).runpath != _RUNPATH.value:
                raise AssertionError(f"{copy} has another RUNPATH")
    return seconds, sum(more), sum(size > 0 for size in more)


def main(_: list[str]) -> None:
    """Prints the table."""
    files = list(_libraries(_TREE.value, _COUNT.value))
    size = sum(file.stat().st_size for file in files)
    print(f"{len(files)} libraries, {size / 1e6:.0f} MB, RUNPATH {_RUNPATH.value}")
    contestants = {
        "patchelf, one process": _patchelf_once,
        "patchelf, process per file": _patchelf_each,
        "rules_relocatable, one process": _ours,
    }
    results = {name: min(results) for name, results in _rounds(contestants, files).items()}
    base, base_added, _grew = results["patchelf, one process"]
    print(f"{'':32}{'seconds':>9}{'ratio':>7}{'bytes added':>13}{'ratio':>8}{'files grown':>13}")
    for name, (seconds, added, grew) in results.items():
        share = f"{added / base_added:.4f}" if base_added else "-"
        print(f"{name:32}{seconds:9.3f}{seconds / base:7.2f}{added:13}{share:>8}{grew:13}")


def _rounds(
    contestants: Mapping[str, Callable[[list[Path], str], None]], files: list[Path]
) -> dict[str, list[tuple[float, int, int]]]:
    results: dict[str, list[tuple[float, int, int]]] = {name: [] for name in contestants}
    for _ in range(_ROUNDS.value):
        for name, contestant in contestants.items():
            results[name].append(_time(contestant, files))
    return results


if __name__ == "__main__":
    app.run(main)
