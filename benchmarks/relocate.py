"""Relocates the flagship's trees, beside `cp -a` of the result: `bazel run //benchmarks:relocate`.

Ours is the rule's action: it reads the layers, finds what is needed, edits ELF files, and writes
one tree. `cp -a` copies that tree, unpacked, and does nothing else; it is Debian's, pinned. Both
work from the page cache.
Ways take turns and the median counts; MB are those of the files in the result.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags

from relocatable import cli, directory, install, tree_tar
from support import contestants

_ROUNDS = flags.DEFINE_integer("rounds", 7, "How often each way is timed.", 1)

HERE = Path(__file__).absolute().parents[1]
TOOL = HERE / "tools" / "relocate_tree.py"
FACTS = """{"name": "linux_x86_64", "machine": 62, "loader": "ld-linux-x86-64.so.2",
"multiarch": "x86_64-linux-gnu", "object_format": "elf", "page_size": 4096,
"system_libraries": []}"""
INPUTS = {"layer": "lldb", "library": "libraries", "runtime": "python"}


def ours(scratch: Path) -> list[str]:
    """The action of //dist:lldb_linux_x86_64."""
    facts = scratch / "facts.json"
    facts.write_text(FACTS)
    dist = HERE / "dist"
    trees = [
        f"--{flag}={dist}/{name}.tar={dist}/{name}.provenance.jsonl"
        for flag, name in INPUTS.items()
    ]
    return [
        sys.executable,
        str(TOOL),
        *trees,
        f"--target={facts}",
        f"--launcher={HERE}/toolchains/launcher/linux_x86_64",
        f"--out={scratch}/out.tar",
        f"--provenance={scratch}/out.provenance.jsonl",
    ]


def run(argv: Sequence[str]) -> None:
    """Runs a command that has to succeed."""
    process = os.posix_spawnp(argv[0], list(argv), os.environ)
    if status := os.waitpid(process, 0)[1]:
        raise SystemExit(f"failed with wait status {status}: {' '.join(argv)}")


def main() -> None:
    """Prints seconds, MB/s and the ratio."""
    found: dict[str, list[float]] = {"cp -a": [], "relocate_tree": []}
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        relocate = ours(scratch)
        cp = contestants.unpack(scratch / "contestants") / "cp"
        print(contestants.version(cp))
        print(f"ours: {contestants.python()}")
        run(relocate)
        tree = tree_tar.read_paths(scratch / "out.tar")
        megabytes = install.size(tree) / 1e6
        top, copy = scratch / "top", scratch / "copy"
        top.mkdir()
        directory.unpack(tree, top)
        (scratch / "out.tar").unlink()
        ways: dict[str, Callable[[], None]] = {
            "cp -a": lambda: run([str(cp), "-a", str(top), str(copy)]),
            "relocate_tree": lambda: run(relocate),
        }
        for _ in range(_ROUNDS.value):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                found[name].append(time.perf_counter() - start)
                # Neither replaces anything: file systems take their time for that.
                shutil.rmtree(copy, ignore_errors=True)
                (scratch / "out.tar").unlink(missing_ok=True)
    print(f"{'':16}{'seconds':>9}{'MB/s':>9}{'ratio':>8}")
    base = statistics.median(found["cp -a"])
    for name, seconds in found.items():
        median = statistics.median(seconds)
        print(f"{name:16}{median:>9.2f}{megabytes / median:>9.0f}{median / base:>8.2f}")


if __name__ == "__main__":
    cli.run(main)
