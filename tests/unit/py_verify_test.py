"""The verifier of bundles: each broken promise is found."""

from absl.testing import absltest, parameterized

from relocatable.provenance import Origin, Record
from relocatable.python import verify
from relocatable.python.tags import Python
from relocatable.target import Target
from relocatable.tree import File, Tree
from support.elf_builder import EM_AARCH64, ElfBuilder

RECORD = Record(Origin("//:x", "x"))
HOME = "lib/python3.11"
PACKAGES = f"{HOME}/site-packages"
PYTHON = Python(
    "3.11", Target("linux_x86_64", 62, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
)


def elf(soname: str | None = None, says: bytes = b"", **more: object) -> File:
    built = ElfBuilder(soname=soname, versions={}, code=says, **more)  # type: ignore[arg-type]
    return File(built.build(), RECORD)


def tree(**files: File) -> Tree:
    """A sound bundle, with `files` as well or instead."""
    made = Tree()
    sound = {
        "bin/python3.11": elf(says=b"\0003.11.2\0"),
        "lib/libpython3.11.so.1.0": elf("libpython3.11.so.1.0", b"\0003.11.2\0"),
        f"{PACKAGES}/demo/_demo.cpython-311-x86_64-linux-gnu.so": elf(
            needed=("libdemo-1234.so", "libc.so.6"), runpath="$ORIGIN/../demo.libs"
        ),
        f"{PACKAGES}/demo.libs/libdemo-1234.so": elf("libdemo-1234.so"),
        f"{PACKAGES}/demo-1.dist-info/METADATA": File(b"Name: Demo\nVersion: 1\n", RECORD),
        f"{PACKAGES}/demo-1.dist-info/RECORD": File(b"demo-1.dist-info/METADATA,,\n", RECORD),
    }
    for path, file in (sound | files).items():
        made.add(path, file)
    return made


class VerifyTest(parameterized.TestCase):
    def test_what_is_sound(self) -> None:
        report = verify.verify(tree(), PYTHON)
        self.assertEmpty(report.problems)
        self.assertEqual(report.version, "3.11.2")
        self.assertEqual(report.distributions, {"demo": "1"})
        self.assertEqual(report.outside, ["libc.so.6"])

    @parameterized.parameters(
        (
            "bin/python3.11",
            elf(says=b"\0003.12.1\0"),
            "bin/python3.11 is not CPython 3.11: its bytes don't say so",
        ),
        (
            "bin/python3.11",
            elf(says=b"\0003.11.9\0"),
            "bin/python3.11 is 3.11.9 and lib/libpython3.11.so.1.0 is 3.11.2; "
            "one version is wanted",
        ),
        (
            "bin/python3.11",
            File(b"#!/bin/sh\n", RECORD),
            "bin/python3.11 is no ELF file; CPython 3.11 on linux_x86_64 is wanted",
        ),
        (
            "lib/libpython3.11.so.1.0",
            elf("libpython3.12.so.1.0", b"\0003.11.2\0"),
            "lib/libpython3.11.so.1.0 calls itself libpython3.12.so.1.0; "
            "libpython3.11.so.1.0 is wanted",
        ),
        (
            f"{PACKAGES}/x.cpython-312-x86_64-linux-gnu.so",
            elf(),
            f"{PACKAGES}/x.cpython-312-x86_64-linux-gnu.so is not for CPython 3.11 on "
            "linux_x86_64, says its name",
        ),
        (
            f"{PACKAGES}/x.abi3.so",
            elf(machine=EM_AARCH64),
            f"{PACKAGES}/x.abi3.so is for EM_AARCH64; CPython 3.11 on linux_x86_64 is wanted",
        ),
        (
            f"{PACKAGES}/demo-1.dist-info/RECORD",
            File(b"gone.py,,\n", RECORD),
            f"{PACKAGES}/demo-1.dist-info/RECORD lists gone.py, which is not there",
        ),
        (
            f"{PACKAGES}/demo-1.dist-info/RECORD",
            File(b"demo-1.dist-info/METADATA,sha256=AAAA,1\n", RECORD),
            f"{PACKAGES}/demo-1.dist-info/RECORD: demo-1.dist-info/METADATA: wanted sha256=AAAA, "
            "found sha256=924HbBIxPkCKhGy-ntauflyWtKOIh38Tkw9tMQCRrks",
        ),
        (
            f"{PACKAGES}/other-1.dist-info/RECORD",
            File(b"", RECORD),
            f"{PACKAGES}/other-1.dist-info/METADATA is missing",
        ),
    )
    def test_each_broken_promise(self, path: str, file: File, problem: str) -> None:
        report = verify.verify(tree(**{path: file}), PYTHON)
        self.assertEqual(report.problems, [problem])

    def test_requirements_without_a_record(self) -> None:
        """Whoever has left that out has not said that what is needed may be missing."""
        about = b"Name: Demo\nVersion: 1\nRequires-Dist: other\n"
        made = tree(**{f"{PACKAGES}/demo-1.dist-info/METADATA": File(about, RECORD)})
        del made.nodes[f"{PACKAGES}/demo-1.dist-info/RECORD"]
        self.assertEqual(
            verify.verify(made, PYTHON).problems,
            ["demo-1.dist-info needs other, which is not there"],
        )

    def test_a_distribution_inside_a_package(self) -> None:
        """What a package has vendored is its own."""
        inside = f"{PACKAGES}/demo/_vendor/other-1.dist-info"
        made = tree(**{f"{inside}/METADATA": File(b"Name: other\nVersion: 1\n", RECORD)})
        self.assertEqual(verify.verify(made, PYTHON).distributions, {"demo": "1"})

    @parameterized.parameters(
        ("other>=1; python_version < '3'", ()),
        ("other>=1; extra == 'x'", ()),
        ("Demo>=1,<2", ()),
        ("Other_x>=1", ("other.X",)),
        ("other>=1", (), "demo-1.dist-info needs other>=1, which is not there"),
        ("demo>=2", (), "demo-1.dist-info needs demo>=2; 1 is there"),
        ("demo", ("other",), "nothing misses other; drop it from `unmet`"),
        ("demo>>1", (), "demo-1.dist-info: 'demo>>1' is no requirement, such as NAME>=1.2"),
        ("demo;x", (), "demo-1.dist-info: 'demo;x' is no requirement, such as NAME>=1.2"),
    )
    def test_requirements(self, text: str, unmet: tuple[str, ...], *problems: str) -> None:
        about = f"Name: Demo\nVersion: 1\nRequires-Dist: {text}\n".encode()
        found = {f"{PACKAGES}/demo-1.dist-info/METADATA": File(about, RECORD)}
        self.assertEqual(verify.verify(tree(**found), PYTHON, unmet).problems, list(problems))


if __name__ == "__main__":
    absltest.main()
