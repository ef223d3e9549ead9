"""Tests the calculator's functions, on the Python that it ships with."""

import subprocess
import sys
import sysconfig
import unittest
from pathlib import Path

import functions


class FunctionsTest(unittest.TestCase):
    """What a user may call, and what runs it."""

    def test_hypotenuse(self) -> None:
        """Pythagoras."""
        self.assertEqual(functions.hypotenuse(3, 4), 5)

    def test_this_is_the_python_of_the_dist(self) -> None:
        """Not one of the machine: its library, and its C library, are those of the dist."""
        home = f"{sys.base_prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
        self.assertEqual(sysconfig.get_path("stdlib"), home)
        with Path("/proc/self/maps").open(encoding="utf-8") as maps:
            loaded = {line.split("/", 1)[1].strip() for line in maps if ".so" in line}
        strangers = [path for path in loaded if path.startswith(("lib", "usr"))]
        self.assertEqual(strangers, [])

    def test_child_processes(self) -> None:
        """They run on the same Python."""
        code = "import sys, ssl, sqlite3; print(sys.prefix)"
        output = subprocess.check_output([sys.executable, "-c", code], text=True)
        self.assertEqual(output.strip(), sys.prefix)


if __name__ == "__main__":
    unittest.main()
