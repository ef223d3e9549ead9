"""Moves a dist and runs it; the runner behind the rule of this name."""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from absl import flags

from relocatable import cli
from relocatable.errors import problems
from relocatable.trial import Dist, run, unpack

_SPEC = flags.DEFINE_string("spec", None, "What to run and to expect, as JSON.", required=True)

# Where dists have been seen to break: spaces, other depths, names that aren't ASCII.
_PLACES = ("a directory with spaces", "moved/to/äöü")


def main() -> None:
    """Unpacks the dist, runs the command, moves the dist, and runs it again."""
    spec = json.loads(Path(_SPEC.value).read_text())
    found: list[str] = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as temporary:
        scratch = Path(temporary)
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        root = unpack(Path(spec["archive"]), unpacked)
        for place in _PLACES:
            there = scratch / place / root.name
            there.parent.mkdir(parents=True)
            root = Path(shutil.move(root, there))
            found += [f"in {place!r}: {problem}" for problem in _try(spec, root, scratch)]
    problems(found, f"{spec['archive']} does not run from anywhere:")


def _try(spec: dict[str, Any], root: Path, scratch: Path) -> list[str]:
    emulator = Path(spec["emulator"]).resolve() if spec["emulator"] else None
    workspace = Path(tempfile.mkdtemp(dir=scratch))
    outcome = run(
        Dist(root, emulator),
        spec["command"],
        workspace,
        environment=spec["env"],
        empty_root=spec["empty_root"],
    )
    print(f"$ {' '.join(spec['command'])}\n{outcome.output}", flush=True)
    found = [
        f"it loads {path}, which is not in the dist"
        for path in outcome.loaded
        if not Path(path).is_relative_to(root)
    ]
    if outcome.status != spec["exit_code"]:
        found.append(f"exit status {outcome.status}; {spec['exit_code']} is wanted")
    if not outcome.loaded:
        found.append("its loader left no trace of what it loads")
    found += [
        f"{text!r} is wanted in its output, which is {outcome.output!r}"
        for text in spec["output"]
        if text not in outcome.output
    ]
    return found


if __name__ == "__main__":
    cli.run(main)
