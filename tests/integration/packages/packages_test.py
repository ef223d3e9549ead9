"""A Python with packages from wheels and Python targets, moved, read-only, amid decoys."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable.trial import Dist, Outcome, run, unpack
from support import wheel_builder

_ARCHIVE = flags.DEFINE_string("archive", None, "The dist.", required=True)
_EMULATOR = flags.DEFINE_string("emulator", None, "For a dist of another machine.")

# What another Python on the machine may have left in the environment.
POISON = {
    "PYTHONHOME": "/of/another/python",
    "PYTHONPATH": "/of/another/python/lib",
    "PYTHONPLATLIBDIR": "lib64",
    "PYTHONUSERBASE": "/of/the/user",
}

# In a variable of the build: a place on the machine that it was done on.
ABSOLUTE = re.compile(r"(?:^|[\s'\"=:]|-[IL])/(?:usr|build)\b")

IMPORTS = """
import absl, elftools, greenlet, greeting, jinja2, markupsafe._speedups, numpy, PIL.Image, yaml
import bz2, ctypes, curses, lzma, readline, sqlite3, ssl, uuid, zlib
from PIL import features
print("inverse", numpy.linalg.inv(numpy.diag([2.0, 4.0])).tolist())
print("supported", {"freetype2", "jpg", "webp", "zlib"} <= set(features.get_supported()))
print("libyaml", yaml.__with_libyaml__)
print("template", jinja2.Template("{{ 1 + 1 }}").render())
print(greeting.greet())
"""

METADATA = """
import hashlib, base64, json
from importlib import metadata
wrong, names = [], []
for found in metadata.distributions():
    names.append(found.metadata["Name"] + " " + found.version)
    for file in found.files:
        data = file.locate().read_bytes()
        if file.hash is None:
            assert file.name == "RECORD", file
            continue
        digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest())
        if digest.rstrip(b"=").decode() != file.hash.value or len(data) != file.size:
            wrong.append(str(file))
print(json.dumps({"wrong": wrong, "names": sorted(names, key=str.lower)}))
"""

ISOLATION = """
import json, os, site, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "path": sys.path[1:],
    "modules": sorted({"sitecustomize", "usercustomize"} & set(sys.modules)),
    "user": site.ENABLE_USER_SITE,
    "environment": dict(os.environ),
    "paths": sysconfig.get_paths(),
    "variables": {k: v for k, v in sysconfig.get_config_vars().items() if isinstance(v, str)},
}))
"""


class PackagesTest(absltest.TestCase):
    dist: Dist

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        emulator = Path(_EMULATOR.value).resolve() if _EMULATOR.value else None
        place = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)) / "a directory with spaces"
        place.mkdir()
        cls.dist = Dist(unpack(Path(_ARCHIVE.value), place), emulator)
        for path in [cls.dist.root, *cls.dist.root.rglob("*")]:
            if path.is_dir():
                path.chmod(0o555)

    def run_there(
        self, *arguments: str, environment: dict[str, str] | None = None, empty_root: bool = True
    ) -> Outcome:
        outcome = run(
            self.dist,
            arguments,
            Path(self.create_tempdir().full_path),
            environment={**POISON, **(environment or {})},
            empty_root=empty_root,
        )
        self.assertEqual(outcome.status, 0, outcome.output)
        outside = [p for p in outcome.loaded if not Path(p).is_relative_to(self.dist.root)]
        self.assertEmpty(outside)
        return outcome

    def python(self, code: str) -> str:
        return self.run_there("bin/python3", "-c", code).output

    def copy(self) -> Path:
        """A copy of the dist that can be written to."""
        copy = Path(self.create_tempdir().full_path) / "copy"
        shutil.copytree(self.dist.root, copy, symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        return copy

    def native(self) -> None:
        if self.dist.emulator is not None:
            self.skipTest("programs that start programs need a native dist")

    def test_everything_is_imported(self) -> None:
        self.assertEqual(
            self.python(IMPORTS),
            "inverse [[0.5, 0.0], [0.0, 0.25]]\nsupported True\nlibyaml True\ntemplate 2\n"
            "hello from a py_library\n\n",
        )

    def test_metadata_tells_the_truth(self) -> None:
        found = json.loads(self.python(METADATA))
        self.assertEmpty(found["wrong"])
        self.assertEqual(
            [name.split()[0] for name in found["names"]],
            [
                "absl-py",
                "greenlet",
                "Jinja2",
                "MarkupSafe",
                "ninja",
                "numpy",
                "pillow",
                "pip",
                "pyelftools",
                "pyflakes",
                "PyYAML",
            ],
        )

    def test_pip(self) -> None:
        home = {"HOME": "/nowhere"}  # pip wants one.
        listed = self.run_there("bin/pip", "list", "--format=json", environment=home)
        self.assertLen(json.loads(listed.output), 11)
        checked = self.run_there("bin/python", "-m", "pip", "check", environment=home).output
        self.assertEqual(checked, "No broken requirements found.\n")

    def test_commands(self) -> None:
        self.assertRegex(self.run_there("bin/pyflakes", "--version").output, r"Python 3\.11\.2 on")
        self.assertRegex(self.run_there("bin/ninja", "--version").output, r"\A1\.13\.2")

    def test_isolation(self) -> None:
        decoys = Path(self.create_tempdir().full_path)
        for name in ("python", "python3", "python3.11"):
            (decoys / name).write_text("#!/bin/sh\necho decoy\n")
            (decoys / name).chmod(0o755)
        home = Path(self.create_tempdir().full_path)
        site = home / ".local/lib/python3.11/site-packages"
        site.mkdir(parents=True)
        (site / "usercustomize.py").write_text("print('read from the home directory')\n")
        given = {**POISON, "PATH": f"{decoys}:/usr/bin", "HOME": str(home), "PYTHONUTF8": "1"}
        outcome = self.run_there(
            "bin/python3.11", "-c", ISOLATION, environment=given, empty_root=False
        )
        found = json.loads(outcome.output)
        root = str(self.dist.root)
        self.assertEqual(found["executable"], f"{root}/bin/python3.11")
        self.assertEqual([path for path in found["path"] if not path.startswith(f"{root}/")], [])
        self.assertEqual((found["modules"], found["user"]), ([], False))
        # The loader's own variables are how this test listens to it.
        seen = {k: v for k, v in found["environment"].items() if not k.startswith("LD_DEBUG")}
        self.assertEqual({**seen, "LC_CTYPE": ""}, {**given, "LC_CTYPE": ""})
        elsewhere = {k: v for k, v in found["paths"].items() if not f"{v}/".startswith(f"{root}/")}
        self.assertEmpty(elsewhere)
        named = {k for k, v in found["variables"].items() if ABSOLUTE.search(v.replace(root, ""))}
        self.assertEqual(named - {"SHELL", "TZPATH"}, set())

    def test_headers_and_pkg_config(self) -> None:
        include = self.dist.root / "include" / "python3.11"
        self.assertTrue((include / "Python.h").is_file())
        self.assertTrue((include / "greenlet" / "greenlet.h").is_file())
        self.assertNotIn("-linux-gnu", (include / "pyconfig.h").read_text())
        text = (self.dist.root / "lib/pkgconfig/python-3.11.pc").read_text()
        self.assertIn("prefix=${pcfiledir}/../..\n", text)
        self.assertIn("Cflags: -I${includedir}/python3.11\n", text)

    def test_a_name_that_is_made_up(self) -> None:
        self.native()
        program = self.dist.root / "bin/python3.11"
        for name in ("foo", "python3", "/usr/bin/python3.11"):
            done = subprocess.run(
                [name, "-c", "import json, sys; print(sys.prefix)"],
                executable=program,
                env=POISON,
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            self.assertEqual(done.stdout, f"{self.dist.root}\n")

    def test_a_virtual_environment(self) -> None:
        self.native()
        place = Path(self.create_tempdir().full_path) / "environment"
        self.run_there("bin/python3", "-m", "venv", "--without-pip", str(place), empty_root=False)
        code = "import sys, json; print(json.dumps([sys.prefix, sys.base_prefix, sys.executable]))"
        python = place / "bin/python"
        done = subprocess.run([python, "-c", code], env=POISON, stdout=subprocess.PIPE, check=True)
        expected = [str(place), str(self.dist.root), str(python)]
        self.assertEqual(json.loads(done.stdout), expected)

    def test_what_pip_installs_survives_a_move(self) -> None:
        self.native()
        directory = Path(self.create_tempdir().full_path)
        files = {
            "added.py": b"import sys\ndef main(): print('added to', sys.prefix)\n",
            "added-1.0.dist-info/entry_points.txt": b"[console_scripts]\nadded = added:main\n",
        }
        wheel = wheel_builder.wheel(directory, files, name="added")
        copy = self.copy()
        # As a user whose environment has what a shell needs.
        environment = {**POISON, "PATH": os.defpath, "HOME": str(directory)}
        command = ["install", "--quiet", "--no-index", "--root-user-action=ignore", str(wheel)]
        subprocess.run([copy / "bin/python3", "-m", "pip", *command], env=environment, check=True)
        moved = copy.rename(copy.with_name("moved: to here"))
        done = subprocess.run(
            [moved / "bin/added"], env=environment, stdout=subprocess.PIPE, check=True, text=True
        )
        self.assertEqual(done.stdout, f"added to {moved}\n")
        command = [
            "uninstall",
            "--quiet",
            "--yes",
            "--root-user-action=ignore",
            "added",
            "pyflakes",
        ]
        subprocess.run([moved / "bin/pip", *command], env=environment, check=True)
        self.assertFalse((moved / "bin/added").exists())
        self.assertFalse((moved / "bin/pyflakes").exists())
        self.assertFalse((moved / "libexec/pyflakes").exists())


if __name__ == "__main__":
    absltest.main()
