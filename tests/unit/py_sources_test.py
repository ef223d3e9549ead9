"""Files of Python targets: each in site-packages where import finds it."""

from pathlib import Path

from absl.testing import absltest

from relocatable.errors import RelocatableError
from relocatable.python import sources
from relocatable.python.sources import Installed


class SourcesTest(absltest.TestCase):
    def install(self, files: dict[str, bytes], *imports: str) -> list[Installed]:
        directory = Path(self.create_tempdir().full_path)
        lines = []
        for number, (short, data) in enumerate(files.items()):
            path = directory / str(number)
            path.write_bytes(data)
            lines.append(f"{short}\t{path}\n")
        return sources.install(sources.read(lines, "_main"), imports, "//:x")

    def paths(self, files: list[str], *imports: str) -> set[str]:
        found = self.install(dict.fromkeys(files, b""), *imports)
        return {path for each in found for path in each.files}

    def test_import_roots(self) -> None:
        files = ["app/lib/a.py", "app/b.py", "c/d.py", "../other/e.py", "../pip/site/f/__init__.py"]
        self.assertEqual(
            self.paths(files, "_main/app/lib", "_main/app", "pip/site"),
            {"a.py", "b.py", "c/d.py", "e.py", "f/__init__.py"},
        )

    def test_the_deepest_root_counts(self) -> None:
        self.assertEqual(self.paths(["a/b/c.py"], "_main", "_main/a", "_main/a/b"), {"c.py"})

    def test_what_lies_beside_a_distribution(self) -> None:
        files = ["bin/tool", "site/demo.py", "site/demo-1.dist-info/METADATA", "data/x"]
        self.assertEqual(
            self.paths([f"../pip/{path}" for path in files], "pip/site"),
            {"demo.py", "demo-1.dist-info/METADATA"},
        )

    def test_caches_are_left_out(self) -> None:
        self.assertEqual(self.paths(["a.py", "__pycache__/a.cpython-311.pyc"]), {"a.py"})

    def test_what_may_be_executed_shows_in_its_bytes(self) -> None:
        (found,) = self.install({"a.sh": b"#!/bin/sh\n", "b.py": b"x = 1\n", "c": b""})
        self.assertEqual([path for path, f in found.files.items() if f.executable], ["a.sh"])

    def test_distributions_with_a_record(self) -> None:
        (found,) = self.install(
            {
                "../pip/s/a.py": b"",
                "../pip/s/b.py": b"",
                "../pip/s/a-1.dist-info/RECORD": b"a.py,,\n../../bin/a,,\n",
                "../pip/s/b-1.dist-info/RECORD": b"b.py,,\n",
            },
            "pip/s",
        )
        self.assertEqual(
            list(found.distributions()), [("a-1.dist-info", ["a.py"]), ("b-1.dist-info", ["b.py"])]
        )

    def test_one_distribution_without_a_record_has_all(self) -> None:
        (found,) = self.install(
            {"../pip/s/a.py": b"", "../pip/s/a-1.dist-info/METADATA": b""}, "pip/s"
        )
        self.assertEqual(
            list(found.distributions()),
            [("a-1.dist-info", ["a-1.dist-info/METADATA", "a.py"])],
        )

    def test_a_line_that_is_none(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "SHORT_PATH<tab>PATH is wanted, found 'x'"):
            sources.read(["x\n"], "_main")


if __name__ == "__main__":
    absltest.main()
