"""What many dists cost that share a Python, packages and wheels: `bazel run //benchmarks:scale`.

Makes a workspace of small programs with a dist each (`support.many_dists`), builds so many of them
with an empty cache, and then after changes. Needs 100 MB of disk for each dist, besides 2 GB.
"""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from relocatable import cli
from support.many_dists import ManyDists

_COUNTS = flags.DEFINE_list("counts", ["1", "10", "100"], "How many dists, in order.")
_CHANGES_AT = flags.DEFINE_integer("changes_at", 10, "How many dists there are for changes.")
_MEGA = 1e6


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one build.

    Attributes:
        seconds: of wall time.
        actions: that were run, Bazel's own bookkeeping left out.
    """

    seconds: float
    actions: int


class Scale:
    """Builds, and looks at what that has cost."""

    def __init__(self, base: Path, many: ManyDists) -> None:
        """Takes a workspace below the directory `base`."""
        self._base, self._many = base, many

    def bazel(self, *arguments: str) -> str:
        """Runs Bazel; returns what it printed."""
        done = self._many.consumer.bazel(*arguments)
        if done.returncode:
            raise AssertionError(done.stdout[-5000:])
        return done.stdout

    def build(self, cache: Path, *options: str) -> Cost:
        """Builds all dists."""
        began = time.perf_counter()
        printed = self.bazel("build", f"--disk_cache={cache}", *options, "//:dists")
        seconds = time.perf_counter() - began
        # INFO: 56 processes: 36 internal, 20 linux-sandbox.
        (kinds,) = re.findall(r"processe?s?: (.*)\.", printed)
        counts = (kind.strip().partition(" ") for kind in kinds.split(","))
        return Cost(seconds, sum(int(n) for n, _, kind in counts if kind != "internal"))

    def cold(self, cache: Path) -> dict[str, float]:
        """Builds all with a new server and nothing in the cache, and again."""
        self.bazel("clean")
        self.bazel("shutdown")
        self.bazel("info", "release")
        began = time.perf_counter()
        self.bazel("build", "--nobuild", "//:dists")
        analysis = time.perf_counter() - began
        cost = self.build(cache)
        found = [file.stat().st_size for file in cache.rglob("*") if file.is_file()]
        null = self.build(cache)
        heap = self.bazel("info", "used-heap-size-after-gc")
        return {
            "actions": cost.actions,
            "seconds": cost.seconds,
            "seconds, nothing changed": null.seconds,
            "seconds of analysis": analysis,
            "MB in the cache": sum(found) / _MEGA,
            "MB of Bazel's heap": float(re.findall(r"(\d+)MB", heap)[-1]),
        }


def changes(many: ManyDists, count: int) -> dict[str, Callable[[], None]]:
    """What people change, by what it is."""
    return {
        "a launcher's setting of one dist": lambda: many.write(count, changed=0),
        "one program": lambda: many.program("2.0"),
        "a package that no dist takes from": lambda: many.spare("2.0"),
        "a package that all have": lambda: many.package("2.0"),
        "a wheel that all have": lambda: many.wheel("2.0"),
        "nothing": lambda: None,
    }


def table(head: Sequence[str], rows: Mapping[str, Sequence[float]]) -> None:
    """Prints rows of numbers."""
    print(f"{head[0]:36}" + "".join(f"{name:>12}" for name in head[1:]))
    for name, numbers in rows.items():
        print(f"{name:36}" + "".join(f"{number:>12.1f}" for number in numbers), flush=True)


def main() -> None:
    """Prints both tables."""
    counts = [int(count) for count in _COUNTS.value]
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        many = ManyDists(base, max(*counts, _CHANGES_AT.value))
        scale = Scale(base, many)
        try:
            scale.bazel("fetch", "//:dists")
            columns = []
            for count in counts:
                many.write(count)
                with tempfile.TemporaryDirectory(dir=base) as cache:
                    columns.append(scale.cold(Path(cache)))
                    print(json.dumps({count: columns[-1]}), flush=True)
                    if count == _CHANGES_AT.value:
                        changed = {}
                        for name, change in changes(many, count).items():
                            change()
                            cost = scale.build(Path(cache))
                            changed[name] = (cost.actions, cost.seconds)
            print(f"on {os.cpu_count()} cores, {scale.bazel('info', 'release').splitlines()[-1]}")
            rows = {name: [column[name] for column in columns] for name in columns[0]}
            table(["dists", *_COUNTS.value], rows)
            print(f"\nafter a change, {_CHANGES_AT.value} dists")
            table(["of", "actions", "seconds"], changed)
        finally:
            many.consumer.close()


if __name__ == "__main__":
    cli.run(main)
