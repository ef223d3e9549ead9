"""What a dist sets holds for its programs as long as they run; other programs are spared."""

import json
import tempfile
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import trial
from relocatable.trial import Dist, Outcome, Room

_ARCHIVE = flags.DEFINE_string("archive", None, "The dist.", required=True)

SEEN = """
import ctypes, json, locale, os
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print(json.dumps({
    "os": dict(os.environ),
    "C": {name: (libc.getenv(name.encode()) or b"").decode() for name in os.environ},
    "locale": locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "default": locale.setlocale(locale.LC_ALL, ""),
}))
"""
# A child that is no program of the dist, however it is started; the last has what was copied.
CHILDREN = """
import os, subprocess, sys
sys.stdout.reconfigure(line_buffering=True)
subprocess.run(["env"])
os.system("env")
os.environ["FOO"] = "the program's own"
subprocess.run(["env"])
os.execve("/usr/bin/env", ["env"], dict(os.environ))
"""
OF_THE_DIST = """
import os, subprocess, sys
program = os.path.join(sys.prefix, "bin/locale")
print(subprocess.run([program, "charmap"], capture_output=True, text=True).stdout)
again = [sys.executable, "-c", "import os; print(os.environ['FOO'], os.environ['TK_LIBRARY'])"]
print(subprocess.run(again, capture_output=True, text=True).stdout)
"""
TK = """
import tkinter
tcl = tkinter.Tcl()
print(tcl.eval("info library"), tcl.eval("auto_load parray"))
try:
    tkinter.Tk()
except tkinter.TclError as error:
    print(error)
"""


class EnvironmentTest(parameterized.TestCase):
    dist: Dist

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        scratch = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.dist = Dist(trial.unpack(Path(_ARCHIVE.value), scratch))

    def python(
        self, code: str, environment: dict[str, str] | None = None, room: Room | None = None
    ) -> Outcome:
        scratch = Path(self.create_tempdir().full_path)
        command = ["bin/python3", "-I", "-c", code]
        done = trial.run(self.dist, command, scratch, environment=environment, room=room)
        self.assertEqual(done.status, 0, done.output)
        return done

    @parameterized.parameters(
        ({},),
        ({"LANG": "C.UTF-8"},),
        ({"LANG": "xx_XX.UTF-8"},),
        ({"LC_ALL": "xx_XX"},),
    )
    def test_the_program_itself(self, given: dict[str, str]) -> None:
        for place in ("dist", "a:b"):
            room = Room(empty_root=True, place=place)
            seen = json.loads(self.python(SEEN, given, room).output)
            self.assertEqual(seen["os"], seen["C"])
            self.assertEqual(seen["os"]["FOO"], "bar")
            self.assertEqual(seen["os"]["TCL_LIBRARY"], f"/{place}/share/tcltk/tcl8.6")
            self.assertNotIn("PYTHONNOUSERSITE", seen["os"])
            self.assertEqual(seen["locale"], "C.UTF-8")
            self.assertIn("C.UTF-8", seen["default"])

    def test_other_programs(self) -> None:
        given = {"PATH": "/usr/bin:/bin", "TCL_LIBRARY": "/the user's", "LANG": "xx_XX.UTF-8"}
        lines = self.python(CHILDREN, given).output.splitlines()
        root = self.dist.root
        self.assertEqual(lines.count("FOO=the program's own"), 2)
        self.assertEqual(lines.count("TCL_LIBRARY=/the user's"), 4)
        self.assertEqual(lines.count(f"TK_LIBRARY={root}/share/tcltk/tk8.6"), 4)
        names = {line.partition("=")[0] for line in lines}
        ours = {name for name in names if name.startswith(("RELOCATABLE", "LOCPATH", "LC_ALL"))}
        self.assertEmpty(ours)
        self.assertNotIn("FOO=bar", lines)

    def test_programs_of_the_dist(self) -> None:
        room = Room(empty_root=True)
        lines = self.python(OF_THE_DIST, room=room).output.split()
        self.assertEqual(lines, ["UTF-8", "bar", "/dist/share/tcltk/tk8.6"])

    def test_a_program_without_python(self) -> None:
        """Nobody takes anything back there: its children see what it sees."""
        scratch = Path(self.create_tempdir().full_path)
        room = Room(empty_root=True)
        given = {"LANG": "xx_XX.UTF-8"}
        done = trial.run(self.dist, ["bin/locale"], scratch, environment=given, room=room)
        self.assertIn("LC_ALL=C.UTF-8\n", done.output)
        self.assertNotIn("Cannot set", done.output)

    def test_scripts_that_a_library_looks_for(self) -> None:
        lines = self.python(TK, room=Room(empty_root=True)).output.splitlines()
        self.assertEqual(lines[0], "/dist/share/tcltk/tcl8.6 1")
        self.assertEqual(lines[1], "no display name and no $DISPLAY environment variable")


if __name__ == "__main__":
    absltest.main()
