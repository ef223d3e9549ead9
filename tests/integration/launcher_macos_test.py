"""Runs the logic of the launcher for macOS on this machine (Linux, x86_64), beside its model.

The same source as on a Mac is built for Linux's C library, with what only macOS has from
launcher_macos/; the cases are those of Linux's own launcher. What is left for a Mac to show is told
in docs/macos.md.
"""

import tempfile
import unittest
from pathlib import Path

from absl.testing import absltest
from toolchains.launcher import build_launcher

from relocatable.launcher import ROOT_WITHOUT_COLON, Settings
from support import launcher_cases as cases

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "toolchains/launcher"
FLAGS = ("-target", "x86_64-linux-gnu", "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra")


def build(place: Path) -> Path:
    """Builds the launcher, for which `volumes` in the same place is what `/.vol` is on a Mac."""
    program, unit = place / "launcher", place / "launcher.o"
    mac = ["-D__APPLE__", "-Dmain=launcher_main", f'-DVOLUMES="{place}/volumes/"', f"-I{SOURCES}"]
    own = HERE / "launcher_macos"
    common = ["cc", *FLAGS, f"-I{own}"]
    build_launcher.zig([*common, *mac, "-c", "-o", unit, SOURCES / "launcher.c"], str(place))
    build_launcher.zig([*common, "-o", program, own / "system.c", unit], str(place))
    return program


def setUpModule() -> None:
    place = Path(unittest.enterModuleContext(tempfile.TemporaryDirectory()))
    cases.LAUNCHER = build(place)


class RunTest(cases.RunCases):
    """Arguments, environment, status."""


class PlaceTest(cases.PlaceCases):
    """Where the launcher lies and how it is reached."""

    def test_a_colon_where_a_list_is_wanted(self) -> None:
        """The root's number is its other name, where the file system has that."""
        settings = Settings(
            1,
            "libexec/cat",
            arguments=("{root_without_colon}/separator", *cases.SHOW[2:]),
            environment=(("LIST", f"{ROOT_WITHOUT_COLON}:x"),),
        )
        tool = self.dist.add("bin/tool", settings)
        root = self.dist.root = self.dist.root.rename(self.directory / "a:b")
        there = root.stat()
        number = cases.LAUNCHER.parent / "volumes" / str(there.st_dev) / str(there.st_ino)
        number.parent.mkdir(parents=True)
        for name in (root, number):
            done = cases.start(root / "bin" / tool.name)
            self.assertStartsWith(
                done.stdout.removeprefix(cases.SEPARATOR).decode(), f"LIST={name}:x\0"
            )
            if name == root:
                number.symlink_to(root)


class LimitTest(cases.LimitCases):
    """What fails, and what does not."""


if __name__ == "__main__":
    absltest.main()
