"""Runs the real launcher on this machine (Linux, x86_64), beside the model of it in Python."""

import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import launcher
from relocatable.launcher import ROOT_WITHOUT_COLON, Settings
from support.launcher_cases import (
    LAUNCHER,
    SEPARATOR,
    SHOW,
    LauncherTest,
    LimitCases,
    PlaceCases,
    RunCases,
    Shown,
    start,
)


class RunTest(RunCases):
    """Arguments, environment, status."""

    def test_is_small(self) -> None:
        self.assertLess(LAUNCHER.stat().st_size, 6600)


class PlaceTest(PlaceCases):
    """Where the launcher lies and how it is reached."""

    def test_without_a_place(self) -> None:
        """A file that lies in memory only has no dist around it."""
        descriptor = os.memfd_create("x")
        self.addCleanup(os.close, descriptor)
        os.write(descriptor, self.tool.read_bytes())
        done = start(f"/proc/{os.getpid()}/fd/{descriptor}", ["tool"])
        self.assertEqual(done.returncode, 126)
        message = "tool: cannot find the directory of /memfd:x (deleted)\n"
        self.assertEqual(done.stderr.decode(), message)

    def test_replaced_while_it_starts(self) -> None:
        """An update may rename a new file over this one: its old name is then "… (deleted)"."""
        descriptor = os.open(self.tool, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.tool.unlink()
        self.check(f"/proc/{os.getpid()}/fd/{descriptor}")

    def test_a_colon_where_a_list_is_wanted(self) -> None:
        """The root has another name then, which works as long as its descriptor is open."""
        settings = Settings(
            1,
            "libexec/cat",
            arguments=(f"{ROOT_WITHOUT_COLON}/separator", *SHOW[2:]),
            environment=(("LIST", f"{ROOT_WITHOUT_COLON}:x"),),
        )
        self.dist.add("bin/tool", settings)
        for name, value in (("plain", f"{self.directory}/plain"), ("a:b", r"/proc/self/fd/\d+")):
            self.dist.root = self.dist.root.rename(self.directory / name)
            done = start(self.dist.root / "bin/tool")
            self.assertRegex(done.stdout.removeprefix(SEPARATOR).decode(), f"^LIST={value}:x\0")


class LimitTest(LimitCases):
    """What fails: one line, and the status that a shell gives; and what just does not."""


class WithoutProcTest(LauncherTest):
    """In a root without /proc; what a launcher found is told by what it then can't run."""

    def setUp(self) -> None:
        super().setUp()
        self.dist.add("bin/tool", Settings(1, "missing"))

    def run_inside(self, path: str, cwd: str = "/") -> str:
        def enter() -> None:
            try:
                os.chroot(self.directory)
            except PermissionError:
                # Not root: be it in a user namespace, where the kernel allows that.
                ctypes.CDLL(None).unshare(0x10000000)
                os.chroot(self.directory)
            os.chdir(cwd)

        try:
            done = start(path, ["tool"], before=enter)
        except subprocess.SubprocessError:
            self.skipTest("this machine lets this user neither chroot nor make a user namespace")
        self.assertEqual(done.returncode, 127)
        found = re.fullmatch("tool: cannot run (.*): not found\n", done.stderr.decode())
        assert found, done.stderr
        return found[1]

    def test_absolute(self) -> None:
        self.assertEqual(self.run_inside("/a dist/bin/tool"), "/a dist/bin/../missing")

    def test_relative(self) -> None:
        self.assertEqual(self.run_inside("bin/tool", "/a dist"), "/a dist/bin/../missing")
        self.assertEqual(self.run_inside("./tool", "/a dist/bin"), "/a dist/bin/./../missing")

    def test_links(self) -> None:
        (self.directory / "x").mkdir()
        (self.directory / "x/absolute").symlink_to("/a dist/bin/tool")
        (self.directory / "x/relative").symlink_to("../a dist/bin/tool")
        (self.directory / "x/second").symlink_to("relative")
        (self.directory / "x/bin").symlink_to("../a dist/bin")
        self.assertEqual(self.run_inside("/x/absolute"), "/a dist/bin/../missing")
        self.assertEqual(self.run_inside("/x/relative"), "/x/../a dist/bin/../missing")
        self.assertEqual(self.run_inside("./second", "/x"), "/x/./../a dist/bin/../missing")
        self.assertEqual(self.run_inside("/x/bin/tool"), "/x/bin/../missing")

    def test_in_the_root(self) -> None:
        shutil.copy(self.dist.root / "bin/tool", self.directory / "tool")
        self.assertEqual(self.run_inside("/tool"), "/../missing")


class BundledLibcTest(LauncherTest):
    """Through a loader in the dist: a copy of this machine's, as it has --argv0 (glibc 2.33)."""

    def setUp(self) -> None:
        super().setUp()
        maps = Path("/proc/self/maps").read_text()
        libc = re.findall(r"(/\S*/(?:libc\.so\.6|libc-2\.\d+\.so|ld-\S*))$", maps, re.MULTILINE)
        (self.dist.root / "lib").mkdir()
        for path in set(libc):
            name = "ld.so" if "/ld-" in path else "libc.so.6"
            shutil.copy(path, self.dist.root / "lib" / name)
        loader = self.dist.root / "lib/ld.so"
        usage = subprocess.run([loader, "--help"], capture_output=True, check=False)
        if b"--argv0" not in usage.stdout:
            self.skipTest("this machine's loader has no --argv0")
        cat = self.dist.root / "libexec/cat"
        program = cat.resolve()
        cat.unlink()
        shutil.copy(program, cat)

    @parameterized.parameters("plain", "a:b;c d", "$ORIGIN:$LIB", "x:")
    def test_libraries_come_from_the_dist(self, name: str) -> None:
        settings = Settings(
            1, "libexec/cat", loader="lib/ld.so", library_path=("lib",), arguments=SHOW
        )
        self.dist.add("bin/tool", settings)
        root = self.dist.root.rename(self.directory / name)
        (self.directory / "link").symlink_to(root / "bin/tool")
        self.dist.root = root
        trace = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(self.directory / "trace")}
        got = Shown(start(self.directory / "link", ["my/cat"], trace).stdout)
        want = launcher.command(settings, str(root / "bin/tool"), ["my/cat"], trace)
        self.assertEqual(got.argv, list(want.argv))

        text = "".join(file.read_text() for file in self.directory.glob("trace.*"))
        libraries = re.findall(r"calling init: (/.*)", text)
        self.assertNotEmpty(libraries)
        for library in libraries:
            self.assertStartsWith(library, f"{root}/")


if __name__ == "__main__":
    absltest.main()
