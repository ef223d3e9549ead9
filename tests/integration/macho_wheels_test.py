"""Real wheels for macOS: what is loaded, by LLVM and by LIEF, and the dist that we make of them.

`--files=DIRECTORY` has more wheels, for one kind of Mac or for both (docs/macos.md).
"""

import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lief
from absl import flags
from absl.testing import absltest

from relocatable import closure, content, edit_log, tree_read
from relocatable.closure.dyld import CPUS
from relocatable.errors import RelocatableError
from relocatable.objects import MachObjects, thin_objects
from relocatable.relocate import Libc, Request, relocate
from relocatable.target import Target
from relocatable.tree import Tree
from relocatable.verify import Promise, verify
from support.elf_tools import Tools
from support.macho_trees import ARM, INTEL
from support.processes import run

_TOOLS = flags.DEFINE_string("tools", None, "The dist of //third_party/macho:tools.", required=True)
_WHEELS = flags.DEFINE_multi_string("wheel", [], "Wheels for macOS.")
_FILES = flags.DEFINE_string("files", None, "A directory with more wheels.")

_MACHINE = re.compile(r"macosx_\d+_\d+_(arm64|x86_64|universal2)\.whl")
_USED = re.compile(r"\t(.*) \(compatibility version")
_LAUNCHERS = Path(__file__).absolute().parents[2] / "toolchains" / "launcher"


class WheelsTest(absltest.TestCase):
    tools: Tools
    roots: dict[str, Path]
    trees: dict[str, Tree]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve()
        cls.tools = Tools.unpack(Path(_TOOLS.value or ""), directory / "tools")
        cls.roots = {machine: directory / machine for machine in CPUS}
        more = sorted(Path(_FILES.value).glob("*.whl")) if _FILES.value else []
        for wheel in [*map(Path, _WHEELS.value), *more]:
            match = _MACHINE.search(wheel.name)
            for machine in CPUS:
                if match and match[1] in (machine, "universal2"):
                    zipfile.ZipFile(wheel).extractall(cls.roots[machine] / "site-packages")
        cls.trees = {machine: tree_read.read(root) for machine, root in cls.roots.items()}

    def test_names_that_llvm_sees(self) -> None:
        count = 0
        for machine, path in self.files():
            file = self.trees[machine].file(path)
            for thin, _ in thin_objects(content.view(file.content), path):
                seen = self.used(self.roots[machine] / path, thin.architecture)
                own = [thin.install_name] if thin.install_name else []
                self.assertEqual([*own, *(dylib.name for dylib in thin.dylibs)], seen, path)
                count += 1
        print(f"{count} files, by machine")
        self.assertGreater(count, 30)

    def test_files_that_lief_finds(self) -> None:
        """By each file's own run paths, without those of who loads it."""
        count = 0
        for machine, tree in self.trees.items():
            objects = MachObjects(tree, CPUS[machine])
            meant: dict[tuple[str, str], str | None] = {}
            for load in closure.trace(tree, None, objects).loads:
                for resolution in load.resolutions:
                    meant.setdefault((resolution.by, resolution.name), resolution.found)
            for path, _ in objects.all():
                for name, found in self.found_by_lief(machine, path):
                    self.assertEqual(meant[path, name], found, f"{path}: {name}")
                    count += 1
        print(f"{count} names of libraries")
        self.assertGreater(count, 60)

    def test_a_dist(self) -> None:
        for target in (ARM, INTEL):
            machine = target.name.removeprefix("macos_")
            tree = self.trees[machine]
            dist = self.relocated(tree, target)
            found = verify(dist, target, Promise(min_macos="99.0"))
            self.assertEmpty(found.problems)
            proved = edit_log.verify(dist, [tree])
            self.assertEmpty(proved.problems)
            self.assertGreater(proved.edited, 10)
            print(f"{machine}: {found.objects} files, of which {proved.edited} are edited")

    def files(self) -> Iterator[tuple[str, str]]:
        for machine, tree in self.trees.items():
            yield from ((machine, path) for path, _ in MachObjects(tree, CPUS[machine]).all())

    def used(self, path: Path, architecture: str) -> list[str]:
        command = (self.tools.path("llvm-objdump"), "--macho", "--dylibs-used")
        done = run([*command, f"--arch={architecture}", path], {})
        done.check()
        return [match[1] for line in done.stdout.splitlines() if (match := _USED.match(line))]

    def found_by_lief(self, machine: str, path: str) -> Iterator[tuple[str, str | None]]:
        root = self.roots[machine]
        universal = lief.MachO.parse(root / path)
        assert universal is not None
        (file,) = (each for each in universal if _cpu(each) == CPUS[machine])
        for library in file.libraries:
            name = str(library.name)
            if library.command == lief.MachO.LoadCommand.TYPE.ID_DYLIB:
                continue
            first, _, rest = name.partition("/")
            tried = []
            if first == "@loader_path":
                tried = [rest]
            elif first == "@rpath":
                steps = (str(each.path).partition("/") for each in file.rpaths)
                tried = [f"{step}/{rest}" for first, _, step in steps if first == "@loader_path"]
            places = (os.path.realpath((root / path).parent / each.lstrip("/")) for each in tried)
            there = next((Path(place) for place in places if Path(place).exists()), None)
            inside = there is not None and there.is_relative_to(root)
            yield name, str(there.relative_to(root)) if there and inside else None

    def relocated(self, tree: Tree, target: Target) -> Tree:
        """A dist of all that is complete: plug-ins of Qt are for other wheels' frameworks."""
        request = Request(
            "//:wheels", target, (_LAUNCHERS / target.name).read_bytes(), libc=Libc.HOST
        )
        while True:
            try:
                return relocate([Tree(dict(tree.nodes))], [Tree()], request)
            except RelocatableError as error:
                if _FILES.value is None:
                    raise
                words = (line.split()[0] for line in str(error).splitlines()[1:])
                incomplete = [path for path in dict.fromkeys(words) if path in tree.nodes]
                if not incomplete:
                    raise
                for path in incomplete:
                    print(f"left out: {path}")
                    del tree.nodes[path]


def _cpu(file: lief.MachO.Binary) -> int:
    return int(file.header.cpu_type.value) & 0xFFFFFFFF


if __name__ == "__main__":
    absltest.main()
