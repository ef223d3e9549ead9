"""Parts of a Python for who embeds it: headers, libpython, and the interpreter of a toolchain."""

from pathlib import Path

from absl.testing import absltest

from relocatable import launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import Settings
from relocatable.provenance import Origin, Record
from relocatable.python import embed, toolchain
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))
TRIPLET = "x86_64-linux-gnu"
# A launcher's file, as far as its settings go.
LAUNCHER = b"relocatable/exe\0" + bytes([1, 0, 0, 3, 0, 0, 0, 0]) + bytes(0x300)


def tree(**files: bytes) -> Tree:
    """A tree with the given files; `__` in a name stands for `/`, `_` for `.`."""
    made = Tree()
    for name, data in files.items():
        made.add(name.replace("__", "/").replace("_", "."), File(data, RECORD))
    return made


class HeadersTest(absltest.TestCase):
    def test_those_of_the_machine_take_the_place_of_those_that_choose(self) -> None:
        made = tree(
            usr__include__python3_11__Python_h=b"python",
            usr__include__python3_11__pyconfig_h=b"chooses",
            usr__include__python3_11__cpython__object_h=b"object",
            usr__include__other_h=b"other",
        )
        chosen = f"usr/include/{TRIPLET}/python3.11/pyconfig.h"
        made.add(chosen, File(b"chosen", RECORD))
        expected = {"Python.h": b"python", "pyconfig.h": b"chosen", "cpython/object.h": b"object"}
        self.assertEqual(embed.headers("3.11", [made]), expected)

    def test_of_a_prefix(self) -> None:
        made = tree(include__python3_11__Python_h=b"", include__python3_12__Python_h=b"other")
        self.assertEqual(embed.headers("3.11", [made]), {"Python.h": b""})

    def test_none(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "include/python3.11/Python.h is wanted in the trees, none has it; in Debian it is in "
            "the package libpython3.11-dev",
        ):
            embed.headers("3.11", [tree(include__python3_12__Python_h=b"")])

    def test_of_several_machines(self) -> None:
        made = tree(include__python3_11__Python_h=b"")
        for triplet in (TRIPLET, "aarch64-linux-gnu"):
            path = f"include/{triplet}/python3.11/pyconfig.h"
            made.add(path, File(triplet.encode(), RECORD))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "two layers disagree on Python's header pyconfig.h"
        ):
            embed.headers("3.11", [made])


class LibraryTest(absltest.TestCase):
    def test_one(self) -> None:
        made = tree(usr__lib__x__libpython3_11_so_1_0=b"elf")
        made.add("usr/lib/x/libpython3.11.so", Link("libpython3.11.so.1.0", RECORD))
        again = tree(lib__libpython3_11_so_1_0=b"elf")
        self.assertEqual(embed.library("3.11", [made, again]), b"elf")

    def test_none(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "libpython3.12.so.1.0 is wanted in the trees, none has it"
        ):
            embed.library("3.12", [tree(lib__libpython3_11_so_1_0=b"elf")])

    def test_several(self) -> None:
        made = tree(a__libpython3_11_so_1_0=b"elf", b__libpython3_11_so_1_0=b"other")
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "one libpython3.11.so.1.0 is wanted in the trees, found a/libpython3.11.so.1.0, "
            "b/libpython3.11.so.1.0",
        ):
            embed.library("3.11", [made])


class ToolchainTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.out = Path(self.create_tempdir().full_path)
        for part in toolchain.PARTS:
            (self.out / part).mkdir()

    def test_unpacked(self) -> None:
        settings = Settings(1, "libexec/python3.11", "lib/ld.so", ("lib",))
        dist = tree(lib__python3_11__os_py=b"os", libexec__python3_11=b"elf", share__x=b"")
        data = launcher.patch(LAUNCHER, settings)
        dist.add("bin/python3.11", File(data, RECORD, executable=True))
        dist.add("lib/link", Link("python3.11", RECORD))
        dist.add("lib/dangling", Link("nothing", RECORD))
        toolchain.unpack(dist, "3.11", self.out / "python", self.out)
        self.assertEqual((self.out / "lib/link/os.py").read_bytes(), b"os")
        self.assertEqual((self.out / "libexec/python3.11").read_bytes(), b"elf")
        self.assertFalse((self.out / "lib/dangling").is_symlink())
        self.assertFalse((self.out / "share").exists())
        found = launcher.read((self.out / "python").read_bytes())
        self.assertEqual(found.program, settings.program)
        environment = (("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONHOME", None))
        self.assertEqual(found.environment, environment)
        self.assertTrue((self.out / "python").stat().st_mode & 0o100)

    def test_it_sees_what_a_program_imports(self) -> None:
        """Bazel says so by PYTHONPATH, which Pythons of dists hide by default."""
        for hidden in ("PYTHONPATH", "PYTHON*"):
            changes = ((hidden, None), ("PYTHONNOUSERSITE", "1"))
            settings = Settings(1, "libexec/python3.11", "lib/ld.so", environment=changes)
            dist = tree(lib__x=b"")
            dist.add("bin/python3.11", File(launcher.patch(LAUNCHER, settings), RECORD))
            toolchain.unpack(dist, "3.11", self.out / "python", self.out)
            found = dict(launcher.read((self.out / "python").read_bytes()).environment)
            self.assertEqual(set(found) & {hidden, "PYTHONHOME"}, {"PYTHONHOME"})
            self.assertEqual(found["PYTHONNOUSERSITE"], "1")

    def test_no_interpreter(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "bin/python3.11 is wanted in the dist, it is not there; in Debian it is in the package "
            "python3.11-minimal: give that to py_runtime_bundle",
        ):
            toolchain.unpack(tree(lib__x=b""), "3.11", self.out / "python", self.out)


if __name__ == "__main__":
    absltest.main()
