"""Tests of `relocatable.trial`: what a machine that can't run a program is told."""

from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import trial
from relocatable.errors import RelocatableError
from relocatable.launcher import Settings, shell
from support.elf_builder import ElfBuilder

# No machine of this number is known to any kernel or emulator.
NOBODYS = 0x1234


class AnotherMachineTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = Path(self.create_tempdir().full_path)
        (self.root / "bin").mkdir()

    def program(self, path: str, data: bytes) -> None:
        (self.root / path).write_bytes(data)
        (self.root / path).chmod(0o755)

    @parameterized.parameters("native", "sh")
    def test_what_to_do_is_said(self, kind: str) -> None:
        self.program("bin/real", ElfBuilder(machine=NOBODYS, interpreter="/lib/ld.so").build())
        self.program("bin/sh", shell.text(Settings(depth=1, program="bin/real")))
        scratch = Path(self.create_tempdir().full_path)
        with self.assertRaisesRegex(
            RelocatableError,
            r"^bin/\w+ is for another machine than this one \(\w+\): name an emulator .*"
            r"target_compatible_with",
        ):
            trial.run(
                trial.Dist(self.root), ["bin/real" if kind == "native" else "bin/sh"], scratch
            )


if __name__ == "__main__":
    absltest.main()
