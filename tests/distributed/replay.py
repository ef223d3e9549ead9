"""Runs an action again where there is nothing but what it declares, and looks at what it asks for.

It has its inputs, at the paths that Bazel gives them, and the system that a worker has
(`servers.ROOT`). There is no `/etc`, no home and no network, and it is another machine.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from distributed.servers import ROOT
from distributed.spawns import Spawn

_EXECROOT = "/replayed/execroot"
_TRACES = "/traces"
# strace(1): `name(first, "path", ...) = result`, first being the directory that a path is from.
_PATH = re.compile(rb'\w+\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)+)".* = \d')
_SOCKET = re.compile(rb"socket(?:pair)?\((\w+)")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a command did when it ran again.

    Attributes:
        status: that it ended with.
        messages: what it printed.
        outputs: the SHA-256 of each file that it has made, or nothing where there is none.
        seen: all files outside of its inputs and outputs that it found, read, or executed.
        sockets: the families of all sockets that it made.
    """

    status: int
    messages: str
    outputs: dict[str, str | None]
    seen: frozenset[str]
    sockets: frozenset[str]


def replay(spawn: Spawn, execroot: Path, scratch: Path) -> Replayed:
    """Runs a command again.

    Args:
        spawn: the command.
        execroot: the directory that it ran in, which still has its inputs.
        scratch: an empty directory of the same file system.
    """
    inputs, traces = scratch / "inputs", scratch / "traces"
    traces.mkdir()
    for path, digest in spawn.inputs.items():
        place = inputs / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(_find(execroot, path, digest).resolve())
    for path in spawn.declared:
        # What is not among the files is a directory.
        place = inputs / path
        (place.parent if path in spawn.outputs else place).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        _command(spawn, inputs, traces),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    calls = [line for trace in traces.iterdir() for line in trace.read_bytes().splitlines()]
    made = {path: inputs / path for path in spawn.outputs}
    return Replayed(
        status=done.returncode,
        messages=done.stdout.decode(errors="replace"),
        outputs={path: _digest(file) if file.is_file() else None for path, file in made.items()},
        seen=frozenset(path for path in _paths(calls) if not path.startswith(_EXECROOT)),
        sockets=frozenset(match[1].decode() for line in calls if (match := _SOCKET.match(line))),
    )


def _command(spawn: Spawn, inputs: Path, traces: Path) -> list[str]:
    variables = [word for pair in spawn.environment.items() for word in ("--setenv", *pair)]
    return [
        *("bwrap", "--die-with-parent", "--clearenv", *variables),
        *("--unshare-net", "--unshare-uts", "--hostname", "elsewhere"),
        *("--ro-bind", str(ROOT.directory / "usr"), "/usr"),
        *(word for name in ("bin", "lib", "lib64") for word in ("--symlink", f"usr/{name}", name)),
        *("--dev", "/dev", "--bind", "/proc", "/proc", "--tmpfs", "/tmp"),  # noqa: S108
        *("--bind", str(inputs), _EXECROOT, "--bind", str(traces), _TRACES, "--chdir", _EXECROOT),
        *("strace", "--follow-forks", "--output-separately", "--seccomp-bpf", "--signal=none"),
        *("--decode-fds=path", "--string-limit=4096", "--trace=%file,%network"),
        *(f"--output={_TRACES}/of", *spawn.command),
    ]


def _find(execroot: Path, path: str, digest: str) -> Path:
    """Finds an input; path mapping may have given it another path than the file has."""
    places = [execroot / path]
    if path.startswith("bazel-out/"):
        places += sorted(execroot.glob("bazel-out/*/" + path.split("/", 2)[2]))
    for place in places:
        if place.is_file() and _digest(place) == digest:
            return place
    raise FileNotFoundError(f"wanted {path}, which an action has read, found none with its digest")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _paths(calls: list[bytes]) -> Iterator[str]:
    """The absolute paths in those calls that succeeded."""
    for line in calls:
        if match := _PATH.match(line):
            directory, path = (os.fsdecode(part or b"") for part in match.groups())
            yield os.path.normpath(Path(directory or _EXECROOT) / path)
