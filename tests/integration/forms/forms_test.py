"""A dist's Python runs with its library in each form: elsewhere, unwritable, amid decoys, alone."""

import json
import tempfile
from pathlib import Path
from typing import Any

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import cli
from relocatable.trial import Dist, run, unpack
from support.import_all import read_only

_ARCHIVES = flags.DEFINE_multi_string("archive", [], "FORM=PATH of a dist.")

FORMS = ("source", "source_and_pyc", "pyc", "zip")
# What another Python on the machine may have left in the environment.
POISON = {"PYTHONHOME": "/of/another/python", "PYTHONPATH": "/of/another/python/lib"}

# Where each module has come from: its file, and its bytecode if there is any.
PROGRAM = """
import json, os, re, sys
import argparse, bz2, ctypes, lzma, pydoc, pyflakes.api, sqlite3, ssl, sysconfig, yaml, zlib
assert ssl.OPENSSL_VERSION and sqlite3.sqlite_version and yaml.safe_load("[1]") == [1]
assert pydoc.getdoc(json) is not None
found = {
    name: [getattr(module, "__file__", None), getattr(module, "__cached__", None)]
    for name, module in sys.modules.items()
}
print(json.dumps({
    "modules": {
        name: [path and os.path.relpath(path, sys.prefix) for path in paths]
        + [bool(paths[1] and os.path.exists(paths[1]))]
        for name, paths in found.items()
        if paths[0]
    },
    "prefix": sys.prefix,
    "stdlib": sysconfig.get_path("stdlib"),
    "includes": sysconfig.get_config_var("INCLUDEPY"),
}))
"""


class FormsTest(parameterized.TestCase):
    def start(self, form: str, *arguments: str) -> str:
        archive = Path(cli.pairs("archive", _ARCHIVES.value)[form])
        place = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)) / "a directory: with spaces"
        place.mkdir()
        dist = Dist(unpack(archive, place))
        read_only(dist.root)
        scratch = Path(self.create_tempdir().full_path)
        done = run(dist, arguments, scratch, environment=POISON, empty_root=True)
        self.assertEqual(done.status, 0, done.output)
        return done.output

    @parameterized.parameters(*FORMS)
    def test_form(self, form: str) -> None:
        # For root nothing is unwritable: -B has Python not write, as it would find that it can't.
        found: dict[str, Any] = json.loads(self.start(form, "bin/python3", "-B", "-c", PROGRAM))
        prefix = found["prefix"]
        self.assertEqual(found["stdlib"], f"{prefix}/lib/python3.11")
        self.assertEqual(found["includes"], f"{prefix}/include/python3.11")
        modules: dict[str, list[Any]] = found["modules"]
        places = {
            "source": "lib/python3.11/json/__init__.py",
            "source_and_pyc": "lib/python3.11/json/__init__.py",
            "pyc": "lib/python3.11/json/__init__.pyc",
            "zip": "lib/python311.zip/json/__init__.pyc",
        }
        self.assertEqual(modules["json"][0], places[form])
        for name in ("_relocatable", "pyflakes.api", "yaml"):
            path, _, cached = modules[name]
            self.assertRegex(path, "^lib/python3.11/(dist|site)-packages/")
            self.assertEndsWith(path, ".py")
            self.assertEqual(cached, form != "source", name)
        if form == "source_and_pyc":  # What is frozen into the interpreter names no bytecode.
            slow = [name for name, (_, cached, there) in modules.items() if cached and not there]
            self.assertEmpty(slow)

    @parameterized.parameters(*FORMS)
    def test_console_script(self, form: str) -> None:
        self.assertIn("3.11", self.start(form, "bin/pyflakes", "--version"))


if __name__ == "__main__":
    absltest.main()
