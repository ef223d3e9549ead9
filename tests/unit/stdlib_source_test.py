"""The library out of an archive."""

import io
import tarfile
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import source
from relocatable.tree import Tree

HEADER = '#define PY_MAJOR_VERSION 3\n#define PY_VERSION      "3.11.2+"\n'
SOURCE = {
    "Python-3.11.2/Include/patchlevel.h": HEADER,
    "Python-3.11.2/Lib/os.py": "",
    "Python-3.11.2/Lib/json/__init__.py": "x",
    "Python-3.11.2/Modules/getpath.py": "",
}


class SourceTest(parameterized.TestCase):
    def archive(self, files: dict[str, str], name: str = "python3.11.tar.xz") -> Path:
        path = Path(self.create_tempdir().full_path) / name
        mode: Any = "w:" + name.rpartition(".")[2].removeprefix("t")
        with tarfile.open(path, mode) as archive:
            for member, text in files.items():
                info = tarfile.TarInfo(member)
                info.size = len(text)
                archive.addfile(info, io.BytesIO(text.encode()))
        return path

    @parameterized.parameters("x.tar.xz", "x.tar.gz", "x.tgz", "x.tar.bz2")
    def test_a_source(self, name: str) -> None:
        library = source.read(self.archive(SOURCE, name), "3.11", "@x//:x.tar.xz")
        self.assertEqual(sorted(library.nodes), ["json/__init__.py", "os.py"])
        self.assertEqual(library.read("json/__init__.py"), b"x")
        self.assertEqual(
            str(library.nodes["os.py"].record.origin), "@x//:x.tar.xz: Python-3.11.2/Lib/os.py"
        )

    def test_a_build(self) -> None:
        files = {"python/bin/python3.11": "", "python/lib/python3.11/os.py": ""}
        library = source.read(self.archive(files), "3.11", "//:x")
        self.assertEqual(list(library.nodes), ["os.py"])

    @parameterized.parameters(
        ({"Python-3.11.2/LICENSE": "psf", "Python-3.11.2/Doc/license.rst": ""}, ["LICENSE"]),
        ({"Python-3.11.2/Lib/LICENSE": ""}, []),
        ({"python/lib/python3.11/LICENSE.txt": "psf"}, ["LICENSE.txt"]),
        ({"python/licenses/LICENSE.expat.txt": "mit"}, ["LICENSE.expat.txt"]),
    )
    def test_licences(self, files: dict[str, str], expected: list[str]) -> None:
        licenses = Tree()
        source.read(self.archive(SOURCE | files), "3.11", "//:x", licenses)
        self.assertEqual(list(licenses.nodes), expected)
        for _, file in licenses.files():
            self.assertEqual(file.record.origin.source, "//:x")

    @parameterized.parameters(
        (SOURCE, "3.12", r"^python3.11.tar.xz is CPython 3.11.2\+; 3.12 is wanted$"),
        ({"a/Lib/os.py": ""}, "3.11", "^python3.11.tar.xz is no source of CPython: a/Include/"),
        (
            {"a/Lib/os.py": "", "a/Include/patchlevel.h": ""},
            "3.11",
            "^python3.11.tar.xz is CPython of no version that it tells; 3.11 is wanted$",
        ),
        ({"a": ""}, "3.11", "^one python3.11/os.py is wanted in the tree, none is there$"),
    )
    def test_wrong_ones(self, files: dict[str, str], version: str, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            source.read(self.archive(files), version, "//:x")

    def test_truncated(self) -> None:
        path = self.archive(SOURCE)
        path.write_bytes(path.read_bytes()[:-40])
        with self.assertRaisesRegex(RelocatableError, "truncated|corrupt"):
            source.read(path, "3.11", "//:x")


if __name__ == "__main__":
    absltest.main()
