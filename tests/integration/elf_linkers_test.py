"""Edits what different linkers make of one program and its library, and runs it each time.

Objects are compiled once for each machine with the pinned compiler (Zig's), and linked with GNU ld,
gold, mold and lld, each with the options that change how a file is laid out. Go's linker links a
program of its own, and Go reads what Go's tools want to know of it.
"""

import os
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import elf, tree_tar
from relocatable.errors import RelocatableError
from support.elf_cases import CASES, Case
from support.elf_compare import changed_sections, differences, edited, unstable
from support.elf_facts import facts
from support.elf_tools import Machine, Tools, aliases, unpack_tree, zig
from support.processes import run, write_program

_TOOLS = flags.DEFINE_string("tools", None, "The dist of //third_party/elf:tools.", required=True)
_GO = flags.DEFINE_string("go", None, "The tree of //third_party/go.", required=True)
_LIBC = flags.DEFINE_multi_string("libc", [], "TRIPLET=TAR: the C library of a machine.")
_EMULATOR = flags.DEFINE_string("emulator", None, "What runs programs for arm64.", required=True)
_EVERY_EDIT = flags.DEFINE_boolean("every_edit", False, "Make all edits for arm64 too.")

SOURCES = Path(__file__).parent / "elf_linkers"
OUTPUT = "3: library: one 42 83 7 1\nprogram: own 42 5 6 1 headers\n"
OUTPUT_ALONE = "3: alone\n"
OUTPUT_GO = "0: go: 80 <nil>\n0: go1.19.8\n"
LOADERS = {
    "x86_64-linux-gnu": "ld-linux-x86-64.so.2",
    "aarch64-linux-gnu": "ld-linux-aarch64.so.1",
}
HUGE, SMALL = 1 << 30, 100
_EMULATED = 5
"""Of so many edits, one is made where programs are emulated."""


@dataclass(frozen=True, slots=True)
class Link:
    """How to link.

    Attributes:
        name: for messages.
        linkers: those that know the options.
        options: for the program and the library.
        space: bytes of .bss, in each of the two.
        kind: of the program: "-pie", "-no-pie" or "alone" (static, without a libc).
        headers: whether section headers are kept.
    """

    name: str
    linkers: frozenset[str] = frozenset({"bfd", "gold", "mold", "lld"})
    options: tuple[str, ...] = ()
    space: int = SMALL
    kind: str = "-pie"
    headers: bool = True


_ALL = frozenset({"bfd", "gold", "mold", "lld"})
_NOT_GOLD = _ALL - {"gold"}
LINKS = (
    Link("as it is"),
    Link("relro, now", options=("-z", "relro", "-z", "now")),
    Link("no relro", options=("-z", "norelro")),
    Link("code and data together", _NOT_GOLD, ("-z", "noseparate-code")),
    Link("code apart", _NOT_GOLD, ("-z", "separate-code")),
    Link("segments apart", frozenset({"lld"}), ("-z", "separate-loadable-segments")),
    Link("read-only data with code", frozenset({"lld"}), ("--no-rosegment",)),
    Link("SysV hash", options=("--hash-style=sysv",)),
    Link("GNU hash", options=("--hash-style=gnu",)),
    Link("both hashes", options=("--hash-style=both",)),
    Link("DT_RELR", frozenset({"bfd", "lld"}), ("-z", "pack-relative-relocs")),
    Link("large pages", options=("-z", "max-page-size=65536")),
    Link("huge .bss", space=HUGE),
    Link("fixed address", kind="-no-pie"),
    Link("fixed address, huge .bss", kind="-no-pie", space=HUGE),
    Link("RUNPATH", options=("--enable-new-dtags", "-rpath", "$ORIGIN/somewhere")),
    Link("RPATH", options=("--disable-new-dtags", "-rpath", "$ORIGIN/somewhere")),
    Link("build ID", options=("--build-id=sha1",)),
    Link("executable stack", options=("-z", "execstack")),
    Link("stripped", options=("-s",)),
    Link("no section headers", headers=False),
    # GNU ld counts the one at the end.
    Link("no spare entries", frozenset({"bfd"}), ("--spare-dynamic-tags=1",)),
    Link("no spare entries", frozenset({"gold"}), ("--spare-dynamic-tags=0",)),
    Link("alone", _NOT_GOLD, kind="alone"),
)
GO_LINKS = (
    Link("as it is"),
    Link("stripped", options=("-s", "-w")),
    Link("RUNPATH", options=("-r", "$ORIGIN/somewhere")),
    Link("build ID", options=("-B", "0x0123456789abcdef")),
    Link("no section headers", headers=False),
)


class ElfLinkersTest(parameterized.TestCase):
    tools: Tools
    directory: Path
    machines: dict[str, Machine]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.directory = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)).resolve()
        cls.tools = Tools.unpack(Path(_TOOLS.value), cls.directory)
        cls.machines = {}
        for pair in _LIBC.value:
            triplet, _, tar = pair.partition("=")
            root = cls.directory / triplet
            unpack_tree(tree_tar.read_paths(Path(tar)), root)
            emulator = (str(Path(_EMULATOR.value).resolve()),) if "aarch64" in triplet else ()
            cls.machines[triplet] = Machine(triplet, LOADERS[triplet], root, emulator)

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.directory, ignore_errors=True)
        super().tearDownClass()

    @parameterized.product(triplet=list(LOADERS), linker=sorted(_ALL))
    def test_linker(self, triplet: str, linker: str) -> None:
        machine = self.machines[triplet]
        trials = [
            Trial(self.tools, machine, linker, link, self.directory / triplet / f"{linker}{index}")
            for index, link in enumerate(LINKS)
            if linker in link.linkers
        ]
        self._run(f"{triplet} {linker}", trials)

    def test_go(self) -> None:
        """Go's internal linker puts the section headers right behind the program headers."""
        root = self.directory / "go"
        unpack_tree(tree_tar.read_paths(Path(_GO.value)), root)
        (library,) = root.glob("usr/lib/go-*/pkg")
        machine = self.machines["x86_64-linux-gnu"]
        go = Go(library, machine.libraries / machine.loader)
        self.directory.joinpath("go_trials").mkdir()
        reader = go.link(self.directory / "go_trials", "build_info")
        self._run(
            "go",
            [
                GoTrial(
                    *(self.tools, machine, "go", link, self.directory / "go_trials" / str(index)),
                    go=go,
                    reader=reader,
                )
                for index, link in enumerate(GO_LINKS)
            ],
        )

    def _run(self, name: str, trials: Sequence["Trial"]) -> None:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = pool.map(lambda trial: trial.run(), trials)
            problems = [problem for some in found for problem in some]
        print(f"{name}: {len(trials)} programs, {sum(t.edits for t in trials)} edits")
        if problems:
            text = "\n".join(problems)
            self.fail(f"{len(problems)} problems:\n{text}")


@dataclass(slots=True)
class Trial:
    """A program and its library, linked in one way; what is found wrong is noted."""

    tools: Tools
    machine: Machine
    linker: str
    link: Link
    place: Path
    edits: int = 0
    strips: bool = True
    problems: list[str] = field(default_factory=list)

    def run(self) -> list[str]:
        """Links, runs, edits and runs."""
        self.place.mkdir()
        try:
            files = self._build()
        except RelocatableError as error:
            return [f"{self.link.name}: {error}"]
        wanted = self._wanted()
        if (got := self._execute()) != wanted:
            return [f"{self.link.name}: unedited, it says {got!r}"]
        cases = self._cases()
        for file in files:
            self.strips = self.link.headers and self._can_be_stripped(file, wanted)
            for case in _chosen(cases, self.link, self.machine):
                self._try(case, file, wanted)
        return self.problems

    def _wanted(self) -> str:
        return OUTPUT_ALONE if self.link.kind == "alone" else OUTPUT

    def _build(self) -> list[Path]:
        link, machine, place = self.link, self.machine, self.place
        names = ("alone",) if link.kind == "alone" else ("library", "program")
        for name in names:
            _zig(
                *("cc", "-target", f"{machine.triplet}.2.36", "-c", "-O1"),
                *("-fPIC", f"-DBSS={link.space}"),
                *("-fno-sanitize=all", "-fno-stack-protector", "-w"),
                *("-o", str(place / f"{name}.o"), str(SOURCES / f"{name}.c")),
            )
        if link.kind == "alone":
            self._link("-static", "-pie", "--no-dynamic-linker", "-o", "program", "alone.o")
            files = [place / "program"]
        else:
            libc = str(machine.libraries / "libc.so.6")
            loader = str(machine.libraries / machine.loader)
            library = "libcheck.so.1"
            self._link("-shared", "-soname", library, "-o", library, "library.o", libc)
            self._link(
                *(link.kind, "-dynamic-linker", loader, "-rpath-link", str(machine.libraries)),
                *("-o", "program", "program.o", library, libc, loader),
            )
            files = [place / "program", place / library]
        self._drop_section_headers(files)
        return files

    def _drop_section_headers(self, files: Sequence[Path]) -> None:
        if not self.link.headers:
            for file in files:
                write_program(file, _without_section_headers(file.read_bytes()))

    def _link(self, *arguments: str) -> None:
        options = (*arguments, *self.link.options, "--eh-frame-hdr")
        if self.linker == "lld":
            _zig("ld.lld", *options, cwd=self.place)
            return
        name = {"mold": "mold"}.get(self.linker, f"{self.machine.triplet}-ld.{self.linker}")
        run([self.tools.path(name), *options], {}, self.place).check()

    def _cases(self) -> Sequence[Case]:
        """The edits; the interpreter becomes one that is there."""
        longer = self.place / "a/directory/whose/name/is/rather/long" / self.machine.loader
        longer.parent.mkdir(parents=True)
        longer.symlink_to(self.machine.libraries / self.machine.loader)
        return [
            replace(
                case,
                arguments=lambda file: (
                    ("--set-interpreter", str(longer)) if file.interpreter else None
                ),
                expect=lambda known, _: replace(known, interpreter=str(longer)),
            )
            if case.name == "interpreter"
            else case
            for case in CASES
        ]

    def _execute(self) -> str:
        return str(run([*self.machine.emulator, self.place / "program"], self._environment()))

    def _environment(self) -> dict[str, str]:
        path = f"{self.place}:{self.machine.libraries}"
        return {"LD_LIBRARY_PATH": path, "LD_BIND_NOW": "1"}

    def _strip(self, file: Path) -> None:
        run([self.tools.path(f"{self.machine.triplet}-strip"), file], {}).check()

    def _can_be_stripped(self, file: Path, wanted: str) -> bool:
        """Whether strip leaves the unedited file in order, which some linkers' files defeat."""
        original = file.read_bytes()
        self._strip(file)
        works = self._execute() == wanted
        write_program(file, original)
        return works

    def _try(self, case: Case, file: Path, wanted: str) -> None:
        """Edits one of the files, runs, strips, runs, and puts it back."""

        def problem(text: str) -> None:
            self.problems.append(f"{self.link.name}: {file.name}: {case.name}: {text}")

        original = file.read_bytes()
        before = elf.read(memoryview(original), file.name)
        arguments = case.arguments(before)
        if arguments is None:
            return
        self.edits += 1
        readelf = self.tools.path(f"{self.machine.triplet}-readelf")
        known = facts(readelf, file)
        try:
            data = edited(arguments, file.name, original)
            write_program(file, data)
            after = facts(readelf, file)
            found = [
                *unstable(case, arguments, data),
                *differences(case, case.expect(known, before), after),
                *changed_sections(case, known, after, original, data),
            ]
            for text in found:
                problem(text)
            with aliases(case.name, before, self.place, self.machine, home=self.place):
                if case.loads and (got := self._execute()) != wanted:
                    problem(f"it says {got!r}")
                elif case.loads and self.strips:
                    self._strip(file)
                    if (got := self._execute()) != wanted:
                        problem(f"stripped, it says {got!r}")
        except RelocatableError as error:
            problem(str(error))
        write_program(file, original)


@dataclass(frozen=True, slots=True)
class Go:
    """Go's compiler and linker.

    Attributes:
        library: the directory `pkg` of Go's root.
        loader: the interpreter of programs.
    """

    library: Path
    loader: Path

    def link(self, place: Path, name: str, options: Sequence[str] = ()) -> Path:
        """Compiles `NAME.go` and links it, without any other linker; returns the program."""
        tools = self.library / "tool/linux_amd64"
        packages = str(self.library / "linux_amd64")
        source = str(SOURCES / f"{name}.go")
        compiled = str(place / f"{name}.o")
        run([tools / "compile", "-I", packages, "-p", "main", "-o", compiled, source], {}).check()
        program = place / name
        run(
            [
                *(tools / "link", "-L", packages, "-linkmode=internal", "-I", str(self.loader)),
                *(*options, "-o", str(program), compiled),
            ],
            {},
        ).check()
        return program


@dataclass(slots=True, kw_only=True)
class GoTrial(Trial):
    """A program of Go's linker that looks up a service with the C library's code.

    Attributes:
        go: makes it.
        reader: prints which Go a program says that it is from, as `go version` does.
    """

    go: Go
    reader: Path

    def _wanted(self) -> str:
        return OUTPUT_GO

    def _build(self) -> list[Path]:
        files = [self.go.link(self.place, "program", self.link.options)]
        self._drop_section_headers(files)
        return files

    def _execute(self) -> str:
        program = self.place / "program"
        commands = ([program], [self.reader, program])
        return "".join(str(run(command, self._environment())) for command in commands)


def _chosen(cases: Sequence[Case], link: Link, machine: Machine) -> Sequence[Case]:
    """All edits, or where an emulator makes it slow, some: others for each way to link."""
    if _EVERY_EDIT.value or not machine.emulator:
        return cases
    return cases[LINKS.index(link) % _EMULATED :: _EMULATED]


def _without_section_headers(data: bytes) -> bytes:
    """The file as `sstrip` leaves it (ELF64: e_shoff; e_shnum and e_shstrndx): what is loaded."""
    segments = elf.read(memoryview(data), "linked").segments
    end = max(segment.offset + segment.filesz for segment in segments)
    return data[:40] + bytes(8) + data[48:60] + bytes(4) + data[64:end]


def _zig(*arguments: str, cwd: Path | None = None) -> None:
    zig(arguments, Path(absltest.TEST_TMPDIR.value, "zig"), cwd)


if __name__ == "__main__":
    absltest.main()
