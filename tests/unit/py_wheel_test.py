"""Wheels: what sound ones install, and how each wrong one is refused."""

import hashlib
import zipfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content, provenance
from relocatable.errors import RelocatableError
from relocatable.python import wheel
from relocatable.python.tags import Python
from relocatable.python.wheel import Wheel
from relocatable.target import Target
from support import wheel_builder

PYTHON = Python(
    "3.11", Target("linux_x86_64", 62, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
)
HOME = "lib/python3.11"
PACKAGES = f"{HOME}/site-packages"
INFO = "demo-1.0.dist-info"
DATA = "demo-1.0.data"
DIGEST = "sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"


class WheelTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def read(self, path: Path) -> Wheel:
        return wheel.read(path, self.directory)

    def make(self, files: dict[str, bytes] | None = None, **more: object) -> Path:
        return wheel_builder.wheel(self.directory, files or {"demo.py": b"abc"}, **more)  # type: ignore[arg-type]

    def refused(self, path: Path) -> str:
        with self.assertRaises(RelocatableError) as raised:
            self.read(path)
        return str(raised.exception).replace(f"{self.directory}/", "")

    def test_what_it_is(self) -> None:
        read = self.read(self.make(tag="py2.py3-none-any"))
        self.assertEqual((read.name, read.version, str(read)), ("demo", "1.0", "demo 1.0"))
        self.assertEqual(list(map(str, read.tags)), ["py2-none-any", "py3-none-any"])
        self.assertEqual(read.dist_info, INFO)
        self.assertEqual(content.read(read.files["demo.py"].data), b"abc")
        self.assertNotIn(f"{INFO}/RECORD", read.files)

    def test_where_it_goes(self) -> None:
        files = {
            "demo/__init__.py": b"",
            "demo/tool": b"x",
            f"{DATA}/purelib/pure.py": b"",
            f"{DATA}/platlib/plat.so": b"",
            f"{DATA}/headers/demo.h": b"",
            f"{DATA}/data/share/man/man1/demo.1": b"",
            f"{DATA}/scripts/tool": b"\x7fELF",
            f"{DATA}/scripts/hello": b"#!python -x\nprint(1)\n",
        }
        read = self.read(self.make(files, executable=frozenset({"demo/tool"})))
        installed = dict(wheel.install(read, HOME, PYTHON))
        self.assertEqual(
            {path for path in installed if INFO not in path},
            {
                f"{PACKAGES}/demo/__init__.py",
                f"{PACKAGES}/demo/tool",
                f"{PACKAGES}/pure.py",
                f"{PACKAGES}/plat.so",
                "include/python3.11/demo/demo.h",
                "share/man/man1/demo.1",
                "bin/tool",
                "bin/hello",
            },
        )
        executable = {path for path, file in installed.items() if file.executable}
        self.assertEqual(executable, {f"{PACKAGES}/demo/tool", "bin/tool", "bin/hello"})
        script = content.read(installed["bin/hello"].content)
        self.assertRegex(script, rb"(?s)\A#!/bin/sh\n.*/python3\.11\".*\nprint\(1\)\n\Z")
        origin = installed["bin/hello"].record.origin
        self.assertEqual(str(origin), f"demo-1.0-py3-none-any.whl: {DATA}/scripts/hello")
        digest = hashlib.sha256(read.path.read_bytes()).hexdigest()
        self.assertEqual(
            origin.source, provenance.Wheel("demo", "1.0", "demo-1.0-py3-none-any.whl", digest)
        )

    def test_data_of_no_known_kind(self) -> None:
        read = self.read(self.make({f"{DATA}/etc/passwd": b""}))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            f"demo-1.0-py3-none-any.whl: {DATA}/etc/passwd is data of no known kind; "
            "data, headers, platlib, purelib, scripts are",
        ):
            list(wheel.install(read, HOME, PYTHON))

    def test_not_for_this_python(self) -> None:
        wheels = [
            self.read(self.make(tag=tag, name=name))
            for name, tag in (
                ("good", "py3-none-any"),
                ("abi", "cp312-cp312-linux_x86_64"),
                ("place", "cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64"),
            )
        ]
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "wheels that can't be for CPython 3.11 on linux_x86_64:\n"
            "  abi-1.0-cp312-cp312-linux_x86_64.whl is for cp312-cp312-linux_x86_64\n"
            "  place-1.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl is for "
            "cp311-cp311-manylinux2014_aarch64 or cp311-cp311-manylinux_2_17_aarch64",
        ):
            wheel.check_fits(wheels, PYTHON)

    @parameterized.parameters(
        ("../evil.py", "path '../evil.py' is not allowed in a tree"),
        ("/etc/passwd", "path '/etc/passwd' is not allowed in a tree"),
        ("demo/../../x", "path 'demo/../../x' is not allowed in a tree"),
        ("demo//x", "path 'demo//x' is not allowed in a tree"),
        ("..\\evil.py", "path '..\\\\evil.py' has a backslash"),
    )
    def test_hostile_paths(self, path: str, problem: str) -> None:
        message = self.refused(self.make({path: b""}))
        self.assertStartsWith(
            message, f"demo-1.0-py3-none-any.whl holds what no wheel may: {problem}"
        )

    def test_a_link(self) -> None:
        path = self.make()
        with zipfile.ZipFile(path, "a") as archive:
            entry = zipfile.ZipInfo("demo/link")
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, "/etc/passwd")
        self.assertEndsWith(self.refused(path), ": demo/link is neither a file nor a directory")

    @parameterized.parameters(
        ({"demo.py": None}, "demo.py is not listed"),
        ({"x.py": "x.py,,"}, "x.py is listed and not there"),
        (
            {"demo.py": "demo.py,,"},
            "demo.py: wanted a digest by one of sha256, sha384, sha512, found ''",
        ),
        (
            {"demo.py": "demo.py,md5=kAFQmDzST7DWlj99KOF_cg,3"},
            "demo.py: wanted a digest by one of sha256, sha384, sha512, "
            "found 'md5=kAFQmDzST7DWlj99KOF_cg'",
        ),
        (
            {"demo.py": "demo.py,sha256=AAAA,3"},
            f"demo.py: wanted sha256=AAAA, found {DIGEST}",
        ),
        ({"demo.py": f"demo.py,{DIGEST},4"}, "demo.py: wanted 4 bytes, found 3"),
    )
    def test_a_record_that_lies(self, record: dict[str, str | None], problem: str) -> None:
        message = self.refused(self.make(record=record))
        self.assertEqual(
            message, f"demo-1.0-py3-none-any.whl is not what its RECORD says: {problem}"
        )

    def test_a_record_that_is_none(self) -> None:
        message = self.refused(self.make(record={"x": "only,two"}))
        self.assertEndsWith(
            message, "/RECORD: wanted PATH,DIGEST,SIZE once for each, found ['only', 'two']"
        )

    @parameterized.parameters(0, 1, 30, 100, -1, -20)
    def test_truncated(self, length: int) -> None:
        path = self.make()
        path.write_bytes(path.read_bytes()[:length])
        self.assertStartsWith(self.refused(path), f"{path.name} is no wheel, or is damaged: ")

    def test_a_flipped_bit(self) -> None:
        path = self.make()
        data = bytearray(path.read_bytes())
        data[45] ^= 1
        path.write_bytes(data)
        self.assertIn(" is no wheel, or is damaged: ", self.refused(path))

    @parameterized.parameters("demo.whl", "demo-1.0.whl", "demo-1.0-py3-none.whl", "-1-a-b-c.whl")
    def test_a_name_that_is_none(self, name: str) -> None:
        path = self.make().rename(self.directory / name)
        self.assertEqual(
            self.refused(path),
            f"{name} is no wheel: a name like NAME-VERSION-cp311-cp311-PLATFORM.whl is wanted",
        )

    def test_of_another_distribution(self) -> None:
        path = self.make().rename(self.directory / "other-1.0-py3-none-any.whl")
        self.assertEqual(
            self.refused(path),
            "other-1.0-py3-none-any.whl: its METADATA is of 'demo' '1.0'; other is wanted",
        )

    def test_a_format_of_the_future(self) -> None:
        path = self.make({f"{INFO}/WHEEL": b"Wheel-Version: 2.0\n"})
        self.assertEndsWith(self.refused(path), " has wheel format 2.0; 1.x is wanted")

    def test_two_distributions_in_one(self) -> None:
        path = self.make({"other-1.dist-info/METADATA": b""})
        self.assertEndsWith(
            self.refused(path),
            "one *.dist-info directory is wanted, "
            "found ['demo-1.0.dist-info', 'other-1.dist-info']",
        )


if __name__ == "__main__":
    absltest.main()
