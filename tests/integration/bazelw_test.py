"""The launcher, with programs of ours in place of the ones that it finds on a machine.

What it does with the real ones is seen whenever the project builds at all.
"""

import os
import shutil
import signal
import stat
import subprocess
from pathlib import Path

from absl.testing import absltest, parameterized

BAZELW = Path(__file__).parent.parent.parent / "bazelw"

# That file says "already inside of the private root", which may be so where this test runs.
MARKER = "/usr/share/rules_relocatable/root"

# What the launcher may use of the real machine; everything else is missing unless a test makes it.
REAL_PROGRAMS = (
    "bash",
    "cat",
    "cp",
    "dirname",
    "env",
    "find",
    "flock",
    "grep",
    "head",
    "mkdir",
    "mv",
    "paste",
    "rm",
    "sed",
    "sha256sum",
    "sh",
    "tail",
    "tar",
    "touch",
    "tr",
)

ECHO = """
printf '<%s>' "$0" "$@"
cat
exit 7
"""

# Puts into the directory that it is given what the launcher goes on to edit.
MMDEBSTRAP = """
echo once >>"$HOME/made"
for argument; do case $argument in /*) root=$argument ;; esac; done
mkdir -p "$root/etc/bazel"
touch "$root/etc/bazel/bazelrc"
"""

# Succeeds when it is only tried out; else ends with the arguments that would reach Bazel.
UNSHARE = """
for last; do :; done
[ "$last" = true ] || printf '<%s>' "$@" | tail -c 40
"""


class LauncherTestCase(parameterized.TestCase):
    """A workspace with the launcher, and a machine with only what a test gives it."""

    def setUp(self) -> None:
        super().setUp()
        self.home = Path(self.create_tempdir().full_path)
        self.cache = self.home / ".cache/rules_relocatable"
        self.bin = self.home / "bin"
        self.bin.mkdir()
        for name in REAL_PROGRAMS:
            found = shutil.which(name)
            self.assertIsNotNone(found, name)
            (self.bin / name).symlink_to(str(found))

        text = BAZELW.read_text()
        self.assertIn(MARKER, text)
        self.launcher = self.script(
            self.home / "work space/bazelw", text.replace(f"MARKER={MARKER}", "MARKER=/marker")
        )
        profile = self.launcher.parent / "third_party/debian"
        (profile / "overlay/marker").parent.mkdir(parents=True)
        (profile / "packages.txt").write_text("# comment\none\ntwo\n")

    def script(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def program(self, name: str, text: str) -> None:
        self.script(self.bin / name, f"#!/bin/sh\n{text}\n")

    def debian_machine(self) -> None:
        """A Debian where we are root; `unshare` says what would have run in the namespace."""
        self.program("id", "echo 0")
        self.program("df", "echo 9999M")
        self.program("apt-get", "")
        self.program("apt-config", "")
        self.program("mmdebstrap", MMDEBSTRAP)
        self.program("unshare", UNSHARE)

    def start(self, *arguments: str, choice: str | None = None) -> subprocess.Popen[str]:
        environment = {"HOME": str(self.home), "PATH": str(self.bin)}
        if choice is not None:
            environment["BAZELW"] = choice
        return subprocess.Popen(
            [str(self.launcher), *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_launcher(
        self, *arguments: str, choice: str | None = None, stdin: str = ""
    ) -> tuple[int, str, str]:
        process = self.start(*arguments, choice=choice)
        out, err = process.communicate(stdin)
        return process.returncode, out, err

    def assert_error(self, wanted: str, choice: str | None) -> None:
        status, out, err = self.run_launcher("build", choice=choice)
        self.assertEqual((status, out), (1, ""))
        self.assertIn(f"bazelw: error: {wanted}", err.splitlines()[-1])


class PassThroughTest(LauncherTestCase):
    def test_arguments_stdin_and_status(self) -> None:
        self.program("bazel", ECHO)
        status, out, err = self.run_launcher("run", "a b", "", "*", choice="host", stdin="typed")
        self.assertEqual((status, out, err), (7, f"<{self.bin}/bazel><run><a b><><*>typed", ""))

    @parameterized.parameters(signal.SIGINT, signal.SIGTERM)
    def test_signals(self, number: signal.Signals) -> None:
        # Bazel is the process that was started, so that what is sent to it needs no forwarding.
        self.program("bazel", "trap 'exit 9' INT TERM\necho $$\nread -r line\nexit 1")
        process = self.start(choice="host")
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), f"{process.pid}\n")
        process.send_signal(number)
        # The pipe stays open until the trap has run, so that only the signal can have ended it.
        self.assertEqual(process.wait(timeout=60), 9)
        process.communicate()


class ChoiceTest(LauncherTestCase):
    def test_bazelisk_goes_before_bazel(self) -> None:
        self.program("curl", "")
        self.program("bazel", "echo bazel")
        self.program("bazelisk", "echo bazelisk")
        self.assertEqual(self.run_launcher()[1], "bazelisk\n")

    def test_npm_where_nothing_is_installed(self) -> None:
        self.program("curl", "")
        self.program("npm", ECHO)
        status, out, _ = self.run_launcher("build", "//...", stdin="typed")
        self.assertEqual(status, 7)
        self.assertRegex(out, r"<exec><--yes><--package=@bazel/bazelisk@[\d.]+><-->")
        self.assertEndsWith(out, "<bazelisk><build><//...>typed")

    def test_debian_where_the_registry_is_out_of_reach(self) -> None:
        self.debian_machine()
        self.program("curl", 'echo asked >>"$HOME/asked"; exit 6')
        self.program("bazel", "echo bazel")
        for _ in range(2):
            status, out, _ = self.run_launcher("build", "//...")
            self.assertEqual(status, 0)
            self.assertEndsWith(out, "<0><build><//...>")
        # The answer is remembered, and the root is made once.
        self.assertEqual((self.home / "asked").read_text(), "asked\n")
        self.assertEqual((self.home / "made").read_text(), "once\n")

    def test_unknown(self) -> None:
        self.assert_error("wanted BAZELW to be host, npm or debian, found 'moon'", choice="moon")

    def test_chosen_but_missing(self) -> None:
        self.assert_error("wanted bazelisk or bazel on PATH, found neither", choice="host")
        self.assert_error("wanted npm on PATH, found none", choice="npm")


class DebianTest(LauncherTestCase):
    def roots(self) -> list[str]:
        return sorted(path.name for path in self.cache.glob("debian-*"))

    def test_two_at_once_make_one_root(self) -> None:
        self.debian_machine()
        processes = [self.start("version", choice="debian") for _ in range(3)]
        for process in processes:
            out, err = process.communicate()
            self.assertEqual(process.returncode, 0, err)
            self.assertEndsWith(out, "<version>")
        self.assertEqual((self.home / "made").read_text(), "once\n")
        self.assertLen(self.roots(), 1)

    def test_another_package_list_is_another_root(self) -> None:
        self.debian_machine()
        self.run_launcher(choice="debian")
        with (self.launcher.parent / "third_party/debian/packages.txt").open("a") as file:
            file.write("three\n")
        self.run_launcher(choice="debian")
        self.assertLen(self.roots(), 2)

    def test_a_half_made_root_is_removed(self) -> None:
        self.debian_machine()
        (self.cache / "debian-0123456789abcdef.part/etc").mkdir(parents=True)
        self.assertEqual(self.run_launcher(choice="debian")[0], 0)
        self.assertLen(self.roots(), 1)
        self.assertNotIn("part", self.roots()[0])

    def test_no_mirror_leaves_nothing_behind(self) -> None:
        self.debian_machine()
        self.program("mmdebstrap", MMDEBSTRAP + "echo 'E: no route' >&2; exit 1")
        self.assert_error("mmdebstrap could not make Debian's Bazel (see above)", choice="debian")
        self.assertEmpty(self.roots())

    def test_no_disk(self) -> None:
        self.debian_machine()
        self.program("df", "echo Avail; echo 12M")
        self.assert_error(f"wanted 3000 MB of disk in {self.cache}, found 12", choice="debian")

    def test_no_rights(self) -> None:
        self.debian_machine()
        self.program("id", '[ "$1" = -un ] && echo someone || echo 1000')
        self.assert_error("wanted root's rights to make Debian's Bazel, found", choice="debian")

    def test_no_namespaces(self) -> None:
        self.debian_machine()
        self.program("unshare", "exit 1")
        self.assert_error("wanted the right to make a mount namespace", choice="debian")

    def test_not_debian(self) -> None:
        self.program("uname", "echo Plan9")
        self.assert_error("wanted a Bazel (bazelisk, bazel or npm on PATH, and", choice=None)

    def test_inside_of_the_root_it_is_bazel(self) -> None:
        self.program("bazel", ECHO)
        marker = self.home / "marker"
        marker.touch()
        text = self.launcher.read_text().replace("MARKER=/marker", f"MARKER={marker}")
        self.script(self.launcher, text)
        self.assertEqual(self.run_launcher("info")[1], f"<{self.bin}/bazel><info>")


if __name__ == "__main__":
    os.umask(0o022)
    absltest.main()
