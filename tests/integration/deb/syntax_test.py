"""A module that one version can't compile, and the interpreter of that version that says so."""

import subprocess
from pathlib import Path

from absl.testing import absltest

from relocatable import tree_tar
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Tree

TOOL = Path("tools/py_shared_modules")
PYTHON = Path("tests/integration/deb/python3.11.tar")
RECORD = Record(Origin("//:x", "x"))
# Of 3.12 (PEP 701), which the grammar of a newer Python doesn't tell from what is older.
NEWER = b"x = {'a': 1}\nprint(f'{x['a']}')\n"


class SyntaxTest(absltest.TestCase):
    def run_tool(self, *more: str, **modules: bytes) -> subprocess.CompletedProcess[str]:
        where = Path(self.create_tempdir().full_path)
        tree = Tree()
        for name, text in modules.items():
            tree.add(f"demo/{name}.py", File(text, RECORD))
        tree_tar.write(tree, where / "modules.tar", where / "modules.jsonl")
        return subprocess.run(
            [
                TOOL.absolute(),
                "--label=//:demo",
                "--package=demo",
                "--package_version=1.0",
                "--directory=site-packages",
                f"--modules={where}/modules.tar={where}/modules.jsonl",
                f"--interpreter=3.11={PYTHON}={PYTHON.with_suffix('.provenance.jsonl')}",
                f"--out={where}/out.tar",
                f"--provenance={where}/out.jsonl",
                *more,
            ],
            capture_output=True,
            text=True,
            check=False,
        )

    def test_the_interpreter_judges(self) -> None:
        done = self.run_tool("--python_version=3.11", newer=NEWER, sound=b"x = 1\n")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stderr,
            r"^error: //:demo: modules that a version in the range of requires_python can't have: "
            r"demo/newer.py: Python 3\.11 can't compile it: SyntaxError: f-string.*\n$",
        )

    def test_out_of_the_range(self) -> None:
        versions = ("--python_version=3.11", "--python_version=3.12", "--requires_python=>=3.12")
        done = self.run_tool(*versions, sound=b"x = 1\n")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_no_such_version(self) -> None:
        done = self.run_tool("--python_version=3.12", sound=b"x = 1\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("interpreters: wanted one of 3.12, found '3.11'", done.stderr)


if __name__ == "__main__":
    absltest.main()
