"""Edits and signs Mach-O files beside llvm-install-name-tool: `--files DIR`.

Each contestant gets its own copies; copying isn't counted. Ours edits them in one process;
llvm-install-name-tool takes one file at a time, so it is started once per file, and what starting
costs is told (`--version`). Rounds alternate and the best of each counts.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from absl import app, flags

from relocatable import content, macho
from relocatable.content import Extent, Spliced, Writer
from relocatable.macho import Edits

_FILES = flags.DEFINE_list("files", None, "Directories with Mach-O files.", required=True)
_TOOL = flags.DEFINE_string("install_name_tool", "llvm-install-name-tool", "What to compare with.")
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


def _theirs(paths: list[Path]) -> None:
    options = ["-id", "@rpath/libother.dylib", "-add_rpath", _PATH]
    for path in paths:
        subprocess.run([_TOOL.value, *options, path], check=True)


def _starting(paths: list[Path]) -> None:
    for _ in paths:
        subprocess.run([_TOOL.value, "--version"], check=True, stdout=subprocess.DEVNULL)


_CONTESTANTS: dict[str, Callable[[list[Path]], None]] = {
    "llvm-install-name-tool": _theirs,
    "of that, starting it": _starting,
    "rules_relocatable": _ours,
}


def _measure(contestant: Callable[[list[Path]], None], files: list[Path]) -> float:
    with tempfile.TemporaryDirectory() as directory:
        copies = [Path(directory, str(index)) for index in range(len(files))]
        for file, copy in zip(files, copies, strict=True):
            shutil.copyfile(file, copy)
        start = time.perf_counter()
        contestant(copies)
        seconds = time.perf_counter() - start
        if contestant is not _starting:
            for copy in copies:
                _check(copy)
    return seconds


def _check(path: Path) -> None:
    for file, view in macho.thin_files(memoryview(path.read_bytes()), path.name):
        if _PATH not in file.rpaths or (file.signature and macho.verify_signature(file, view)):
            raise AssertionError(f"{path.name}: is not as it should be")


def _compare(what: str, files: list[Path]) -> None:
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"\n{what}: {len(files)} files, {size:.0f} MB: name, run path, signature")
    rounds = [
        {name: _measure(contestant, files) for name, contestant in _CONTESTANTS.items()}
        for _ in range(_ROUNDS.value)
    ]
    best = {name: min(found[name] for found in rounds) for name in _CONTESTANTS}
    print(f"{'':28}{'seconds':>9}{'ms per MB':>11}{'ratio':>7}")
    for name, seconds in best.items():
        ratio = seconds / best["llvm-install-name-tool"]
        print(f"{name:28}{seconds:9.3f}{1000 * seconds / size:11.2f}{ratio:7.2f}")


def _found() -> list[Path]:
    found: list[Path] = []
    for directory in _FILES.value:
        for path in sorted(Path(directory).rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    head = file.read(8)
                if macho.is_macho(head) or macho.is_universal(head):
                    found.append(path)
    return found


def main(_: list[str]) -> None:
    """Prints the tables."""
    files = _found()
    _compare("all", files)
    _compare("the largest", [max(files, key=lambda path: path.stat().st_size)])


if __name__ == "__main__":
    app.run(main)
