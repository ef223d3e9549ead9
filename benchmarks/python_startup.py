"""How fast a dist's Python starts, in each form of its library, beside the machine's own.

`bazel run //benchmarks:python_startup`, on Linux for x86_64. The machine's Python is the same build
of CPython, unpacked and compiled as its distribution installs it, and run by the machine's loader;
`--host=/usr/bin/python3.11` takes another. All take turns, so that all meet the same disturbances.

    first      the first start after unpacking, where Python may write its caches
    later      each start after that
    read-only  each start where it may not (and never could) write
"""

import os
import platform
import shutil
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from absl import flags

from relocatable import cli, trial
from relocatable.errors import RelocatableError

GOAL = 1.05
PROGRAM = "python3.11"
CODES = {"pass": "pass", "imports": "import json, re, argparse, traceback"}

_ROUNDS = flags.DEFINE_integer("rounds", 60, "How often each way is timed.", lower_bound=3)
_FIRSTS = flags.DEFINE_integer("firsts", 5, "How many fresh copies are started once.", 1)
_HOST = flags.DEFINE_string("host", None, "The Python to compare with, if not Debian's own.")

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Way:
    """A command line to time, and what it took, in ms."""

    command: tuple[str, ...]
    before: Callable[[], None] = lambda: None
    times: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Runs it once."""
        self.before()
        begin = time.perf_counter_ns()
        pid = os.posix_spawn(self.command[0], self.command, {"PATH": os.defpath})
        _, status = os.waitpid(pid, 0)
        self.times.append((time.perf_counter_ns() - begin) / 1e6)
        if status:
            raise RelocatableError(
                f"{' '.join(self.command)} ended with {os.waitstatus_to_exitcode(status)}"
            )


def installed(scratch: Path) -> Path:
    """Makes what Debian's packages install; returns the interpreter."""
    with tarfile.open(_HERE.parent / f"third_party/python_debs/{PROGRAM}.tar") as tar:
        tar.extractall(scratch, filter="tar")
    program = scratch / "usr/bin" / PROGRAM
    library = scratch / "usr/lib" / PROGRAM
    # As its maintainer script does. What it can't compile are tests of the compiler.
    command = [str(program), "-m", "compileall", "-q", "-x", "lib2to3|test", str(library)]
    subprocess.run(command, check=True, env={})
    return program


def unpacked(archive: Path, scratch: Path) -> tuple[str, Path]:
    """Unpacks the dist of a form; returns the form's name, and the interpreter."""
    form = archive.name.removeprefix("python_").removesuffix(".tar.zst")
    (scratch / form).mkdir()
    return form, trial.unpack(archive, scratch / form) / "bin" / PROGRAM


def fresh(interpreter: Path) -> Callable[[], None]:
    """Removes what Python has written since its dist was unpacked; for a copy that had a start."""
    root = interpreter.parent.parent
    shipped = set(root.rglob("*.pyc"))

    def remove() -> None:
        for path in set(root.rglob("*.pyc")) - shipped:
            path.unlink()

    return remove


def measure(code: str, host: Path, dists: dict[str, Path]) -> dict[tuple[str, str], float]:
    """Times all ways; gives medians in ms by form and situation, the host's by ("host", "")."""
    arguments = ("-c", code)
    later = {("host", ""): Way((str(host), *arguments))}
    first = {}
    for form, interpreter in dists.items():
        remove = fresh(interpreter)
        first[form, "first"] = Way((str(interpreter), *arguments), remove)
        first[form, "first"].run()  # Warms the page cache, and is not counted.
        first[form, "first"].times.clear()
        remove()
        copy = interpreter.parents[1].with_name(f"{form}, read-only")
        if not copy.exists():
            shutil.copytree(interpreter.parents[1], copy, symlinks=True)
        # For root no place is read-only: -B has Python not write, as it would find it can't.
        read_only = (str(copy / "bin" / PROGRAM), "-B", *arguments)
        later[form, "read-only"] = Way(read_only)
        later[form, "later"] = Way((str(interpreter), *arguments))
    for _ in range(_FIRSTS.value):
        for way in first.values():
            way.run()
    for number in range(_ROUNDS.value + 2):
        for way in later.values():
            way.run()
            if number < 2:
                way.times.clear()  # The caches of `later` are written now.
    return {name: statistics.median(way.times) for name, way in (first | later).items()}


def main() -> None:
    """Prints a table of ms and of ratios to the host's Python."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise RelocatableError("these dists are for Linux on x86_64 and can be timed only there")
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        host = Path(_HOST.value) if _HOST.value else installed(scratch / "host")
        archives = sorted(_HERE.glob("python_*.tar.zst"))
        dists = dict(unpacked(archive, scratch) for archive in archives)
        found = {name: measure(code, host, dists) for name, code in CODES.items()}
        version = [str(host), "-c", "import sys; print(sys.version)"]
        print("host: Python", subprocess.check_output(version, env={}, text=True).strip())
    print(f"{'':28}" + "".join(f"{name:>22}" for name in CODES))
    for way in sorted(found["pass"], key=lambda way: (way[0] != "host", way)):
        texts = []
        for times in found.values():
            ratio = times[way] / times["host", ""]
            texts.append(f"{times[way]:10.1f} ms{ratio:8.2f} ")
        print(f"{' '.join(way):28}" + "".join(texts))
    print(f"goal: at most {GOAL} for the forms that have bytecode")


if __name__ == "__main__":
    cli.run(main)
