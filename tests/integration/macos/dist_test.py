"""Dists for macOS as a Mac would get them: what it would load, and from where.

tests/macos/check_all.sh runs the same archives there.
"""

import posixpath
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import launcher, macho

_DISTS = flags.DEFINE_string("dists", None, "The archives.", required=True)

MACHINES = {"arm64": "11.0", "x86_64": "10.15"}
SYSTEM = ("/System/Library/", "/usr/lib/")
LIBRARY = "libpython3.11.dylib"
PACKAGES = "lib/python3.11/site-packages"

# Where libpython, the interpreter and its home are.
LAYOUTS = {
    "prefix": (f"lib/{LIBRARY}", "bin/python3.11", ""),
    "application": (f"Frameworks/{LIBRARY}", "python/bin/python3.11", "python/"),
}
EACH = [(layout, machine) for layout in LAYOUTS for machine in MACHINES]


class DistTest(parameterized.TestCase):
    place: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.place = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        for archive in _DISTS.value.split():
            with tarfile.open(archive) as packed:
                packed.extractall(cls.place, filter="tar")

    def root(self, layout: str, machine: str) -> Path:
        return self.place / f"calculator_{layout}_{machine}"

    def binaries(self, root: Path) -> Iterator[tuple[str, macho.MachO, memoryview]]:
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink():
                data = path.read_bytes()
                if macho.is_macho(data[:8]):
                    name = str(path.relative_to(root))
                    view = memoryview(data)
                    yield name, macho.read(view, name), view
                else:
                    self.assertFalse(macho.is_universal(data[:8]) and path.suffix == ".so", path)

    @parameterized.parameters(*EACH)
    def test_all_are_for_the_machine_and_signed(self, layout: str, machine: str) -> None:
        seen = 0
        for name, file, data in self.binaries(self.root(layout, machine)):
            seen += 1
            self.assertEqual(file.architecture, machine, name)
            if file.signature is not None or machine == "arm64":
                self.assertEmpty(macho.verify_signature(file, data))
        self.assertGreater(seen, 100)

    @parameterized.parameters(*EACH)
    def test_each_name_leads_to_a_file(self, layout: str, machine: str) -> None:
        """As dyld would follow it, for a program with its run paths and for what it loads."""
        root = self.root(layout, machine)
        for name, file, _ in self.binaries(root):
            for dylib in file.dylibs:
                if dylib.name.startswith(SYSTEM):
                    continue
                steps = file.rpaths if dylib.name.startswith("@rpath/") else ("",)
                found = [
                    place
                    for step in steps
                    if (root / (place := self.place_of(name, step, dylib.name))).is_file()
                ]
                self.assertNotEmpty(found, f"{name}: {dylib.name} {file.rpaths}")

    def place_of(self, name: str, step: str, dylib: str) -> str:
        path = posixpath.join(step, dylib.removeprefix("@rpath/"))
        first, _, rest = path.partition("/")
        self.assertIn(first, {"@loader_path", "@executable_path"}, f"{name}: {path}")
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), rest))

    @parameterized.parameters(*EACH)
    def test_layout(self, layout: str, machine: str) -> None:
        root = self.root(layout, machine)
        library, interpreter, home = LAYOUTS[layout]
        self.assertEqual([str(p.relative_to(root)) for p in root.rglob(LIBRARY)], [library])
        self.assertTrue((root / home / PACKAGES / "PIL").is_dir())
        for path in ("bin/calculator", interpreter):
            settings = launcher.read((root / path).read_bytes())
            self.assertEqual(settings.program, f"libexec/{posixpath.basename(path)}")
            self.assertIsNone(settings.loader)
        settings = launcher.read((root / "bin/calculator").read_bytes())
        variables = dict(settings.environment)
        self.assertEqual(variables["PYTHONHOME"], f"{{root_without_colon}}/{home}".rstrip("/"))
        self.assertEqual(settings.in_c, (("LC_CTYPE", "UTF-8"),))
        program = (root / "libexec/calculator").read_bytes()
        file = macho.read(memoryview(program), "calculator")
        run_path = f"@executable_path/../{posixpath.dirname(library)}"
        self.assertEqual(file.rpaths, (run_path,))
        self.assertEqual(macho.version_text(file.builds[0].minos), MACHINES[machine])


if __name__ == "__main__":
    absltest.main()
