"""Builds of this project that share nothing with each other but a remote cache or cluster."""

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from distributed import spawns
from distributed.spawns import Spawn
from support import checkout
from support.checkout import Checkout

FILES = (".tar.zst", ".tar.zst.sha256", ".json")
"""What a dist's target gives, by how its files' names end."""

_SUITES = "//dist:all + //tests/integration/..."
_DISTS = f"""
    kind("(dist_here|universal_dist) rule", {_SUITES}) except attr("tags", "manual", {_SUITES})"""


@dataclass(frozen=True, slots=True)
class Spawned:
    """How many actions of a build ran where, and what was asked for.

    Attributes:
        runners: by what Bazel calls it, as `remote`, `remote cache hit`, `linux-sandbox`.
        outputs: the SHA-256 of each file that the build was for, by its path.
        spawns: what was run; also what was taken from a cache.
    """

    runners: dict[str, int]
    outputs: dict[str, str] = field(repr=False)
    spawns: list[Spawn] = field(repr=False)

    @property
    def all(self) -> int:
        """Actions that are more than Bazel's own bookkeeping."""
        return sum(self.runners.values())

    def only(self, runner: str) -> bool:
        """Whether there were actions, and all were of this kind."""
        return set(self.runners) == {runner}

    def others(self, runner: str) -> list[str]:
        """The actions that were not of this kind, for people."""
        return [f"{spawn} ({spawn.runner})" for spawn in self.spawns if spawn.runner != runner]

    def stayed(self) -> list[str]:
        """The actions that may be remote, and were not, for people."""
        here = (spawn for spawn in self.spawns if not spawn.runner.startswith("remote"))
        return [f"{spawn} ({spawn.runner})" for spawn in here if spawn.remotable]


@dataclass(frozen=True, slots=True)
class Build:
    """A checkout, and how it is built."""

    checkout: Checkout
    environment: dict[str, str]

    def run(self, *arguments: str) -> Spawned:
        """Builds targets; tells where the actions ran."""
        events, log = (self.checkout.output_base.parent / name for name in ("events", "log"))
        self.checkout.bazel(
            "build",
            f"--build_event_json_file={events}",
            f"--execution_log_json_file={log}",
            "--noshow_progress",
            "--color=no",
            "--curses=no",
            *arguments,
            environment=self.environment,
        )
        runners: dict[str, int] = {}
        outputs: dict[str, str] = {}
        for line in events.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            summary = event.get("buildMetrics", {}).get("actionSummary", {})
            for runner in summary.get("runnerCount", ()):
                if runner["name"] not in {"total", "internal"}:
                    runners[runner["name"]] = runner["count"]
            for file in event.get("namedSetOfFiles", {}).get("files", ()):
                outputs["/".join((*file["pathPrefix"], file["name"]))] = file["digest"]
        return Spawned(runners, outputs, spawns.read(log))

    def dists(self) -> list[str]:
        """All targets that make dists, but those that are tested by name alone."""
        printed = self.checkout.bazel("query", "--noshow_progress", _DISTS)
        return [line for line in printed.splitlines() if line.startswith("//")]

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
            # Links lead to what is listed itself, and what `bazel run` starts is written, not made.
            if path.is_file() and not path.is_symlink() and ".usage.sh" not in str(path)
            if not path.name.endswith((".params", ".runfiles_manifest"))
        )


def new(name: str, base: Path, **environment: str) -> Build:
    """Copies the project to a directory below `base`, to be built with its own output base."""
    below = Path(tempfile.mkdtemp(dir=base))
    made = checkout.copy(checkout.workspace(), below / name, below / "output")
    return Build(made, environment)
