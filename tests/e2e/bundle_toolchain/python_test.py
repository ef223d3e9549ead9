"""Which Python a test, a program and their child processes run on."""

import json
import subprocess
import sys
import sysconfig
import unittest
from pathlib import Path
from typing import Any

import iniconfig
import markupsafe
from markupsafe import _speedups

PREFIX = Path(sys.base_prefix)
REPORT = sys.argv.pop()


def report(*command: str | Path) -> dict[str, Any]:
    """What the program says of its own Python."""
    said: dict[str, Any] = json.loads(subprocess.check_output(command, text=True))
    return said


class PythonTest(unittest.TestCase):
    def test_it_is_the_one_that_ships(self) -> None:
        """Its version, its place, its library."""
        self.assertEqual(sys.version.split()[0], "3.11.2")
        self.assertEqual(PREFIX.name, "python_toolchain.python")
        self.assertEqual(sysconfig.get_path("stdlib"), f"{PREFIX}/lib/python3.11")

    def test_there_is_no_other(self) -> None:
        """No module and no library of the machine, that of C included."""
        own = report(sys.executable, Path(__file__).with_name("report.py"))
        self.assertEqual([path for path in own["path"] if path.startswith(("/usr", "/lib"))], [])
        machine = [path for path in own["loaded"] if "/python_toolchain.python/" not in path]
        self.assertEqual(machine, [])
        self.assertIn("libc.so.6", {Path(path).name for path in own["loaded"]})

    def test_a_program_runs_on_it(self) -> None:
        """A py_binary, started as a program."""
        said = report(Path(REPORT).absolute())
        self.assertEqual(said["version"], "3.11.2")
        self.assertEqual(Path(said["prefix"]).name, "python_toolchain.python")
        self.assertRegex(said["ssl"], "OpenSSL 3")

    def test_a_wheel_that_ships(self) -> None:
        """Its compiled half too; from the dist, as its users have it."""
        self.assertEqual(markupsafe.escape("<"), "&lt;")
        # Debian's Python calls the directory dist-packages, which is a link.
        packages = (PREFIX / "lib" / "python3.11" / "site-packages").resolve()
        self.assertEqual(Path(_speedups.__file__).resolve().parent.parent, packages)

    def test_a_wheel_that_only_tests_want(self) -> None:
        """From a hub, as with every toolchain."""
        self.assertFalse(Path(iniconfig.__file__).is_relative_to(PREFIX))


if __name__ == "__main__":
    unittest.main()
