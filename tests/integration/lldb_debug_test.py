"""LLDB from the archive debugs a C program, wherever the archive was unpacked."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable.trial import Dist, Outcome, run, unpack

_ARCHIVE = flags.DEFINE_string("archive", None, "The dist.", required=True)
_LLVM = flags.DEFINE_string("llvm", "16", "LLDB's major version.")
_PYTHON = flags.DEFINE_string("python", "3.11", "The version of its Python.")
_DEBUGGEE = flags.DEFINE_string("debuggee", None, "The program to debug.", required=True)


class LldbDebugTest(absltest.TestCase):
    dist: Dist

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        place = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)) / "a directory: with spaces"
        place.mkdir()
        cls.dist = Dist(unpack(Path(_ARCHIVE.value), place))

    def lldb(self, *commands: str, environment: dict[str, str] | None = None) -> Outcome:
        """Runs commands on the debuggee with nothing in the environment but what is given."""
        arguments = [part for command in commands for part in ("-o", command)]
        outcome = run(
            self.dist,
            [
                "bin/lldb",
                "--batch",
                "--no-lldbinit",
                *arguments,
                str(Path(_DEBUGGEE.value).resolve()),
            ],
            Path(self.create_tempdir().full_path),
            environment=environment,
        )
        # What the debuggee writes comes through a pseudo-terminal.
        return replace(outcome, output=outcome.output.replace("\r\n", "\n"))

    def test_a_session(self) -> None:
        outcome = self.lldb(
            "breakpoint set --name square",
            "run",
            "bt",
            "script print('read through the module:', lldb.frame.FindVariable('number').signed)",
            "script import json; print('imported from', json.__file__)",
            "next",
            "script print('then:', lldb.frame.FindVariable('result').signed)",
            "continue",
        )
        library = re.escape(f"{self.dist.root}/lib/python{_PYTHON.value}")
        for expected in (
            r"stop reason = breakpoint 1\.1",
            r"frame #0: 0x[0-9a-f]+ debuggee`square\(number=7\) at debuggee\.c:",
            r"frame #1: 0x[0-9a-f]+ debuggee`main at debuggee\.c:",
            r"^read through the module: 7$",
            rf"^imported from {library}/json/__init__\.py$",
            r"^then: 49$",
            r"^square 49$",
            r"exited with status = 3 \(0x00000003\)",
        ):
            self.assertRegex(outcome.output, re.compile(expected, re.MULTILINE))
        self.assertEqual(outcome.status, 0)

    def test_the_debuggee_has_the_users_environment(self) -> None:
        given = {"FOO": "1", "PYTHONHOME": "/of/the/user", "RELOCATABLE": "2"}
        outcome = self.lldb("run", environment=given)
        found = dict(re.findall(r"^env (\w+)=(.*)$", outcome.output, re.MULTILINE))
        # The loader's own variables are how this test listens to it; LLDB sets one for its server.
        seen = {k: v for k, v in found.items() if not k.startswith("LD_DEBUG")}
        self.assertEqual(seen, given)

    def test_its_own_paths(self) -> None:
        scratch = Path(self.create_tempdir().full_path)
        outcome = run(self.dist, ["bin/lldb", "-P"], scratch)
        path = Path(outcome.output.strip())
        self.assertTrue(path.is_relative_to(self.dist.root), path)
        self.assertTrue((path / "lldb" / "__init__.py").is_file(), path)

    def test_nothing_outside_is_loaded(self) -> None:
        script = "; ".join(f"import {name}" for name in _with_libraries())
        scratch = Path(self.create_tempdir().full_path)
        outcome = run(self.dist, ["bin/lldb", "--batch", "-o", f"script {script}"], scratch)
        self.assertEqual(outcome.status, 0)
        self.assertNotIn("Error", outcome.output)
        names = {Path(path).name for path in outcome.loaded}
        self.assertContainsSubset(
            {f"liblldb-{_LLVM.value}.so.1", "libssl.so.3", "libsqlite3.so.0"}, names
        )
        outside = [p for p in outcome.loaded if not Path(p).is_relative_to(self.dist.root)]
        self.assertEmpty(outside)


def _with_libraries() -> tuple[str, ...]:
    """Modules that load a shared library each."""
    return (
        "bz2",
        "ctypes",
        "curses",
        "lzma",
        "readline",
        "sqlite3",
        "ssl",
        "uuid",
        "zlib",
        "dbm.ndbm",
    )


if __name__ == "__main__":
    absltest.main()
