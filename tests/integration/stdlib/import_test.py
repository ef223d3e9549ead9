"""Every module that stays in a trimmed library can be imported, in each form."""

import json
import tempfile
from pathlib import Path
from typing import Any

import zstandard
from absl.testing import absltest, parameterized

from relocatable import content, directory, tree_tar
from relocatable.python import interpreter
from relocatable.python.features import FEATURES
from support.import_all import Outcome, import_all, read_only

HERE = Path("tests/integration/stdlib")
DEBS = Path("third_party/python_debs")
HOME = "lib/python3.11"

# Two are programs; GNU's dbm, in C, is a package of its own.
_OTHERS = frozenset({"antigravity", "dbm.gnu", "this"})


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


class ImportTest(parameterized.TestCase):
    argv: tuple[str, ...]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        place = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value))
        tree = tree_tar.read_paths(DEBS / "libraries.tar")
        tree.merge(tree_tar.read_paths(DEBS / "python3.11.tar"))
        for path in [path for path in tree.nodes if path.startswith("usr/lib/python3.11")]:
            del tree.nodes[path]
        directory.unpack(tree, place)
        cls.argv = interpreter.command(tree, "usr/bin/python3.11", place)

    def unpacked(self, name: str) -> Path:
        place = Path(self.create_tempdir().full_path) / "a directory with spaces"
        place.mkdir()
        directory.unpack(tree_tar.read_paths(HERE / f"{name}.tar"), place)
        read_only(place)
        return place

    def outcomes(self, name: str) -> dict[str, Outcome]:
        """Imports all modules of a library; fails if any can't be that should."""
        report = read(HERE / f"{name}.report.json")
        modules = {file["module"]: file for file in report["files"] if file["module"]}
        kept = [
            module
            for module, file in modules.items()
            if file["kept"] and not module.endswith("__main__") and module not in _OTHERS
        ]
        cache = Path(self.create_tempdir().full_path)
        found = import_all(self.argv, self.unpacked(name), kept, cache=cache)
        self.assertCountEqual(found, kept)
        failed = {
            module: outcome
            for module, outcome in found.items()
            if outcome.error is not None and "windows" not in modules[module]["features"]
        }
        # What may be missing was never part of the library: it is another system's.
        wrong = [name for name, each in failed.items() if each.missing in {*modules, None}]
        self.assertEmpty({name: failed[name].error for name in wrong})
        self.assertLess(len(failed), 5, failed)
        return found

    def test_sources(self) -> None:
        found = self.outcomes("source")
        self.assertGreater(len(found), 500)

    def test_sources_with_bytecode(self) -> None:
        found = self.outcomes("source_and_pyc")
        self.assertGreater(len(found), 500)
        self.assertEqual(found["json.tool"].loader, "SourceFileLoader")
        self.assertEndsWith(str(found["json.tool"].file), f"{HOME}/json/tool.py")

    def test_bytecode(self) -> None:
        found = self.outcomes("optimized")
        self.assertGreater(len(found), 500)
        self.assertEqual(found["json.tool"].loader, "SourcelessFileLoader")

    def test_zip(self) -> None:
        found = self.outcomes("zip")
        self.assertGreater(len(found), 500)
        self.assertEqual(found["json.tool"].loader, "zipimporter")
        self.assertEndsWith(str(found["json.tool"].file), "lib/python311.zip/json/tool.pyc")
        # What has data is on disk, where it can open that.
        self.assertEndsWith(str(found["pydoc_data.topics"].file), f"{HOME}/pydoc_data/topics.pyc")

    def test_roots(self) -> None:
        found = self.outcomes("combined")
        self.assertContainsSubset({"json", "argparse", "http.server", "sqlite3", "shutil"}, found)
        self.assertNoCommonElements({"asyncio", "xml", "doctest", "pdb"}, found)
        self.assertIn("encodings.cp037", found)


class FormTest(absltest.TestCase):
    def test_bytecode_is_smaller_without_docstrings(self) -> None:
        whole, less = ((HERE / f"{name}.tar").stat().st_size for name in ("pyc", "optimized"))
        self.assertLess(less, 0.9 * whole)

    def test_the_same_bytecode_in_all_forms(self) -> None:
        trees = {
            name: tree_tar.read_paths(HERE / f"{name}.tar") for name in ("pyc", "source_and_pyc")
        }
        alone = trees["pyc"].file(f"{HOME}/json/tool.pyc")
        cached = trees["source_and_pyc"].file(f"{HOME}/json/__pycache__/tool.cpython-311.pyc")
        self.assertEqual(content.read(alone.content), content.read(cached.content))


class ReportTest(parameterized.TestCase):
    def test_why(self) -> None:
        report = read(HERE / "combined.report.json")
        files = {file["path"]: file for file in report["files"]}
        self.assertEqual(
            files["sqlite3/__init__.py"]["why"],
            ["imported by tests/integration/stdlib/program.py", "sqlite3"],
        )
        self.assertEqual(
            files["lib-dynload/_sqlite3.cpython-311-x86_64-linux-gnu.so"]["why"][-2:],
            ["sqlite3.dbapi2", "_sqlite3"],
        )
        self.assertEqual(files["encodings/cp037.py"]["why"], ["keep encodings/*.py"])
        self.assertEqual(files["asyncio/__init__.py"]["why"], ["feature asyncio"])
        self.assertEqual(files["email/architecture.rst"]["why"], ["exclude email/architecture.rst"])

    def test_what_lldb_needs_is_small(self) -> None:
        tree = tree_tar.read_paths(HERE / "lldb_library.tar")
        texts = [content.read(f.content) for path, f in tree.files() if path.endswith(".py")]
        self.assertLess(len(zstandard.ZstdCompressor(level=22).compress(b"".join(texts))), 600_000)

    @parameterized.parameters("pyc", "source_and_pyc", "zip")
    def test_compiled(self, name: str) -> None:
        report = read(HERE / f"{name}.report.json")
        self.assertEqual(report["form"], name)
        self.assertStartsWith(report["compilation"]["compiler"], "3.11.")
        self.assertEmpty(report["compilation"]["kept_as_source"])
        self.assertGreater(report["compilation"]["modules"], 500)

    def test_compiled_by_the_interpreter_of_a_dist(self) -> None:
        tars = (
            (HERE / f"{name}.tar").read_bytes() for name in ("compiled_by_dist", "source_and_pyc")
        )
        self.assertEqual(*tars)

    def test_not_compiled(self) -> None:
        compilation = read(HERE / "not_compiled.report.json")["compilation"]
        self.assertIsNone(compilation["compiler"])
        self.assertEqual(
            compilation["kept_as_source"],
            {"*": "usr/bin/python3.11 is for EM_AARCH64, this is EM_X86_64"},
        )
        tar = (HERE / "not_compiled.tar").read_bytes()
        self.assertEqual(tar, (HERE / "source.tar").read_bytes())

    def test_features_of_all_versions_have_rows(self) -> None:
        report = read(HERE / "source.report.json")
        self.assertEqual([row["name"] for row in report["features"]], list(FEATURES))


if __name__ == "__main__":
    absltest.main()
