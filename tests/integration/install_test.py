"""`NAME.install` of the flagship, as `bazel run` starts it: on a terminal, ended, out of room."""

import ctypes
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from absl.testing import absltest

from relocatable.install import MARKER
from relocatable.trial import unpack

NAME = "lldb_linux_x86_64"
ARCHIVE = Path(f"dist/{NAME}.tar.zst")
COMMAND = (f"dist/{NAME}.install", f"--spec=dist/{NAME}.install.spec.json")
FULL = 77
_CLONE_NEWNS = 0x00020000
_CLONE_NEWUSER = 0x10000000


def command(*arguments: str | Path) -> list[str]:
    return [*COMMAND, *map(str, arguments)]


def snapshot(directory: Path) -> dict[str, tuple[int, str | bytes]]:
    """All that is below a directory: modes, and bytes or targets."""
    found: dict[str, tuple[int, str | bytes]] = {}
    for path in directory.rglob("*"):
        if path.name == MARKER:
            continue
        value: str | bytes = b""
        if path.is_symlink():
            value = str(path.readlink())
        elif path.is_file():
            value = path.read_bytes()
        found[str(path.relative_to(directory))] = path.lstat().st_mode, value
    return found


def on_terminal(argv: Sequence[str]) -> tuple[int, str]:
    """Runs a command on a terminal of its own; returns its status and what it showed."""
    process, terminal = pty.fork()
    if process == 0:
        os.execv(argv[0], list(argv))  # noqa: S606
    said = b""
    try:
        while data := os.read(terminal, 4096):
            said += data
    except OSError:  # How Linux says that the other end is closed.
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said.decode()


class InstallTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(self.create_tempdir().full_path).resolve()
        self.directory = self.base / "a pläce"

    def test_is_what_the_archive_unpacks_to(self) -> None:
        status, said = on_terminal(command(self.directory))
        self.assertEqual(status, 0, said)
        self.assertRegex(said, rf"installing {NAME} \(\d+ MB\) into {self.directory}\r\n")
        archived = self.base / "archived"
        archived.mkdir()
        self.assertEqual(snapshot(self.directory), snapshot(unpack(ARCHIVE, archived)))
        lldb = self.directory / "bin/lldb"
        shown = subprocess.run([lldb, "--version"], capture_output=True, text=True, check=True)
        self.assertIn("lldb version 16", shown.stdout)

    def test_a_relative_path_counts_from_where_the_user_is(self) -> None:
        environment = {**os.environ, "BUILD_WORKING_DIRECTORY": str(self.base)}
        subprocess.run(command("x/y"), env=environment, stdout=subprocess.DEVNULL, check=True)
        self.assertTrue((self.base / "x/y" / MARKER).is_file())

    def test_an_unset_variable(self) -> None:
        (self.base / "thesis.txt").write_text("years of work")
        environment = {**os.environ, "BUILD_WORKING_DIRECTORY": str(self.base)}
        for name in ("", "."):
            for flags in ([], ["--force"]):
                done = subprocess.run(
                    command(*flags, name), env=environment, capture_output=True, check=False
                )
                self.assertEqual(done.returncode, 1)
                self.assertLen(done.stderr.splitlines(), 1)
        self.assertEqual([path.name for path in self.base.iterdir()], ["thesis.txt"])

    def test_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with subprocess.Popen(
                command(self.directory), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
            ) as process:
                while not (self.base / f".{self.directory.name}.install/new/lib").exists():
                    time.sleep(0.001)
                process.send_signal(number)
                _, said = process.communicate()
            self.assertEqual(process.returncode, 1)
            self.assertEqual(said.decode(), f"error: ended by {number.name}\n")
            self.assertEmpty(list(self.base.iterdir()))

    def test_a_full_disk(self) -> None:
        process = os.fork()
        if process == 0:
            try:
                self.fill_a_disk()
            except BaseException as error:
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status == FULL:
            self.skipTest("a file system of its own is wanted, and can't be mounted here")
        self.assertEqual(status, 0)

    def fill_a_disk(self) -> None:
        """Installs where there is room for one third of it."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNS | (_CLONE_NEWUSER if os.geteuid() else 0)):
            os._exit(FULL)
        if libc.mount(b"none", os.fsencode(self.base), b"tmpfs", 0, b"size=100m"):
            os._exit(FULL)
        self.directory.mkdir()
        (self.directory / MARKER).write_text(f'{{"name": "{NAME}"}}')
        (self.directory / "old").touch()
        done = subprocess.run(command(self.directory), capture_output=True, text=True, check=False)
        said = f": No space left on device; {self.directory} is as it was\n"
        self.assertEqual(done.returncode, 1)
        self.assertEndsWith(done.stderr, said)
        self.assertLen(done.stderr.splitlines(), 1)
        self.assertCountEqual([path.name for path in self.directory.iterdir()], [MARKER, "old"])
        self.assertEqual(list(self.base.iterdir()), [self.directory])


if __name__ == "__main__":
    absltest.main()
