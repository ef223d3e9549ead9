"""The verifier of bundles, for macOS: each broken promise is found."""

from absl.testing import absltest, parameterized

from relocatable.python import verify
from relocatable.python.tags import Python
from relocatable.target import ObjectFormat, Target
from relocatable.tree import File, Tree
from support.elf_builder import ElfBuilder
from support.macho_builder import ARM64, BUNDLE, EXECUTE, LOAD, X86_64, MachOBuilder, universal
from support.macho_trees import RECORD

HOME = "lib/python3.11"
PACKAGES = f"{HOME}/site-packages"
SYSTEM = (LOAD, "/usr/lib/libSystem.B.dylib")
LIBPYTHON = "@rpath/libpython3.11.dylib"
VERSION = b"\0003.11.9\0"
TARGET = Target(
    "macos_arm64",
    0x0100000C,
    loader="",
    multiarch="",
    page_size=16384,
    object_format=ObjectFormat.MACH_O,
    minimum_os="11.0",
    system_prefixes=("/System/Library/", "/usr/lib/"),
)
PYTHON = Python("3.11", TARGET)
ON = "CPython 3.11 on macos_arm64 (macOS 11.0 and newer)"


def binary(name: str | None, *needed: str, **more: object) -> bytes:
    fields = {"install_name": name, "dylibs": (SYSTEM, *((LOAD, each) for each in needed))}
    return MachOBuilder(**(fields | more)).build()  # type: ignore[arg-type]


def tree(**files: bytes) -> Tree:
    """A sound bundle, with `files` as well or instead."""
    made = Tree()
    sound = {
        "bin/python3.11": binary(None, LIBPYTHON, type=EXECUTE),
        "lib/libpython3.11.dylib": binary(LIBPYTHON, text=VERSION),
        f"{PACKAGES}/demo/_demo.cpython-311-darwin.so": universal(
            [
                (cpu, binary(None, "@loader_path/.dylibs/libdemo.dylib", type=BUNDLE, cpu=cpu))
                for cpu in (X86_64, ARM64)
            ]
        ),
        f"{PACKAGES}/demo/.dylibs/libdemo.dylib": binary("/DLC/demo/.dylibs/libdemo.dylib"),
        f"{PACKAGES}/demo/libstatic.a": universal([(X86_64, b"!<arch>\n")]),
    }
    for path, data in (sound | files).items():
        made.add(path, File(data, RECORD))
    return made


class VerifyTest(parameterized.TestCase):
    def test_what_is_sound(self) -> None:
        report = verify.verify(tree(), PYTHON)
        self.assertEmpty(report.problems)
        self.assertEqual((report.version, report.extensions), ("3.11.9", 1))
        self.assertEmpty(report.outside)

    def test_a_target_that_is_not_known(self) -> None:
        """Then each machine is the right one, and a library's name that of Linux."""
        report = verify.verify(tree(), Python("3.11"))
        self.assertEmpty(report.problems)
        self.assertEmpty(report.outside)

    def test_what_is_elsewhere(self) -> None:
        """A dist takes it from its libraries, or is not complete."""
        elsewhere = ("/opt/homebrew/lib/libzstd.1.dylib", "@rpath/libtbb.dylib")
        weak = (0x8000_0018, "/opt/lib/libweak.dylib")
        dylibs = (SYSTEM, weak, *((LOAD, name) for name in elsewhere))
        made = tree(**{f"{PACKAGES}/x.abi3.so": binary(None, dylibs=dylibs)})
        self.assertEqual(verify.verify(made, PYTHON).outside, sorted(elsewhere))

    @parameterized.parameters(
        (
            "bin/python3.11",
            ElfBuilder(soname=None, versions={}, code=VERSION).build(),
            f"bin/python3.11 is for EM_X86_64; {ON} is wanted",
        ),
        (
            "bin/python3.11",
            b"#!/bin/sh\n",
            f"bin/python3.11 is no Mach-O file; {ON} is wanted",
        ),
        (
            "lib/libpython3.11.dylib",
            binary("/install/lib/libpython3.11.dylib", text=VERSION),
            "lib/libpython3.11.dylib calls itself /install/lib/libpython3.11.dylib; "
            f"{LIBPYTHON} is wanted",
        ),
        (
            "lib/libpython3.11.dylib",
            binary(LIBPYTHON),
            "lib/libpython3.11.dylib is not CPython 3.11: its bytes don't say so",
        ),
        (
            f"{PACKAGES}/x.cpython-312-darwin.so",
            binary(None),
            f"{PACKAGES}/x.cpython-312-darwin.so is not for {ON}, says its name",
        ),
        (
            f"{PACKAGES}/x.abi3.so",
            binary(None, cpu=X86_64),
            f"{PACKAGES}/x.abi3.so is for x86_64; {ON} is wanted",
        ),
    )
    def test_what_is_not(self, path: str, data: bytes, problem: str) -> None:
        self.assertIn(problem, verify.verify(tree(**{path: data}), PYTHON).problems)


if __name__ == "__main__":
    absltest.main()
