"""Outputs are whole or absent, and replace files only; errors are lines."""

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from absl.testing import absltest

from relocatable.errors import RelocatableError
from relocatable.output import scratch_beside, whole

SCRIPT = """
from absl import flags
from relocatable import cli
from relocatable.errors import RelocatableError
HOW = flags.DEFINE_string("how", None, "x", required=True)
def main():
    if HOW.value == "input":
        raise RelocatableError("a is wanted, b was found; do c")
    if HOW.value == "file":
        open("/does/not/exist")
    if HOW.value == "ours":
        raise ValueError("a defect")
cli.run(main)
"""


class WholeTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.path = self.directory / "out"

    def test_there_when_done(self) -> None:
        with whole(self.path) as file:
            file.write(b"x")
            self.assertFalse(self.path.exists())
        self.assertEqual(self.path.read_bytes(), b"x")
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o644)

    def test_nothing_after_an_error_and_the_old_one_stays(self) -> None:
        self.path.write_bytes(b"old")
        with self.assertRaises(KeyboardInterrupt), whole(self.path) as file:
            file.write(b"half")
            raise KeyboardInterrupt
        self.assertEqual(list(self.directory.iterdir()), [self.path])
        self.assertEqual(self.path.read_bytes(), b"old")

    def test_what_was_there_keeps_its_mode(self) -> None:
        self.path.write_bytes(b"old")
        self.path.chmod(0o640)
        with whole(self.path) as file:
            file.write(b"new")
        self.assertEqual(self.path.read_bytes(), b"new")
        self.assertEqual(self.path.stat().st_mode & 0o7777, 0o640)

    def test_nobody_else_reads_it_before_it_is_there(self) -> None:
        with whole(self.path) as file:
            self.assertEqual(os.fstat(file.fileno()).st_mode & 0o777, 0o600)

    def test_a_name_of_any_length(self) -> None:
        path = self.directory / ("x" * 255)
        with whole(path) as file:
            file.write(b"x")
        self.assertEqual(path.read_bytes(), b"x")


class NoFileTest(absltest.TestCase):
    """What is no regular file is never replaced."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path).resolve()
        self.path = self.directory / "out"

    def write(self, path: Path, data: bytes = b"new") -> None:
        with whole(path) as file:
            file.write(data[:1])
            file.write(data[1:])

    def test_a_link_stays_and_leads_to_the_new_file(self) -> None:
        real = self.directory / "real"
        for old in (b"old", None):
            with self.subTest(old=old):
                if old is not None:
                    real.write_bytes(old)
                self.path.symlink_to("real")
                self.write(self.path)
                self.assertEqual(self.path.readlink(), Path("real"))
                self.assertEqual(real.read_bytes(), b"new")
                self.assertCountEqual(self.directory.iterdir(), [self.path, real])
                self.path.unlink()
                real.unlink()

    def test_a_link_to_itself(self) -> None:
        self.path.symlink_to("out")
        with self.assertRaisesRegex(OSError, "Too many levels of symbolic links.*/out"):
            self.write(self.path)
        self.assertTrue(self.path.is_symlink())

    def test_a_pipe_is_written_into(self) -> None:
        os.mkfifo(self.path)
        with reader(self.path) as found:
            self.write(self.path, b"x" * 200_000)
        self.assertEqual(found, [b"x" * 200_000])
        self.assertTrue(self.path.is_fifo())
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_a_pipe_gets_nothing_of_what_fails(self) -> None:
        os.mkfifo(self.path)
        end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        with self.assertRaises(KeyboardInterrupt), whole(self.path) as file:
            file.write(b"half" * 20_000)
            raise KeyboardInterrupt
        self.assertEqual(os.read(end, 1), b"")
        os.close(end)

    def test_a_device_is_written_into(self) -> None:
        """A terminal, by its name and through a link."""
        (self.directory / "link").symlink_to("out")
        ours, theirs = os.openpty()
        self.path.symlink_to(os.ttyname(theirs))
        for path in (self.path, self.directory / "link"):
            self.write(path)
            self.assertEqual(os.read(ours, 9), b"new")
            self.assertTrue(stat.S_ISCHR(path.stat().st_mode))
            self.assertTrue(path.is_symlink())
        os.close(ours)
        os.close(theirs)

    def test_a_device_of_the_same_directory(self) -> None:
        """As /dev/null is for root, who may replace it."""
        try:
            os.mknod(self.path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            self.path.write_bytes(b"")
        except PermissionError:
            self.skipTest("a device node can't be made or used here")
        before = self.path.lstat()
        self.write(self.path)
        after = self.path.lstat()
        self.assertTrue(stat.S_ISCHR(after.st_mode))
        self.assertEqual((before.st_ino, before.st_rdev), (after.st_ino, after.st_rdev))
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_an_open_file_is_written_into(self) -> None:
        """As /dev/stdout is, by a link like that: a fault here shall not cost a machine its own."""
        script = (
            "import sys, pathlib\nfrom relocatable.output import whole\n"
            "with whole(pathlib.Path(sys.argv[1])) as file:\n    file.write(b'new')"
        )
        link, descriptors = self.directory / "stdout", self.directory / "fd"
        link.symlink_to("/proc/self/fd/1")
        descriptors.symlink_to("/proc/self/fd")
        for name in (link, descriptors / "1"):
            with self.subTest(name=name.name), self.path.open("w+b") as file:
                inode = self.path.stat().st_ino
                subprocess.run(
                    [sys.executable, "-c", script, name],
                    env={"PYTHONPATH": ":".join(sys.path)},
                    stdout=file,
                    check=True,
                )
                self.assertEqual(self.path.stat().st_ino, inode)
                self.assertEqual(self.path.read_bytes(), b"new")
                self.assertTrue(link.is_symlink())

    def test_a_directory_is_refused(self) -> None:
        self.path.mkdir()
        (self.directory / "link").symlink_to("out")
        for path in (self.path, self.directory / "link"):
            with self.assertRaises(RelocatableError) as caught:
                self.write(path)
            self.assertEqual(
                str(caught.exception),
                f"{path} is a directory; a file, a device, a pipe or nothing is wanted there: "
                "name another path",
            )
        self.assertEqual(list(self.path.iterdir()), [])

    def test_a_socket_is_refused(self) -> None:
        os.chdir(self.directory)  # The path of a socket is short.
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("out")
            with self.assertRaisesRegex(RelocatableError, "out is a socket; a file, a device"):
                self.write(self.path)
        self.assertTrue(self.path.is_socket())

    def test_nothing_is_made_beside_a_device(self) -> None:
        ours, theirs = os.openpty()
        with scratch_beside(Path(os.ttyname(theirs))) as directory:
            self.assertFalse(directory.is_relative_to("/dev"))
        with scratch_beside(self.path) as directory:
            self.assertEqual(directory.parent, self.directory)
            self.assertEqual(directory.stat().st_mode & 0o777, 0o700)
        self.assertEqual(list(self.directory.iterdir()), [])
        os.close(ours)
        os.close(theirs)


@contextmanager
def reader(pipe: Path) -> Iterator[list[bytes]]:
    """Reads all that comes through a pipe while the block runs."""
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(pipe.read_bytes()), daemon=True)
    thread.start()
    yield found
    thread.join()


class CliTest(absltest.TestCase):
    def run_tool(self, *arguments: str) -> tuple[int, str]:
        path = ":".join(sys.path)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            env={"PYTHONPATH": path},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def test_statuses_and_messages(self) -> None:
        self.assertEqual(self.run_tool("--how=fine"), (0, ""))
        self.assertEqual(
            self.run_tool("--how=input", "--label=//:x"),
            (1, "error: //:x: a is wanted, b was found; do c\n"),
        )
        self.assertEqual(
            self.run_tool("--how=file"),
            (1, "error: /does/not/exist: No such file or directory\n"),
        )

    def test_wrong_flags(self) -> None:
        self.assertEqual(
            self.run_tool("--how=fine", "stray"),
            (1, "error: unknown argument 'stray': this tool takes flags only\n"),
        )
        self.assertEqual(
            self.run_tool("--how=fine", "--hwo=x"),
            (1, "error: wrong flags: Unknown command line flag 'hwo'. Did you mean: how ?\n"),
        )
        status, message = self.run_tool("--label=//:x")
        self.assertEqual(status, 1)
        self.assertRegex(message, r"\Aerror: //:x: wrong flags: flag --how=None: .*\n\Z")

    def test_a_defect_keeps_its_traceback(self) -> None:
        status, message = self.run_tool("--how=ours")
        self.assertEqual(status, 1)
        self.assertIn("Traceback", message)


if __name__ == "__main__":
    absltest.main()
