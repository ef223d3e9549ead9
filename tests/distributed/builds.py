"""Builds of this project that share nothing with each other but a remote cache or cluster."""

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support import checkout
from support.checkout import Checkout

FILES = (".tar.zst", ".tar.zst.sha256", ".json")
"""What a dist's target gives, by how its files' names end."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """How many actions of a build ran where.

    Attributes:
        runners: by what Bazel calls it, as `remote`, `remote cache hit`, `linux-sandbox`.
    """

    runners: dict[str, int]

    @property
    def all(self) -> int:
        """Actions that are more than Bazel's own bookkeeping."""
        return sum(self.runners.values())

    def only(self, runner: str) -> bool:
        """Whether there were actions, and all were of this kind."""
        return set(self.runners) == {runner}


@dataclass(frozen=True, slots=True)
class Build:
    """A checkout, and how it is built."""

    checkout: Checkout
    environment: dict[str, str]

    def run(self, *arguments: str) -> Spawned:
        """Builds targets; tells where the actions ran."""
        events = self.checkout.output_base.parent / "events.json"
        self.checkout.bazel(
            "build",
            f"--build_event_json_file={events}",
            "--noshow_progress",
            "--color=no",
            "--curses=no",
            *arguments,
            environment=self.environment,
        )
        runners: dict[str, int] = {}
        for line in events.read_text(encoding="utf-8").splitlines():
            summary = json.loads(line).get("buildMetrics", {}).get("actionSummary", {})
            for runner in summary.get("runnerCount", ()):
                if runner["name"] not in {"total", "internal"}:
                    runners[runner["name"]] = runner["count"]
        return Spawned(runners)

    def digests(self, *targets: str) -> dict[str, str]:
        """The SHA-256 of all files of dists, by their names."""
        return {
            target + ending: hashlib.sha256(self.checkout.output(target + ending)).hexdigest()
            for target in targets
            for ending in FILES
        }

    def outputs(self) -> list[str]:
        """What has come down of what actions made: paths below `bazel-out`."""
        top = (self.checkout.directory / "bazel-out").resolve()
        return sorted(
            str(path.relative_to(top))
            for path in top.glob("*/bin/dist/**/*")
            if path.is_file() and not path.name.endswith((".params", ".runfiles_manifest"))
        )


def new(name: str, base: Path, **environment: str) -> Build:
    """Copies the project to a directory below `base`, to be built with its own output base."""
    below = Path(tempfile.mkdtemp(dir=base))
    made = checkout.copy(checkout.workspace(), below / name, below / "output")
    return Build(made, environment)
