"""Times the whole path: cold, after a change of a launcher's setting, and with nothing to do.

`python3 benchmarks/build.py`, or `bazel run //benchmarks:build`. Builds in a copy of the project
with an output base of its own; packages are downloaded before the clock starts.
"""

import gzip
import json
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from absl import flags

from relocatable import cli
from support import checkout

_TARGET = flags.DEFINE_string("target", "//dist:lldb_linux_arm64", "What to build.")
_OPTION = flags.DEFINE_multi_string("option", [], "An option for bazel, for example -copt.")

# Makes a launcher set a variable: the smallest change that a user would make.
_BEFORE, _AFTER = "layers = [", 'env = {"BENCHMARK": "1"},\n        layers = ['


def build(copy: checkout.Checkout, profile: Path) -> tuple[float, dict[str, float]]:
    """Builds; gives the seconds that it took, and the seconds in actions by their mnemonic."""
    start = time.perf_counter()
    copy.bazel("build", *_OPTION.value, f"--profile={profile}", _TARGET.value)
    seconds = time.perf_counter() - start
    by_mnemonic: dict[str, float] = defaultdict(float)
    with gzip.open(profile, "rt") as file:
        events = json.load(file)["traceEvents"]
    for event in events:
        if event.get("cat") == "action processing" and "dur" in event:
            by_mnemonic[event["args"].get("mnemonic", "?")] += event["dur"] / 1e6
    return seconds, by_mnemonic


def main() -> None:
    """Prints the table."""
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", checkout.workspace()))
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        copy = checkout.copy(workspace, base / "project", base / "output")
        try:
            copy.bazel("fetch", _TARGET.value)
            profile = base / "profile.gz"
            results = {"cold, packages downloaded": build(copy, profile)}
            file = copy.directory / "dist" / "BUILD.bazel"
            file.write_text(file.read_text().replace(_BEFORE, _AFTER))
            results["a launcher's setting changed"] = build(copy, profile)
            results["nothing changed"] = build(copy, profile)
            release = copy.bazel("info", "release").splitlines()[-1]
        finally:
            copy.close()
    print(f"Bazel: {release}")
    print(f"{_TARGET.value} {' '.join(_OPTION.value)}on {os.cpu_count()} cores")
    print(f"{'':30}{'seconds':>9}{'ratio':>7}{'compression':>13}  other actions")
    cold = next(iter(results.values()))[0]
    for name, (seconds, actions) in results.items():
        ours = {k: v for k, v in sorted(actions.items(), key=lambda item: -item[1]) if v >= 0.1}
        compression = ours.pop("DistArchive", 0.0)
        others = ", ".join(f"{mnemonic} {spent:.1f}" for mnemonic, spent in ours.items())
        share = f"{compression:.1f} ({compression / seconds:.0%})"
        print(f"{name:30}{seconds:>9.1f}{seconds / cold:>7.2f}{share:>13}  {others}")


if __name__ == "__main__":
    cli.run(main)
