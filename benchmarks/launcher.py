"""What a launcher adds to the start of a program, beside the scripts that are used instead.

`bazel run //benchmarks:launcher`, or `PYTHONPATH=tools python3 benchmarks/launcher.py`, on Linux
for x86_64. All ways start `true` through the same loader and C library; they take turns, so that
all meet the same disturbances. What counts is the time that each adds. The shells, and what their
scripts start, are Debian's, pinned, and the kernel starts them as it does on Debian.
"""

import os
import platform
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from absl import flags

from relocatable import cli, elf, launcher
from relocatable.errors import RelocatableError
from support import contestants

LAUNCHER = Path(__file__).parents[1] / "toolchains/launcher/linux_x86_64"
GOAL = 60  # µs

# As many variables as a user has; the launcher looks at each.
VARIABLES = {f"VARIABLE_{n}": "its value" for n in range(60)}

LOADER = "ld-linux-x86-64.so.2"
SHELLS = ("dash", "bash")

_ROUNDS = flags.DEFINE_integer("rounds", 1000, "How often each way is timed.", lower_bound=10)

_EXEC = 'exec "$root/lib/ld.so" --inhibit-cache --library-path "$root/lib" --argv0 "$0"'

# What scripts usually do, from the least that works at all to what follows links as well.
_SCRIPTS = {
    "script: ${0%/*}": 'root="${0%/*}/.."',
    "script: cd, dirname, pwd": 'root="$(cd "$(dirname "$0")/.." && pwd)"',
    "script: readlink -f": 'root="$(dirname "$(dirname "$(readlink -f "$0")")")"',
}


def installed(debian: Path, directory: Path) -> Path:
    """Puts Debian's programs where the kernel starts them without a launcher; returns where."""
    edits = elf.Edits(interpreter=str(debian / "lib" / LOADER), search_path=str(debian / "lib"))
    directory.mkdir()
    for name in (*SHELLS, "dirname", "readlink"):
        data = (debian / "libexec" / name).read_bytes()
        plan = elf.plan(elf.read(memoryview(data), name), memoryview(data), edits)
        new = directory / name
        new.write_bytes(plan.apply(data))
        new.chmod(0o755)
    return directory


def make(root: Path, debian: Path, shells: Path) -> dict[str, list[str]]:
    """Makes a dist and gives a command line for each way to start its program."""
    for directory in ("bin", "lib", "libexec"):
        (root / directory).mkdir(parents=True)
    shutil.copy(debian / "libexec/true", root / "libexec/true")
    shutil.copy(debian / "lib" / LOADER, root / "lib/ld.so")
    shutil.copy(debian / "lib/libc.so.6", root / "lib/libc.so.6")

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
    for shell in SHELLS:
        path = str(shells / shell)
        ways[f"{shell}: launcher_kind = sh"] = [path, str(script)]
        for number, (name, find_root) in enumerate(_SCRIPTS.items()):
            plain = root / "bin" / f"{shell}{number}"
            plain.write_text(
                f'#!{path}\n{find_root}\n{_EXEC} "$root/libexec/true" "$@"\n', encoding="utf-8"
            )
            plain.chmod(0o755)
            ways[name.replace("script", shell)] = [str(plain)]
    return ways


def measure(ways: dict[str, list[str]], path: Path, rounds: int) -> dict[str, list[float]]:
    """Starts each way in turn; gives µs from before its start to after its end."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    environment = {"PATH": str(path)} | VARIABLES
    for _ in range(rounds):
        for name, command in ways.items():
            times[name].append(_start(command, environment))
    return times


def _start(command: list[str], environment: dict[str, str]) -> float:
    begin = time.perf_counter_ns()
    pid = os.posix_spawn(command[0], command, environment)
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
        scratch = Path(directory)
        debian = contestants.unpack(scratch / "debian").parent
        shells = installed(debian, scratch / "shells")
        for program in ("bash", "readlink"):
            print(contestants.version(shells / program))
        print(f"dash: {contestants.package('dash')}")
        ways = make(scratch / "dist", debian, shells)
        measure(ways, shells, 10)  # warms the page cache
        times = measure(ways, shells, _ROUNDS.value)
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
