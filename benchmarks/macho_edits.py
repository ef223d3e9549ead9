"""Edits and signs Mach-O files beside llvm-install-name-tool: `bazel run //benchmarks:macho_edits`.

The files are those of pinned wheels, or of `--files=DIRECTORY`; the tool is Debian's, pinned. Each
contestant gets its own copies; copying isn't counted. Ours edits them in one process;
llvm-install-name-tool takes one file at a time, so it is started once per file, and what starting
costs is told (`--version`). Rounds alternate and the best of each counts.
"""

import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from absl import flags

from relocatable import cli, content, macho
from relocatable.content import Extent, Spliced, Writer
from relocatable.macho import Edits
from support import contestants

_FILES = flags.DEFINE_list("files", [], "Directories with Mach-O files; by default, of wheels.")
_TOOL = flags.DEFINE_string("install_name_tool", None, "What to compare with, if not LLVM's.")
_ROUNDS = flags.DEFINE_integer("rounds", 3, "How often each contestant runs.", lower_bound=1)

_PATH = "@loader_path/../lib/somewhere"


def _edits(file: macho.MachO) -> Edits:
    return Edits(install_name="@rpath/libother.dylib", rpaths=(*file.rpaths, _PATH))


def _ours(paths: list[Path]) -> None:
    for path in paths:
        old = Extent.of_file(path)
        plan = macho.plan(content.view(old), path.name, _edits)
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            writer = Writer(file.fileno())
            writer.write(Spliced.of(old, plan.parts))
            writer.flush()
        new.replace(path)


def _theirs(tool: Path, paths: list[Path]) -> None:
    options = ["-id", "@rpath/libother.dylib", "-add_rpath", _PATH]
    for path in paths:
        subprocess.run([tool, *options, path], check=True)


def _starting(tool: Path, paths: list[Path]) -> None:
    for _ in paths:
        subprocess.run([tool, "--version"], check=True, stdout=subprocess.DEVNULL)


_THEIRS, _STARTING = "llvm-install-name-tool", "of that, starting it"


def _measure(contestant: Callable[[list[Path]], None], files: list[Path], edits: bool) -> float:
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, str(index)) for index in range(len(files))]
        for file, copy in zip(files, copies, strict=True):
            shutil.copyfile(file, copy)
        start = time.perf_counter()
        contestant(copies)
        seconds = time.perf_counter() - start
        if edits:
            for copy in copies:
                _check(copy)
    return seconds


def _check(path: Path) -> None:
    for file, view in macho.thin_files(memoryview(path.read_bytes()), path.name):
        if _PATH not in file.rpaths or (file.signature and macho.verify_signature(file, view)):
            raise AssertionError(f"{path.name}: is not as it should be")


def _compare(tool: Path, what: str, files: list[Path]) -> None:
    ways: dict[str, Callable[[list[Path]], None]] = {
        _THEIRS: partial(_theirs, tool),
        _STARTING: partial(_starting, tool),
        "rules_relocatable": _ours,
    }
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"\n{what}: {len(files)} files, {size:.0f} MB: name, run path, signature")
    rounds = [
        {name: _measure(way, files, name != _STARTING) for name, way in ways.items()}
        for _ in range(_ROUNDS.value)
    ]
    best = {name: min(found[name] for found in rounds) for name in ways}
    print(f"{'':28}{'seconds':>9}{'ms per MB':>11}{'ratio':>7}")
    for name, seconds in best.items():
        ratio = seconds / best[_THEIRS]
        print(f"{name:28}{seconds:9.3f}{1000 * seconds / size:11.2f}{ratio:7.2f}")


def _found(directories: Sequence[str | Path]) -> list[Path]:
    found: list[Path] = []
    for directory in directories:
        for path in sorted(Path(directory).rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    head = file.read(8)
                if macho.is_macho(head) or macho.is_universal(head):
                    found.append(path)
    return found


def main() -> None:
    """Prints the tables."""
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        if _TOOL.value:
            tool = Path(_TOOL.value)
        else:
            tool = contestants.unpack(scratch / "llvm", contestants.MACHO) / _THEIRS
        print(contestants.version(tool))
        print(f"ours: {contestants.python()}")
        for wheel in contestants.wheels("*macos*/*.whl"):
            print(wheel.name)
            with zipfile.ZipFile(wheel) as file:
                file.extractall(scratch / "wheels" / wheel.name)
        files = _found(_FILES.value or [scratch / "wheels"])
        _compare(tool, "all", files)
        _compare(tool, "the largest", [max(files, key=lambda path: path.stat().st_size)])


if __name__ == "__main__":
    cli.run(main)
