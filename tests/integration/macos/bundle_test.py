"""A Python for macOS with compiled wheels, as py_runtime_bundle makes it on any host."""

import ast
import posixpath
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import content, macho, tree_tar
from relocatable.tree import Tree

_BUNDLES = flags.DEFINE_multi_string("bundle", [], "The files of a bundle's tree, by machine.")

MACHINES = ("arm64", "x86_64")
PACKAGES = "lib/python3.11/site-packages"
SYSTEM = ("/System/Library/", "/usr/lib/")
# Of the archive that it came from, and of the machine that built that.
LEAK = re.compile(rb"(?<![\w./-])/install/(?:bin|include|lib|share)\b")


class BundleTest(parameterized.TestCase):
    trees: dict[str, Tree]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.trees = {}
        for machine, files in zip(MACHINES, _BUNDLES.value, strict=True):
            by_ending = {Path(file).suffix: file for file in files.split()}
            (cls.trees[machine],) = tree_tar.read_all(
                [f"{by_ending['.tar']}={by_ending['.jsonl']}"]
            )

    def binaries(self, machine: str) -> Iterator[tuple[str, macho.MachO, memoryview]]:
        """Each thin file that a Mac of this kind would load."""
        for path, file in self.trees[machine].files():
            data = content.view(file.content)
            if macho.is_macho(data[:8]) or macho.is_universal(data[:8]):
                yield from (
                    (path, thin, view)
                    for thin, view in macho.thin_files(data, path)
                    if thin.architecture == machine
                )

    @parameterized.parameters(*MACHINES)
    def test_all_that_it_links_is_in_it_or_the_systems(self, machine: str) -> None:
        tree = self.trees[machine]
        seen = 0
        for path, file, _ in self.binaries(machine):
            seen += 1
            for dylib in file.dylibs:
                if dylib.name.startswith(SYSTEM):
                    continue
                steps = file.rpaths if dylib.name.startswith("@rpath/") else ("",)
                places = [
                    posixpath.normpath(
                        posixpath.join(step, dylib.name.removeprefix("@rpath/")).replace(
                            "@loader_path", posixpath.dirname(path)
                        )
                    )
                    for step in steps
                ]
                there = [place for place in places if place in tree.nodes]
                self.assertLen(there, 1, f"{path}: {dylib.name}")
        self.assertGreater(seen, 120)

    @parameterized.parameters(*MACHINES)
    def test_signatures(self, machine: str) -> None:
        """Each is signed where a Mac wants it, and what was edited was signed anew."""
        edited = set()
        for path, file, data in self.binaries(machine):
            if file.signature is not None:
                self.assertEmpty(macho.verify_signature(file, data))
            else:
                self.assertEqual(machine, "x86_64", path)
            if self.trees[machine].file(path).record.edits:
                edited.add(path)
        self.assertEqual(edited, {"bin/python3.11", "lib/libpython3.11.dylib"})

    @parameterized.parameters(*MACHINES)
    def test_names(self, machine: str) -> None:
        files = {path: file for path, file, _ in self.binaries(machine)}
        library = files["lib/libpython3.11.dylib"]
        self.assertEqual(library.install_name, "@rpath/libpython3.11.dylib")
        program = files["bin/python3.11"]
        self.assertIn("@rpath/libpython3.11.dylib", [each.name for each in program.dylibs])
        self.assertEqual(program.rpaths, ("@loader_path/../lib",))

    @parameterized.parameters(*MACHINES)
    def test_nothing_names_the_prefix_of_the_build(self, machine: str) -> None:
        found = [
            path
            for path, file in self.trees[machine].files()
            if LEAK.search(content.read(file.content))
        ]
        self.assertEmpty(found)

    @parameterized.parameters(*MACHINES)
    def test_what_the_build_was(self, machine: str) -> None:
        """`sysconfig`'s data runs here as well, and follows the prefix."""
        name = "lib/python3.11/_sysconfigdata__darwin_darwin.py"
        text = content.read(self.trees[machine].file(name).content)
        namespace: dict[str, object] = {}
        with mock.patch.object(sys, "base_prefix", "/a place"):
            exec(compile(ast.parse(text), name, "exec"), namespace)  # noqa: S102 - it is ours
        variables = namespace["build_time_vars"]
        assert isinstance(variables, dict)
        self.assertEqual(variables["BINDIR"], "/a place/bin")
        self.assertEqual(variables["EXT_SUFFIX"], ".cpython-311-darwin.so")
        self.assertNotRegex(str(variables), LEAK.pattern.decode())

    @parameterized.parameters(*MACHINES)
    def test_wheels(self, machine: str) -> None:
        paths = [path for path, _, _ in self.binaries(machine) if path.startswith(PACKAGES)]
        directories = {posixpath.dirname(path).removeprefix(PACKAGES + "/") for path in paths}
        self.assertContainsSubset({"PIL", "PIL/.dylibs", "markupsafe", "numpy/linalg"}, directories)


if __name__ == "__main__":
    absltest.main()
