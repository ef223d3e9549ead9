"""The example of a whole Python, built as its users would, and used as one: pip, wheels, venv.

Runs Bazel in the example's own workspace. All tests share its outputs.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable.trial import Dist, Room, run, unpack
from support import checkout
from support.consumer import Consumer

_EMULATOR = flags.DEFINE_string("emulator", None, "For dists of arm64.", required=True)
_WHEELS = flags.DEFINE_multi_string("wheel", [], "A wheel with compiled code.")

ENVIRONMENT = {"HOME": "/nowhere", "PIP_NO_INPUT": "1", "PYTHONHOME": "/nowhere"}
PIP = ("--no-index", "--no-compile", "--disable-pip-version-check")

LIBRARY = """
import _uuid, bz2, crypt, ctypes, curses, dbm.ndbm, distutils.core, ensurepip, lib2to3.pytree
import lzma, readline, sqlite3, ssl, sys, venv, zlib
from pip._vendor import certifi
from pip._vendor.packaging import tags
print(sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0], end=" ")
print(ctypes.CDLL("libstdc++.so.6").__gxx_personality_v0 is not None, end=" ")
print(ssl.create_default_context(cafile=certifi.where()).cert_store_stats()["x509_ca"] > 100)
print(" ".join(tag.platform for tag in list(tags.sys_tags())[:2]))
"""

NUMPY = "import numpy; print(numpy.linalg.inv(numpy.diag([2.0, 4.0])).tolist())"


class StandalonePythonTest(parameterized.TestCase):
    outputs: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output_base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        example = Consumer(checkout.workspace() / "examples/standalone_python", output_base)
        cls.addClassCleanup(example.close)
        done = example.bazel("test", "--symlink_prefix=/", "//...")
        if done.returncode:
            raise AssertionError(done.stdout)
        found = example.bazel("info", "--symlink_prefix=/", "output_path")
        cls.outputs = Path(found.stdout.splitlines()[-1])

    def unpack(self, cpu: str) -> Dist:
        place = self.new("a place")
        # Each platform has a directory of its own.
        (archive,) = self.outputs.glob(f"*/bin/python_linux_{cpu}.tar.zst")
        emulator = Path(_EMULATOR.value).resolve() if cpu == "arm64" else None
        return Dist(unpack(archive, place), emulator)

    def new(self, name: str) -> Path:
        directory = Path(self.create_tempdir().full_path) / name
        directory.mkdir()
        return directory

    def wheels(self) -> Path:
        directory = self.new("wheels")
        for wheel in _WHEELS.value:
            shutil.copy(wheel, directory)
        return directory

    def out(self, dist: Dist, *arguments: str, shown: Mapping[str, Path] | None = None) -> str:
        """What a program says; in a root with nothing but the dist, if `shown` is given.

        Elsewhere it may start programs of the machine: pip asks some what system this is.
        """
        room = Room(empty_root=shown is not None, shown=shown or {})
        done = run(dist, arguments, self.new("scratch"), environment=ENVIRONMENT, room=room)
        self.assertEqual(done.status, 0, done.output)
        if shown is not None:
            self.assertEmpty([p for p in done.loaded if not Path(p).is_relative_to(dist.root)])
        return done.output

    @parameterized.parameters(("x86_64", "x86_64"), ("arm64", "aarch64"))
    def test_the_library(self, cpu: str, machine: str) -> None:
        found = self.out(self.unpack(cpu), "bin/python3", "-Wignore", "-c", LIBRARY, shown={})
        self.assertEqual(found, f"42 True True\nlinux_{machine} manylinux_2_36_{machine}\n")

    @parameterized.parameters("x86_64", "arm64")
    def test_pip_installs_what_is_compiled(self, cpu: str) -> None:
        dist = self.unpack(cpu)
        shown = {"tmp": self.new("tmp"), "wheels": self.wheels()}
        said = self.out(
            dist, "bin/pip", "install", *PIP, "--find-links=/wheels", "numpy", shown=shown
        )
        self.assertIn("Successfully installed numpy", said)
        moved = Dist(dist.root.rename(self.new("moved") / "elsewhere"), dist.emulator)
        found = self.out(moved, "bin/python3", "-c", NUMPY, shown=shown)
        self.assertEqual(found, "[[0.5, 0.0], [0.0, 0.25]]\n")
        said = self.out(moved, "bin/pip", "uninstall", "--yes", "numpy", shown=shown)
        self.assertIn("Successfully uninstalled numpy", said)

    def test_environments(self) -> None:
        dist = self.unpack("x86_64")
        self.out(dist, "bin/python3", "-m", "venv", str(dist.root / "env"))
        links = f"--find-links={self.wheels()}"
        self.out(dist, "env/bin/python3", "-m", "pip", "install", *PIP, links, "numpy")
        code = f"{NUMPY}; import sys; print(sys.prefix == {str(dist.root / 'env')!r})"
        found = self.out(dist, "env/bin/python3", "-c", code)
        self.assertEqual(found, "[[0.5, 0.0], [0.0, 0.25]]\nTrue\n")
        self.assertEmpty(list((dist.root / "lib/python3.11/site-packages").glob("numpy*")))


if __name__ == "__main__":
    absltest.main()
