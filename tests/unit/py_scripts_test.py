"""Console scripts: texts that sh and Python both read, from entry points and from wheels."""

import os
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import scripts

ENTRY_POINTS = b"""
[console_scripts]
Tool = demo.cli:main
tool-3.11=demo : App.run [extra, other]
[gui_scripts]
window = demo:show
[other.group]
x = anything at all
"""


class EntryPointsTest(parameterized.TestCase):
    def test_commands(self) -> None:
        found = dict(scripts.from_entry_points(ENTRY_POINTS, "x", "3.11"))
        self.assertEqual(list(found), ["Tool", "tool-3.11", "window"])
        self.assertIn(b"\nfrom demo import App\n", found["tool-3.11"])
        self.assertIn(b"sys.exit(App.run())", found["tool-3.11"])
        self.assertEqual(scripts.interpreter("bin/Tool", found["Tool"]), "bin/python3.11")

    def test_none(self) -> None:
        self.assertEqual(list(scripts.from_entry_points(b"", "x", "3.11")), [])

    @parameterized.parameters(
        ("../evil = demo:main", "'../evil' = 'demo:main'"),
        (".hidden = demo:main", "'.hidden' = 'demo:main'"),
        ("x = demo", "'x' = 'demo'"),
        ("x = demo:main; import os", "'x' = 'demo:main; import os'"),
        ("x = demo:main()", "'x' = 'demo:main()'"),
        ("x = 1demo:main", "'x' = '1demo:main'"),
    )
    def test_names_that_lead_elsewhere(self, line: str, found: str) -> None:
        data = f"[console_scripts]\n{line}\n".encode()
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, f"e.txt: wanted COMMAND = MODULE:FUNCTION, found {found}"
        ):
            list(scripts.from_entry_points(data, "e.txt", "3.11"))

    @parameterized.parameters(b"x", b"[a\n", b"\xff", b"[a]\nx=1\n[a]\n", b"[a]\nx=1\nx=2\n")
    def test_no_list(self, data: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^e.txt is no list of entry points: "):
            list(scripts.from_entry_points(data, "e.txt", "3.11"))


class ScriptTest(parameterized.TestCase):
    def test_it_runs_from_anywhere(self) -> None:
        place = Path(self.create_tempdir().full_path) / "a b:c'd$e"
        (place / "bin").mkdir(parents=True)
        (place / "bin/python3.11").symlink_to(sys.executable)
        (place / "bin/demo.py").write_text("import sys\ndef main(): return print(sys.argv)\n")
        ((_, text),) = scripts.from_entry_points(
            b"[console_scripts]\ntool = demo:main\n", "x", "3.11"
        )
        (place / "bin/tool").write_bytes(text)
        (place / "bin/tool").chmod(0o755)
        (place / "link").symlink_to("bin/tool")
        for path in (place / "bin/tool", place / "link"):
            # In the test's own environment, PYTHONSAFEPATH may hide the module beside the script.
            environment = {"PATH": os.defpath}
            done = subprocess.run(
                [path, "1 2", "$3"], stdout=subprocess.PIPE, check=True, env=environment
            )
            self.assertEqual(done.stdout.decode(), f"{[str(path), '1 2', '$3']}\n")

    @parameterized.parameters(b"#!python", b"#!pythonw", b"#! python -u", b"#!python\r")
    def test_of_a_wheel(self, first: bytes) -> None:
        started = scripts.started_here(first + b"\nx = 1\n", "3.12")
        assert started is not None
        self.assertEndsWith(started, b"\nx = 1\n")
        self.assertEqual(scripts.interpreter("a/bin/x", started), "a/bin/python3.12")

    @parameterized.parameters(
        b"", b"#!/bin/sh\n", b"#!python3\n", b"#!/usr/bin/python\n", b"\x7fELF"
    )
    def test_of_no_wheel(self, data: bytes) -> None:
        self.assertIsNone(scripts.started_here(data, "3.12"))
        self.assertIsNone(scripts.interpreter("bin/x", data))


if __name__ == "__main__":
    absltest.main()
