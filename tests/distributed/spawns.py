"""What Bazel has run, as its execution log tells it: commands, their inputs, what they made."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONFIGURED = re.compile(r"^bazel-out/[^/]*/")
_MAPPED = "bazel-out/cfg/"


@dataclass(frozen=True, slots=True)
class Spawn:
    """One command that an action ran.

    Attributes:
        mnemonic: of the action.
        label: of its target.
        command: words; the first is a path below the directory that it ran in, or absolute.
        environment: all variables that it had.
        inputs: the SHA-256 of each file that it may read, or what it links to, by its path.
        declared: what it was to make: files and directories.
        outputs: the SHA-256 of each file that it has made.
        runner: what ran it.
        remotable: whether a remote worker may run it.
    """

    mnemonic: str
    label: str
    command: tuple[str, ...]
    environment: dict[str, str]
    inputs: dict[str, str]
    declared: tuple[str, ...]
    outputs: dict[str, str]
    runner: str
    remotable: bool

    def __str__(self) -> str:
        """Which one it is, for people."""
        return f"{self.mnemonic} of {self.label}"


def read(log: Path) -> list[Spawn]:
    """Reads what `--execution_log_json_file` has written: JSON objects, one after the other."""
    return [_spawn(entry) for entry in _objects(log.read_text(encoding="utf-8"))]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        entry, at = decoder.raw_decode(text, at)
        yield entry


def _spawn(entry: dict[str, Any]) -> Spawn:
    inputs, outputs = _digests(entry["inputs"]), _digests(entry["actualOutputs"])
    # Path mapping has changed what the command reads, in the log, but not what it writes.
    is_mapped = any(path.startswith(_MAPPED) for path in inputs)

    def mapped(path: str) -> str:
        return _CONFIGURED.sub(_MAPPED, path) if is_mapped else path

    return Spawn(
        mnemonic=entry["mnemonic"],
        label=entry["targetLabel"],
        command=tuple(entry["commandArgs"]),
        environment={each["name"]: each["value"] for each in entry["environmentVariables"]},
        inputs=inputs,
        declared=tuple(map(mapped, entry["listedOutputs"])),
        outputs={mapped(path): digest for path, digest in outputs.items()},
        runner=entry["runner"],
        remotable=entry["remotable"],
    )


def _digests(files: list[dict[str, Any]]) -> dict[str, str]:
    return {file["path"]: file["digest"]["hash"] for file in files}
