"""What a launcher adds to the start of a program, beside the scripts that are used instead.

`bazel run //benchmarks:launcher`, or `PYTHONPATH=tools python3 benchmarks/launcher.py`, on Linux
for x86_64. All ways start `true` through a copy of this machine's loader and C library; they take
turns, so that all meet the same disturbances. What counts is the time that each adds.
"""

import os
import platform
import re
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from absl import flags

from relocatable import cli, launcher
from relocatable.errors import RelocatableError

LAUNCHER = Path(__file__).parents[1] / "toolchains/launcher/linux_x86_64"
GOAL = 60  # µs

# As many variables as a user has; the launcher looks at each.
ENVIRONMENT = {"PATH": os.defpath} | {f"VARIABLE_{n}": "its value" for n in range(60)}

_ROUNDS = flags.DEFINE_integer("rounds", 1000, "How often each way is timed.", lower_bound=10)

_EXEC = 'exec "$root/lib/ld.so" --inhibit-cache --library-path "$root/lib" --argv0 "$0"'

# What scripts usually do, from the least that works at all to what follows links as well.
_SCRIPTS = {
    "script: ${0%/*}": 'root="${0%/*}/.."',
    "script: cd, dirname, pwd": 'root="$(cd "$(dirname "$0")/.." && pwd)"',
    "script: readlink -f": 'root="$(dirname "$(dirname "$(readlink -f "$0")")")"',
}


def make(root: Path) -> dict[str, list[str]]:
    """Makes a dist and gives a command line for each way to start its program."""
    for directory in ("bin", "lib", "libexec"):
        (root / directory).mkdir()
    shutil.copy("/bin/true", root / "libexec/true")
    for name, pattern in {"ld.so": r"/\S*/ld-\S*", "libc.so.6": r"/\S*/libc[-.]\S*"}.items():
        mapped = re.search(f"{pattern}$", Path("/proc/self/maps").read_text(), re.MULTILINE)
        if mapped is None:
            raise RelocatableError("this machine's Python runs without glibc, which is needed here")
        shutil.copy(mapped[0], root / "lib" / name)

    settings = launcher.Settings(
        depth=1,
        program="libexec/true",
        loader="lib/ld.so",
        library_path=("lib",),
        environment=(("PYTHONHOME", launcher.ROOT_WITHOUT_COLON),),
    )
    native = root / "bin/native"
    native.write_bytes(launcher.patch(LAUNCHER.read_bytes(), settings))
    native.chmod(0o755)

    script = root / "bin/script"
    script.write_bytes(launcher.shell.text(settings))
    script.chmod(0o755)

    loader, program = str(root / "lib/ld.so"), str(root / "libexec/true")
    direct = [loader, "--inhibit-cache", "--library-path", str(root / "lib"), "--argv0", "true"]
    ways = {"loader, directly": [*direct, program], "launcher": [str(native)]}
    for shell in ("dash", "bash"):
        if path := shutil.which(shell):
            ways[f"{shell}: launcher_kind = sh"] = [path, str(script)]
            for number, (name, find_root) in enumerate(_SCRIPTS.items()):
                script = root / "bin" / f"{shell}{number}"
                script.write_text(
                    f'#!{path}\n{find_root}\n{_EXEC} "$root/libexec/true" "$@"\n', encoding="utf-8"
                )
                script.chmod(0o755)
                ways[name.replace("script", shell)] = [str(script)]
    return ways


def measure(ways: dict[str, list[str]], rounds: int) -> dict[str, list[float]]:
    """Starts each way in turn; gives µs from before its start to after its end."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, command in ways.items():
            times[name].append(_start(command))
    return times


def _start(command: list[str]) -> float:
    begin = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, ENVIRONMENT)
    _, status = os.waitpid(pid, 0)
    spent = time.perf_counter_ns() - begin
    if status:
        raise RelocatableError(
            f"{command[0]} ended with status {os.waitstatus_to_exitcode(status)}"
        )
    return spent / 1000


def main() -> None:
    """Prints the table."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise RelocatableError("the launcher of Linux on x86_64 can be timed only there")
    with tempfile.TemporaryDirectory() as directory:
        ways = make(Path(directory))
        measure(ways, 10)  # warms the page cache
        times = measure(ways, _ROUNDS.value)
    direct = times["loader, directly"]
    # Of the differences within each round, not of medians: a slow moment slows both.
    added = {
        name: statistics.median(a - b for a, b in zip(own, direct, strict=True))
        for name, own in times.items()
    }
    print(f"{'':28}{'median':>12}{'added':>12}{'to launcher':>14}")
    for name, own in times.items():
        ratio = added[name] / added["launcher"]
        print(f"{name:28}{statistics.median(own):9.0f} µs{added[name]:9.0f} µs{ratio:14.1f}")
    size = LAUNCHER.stat().st_size
    print(f"goal for the launcher: at most {GOAL} µs; its size: {size} bytes, at most 5000")


if __name__ == "__main__":
    cli.run(main)
