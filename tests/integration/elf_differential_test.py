"""Edits real files in every way, and asks patchelf, readelf, strip and the real loader about them.

The files are all programs and shared objects of the LLDB closure, for both architectures, and of
wheels that bring libraries. By default each gets one edit, another one for each file;
`--every_edit` makes all of them on all.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable import content, elf, tree_tar
from relocatable.content import Content
from relocatable.elf import Elf
from relocatable.elf_edit import show
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import wheel
from relocatable.tree import File, Tree
from support.elf_cases import CASES, Case
from support.elf_compare import changed_sections, differences, edited, unlike, unstable
from support.elf_facts import Facts, facts
from support.elf_tools import WHEELS, Machine, Tools, add_probe, aliases, load, unpack_tree
from support.processes import run, write_program

_TOOLS = flags.DEFINE_string("tools", None, "The dist of //third_party/elf:tools.", required=True)
_TREE = flags.DEFINE_string("tree", None, "The files' tree.", required=True)
_WHEELS = flags.DEFINE_multi_string("wheel", [], "Wheels whose files are edited too.")
_TRIPLET = flags.DEFINE_string("triplet", None, "Their architecture.", required=True)
_LOADER = flags.DEFINE_string("loader", None, "Their loader's name.", required=True)
_EMULATOR = flags.DEFINE_string("emulator", None, "What runs them, if not this machine.")
_EVERY_EDIT = flags.DEFINE_boolean("every_edit", False, "Make all edits on all files.")

PROBE_SOURCE = Path(__file__).parent / "elf_linkers/alone.c"

_USELESS_LOADER = ("soname", "runpath", "rpath", "needed", "default", "several")
_USELESS = {
    "libc.so.6": ("soname",),
    "ld-linux-x86-64.so.2": _USELESS_LOADER,
    "ld-linux-aarch64.so.1": _USELESS_LOADER,
}
"""Words of edits that leave a file unloadable, so that it is only looked at afterwards.

glibc finds its parts by their sonames; its loader stops if it has a search path, libraries, flags.
"""

_MOST_PROBLEMS = 200
"""Problems that are told."""

_PRINTS = ("--print-needed", "--print-rpath", "--print-soname")


@dataclass(slots=True)
class Counts:
    """What was done, for the log."""

    files: int = 0
    edits: int = 0
    loads: int = 0
    strips: int = 0
    fragile: int = 0
    patchelf: int = 0
    grown: int = 0
    added: int = 0
    patchelf_added: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Counts") -> None:
        """Adds those of a part."""
        self.files += other.files
        self.edits += other.edits
        self.loads += other.loads
        self.strips += other.strips
        self.fragile += other.fragile
        self.patchelf += other.patchelf
        self.grown += other.grown
        self.added += other.added
        self.patchelf_added += other.patchelf_added
        self.problems += other.problems


class ElfDifferentialTest(absltest.TestCase):
    def test_all(self) -> None:
        directory = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        tools = Tools.unpack(Path(_TOOLS.value), directory)
        tree = tree_tar.read_paths(Path(_TREE.value))
        for path in map(Path, _WHEELS.value):
            for name, item in wheel.read(path, directory).files.items():
                record = Record(Origin(path.name, name))
                tree.add(f"{WHEELS}/{name}", File(item.data, record, item.executable))
        root = directory / "root"
        unpack_tree(tree, root)
        emulator = (str(Path(_EMULATOR.value).resolve()),) if _EMULATOR.value else ()
        machine = Machine(_TRIPLET.value, _LOADER.value, root, emulator)
        add_probe(machine, PROBE_SOURCE, directory / "zig")
        place = _Place(tools, machine, directory)
        trials = [
            Trial(path, file.content, place, _cases(index))
            for index, (path, file) in enumerate(_elf_files(tree))
        ]
        began = time.monotonic()
        counts = Counts()
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for part in pool.map(Trial.run, trials):
                counts.add(part)
        print(
            f"{machine.triplet}: {counts.files} files, {counts.edits} edits, {counts.loads} loads,"
            f" {counts.strips} strips ({counts.fragile} of files that strip breaks unedited),"
            f" {counts.patchelf} compared to patchelf,"
            f" {counts.grown} grown by {counts.added} bytes (patchelf:"
            f" {counts.patchelf_added}), {time.monotonic() - began:.0f} s"
        )
        self.assertGreater(counts.files, 350)
        if counts.problems:
            text = "\n".join(counts.problems[:_MOST_PROBLEMS])
            self.fail(f"{len(counts.problems)} problems:\n{text}")


def _elf_files(tree: Tree) -> Iterator[tuple[str, File]]:
    for path, file in tree.files():
        data = content.view(file.content)
        if elf.is_elf(data[:4]) and elf.read(data, path).dynamic:
            yield path, file


def _cases(index: int) -> Sequence[Case]:
    return CASES if _EVERY_EDIT.value else CASES[index % len(CASES) :][:1]


@dataclass(frozen=True, slots=True)
class _Place:
    """What all trials have in common."""

    tools: Tools
    machine: Machine
    directory: Path


@dataclass(slots=True)
class Trial:
    """One file, on which edits are tried one after the other."""

    path: str
    content: Content
    place: _Place
    cases: Sequence[Case]
    counts: Counts = field(default_factory=Counts)

    @property
    def machine(self) -> Machine:
        """The file's architecture."""
        return self.place.machine

    @property
    def tools(self) -> Tools:
        """The programs to ask."""
        return self.place.tools

    def run(self) -> Counts:
        """Tries the edits."""
        self.counts.files = 1
        with tempfile.TemporaryDirectory(dir=self.place.directory) as place:
            try:
                self._run(Path(place))
            except (RelocatableError, subprocess.SubprocessError, OSError) as error:
                self._problem(None, f"{type(error).__name__}: {error}")
        return self.counts

    def _problem(self, case: Case | None, text: str) -> None:
        name = case.name if case else "unedited"
        self.counts.problems.append(f"{self.machine.triplet} {self.path}: {name}: {text}")

    def _run(self, place: Path) -> None:
        original = content.view(self.content)
        before = elf.read(original, self.path)
        file = self.machine.root / self.path
        known = facts(self._readelf, file)
        loaded = load(self.machine, file, before)
        self._check_prints(before, original, file)
        for case in self.cases:
            arguments = case.arguments(before)
            if arguments is None:
                continue
            self.counts.edits += 1
            new = place / file.name
            try:
                data = edited(arguments, self.path, original)
            except RelocatableError as error:
                self._problem(case, f"not edited: {error}")
                continue
            if len(data) > len(original):
                self.counts.grown += 1
                self.counts.added += len(data) - len(original)
            write_program(new, data)
            after = facts(self._readelf, new)
            for problem in (
                *unstable(case, arguments, data),
                *differences(case, case.expect(known, before), after),
                *changed_sections(case, known, after, original, data),
            ):
                self._problem(case, problem)
            useless = any(word in case.name for word in _USELESS.get(file.name, ()))
            if case.loads and not useless:
                self._check_loading(case, new, before, loaded)
            if case.patchelf:
                self._compare_to_patchelf(case, arguments, file, after)

    @property
    def _readelf(self) -> Path:
        return self.tools.path(f"{self.machine.triplet}-readelf")

    def _check_prints(self, before: Elf, data: memoryview, file: Path) -> None:
        """Whether we print what patchelf prints, for each of the files."""
        prints = (*_PRINTS, *(("--print-interpreter",) if before.interpreter else ()))
        for option in prints:
            printed = run([self.tools.path("patchelf"), option, file], {}).stdout
            what = option.removeprefix("--print-")
            ours = [f"{line}\n" for line in show.values(what, before, data)]
            if printed != "".join(ours):
                self._problem(None, f"{option}: patchelf prints {printed!r}, we {ours}")

    def _check_loading(self, case: Case, new: Path, before: Elf, expected: str) -> None:
        home = (self.machine.root / self.path).parent
        strip = self.tools.path(f"{self.machine.triplet}-strip")
        with aliases(case.name, before, new.parent, self.machine, home=home):
            self.counts.loads += 1
            got = load(self.machine, new, before, home=home)
            if got != expected:
                self._problem(case, f"loading: {got!r} instead of {expected!r}")
                return
            self.counts.strips += 1
            run([strip, new], {}).check()
            got = load(self.machine, new, before, home=home)
            if got == expected:
                return
            shutil.copyfile(self.machine.root / self.path, new)
            run([strip, new], {}).check()
            if load(self.machine, new, before, home=home) == expected:
                self._problem(case, f"loading after strip: {got!r} instead of {expected!r}")
            else:  # As it comes, patchelf has left it so that strip breaks it.
                self.counts.fragile += 1

    def _compare_to_patchelf(
        self, case: Case, arguments: Sequence[str], file: Path, ours: Facts
    ) -> None:
        """Whether what patchelf makes with the same arguments means the same."""
        with tempfile.NamedTemporaryFile(dir=self.place.directory) as other:
            command = [
                str(self.tools.path("patchelf")),
                *arguments,
                "--output",
                other.name,
                str(file),
            ]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return  # Its limits are no matter.
            self.counts.patchelf += 1
            self.counts.patchelf_added += Path(other.name).stat().st_size - file.stat().st_size
            for problem in unlike(facts(self._readelf, Path(other.name)), ours):
                self._problem(case, problem)


if __name__ == "__main__":
    absltest.main()
