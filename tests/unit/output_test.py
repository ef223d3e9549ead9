"""Outputs are whole or absent; errors are lines."""

import subprocess
import sys
from pathlib import Path

from absl.testing import absltest

from relocatable.output import whole

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
