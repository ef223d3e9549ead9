"""What a py_binary adds to a runtime that is finished already."""

from pathlib import Path

from absl.testing import absltest

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import programs, sources
from relocatable.python.sources import Installed
from relocatable.python.tags import Python
from relocatable.tree import File, Tree
from support.elf_builder import ElfBuilder

RECORD = Record(Origin("//:x", "x"))
PACKAGES = "lib/python3.11/site-packages"
PYTHON = Python("3.11")


class ProgramsTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.runtime = Tree()
        self.runtime.add("lib/python3.11/os.py", File(b"", RECORD))
        self.runtime.add(f"{PACKAGES}/shared.py", File(b"shared", RECORD))

    def sources(self, **files: bytes) -> list[Installed]:
        directory = Path(self.create_tempdir().full_path)
        lines = []
        for name, data in files.items():
            (directory / name).write_bytes(data)
            lines.append(f"app/{name.replace('__', '.')}\t{directory / name}\n")
        return sources.install(sources.read(lines, "_main"), ["_main/app"], "//:tool")

    def test_only_what_the_runtime_lacks_is_added(self) -> None:
        found = self.sources(tool__py=b"tool", shared__py=b"shared")
        layer = programs.layer(PYTHON, self.runtime, found, None, "//:tool")
        self.assertIn(f"{PACKAGES}/tool.py", layer.nodes)
        self.assertNotIn("lib/python3.11/os.py", layer.nodes)
        both = Tree()
        both.merge(self.runtime)
        both.merge(layer)
        self.assertEqual(both.file(f"{PACKAGES}/tool.py").record.origin.path, "_main/app/tool.py")

    def test_what_the_runtime_has_otherwise(self) -> None:
        found = self.sources(shared__py=b"other")
        with self.assertRaisesRegex(RelocatableError, "two layers disagree on .*shared.py"):
            programs.layer(PYTHON, self.runtime, found, None, "//:tool")

    def test_what_is_for_another_python(self) -> None:
        module = "_x__cpython-312-x86_64-linux-gnu__so"
        found = self.sources(**{module: ElfBuilder(soname=None, needed=()).build()})
        with self.assertRaisesRegex(
            RelocatableError, "would not run on .*3.11.*cpython-312.* is not for"
        ):
            programs.layer(PYTHON, self.runtime, found, None, "//:tool")

    def test_main_modules(self) -> None:
        found = self.sources(tool__py=b"")
        mains = programs.mains(PYTHON, found, {"bin/tool": "_main/app/tool.py"})
        self.assertEqual(mains, {"bin/tool": f"{PACKAGES}/tool.py"})
        with self.assertRaisesRegex(RelocatableError, "no source is the main module of: bin/x"):
            programs.mains(PYTHON, found, {"bin/x": "_main/other.py"})

    def test_the_program_is_data_of_its_own(self) -> None:
        found = self.sources(tool__py=b"print()")
        layer = programs.layer(PYTHON, self.runtime, found, None, "//:tool")
        self.assertEqual(content.read(layer.file(f"{PACKAGES}/tool.py").content), b"print()")


if __name__ == "__main__":
    absltest.main()
