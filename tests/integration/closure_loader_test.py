"""The closure's answers against those of real loaders: glibc's for x86-64, and for arm64 in QEMU.

The flagship's programs and Python modules are loaded by their own loader, which writes down what it
looks for and finds. The same loaders then get small random trees that have everything in them that
is hard: RPATHs and RUNPATHs that contradict each other, foreign and broken files, links, versions.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import closure, tree_read, trial
from relocatable.closure import Closure, Kind, Load, Options, RootKind, Rule
from support import real_loader
from support.elf_builder import EM_AARCH64, EM_X86_64
from support.random_trees import LAUNCHER, RandomTree
from support.real_loader import Trace

_ARCHIVES = flags.DEFINE_multi_string("archive", [], "CPU=PATH of a dist's archive.")
_LAUNCHERS = flags.DEFINE_multi_string("launcher", [], "CPU=PATH of a launcher without settings.")
_EMULATORS = flags.DEFINE_multi_string("emulator", [], "CPU=PATH of a CPU's emulator.")
_TREES = flags.DEFINE_integer("trees", 200, "How many random trees each loader gets.")

_CPUS = {"x86_64": EM_X86_64, "arm64": EM_AARCH64}
_OPEN_ALL = """
import importlib.util
for line in open({list!r}).read().splitlines():
    name, path = line.split()
    importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path))
    print("opened", name)
"""


def _path(values: Iterable[str], cpu: str) -> Path:
    """The path that a flag of `CPU=PATH` has for a CPU."""
    return Path(dict(value.split("=", 1) for value in values)[cpu]).absolute()


@dataclass(frozen=True, slots=True)
class Subject:
    """A flagship, unpacked."""

    dist: trial.Dist
    closure: Closure
    scratch: Path

    def trace(
        self, arguments: list[str], program: str, root: Path | None = None, *, dry: bool = True
    ) -> Trace:
        """Runs the launcher of `program`, of the flagship or of another tree of its kind."""
        dist = trial.Dist(root or self.dist.root, self.dist.emulator)
        command, environment = dist.command(arguments, {})
        called = {arguments[0]: program}
        return real_loader.trace(command, dist.root, self.scratch, called, environment, dry=dry)


def searches(load: Load) -> list[tuple[str, str, str | None]]:
    """What a loader would write down: (name, wanted by, found), as `Trace.searches` has it."""
    return [(r.name, r.by, r.found) for r in load.resolutions if r.rule is not Rule.LOADED]


class ClosureTest(parameterized.TestCase):
    @parameterized.parameters(*_CPUS)
    def test_programs(self, cpu: str) -> None:
        subject = _subject(cpu)
        programs = [x for x in subject.closure.loads if x.root.kind is RootKind.PROGRAM]
        self.assertGreaterEqual(len(programs), 4)
        self.assertEmpty(subject.closure.problems())
        for load in programs:
            started = load.root.launchers[0]
            with self.subTest(started):
                real = subject.trace([started], load.root.path)
                self.assertEqual(real.status, 0, real.output)
                self.assertSequenceEqual(searches(load), real.searches)
                always = {load.root.path, load.root.loader}
                self.assertEqual({*load.objects, *always}, real.loaded | always)

    @parameterized.parameters(*_CPUS)
    def test_python_modules(self, cpu: str) -> None:
        """All in one process, so what several need is only looked for once."""
        subject = _subject(cpu)
        loads = [x for x in subject.closure.loads if x.root.program == "libexec/lldb"]
        self.assertGreater(len(loads), 30)
        modules = subject.scratch.parent / "modules"
        with modules.open("w") as file:
            for load in loads:
                name = Path(load.root.opened_as).name.partition(".")[0]
                file.write(f"{name} {subject.dist.root / load.root.opened_as}\n")
        code = subject.scratch.parent / "open_all.py"
        code.write_text(_OPEN_ALL.format(list=str(modules)))
        script = f"script exec(open({str(code)!r}).read())"
        arguments = ["bin/lldb", "--batch", "-o", script]
        real = subject.trace(arguments, "libexec/lldb", dry=False)
        self.assertEqual(real.output.count("opened "), len(loads), real.output)
        self.assertContainsSubset({load.root.path for load in loads}, real.loaded)
        expected = {(r.name, r.by): r.found for load in loads for r in load.resolutions}
        compared = 0
        for name, by, path in real.searches:
            if by is not None and (name, by) in expected:
                self.assertEqual(expected[name, by], path, f"{name} for {by}")
                compared += 1
        self.assertGreater(compared, 10)
        # And the script brought in nothing but the modules and what they need.
        known = {path for load in subject.closure.loads for path in load.objects}
        self.assertContainsSubset(real.loaded, known)

    @parameterized.parameters(*_CPUS)
    def test_random_trees(self, cpu: str) -> None:
        subject = _subject(cpu)
        (loader,) = (subject.dist.root / "lib").glob("ld-linux-*")
        launcher = _path(_LAUNCHERS.value, cpu).read_bytes()
        emulator = [str(subject.dist.emulator)] if subject.dist.emulator else []
        options, tokens = _facts([*emulator, str(loader)])
        root = subject.scratch.parent / "random"
        for seed in range(_TREES.value):
            root.mkdir()
            RandomTree(seed, _CPUS[cpu], tokens).write(root, loader, launcher)
            with self.subTest(seed):
                self.check_random_tree(root, options, subject)
            shutil.rmtree(root)

    def check_random_tree(self, root: Path, options: Options, subject: Subject) -> None:
        found = closure.trace(tree_read.read(root), options)
        load = next(load for load in found.loads if load.root.kind is RootKind.PROGRAM)
        real = subject.trace([LAUNCHER], load.root.path, root)
        problems = [problem for problem in load.problems if problem.fatal]
        if any(problem.text.endswith("the loader stops there") for problem in problems):
            self.assertIn("Assertion `needed != NULL' failed", real.output)
        elif any(problem.kind is Kind.UNUSABLE for problem in problems):
            self.assertNotEqual(real.status, 0, real.output)
        else:
            if not problems:
                self.assertEqual(real.status, 0, real.output)
            self.assertSequenceEqual(_plain(searches(load)), _plain(real.searches))
            always = {load.root.path, load.root.loader}
            self.assertEqual({*load.objects, *always}, real.loaded | always)
            # For a missing file, a loader that is only tracing puts one that meets all versions.
            if not any(problem.kind is Kind.MISSING for problem in problems):
                self.assertCountEqual(
                    [problem.text for problem in problems],
                    [
                        f"{library}: version `{version}' not found (required by {by})"
                        for library, version, by in real.versions
                    ],
                )


@cache
def _subject(cpu: str) -> Subject:
    directory = Path(tempfile.mkdtemp(dir=absltest.get_default_test_tmpdir()))
    scratch = directory / "scratch"
    scratch.mkdir()
    (directory / "dist").mkdir()
    root = trial.unpack(_path(_ARCHIVES.value, cpu), directory / "dist")
    foreign = any(value.startswith(f"{cpu}=") for value in _EMULATORS.value)
    dist = trial.Dist(root, _path(_EMULATORS.value, cpu) if foreign else None)
    return Subject(dist, closure.trace(tree_read.read(root)), scratch)


def _plain(
    found: Iterable[tuple[str, str | None, str | None]],
) -> list[tuple[str, str | None, str | None]]:
    """Without paths and tokens: a loader writes down what these are replaced by."""
    return [search for search in found if not set("/$") & set(search[0])]


def _facts(loader: list[str]) -> tuple[Options, tuple[str, str]]:
    """What this loader on this machine takes for $LIB, $PLATFORM and the level of the processor."""

    def ask(flag: str) -> str:
        return subprocess.run([*loader, flag], capture_output=True, text=True, check=True).stdout

    levels = re.findall(r"^  (x86-64-v\d) \(supported, searched\)", ask("--help"), re.MULTILINE)
    facts = dict(
        re.findall(r'^(dl_dst_lib|dl_platform)="(.+)"$', ask("--list-diagnostics"), re.MULTILINE)
    )
    options = Options(cpu=max(levels, default=None), platform=facts["dl_platform"])
    return options, (facts["dl_dst_lib"], facts["dl_platform"])


if __name__ == "__main__":
    absltest.main()
