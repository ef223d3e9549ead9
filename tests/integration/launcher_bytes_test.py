"""Proves that the launchers' checked-in bytes are what their source gives, wherever it lies."""

import re
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from absl.testing import absltest, parameterized
from elftools.elf.elffile import ELFFile
from toolchains.launcher import build_launcher

from relocatable import launcher, macho
from relocatable.errors import RelocatableError

HERE = Path(__file__).parents[2] / "toolchains/launcher"
SOURCES = (*HERE.glob("*.[ch]"), HERE / "layout.ld")


class LauncherBytesTest(parameterized.TestCase):
    """Builds with the pinned compiler, each time with an empty cache."""

    def setUp(self) -> None:
        super().setUp()
        self.copy = Path(self.enterContext(tempfile.TemporaryDirectory()), "another place")
        self.copy.mkdir()
        for name in SOURCES:
            shutil.copy(name, self.copy / name.name)

    @parameterized.parameters(*build_launcher.MACHINES)
    def test_bytes_are_what_the_source_gives(self, machine: str) -> None:
        checked_in = (HERE / machine).read_bytes()
        advice = f"{machine} is not built from this source: bazel run //toolchains/launcher:update"
        self.assertEqual(build_launcher.build(machine, HERE), checked_in, advice)
        self.assertEqual(build_launcher.build(machine, self.copy), checked_in, advice)

    @parameterized.parameters(*build_launcher.LINUX)
    def test_file(self, machine: str) -> None:
        """Small, static, at a fixed address, for pages up to 64 KiB, nothing to write and run."""
        path = HERE / machine
        data = path.read_bytes()
        self.assertLess(len(data), 7000)
        self.assertIsNone(re.search(rb"launcher\.c|/tmp|LLD|clang|zig", data))
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.assertEqual(elf["e_type"], "ET_EXEC")
            segments = [(s["p_type"], s["p_flags"], s["p_align"]) for s in elf.iter_segments()]
        read, write, execute = 4, 2, 1
        self.assertEqual(
            segments,
            [
                ("PT_LOAD", read | execute, 65536),
                ("PT_LOAD", read | write, 65536),
                ("PT_GNU_STACK", read | write, 0),
            ],
        )

    @parameterized.parameters(*build_launcher.MACOS)
    def test_file_for_macos(self, machine: str) -> None:
        """It asks for the system's library alone, and names no place that it was built at."""
        data = (HERE / machine).read_bytes()
        self.assertLess(len(data), 51_000)
        self.assertIsNone(re.search(rb"launcher\.[co]|/tmp|LLD|clang|zig", data))
        file = macho.read(memoryview(data), machine)
        self.assertEqual([dylib.name for dylib in file.dylibs], ["/usr/lib/libSystem.B.dylib"])
        self.assertEqual(file.rpaths, ())

    @parameterized.parameters(*build_launcher.MACOS)
    def test_signed_for_macos(self, machine: str) -> None:
        """With settings as without, and neither larger."""
        bare = (HERE / machine).read_bytes()
        settings = launcher.Settings(1, "libexec/x", environment=(("HOME", launcher.ROOT),))
        patched = launcher.patch(bare, settings)
        self.assertLen(patched, len(bare))
        self.assertEqual(launcher.read(patched), settings)
        for data in (memoryview(bare), memoryview(patched)):
            self.assertEmpty(macho.verify_signature(macho.read(data, machine), data))

    def test_wrong_source(self) -> None:
        (self.copy / "settings.h").write_text("wrong\n")
        with self.assertRaisesRegex(RelocatableError, r"(?s)^zig cc failed:\n.*settings\.h:1"):
            build_launcher.build("linux_arm64", self.copy)

    def test_no_compiler(self) -> None:
        with (
            mock.patch("importlib.util.find_spec", return_value=None),
            self.assertRaisesWithLiteralMatch(
                RelocatableError, "the Python module ziglang, which holds the compiler, is missing"
            ),
        ):
            build_launcher.build("linux_arm64", HERE)


if __name__ == "__main__":
    absltest.main()
