"""The example that embeds Python, built as its users would, then put where they might put it.

Runs Bazel in the example's own workspace. All tests share its outputs.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import trial
from support import checkout
from support.consumer import Consumer

SMOKE = "--smoke-python"
IMPORTED = "ssl sqlite3 ctypes zlib: imported"
NOBODY = 65534
# What a machine may have set, and have, for a Python of its own.
HOSTILE = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"}
NO_PROC = 'mount -t tmpfs none /proc && exec "$@"'


class EmbedTest(parameterized.TestCase):
    example: Consumer
    outputs: Path
    scratch: Path
    dist: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output_base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cls.example = Consumer(checkout.workspace() / "examples/embed", output_base)
        cls.addClassCleanup(cls.example.close)
        cls.bazel("test", "//...")
        cls.outputs = Path(cls.bazel("info", "bazel-bin").splitlines()[-1])
        # Not below TEST_TMPDIR: its directories may be closed to other users.
        cls.scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.scratch.chmod(0o755)
        cls.dist = trial.unpack(cls.outputs / "calculator_dist.tar.zst", cls.scratch)

    @classmethod
    def bazel(cls, command: str, *arguments: str) -> str:
        """Runs Bazel in the example and leaves no links there; returns what it said."""
        done = cls.example.bazel(command, "--symlink_prefix=/", *arguments)
        if done.returncode:
            raise AssertionError(done.stdout)
        return done.stdout

    def place(self, name: str) -> Path:
        """A directory that is not there yet."""
        self.directory = Path(tempfile.mkdtemp(dir=self.scratch))
        self.directory.chmod(0o755)
        return self.directory / name

    def run_smoke(self, *command: str | Path, **options: object) -> str:
        """Runs a command from another directory, in a hostile environment; returns its output."""
        decoys = self.scratch / "decoys"
        decoys.mkdir(exist_ok=True)
        for name in ("python", "python3", "python3.11", "calculator"):
            (decoys / name).write_text("#!/bin/sh\necho decoy\n")
            (decoys / name).chmod(0o755)
        done = subprocess.run(
            [*command, SMOKE],
            cwd="/",
            env=HOSTILE | {"PATH": f"{decoys}:{os.defpath}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **options,  # type: ignore[call-overload]
        )
        return str(done.stdout)

    def test_functions_are_tested_on_the_python_that_ships(self) -> None:
        said = self.bazel("test", "--config=shipped_python", "//:functions_test")
        self.assertRegex(said, r"//:functions_test +PASSED")

    @parameterized.parameters("plain", "with spaces", "co:lon", "äöü", "a;b")
    def test_the_dist_anywhere(self, name: str) -> None:
        root = self.place(name)
        shutil.copytree(self.dist, root, symlinks=True)
        said = self.run_smoke(root / "bin/calculator")
        self.assertIn(f"Python 3.11.2 in {root}\n", said)
        self.assertIn(IMPORTED, said)
        self.assertIn("PYTHONHOME=/nowhere for child processes", said)

    def test_another_user_who_can_write_nothing(self) -> None:
        root = self.place("read only")
        shutil.copytree(self.dist, root, symlinks=True)
        subprocess.run(["chmod", "-R", "a-w,a+rX", root], check=True)
        options = {} if os.getuid() else {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        self.assertIn(IMPORTED, self.run_smoke(root / "bin/calculator", **options))
        self.assertEmpty(list(root.rglob("__pycache__")))

    def test_behind_a_link(self) -> None:
        link = self.place("link")
        link.symlink_to(self.dist / "bin/calculator")
        self.assertIn(f"Python 3.11.2 in {self.dist}\n", self.run_smoke(link))

    def test_without_proc(self) -> None:
        namespace = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
        said = self.run_smoke(*namespace, "sh", "-c", NO_PROC, "sh", self.dist / "bin/calculator")
        self.assertIn(f"Python 3.11.2 in {self.dist}\n", said)

    def test_without_proc_and_with_a_made_up_name(self) -> None:
        namespace = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
        program = self.loaded(self.dist / "libexec/calculator", self.dist / "lib")
        said = self.run_smoke(*namespace, "sh", "-c", NO_PROC, "sh", *program)
        self.assertIn(f"Python 3.11.2 in {self.dist}\n", said)

    def loaded(self, program: Path, libraries: Path) -> list[str | Path]:
        """A command that starts a program as linked, on the C library of the dist."""
        loader = self.dist / "lib/ld-linux-x86-64.so.2"
        path = f"{libraries}:{self.dist}/lib"
        return [loader, "--library-path", path, "--argv0", "made-up", program]

    @parameterized.parameters(
        # The program, the libraries, and the home, below one directory.
        ("bin", "lib", ""),
        ("", "Frameworks", "python"),
        ("", "lib", "python"),
        ("", "python/lib", "python"),
    )
    def test_the_layouts(self, program: str, libraries: str, home: str) -> None:
        """Without a launcher, and without help from where libpython is."""
        root = self.place("the app")
        for directory in (program, libraries, f"{home}/lib"):
            (root / directory).mkdir(parents=True, exist_ok=True)
        shutil.copy(self.outputs / "calculator", root / program)
        shutil.copytree(self.dist / "lib/python3.11", root / home / "lib/python3.11", symlinks=True)
        shutil.copy(self.dist / "lib/libpython3.11.so.1.0", root / libraries)
        shutil.copy(self.dist / "lib/libexpat.so.1", root / libraries)
        for place in ("the app", "moved"):
            root = root.rename(self.directory / place)
            command = self.loaded(root / program / "calculator", root / libraries)
            said = self.run_smoke(*command)
            self.assertIn(f"Python 3.11.2 in {(root / home).resolve()}\n", said)
            self.assertIn(IMPORTED, said)

    def test_no_home(self) -> None:
        program = self.place("calculator")
        shutil.copy(self.outputs / "calculator", program)
        lonely = self.directory / "lib"
        lonely.mkdir()
        for name in (
            "libpython3.11.so.1.0",
            "libexpat.so.1",
            "libz.so.1",
            "libm.so.6",
            "libc.so.6",
        ):
            shutil.copy(self.dist / "lib" / name, lonely)
        loader = self.dist / "lib/ld-linux-x86-64.so.2"
        said = self.run_smoke(loader, "--library-path", lonely, program)
        self.assertIn(
            "Fatal Python error: relocatable_py: no lib/python3.11/os.py in python, ../python, .. "
            f"or . from where this is: {program}\n",
            said,
        )


if __name__ == "__main__":
    absltest.main()
