"""CPython's own sources: the table of features holds for them, and the numbers in the docs."""

import ast
import functools
import json
import re
import warnings
from pathlib import Path
from typing import Any

import zstandard
from absl.testing import absltest, parameterized

from relocatable.python import imports, skeleton, source
from relocatable.python.features import FEATURES, Since
from relocatable.python.library import Library

HERE = Path("tests/integration/stdlib")
VERSIONS = ("3.11", "3.13")


@functools.cache
def library(version: str) -> Library:
    (path,) = Path("..").glob(f"*cpython_{version.replace('.', '_')}/*.orig.tar.*")
    return source.read(path, version, "//:x")


def report(name: str) -> Any:
    return json.loads((HERE / f"{name}.report.json").read_bytes())


def compressed(name: str) -> int:
    """The size of an archive of the library, as a release has it."""
    data = (HERE / f"{name}.tar").read_bytes()
    return len(zstandard.ZstdCompressor(level=22).compress(data))


class NumbersTest(parameterized.TestCase):
    @parameterized.parameters(("3.11", 0.755, 1_680_000), ("3.13", 0.765, 1_720_000))
    def test_features(self, version: str, saved: float, limit: int) -> None:
        numbers = report(f"source{version}")
        after, before = numbers["after"]["bytes"], numbers["before"]["bytes"]
        self.assertGreater(1 - after / before, saved)
        self.assertLess(compressed(f"source{version}"), limit)

    @parameterized.parameters(("3.11", 360_000), ("3.13", 410_000))
    def test_roots(self, version: str, limit: int) -> None:
        self.assertLess(compressed(f"roots{version}"), limit)


class FeaturesTest(parameterized.TestCase):
    @parameterized.parameters(*VERSIONS)
    def test_modules_are_there_when_the_table_says_so(self, version: str) -> None:
        found = library(version)
        wrong = []
        for name, feature in FEATURES.items():
            for each in feature.modules:
                module = each.name if isinstance(each, Since) else each
                if module.startswith(("**", "_distutils")):
                    continue  # Debian's, and tests, of which each package has its own.
                first, last = (each.first, each.last) if isinstance(each, Since) else (0, 99)
                if (module in found.modules) != (first <= found.minor <= last):
                    wrong.append(f"{name}: {module}")
        self.assertEmpty(wrong)

    @parameterized.parameters(*VERSIONS)
    def test_what_was_left_out_is_gone_and_nothing_else(self, version: str) -> None:
        numbers = report(f"source{version}")
        gone = {row["name"] for row in numbers["features"] if not row["after"]["files"]}
        self.assertContainsSubset({"idlelib", "test", "tkinter"}, gone)
        self.assertNoCommonElements({"asyncio", "xml", "venv"}, gone)


class SkeletonTest(absltest.TestCase):
    def test_it_has_the_imports_that_the_whole_has(self) -> None:
        found = library("3.13")
        compared = 0
        for module in found.modules.values():
            if not module.is_source or re.match(r"test|idlelib|lib2to3", module.name):
                continue
            text = found.read(module.path)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    ast.parse(text)
            except SyntaxError:
                continue  # This Python is older than the library.
            reduced = skeleton.of(text).encode()
            with self.subTest(module.name):
                compared += 1
                self.assertEqual(
                    [each for each in self.imports(text, module.name) if not called(each, text)],
                    self.imports(reduced, module.name),
                )
        self.assertGreater(compared, 500)

    def imports(self, text: bytes, name: str) -> list[imports.Import]:
        return imports.of_source(text, name, is_package=False)


def called(each: imports.Import, text: bytes) -> bool:
    """Whether it is a call of `__import__`, which is no statement."""
    line = text.splitlines()[each.line - 1]
    return b"__import__(" in line or b"import_module(" in line


if __name__ == "__main__":
    absltest.main()
