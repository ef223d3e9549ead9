"""Unpacks the whole LLDB package set, beside `dpkg-deb -x`: `bazel run //benchmarks:deb_extract`.

Ours gives one sorted tar with provenance, dpkg-deb a directory for each package; both start from
files in the page cache. Ways take turns and the median counts. dpkg-deb is Debian's, pinned.
"""

import lzma
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from absl import flags

from relocatable import cli
from support import contestants

_DEB = flags.DEFINE_multi_string("deb", [], "The packages; by default those that Bazel brings.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "How often each way is timed.", 1)

TOOL = Path(__file__).absolute().parents[1] / "tools" / "deb_extract.py"


def spawn(argv: list[str], environment: Mapping[str, str]) -> tuple[float, int]:
    """Runs a command to its end; gives its seconds and its peak memory in KiB."""
    start = time.perf_counter()
    process = os.posix_spawn(argv[0], argv, environment)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"failed with wait status {status}: {' '.join(argv)}")
    return time.perf_counter() - start, usage.ru_maxrss


def ours(debs: list[str], out: Path) -> tuple[float, int]:
    """One process for all packages, as the rule runs it."""
    flagfile = out / "flags"
    lines = [f"--deb={deb}" for deb in debs] + [
        f"--{name}={out / name}" for name in ("out", "provenance")
    ]
    flagfile.write_text("\n".join(lines))
    return spawn([sys.executable, str(TOOL), f"--flagfile={flagfile}"], os.environ)


def dpkg_deb(bin_: Path, debs: list[str], out: Path) -> tuple[float, int]:
    """A process for each package, as scripts run it; it starts tar."""
    path = {"PATH": str(bin_)}
    program = str(bin_ / "dpkg-deb")
    found = [spawn([program, "-x", deb, str(out / Path(deb).name)], path) for deb in debs]
    return sum(seconds for seconds, _ in found), max(memory for _, memory in found)


def main() -> None:
    """Prints the table."""
    here = Path(__file__).absolute().parents[2]
    debs = _DEB.value or [str(path) for path in sorted(here.glob("*lldb_debs*/**/*.deb"))]
    size = sum(Path(deb).stat().st_size for deb in debs)
    print(f"{len(debs)} packages, {size / 1e6:.1f} MB")
    print(f"ours: {contestants.python()}, {_liblzma()}")
    with tempfile.TemporaryDirectory() as directory:
        bin_ = contestants.unpack(Path(directory, "contestants"))
        for program in ("dpkg-deb", "tar"):
            print(contestants.version(bin_ / program))
        ways: dict[str, Callable[[list[str], Path], tuple[float, int]]] = {
            "dpkg-deb -x, in a loop": partial(dpkg_deb, bin_),
            "deb_extract, one process": ours,
        }
        results: dict[str, list[tuple[float, int]]] = {name: [] for name in ways}
        for _ in range(_ROUNDS.value):
            for name, way in ways.items():
                with tempfile.TemporaryDirectory() as out:
                    results[name].append(way(debs, Path(out)))
    medians = {name: statistics.median(s for s, _ in found) for name, found in results.items()}
    base = next(iter(medians.values()))
    print(f"{'':28}{'seconds':>9}{'ratio':>8}{'peak memory':>14}")
    for name, seconds in medians.items():
        memory = max(kib for _, kib in results[name]) / 1024
        print(f"{name:28}{seconds:>9.2f}{seconds / base:>8.2f}{memory:>10.0f} MiB")


def _liblzma() -> str:
    """Which liblzma this Python uses: the largest lever there is."""
    decoder = f"{lzma.__name__}: "
    lines = Path("/proc/self/maps").read_text().splitlines()
    names = {os.path.realpath(line.split()[-1]) for line in lines if "liblzma" in line}
    return decoder + (", ".join(sorted(Path(name).name for name in names)) or "linked statically")


if __name__ == "__main__":
    cli.run(main)
