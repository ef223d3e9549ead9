"""Runs a real loader over files on disk and reads in its own trace what it did."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^ +\d+:\t", re.MULTILINE)
_WANT = re.compile(r"file=(?P<name>.+) \[0\];  (?:needed|dynamically loaded) by (?P<by>.+) \[0\]")
_TRY = re.compile(r"  trying file=(.+)")
_VERSION = re.compile(r"([^\s:]+): version `(\S+)' not found \(required by (\S+)\)")
_LISTED = re.compile(r"^\t(?:.* => )?(/.*) \(0x[0-9a-f]+\)$", re.MULTILINE)
_INIT = re.compile(r"calling init: (/.*)")


@dataclass(frozen=True, slots=True)
class Trace:
    """What a loader did.

    Attributes:
        status: exit status of the process.
        output: what it wrote to stdout and stderr.
        searches: (name, wanted by, found) for each name that was not loaded already: real paths
            relative to the root, None for what was not found.
        loaded: real paths relative to the root of all that was loaded.
        versions: (library, version, required by) for each that was not found.
    """

    status: int
    output: str
    searches: tuple[tuple[str, str | None, str | None], ...]
    loaded: frozenset[str]
    versions: frozenset[tuple[str | None, str, str | None]]


def trace(
    command: Sequence[str],
    root: Path,
    scratch: Path,
    called: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
    *,
    dry: bool = True,
) -> Trace:
    """Runs `command` with the loader's tracing on.

    Args:
        command: a launcher, or an emulator with a loader and its arguments.
        root: what paths are made relative to.
        scratch: an empty directory, which is empty again afterwards.
        called: programs by what the loader calls them: argv[0], which is a launcher's path.
        environment: all other variables.
        dry: whether to end the process when all is loaded, before it runs.
    """
    variables = {"LD_DEBUG": "files,libs", "LD_DEBUG_OUTPUT": f"{scratch}/trace"}
    if dry:
        variables["LD_TRACE_LOADED_OBJECTS"] = "1"
    done = subprocess.run(
        command,
        env=variables | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=250,
        check=False,
    )
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    log = ""
    for part in sorted(scratch.iterdir()):
        log += _LINE.sub("", part.read_text("utf-8", "replace"))
        part.unlink()

    def inside(path: str) -> str | None:
        """A path as the closure writes it; None if it is outside of the root."""
        real, base = os.path.realpath(path), os.path.realpath(root)
        relative = os.path.relpath(real, base)
        return called.get(relative, relative) if real.startswith(f"{base}/") else None

    loaded = {inside(path) for path in [*_LISTED.findall(output), *_INIT.findall(log)]} - {None}
    searches: list[tuple[str, str | None, str | None]] = []
    for line in log.splitlines():
        if want := _WANT.fullmatch(line):
            searches.append((want["name"], inside(want["by"]), None))
        elif (tried := _TRY.fullmatch(line)) and searches:
            # The last one counts: a loader doesn't go on after a match.
            path = inside(tried[1])
            searches[-1] = (*searches[-1][:2], path if path in loaded else None)
    return Trace(
        status=done.returncode,
        output=output,
        searches=tuple(searches),
        loaded=frozenset(filter(None, loaded)),
        versions=frozenset((inside(m[1]), m[2], inside(m[3])) for m in _VERSION.finditer(output)),
    )
