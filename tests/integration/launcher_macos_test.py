"""Runs the launchers for macOS on this machine (Linux, x86_64), beside the model of them in Python.

They are the very files that a Mac runs, behind a program that maps one and gives it the functions
of macOS that it asks for (launcher_macos/). The cases are those of Linux's own launcher. What is
left for a Mac to show is told in docs/macos.md.
"""

import tempfile
import unittest
from pathlib import Path

from absl import flags
from absl.testing import absltest
from toolchains.launcher import build_launcher

from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON, Settings
from support import launcher_cases as cases

HERE = Path(__file__).parent
LAUNCHERS = HERE.parents[1] / "toolchains/launcher"
# Where the program looks for what is behind it.
ALIGNMENT = 0x4000

_DYLD = flags.DEFINE_string("dyld", None, "The program that maps the launcher for x86_64.")
_EMULATOR = flags.DEFINE_string("emulator", None, "Runs the one for arm64, whose program is built.")

_FOR_ARM64 = ("-target", "aarch64-linux-musl", "-static", "-O1", "-D_GNU_SOURCE", "-s")


def setUpModule() -> None:
    place = Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    if _DYLD.value is not None:
        machine, program = "x86_64", Path(_DYLD.value)
    else:
        machine, program = "arm64", place / "dyld"
        source = HERE / "launcher_macos/dyld.c"
        build_launcher.zig(["cc", *_FOR_ARM64, "-o", program, source], str(place))
        cases.EMULATOR = Path(str(_EMULATOR.value)).absolute()
    data = program.read_bytes()
    padded = data + bytes(-len(data) % ALIGNMENT)
    cases.LAUNCHER = place / "launcher"
    cases.LAUNCHER.write_bytes(padded + (LAUNCHERS / f"macos_{machine}").read_bytes())
    cases.LOST = ()
    cases.PATH_MAX = 1024


class RunTest(cases.RunCases):
    """Arguments, environment, status."""


class PlaceTest(cases.PlaceCases):
    """Where the launcher lies and how it is reached."""

    def test_a_colon_where_a_list_is_wanted(self) -> None:
        """The root's number is its other name, where the file system has that."""
        settings = Settings(
            1,
            "libexec/cat",
            arguments=(f"{ROOT}/separator", *cases.SHOW[2:]),
            environment=(("LIST", f"{ROOT_WITHOUT_COLON}:x"),),
        )
        self.dist.add("bin/tool", settings)
        root = self.dist.root.rename(self.directory / "a:b")
        there = root.stat()
        number = f"{there.st_dev}/{there.st_ino}"
        volumes = self.directory / "volumes"
        for name in (str(root), f"/.vol/{number}"):
            done = cases.start(root / "bin/tool", environ={"VOLUMES": str(volumes)})
            environ = done.stdout.removeprefix(cases.SEPARATOR).decode()
            self.assertIn(f"LIST={name}:x\0", environ)
            (volumes / number).mkdir(parents=True, exist_ok=True)


class LimitTest(cases.LimitCases):
    """What fails, and what does not."""


if __name__ == "__main__":
    absltest.main()
