"""Runs the launcher for macOS on this machine (Linux, x86_64), beside the model of it in Python.

It is the very file that a Mac runs, behind a program that maps it and gives it the functions of
macOS that it asks for (launcher_macos/). The cases are those of Linux's own launcher. What is left
for a Mac to show is told in docs/macos.md.
"""

import tempfile
import unittest
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON, Settings
from support import launcher_cases as cases

HERE = Path(__file__).parent
LAUNCHER = HERE.parents[1] / "toolchains/launcher/macos_x86_64"
# Where the program looks for what is behind it.
ALIGNMENT = 0x4000

_DYLD = flags.DEFINE_string("dyld", None, "The program that maps launchers.", required=True)


def setUpModule() -> None:
    place = Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    data = Path(_DYLD.value).read_bytes()
    cases.LAUNCHER = place / "launcher"
    cases.LAUNCHER.write_bytes(data + bytes(-len(data) % ALIGNMENT) + LAUNCHER.read_bytes())
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
