"""Makes the flagship's .tar.zst, beside `tar --sort=name | zstd`: `bazel run //benchmarks:archive`.

Ours reads the tree, tar the same tree unpacked, both from the page cache; zstd runs on all cores.
Ways take turns and the median counts. Last, the bytes of ours with other numbers of workers are
compared. GNU tar and zstd are Debian's, pinned.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from absl import flags

from relocatable import cli, directory, tree_tar
from support import contestants

_TAR = flags.DEFINE_string("tar", None, "The tree; by default the flagship's, that Bazel brings.")
_LEVELS = flags.DEFINE_multi_integer("level", [3], "zstd's; each is a table.")
_ROUNDS = flags.DEFINE_integer("rounds", 5, "How often each way is timed.", 1)

HERE = Path(__file__).absolute().parents[1]
TOOL = HERE / "tools" / "dist_archive.py"
FACTS = """{"name": "linux_x86_64", "machine": 62, "loader": "ld-linux-x86-64.so.2",
"multiarch": "x86_64-linux-gnu", "object_format": "elf", "page_size": 4096,
"system_libraries": []}"""


def tar_and_zstd(bin_: Path, top: Path, out: Path, *flags_of_zstd: str) -> None:
    """What a script does: two programs and a pipe."""
    tar = [str(bin_ / "tar"), "--sort=name", "--owner=0", "--group=0", "--mtime=@0"]
    tar += ["--create", f"--directory={top.parent}", top.name]
    read, write = os.pipe()
    files = [(os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_CLOSE, read)]
    packer = os.posix_spawn(tar[0], tar, {}, file_actions=files)
    os.close(write)
    packed = [str(bin_ / "zstd"), "-q", "-f", "-T0", *flags_of_zstd, "-o", str(out)]
    files = [(os.POSIX_SPAWN_DUP2, read, 0)]
    compressor = os.posix_spawn(packed[0], packed, {}, file_actions=files)
    os.close(read)
    for process in (packer, compressor):
        done(process, packed)


def ours(tar: Path, out: Path, level: int, workers: int) -> None:
    """One process, as the rule runs it."""
    facts = out.with_name("facts.json")
    facts.write_text(FACTS)
    argv = [sys.executable, str(TOOL), f"--tar={tar}", f"--target={facts}", "--name=top"]
    argv += ["--format=tar.zst", f"--level={level}", f"--workers={workers}"]
    argv += [f"--out={out}", f"--sha256={out}.sha256"]
    done(os.posix_spawn(argv[0], argv, os.environ), argv)


def done(process: int, argv: list[str]) -> None:
    """Waits for a process that has to succeed."""
    if status := os.waitpid(process, 0)[1]:
        raise SystemExit(f"failed with wait status {status}: {' '.join(argv)}")


def table(bin_: Path, tar: Path, top: Path, level: int, scratch: Path) -> None:
    """Prints what each way takes at one level."""
    out = scratch / "out.tar.zst"
    cores = os.cpu_count() or 1
    ways: dict[str, Callable[[], None]] = {
        f"tar | zstd -{level}": partial(tar_and_zstd, bin_, top, out, f"-{level}"),
        f"tar | zstd -{level} --long=27": partial(
            tar_and_zstd, bin_, top, out, f"-{level}", "--long=27"
        ),
        f"dist_archive --level={level}": partial(ours, tar, out, level, cores),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    sizes = {}
    for _ in range(_ROUNDS.value):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            found[name].append(time.perf_counter() - start)
            sizes[name] = out.stat().st_size
    print(f"{'':28}{'seconds':>9}{'ratio':>8}{'bytes':>14}{'ratio':>8}")
    first = next(iter(ways))
    base = statistics.median(found[first])
    for name, seconds in found.items():
        median, size = statistics.median(seconds), sizes[name]
        print(f"{name:28}{median:>9.2f}{median / base:>8.2f}{size:>14,}{size / sizes[first]:>8.3f}")
    digests = set()
    for workers in (1, 2, 3):
        ours(tar, out, level, workers)
        digests.add(sha256(out.read_bytes()).hexdigest())
    print(f"1, 2 and 3 workers: {'same bytes' if len(digests) == 1 else 'OTHER BYTES'}\n")


def main() -> None:
    """Prints a table for each level."""
    tar = Path(_TAR.value or HERE / "dist" / "lldb_linux_x86_64.tar").absolute()
    with tempfile.TemporaryDirectory() as scratch:
        bin_ = contestants.unpack(Path(scratch, "contestants"))
        for program in ("tar", "zstd"):
            print(contestants.version(bin_ / program))
        print(f"ours: {contestants.python()}, libzstd {contestants.libzstd()}")
        top = Path(scratch) / "top"
        top.mkdir()
        directory.unpack(tree_tar.read_paths(tar), top)
        for level in _LEVELS.value:
            table(bin_, tar, top, level, Path(scratch))


if __name__ == "__main__":
    cli.run(main)
