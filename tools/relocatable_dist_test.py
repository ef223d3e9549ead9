"""Moves a dist and runs it, or looks into it; the runner behind the rule of this name."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from absl import flags

from relocatable import cli
from relocatable.conditions import Condition, chosen, make_decoys
from relocatable.errors import problems
from relocatable.look import look_into
from relocatable.trial import Dist, Outcome, Room, run, unpack

_SPEC = flags.DEFINE_string("spec", None, "What to run and to expect, as JSON.", required=True)


def main() -> None:
    """Unpacks the dist, and runs the command in all conditions."""
    spec = json.loads(Path(_SPEC.value).read_text())
    if spec["object_format"] == "mach-o":
        look_into(Path(spec["archive"]), spec["command"][0])
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR")) as temporary:
        scratch = Path(temporary).resolve()
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        trial = Trial(spec, scratch, unpack(Path(spec["archive"]), unpacked))
        for name, condition in chosen(spec["conditions"]):
            if name == "colon" and spec["emulator"]:
                # For a home below such a name, launchers hand over an open descriptor.
                print("colon: left out, an emulator starts programs without their launcher")
                continue
            trial.move(condition.place)
            with ThreadPoolExecutor(condition.at_once) as pool:
                starts = [pool.submit(trial.start, condition) for _ in range(condition.at_once)]
            found = dict.fromkeys(problem for start in starts for problem in start.result())
            print(f"{name}: {'FAILED' if found else 'ok'}", flush=True)
            trial.problems += [f"{condition.about} ({name}): {problem}" for problem in found]
    problems(trial.problems, f"{spec['archive']} does not run from anywhere:")


@dataclass(slots=True)
class Trial:
    """A dist that is moved about.

    Attributes:
        spec: what to run and to expect.
        scratch: a directory for it.
        root: where it is.
        problems: what was wrong.
    """

    spec: dict[str, Any]
    scratch: Path
    root: Path
    problems: list[str] = field(default_factory=list)

    def move(self, place: str) -> None:
        """Moves the dist, if it isn't there already."""
        there = self.scratch / "places" / place / self.root.name
        if there != self.root:
            there.parent.mkdir(parents=True, exist_ok=True)
            self.root = Path(shutil.move(self.root, there))

    def start(self, condition: Condition) -> list[str]:
        """Runs the command once; says what is wrong."""
        spec, workspace = self.spec, Path(tempfile.mkdtemp(dir=self.scratch))
        alone = spec["empty_root"]
        place = f"{condition.place}/{self.root.name}" if alone else str(self.root)
        environment, shown = dict(spec["env"]), {}
        if condition.decoys:
            shown["decoys"] = directory = workspace / "decoys"
            decoys = make_decoys(directory, "/decoys" if alone else str(directory))
            environment = decoys | environment
        room = Room(
            empty_root=alone,
            place=place,
            shown=shown,
            linked=condition.linked,
            relative=condition.relative,
            read_only=condition.read_only,
        )
        emulator = Path(spec["emulator"]).resolve() if spec["emulator"] else None
        outcome = run(
            Dist(self.root, emulator),
            spec["command"],
            workspace,
            environment=environment,
            room=room,
        )
        print(f"$ {' '.join(spec['command'])}\n{outcome.output}", flush=True)
        root = f"/{place}" if alone else place
        # By a link, it has two names.
        link = "/link" if alone else f"{workspace}/link"
        return list(self._wrong(outcome, outcome.output.replace(link, root), root))

    def _wrong(self, outcome: Outcome, output: str, root: str) -> Iterator[str]:
        for path in sorted(outcome.loaded):
            left_to_host = Path(path).name in self.spec["host_libraries"]
            if not left_to_host and not Path(path).is_relative_to(self.root):
                yield f"it loads {path}, which is not in the dist"
        if outcome.status != self.spec["exit_code"]:
            yield f"exit status {outcome.status}; {self.spec['exit_code']} is wanted"
        if not outcome.loaded:
            yield "its loader left no trace of what it loads"
        for text in self.spec["output"]:
            if text.replace("{root}", root) not in output:
                yield f"{text!r} is wanted in its output, which is {output!r}"


if __name__ == "__main__":
    cli.run(main)
