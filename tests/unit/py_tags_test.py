"""Compatibility tags: what runs on which Python."""

from absl.testing import absltest, parameterized

from relocatable.python.tags import Python, Tag
from relocatable.target import ObjectFormat, Target

X86_64 = Target("linux_x86_64", 62, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
MUSL = Target("linux_x86_64", 62, "ld-musl-x86_64.so.1", "x86_64-linux-musl", 4096)
PYTHON = Python("3.11", X86_64)


def mac(machine: int, minimum_os: str) -> Python:
    name = "macos_arm64" if machine == 0x0100000C else "macos_x86_64"
    target = Target(
        name,
        machine,
        loader="",
        multiarch="",
        page_size=16384,
        object_format=ObjectFormat.MACH_O,
        minimum_os=minimum_os,
    )
    return Python("3.11", target)


ARM64 = mac(0x0100000C, "11.0")
INTEL = mac(0x01000007, "10.15")


def tag(text: str) -> Tag:
    return Tag(*text.split("-"))


class WheelTagTest(parameterized.TestCase):
    @parameterized.parameters(
        "py3-none-any",
        "py2-none-any",
        "py311-none-any",
        "py39-none-any",
        "py312-none-any",
        "cp311-none-any",
        "cp310-none-any",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-manylinux1_x86_64",
        "cp311-cp311-linux_x86_64",
        "cp311-cp311-any",
        "cp311-cp311-musllinux_1_2_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64",
        "cp311-cp311-macosx_11_0_x86_64",
        "cp311-cp311-win_amd64",
        "cp312-cp312-manylinux_2_17_x86_64",
        "cp311-cp311t-manylinux_2_17_x86_64",
        "cp37-abi3-manylinux_2_17_x86_64",
        "cp312-abi3-manylinux_2_17_x86_64",
        "py3-abi3-any",
        "pp311-pypy311_pp73-manylinux_2_17_x86_64",
        "py3-none-manylinux2014_x86_64",
        "cpx-none-any",
    )
    def test_on_linux(self, text: str) -> None:
        takes = {
            "py3-none-any",
            "py311-none-any",
            "py39-none-any",
            "cp311-none-any",
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp311-cp311-manylinux2014_x86_64",
            "cp311-cp311-manylinux1_x86_64",
            "cp311-cp311-linux_x86_64",
            "cp311-cp311-any",
            "cp37-abi3-manylinux_2_17_x86_64",
            "py3-none-manylinux2014_x86_64",
        }
        self.assertEqual(PYTHON.takes(tag(text)), text in takes)

    def test_musl(self) -> None:
        python = Python("3.11", MUSL)
        self.assertTrue(python.takes(tag("cp311-cp311-musllinux_1_2_x86_64")))
        self.assertFalse(python.takes(tag("cp311-cp311-manylinux_2_17_x86_64")))

    @parameterized.parameters(
        ("macosx_11_0_arm64", ARM64),
        ("macosx_11_1_arm64",),
        ("macosx_12_0_arm64",),
        ("macosx_11_0_universal2", ARM64),
        ("macosx_10_9_universal2", ARM64, INTEL),
        ("macosx_10_9_x86_64", INTEL),
        ("macosx_10_15_x86_64", INTEL),
        ("macosx_10_16_x86_64",),
        ("macosx_10_6_intel", INTEL),
        ("macosx_10_6_universal", INTEL),
        ("macosx_10_6_i386",),
        ("macosx_11_0",),
        ("manylinux_2_17_x86_64",),
        ("manylinux_2_17_arm64",),
    )
    def test_on_macos(self, platform: str, *pythons: Python) -> None:
        for python in (ARM64, INTEL):
            found = python.takes(tag(f"cp311-cp311-{platform}"))
            self.assertEqual(found, python in pythons, python)

    def test_an_unknown_platform_is_the_right_one(self) -> None:
        python = Python("3.11")
        self.assertTrue(python.takes(tag("cp311-cp311-win_amd64")))
        self.assertFalse(python.takes(tag("cp312-cp312-win_amd64")))


class ExtensionTest(parameterized.TestCase):
    @parameterized.parameters(
        ("x.cpython-311-x86_64-linux-gnu.so", True),
        ("x.cpython-311.so", True),
        ("x.abi3.so", True),
        ("x.so", True),
        ("libx-0352e75f.so.5.0.0", True),
        ("x.cpython-312-x86_64-linux-gnu.so", False),
        ("x.cpython-311-aarch64-linux-gnu.so", False),
        ("x.cpython-311-x86_64-linux-musl.so", False),
    )
    def test_names(self, name: str, takes: bool) -> None:
        self.assertEqual(PYTHON.takes_extension(name), takes)

    @parameterized.parameters(
        ("x.cpython-311-darwin.so", True),
        ("x.abi3.so", True),
        ("x.cpython-311-x86_64-linux-gnu.so", False),
        ("x.cpython-312-darwin.so", False),
    )
    def test_names_on_macos(self, name: str, takes: bool) -> None:
        self.assertEqual(ARM64.takes_extension(name), takes)


class PythonTest(absltest.TestCase):
    def test_what_it_is_called(self) -> None:
        self.assertEqual(str(PYTHON), "CPython 3.11 on linux_x86_64")
        self.assertEqual((PYTHON.abi, PYTHON.soname), ("cp311", "libpython3.11.so.1.0"))
        self.assertEqual(str(ARM64), "CPython 3.11 on macos_arm64 (macOS 11.0 and newer)")
        self.assertEqual(ARM64.soname, "libpython3.11.dylib")


if __name__ == "__main__":
    absltest.main()
