"""The Python home: its layout, and what no longer ties it to one place."""

import os
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import sysconfig
from relocatable.python.bundle import bundle
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))
HOME = "lib/python3.11"
SYSCONFIGDATA = b"""# made by the build
build_time_vars = {'prefix': '/usr', 'N': 1,
 'LIBDIR': '/usr/lib/x86_64-linux-gnu',
 'BINLIBDEST': '/usr/lib/x86_64-linux-gnu/python3.11',
 'INSTALL': '/usr/bin/install -c',
 'CFLAGS': '-O2 -ffile-prefix-map=/build/p-3.11=. -I/usr/include "-L/usr/lib"',
 'abs_srcdir': '/build/p-3.11/..',
 'OTHER': 'usr /opt/usr ./usr',
 'TZPATH': '/usr/share/zoneinfo'}
"""


def library(**more: bytes) -> Tree:
    tree = Tree()
    files = {"_sysconfigdata__x": SYSCONFIGDATA, "site": b"", "sysconfig": b""} | more
    for name, data in files.items():
        tree.add(f"{HOME}/{name}.py", File(data, RECORD))
    return tree


def runtime() -> Tree:
    tree = Tree()
    directory = "usr/lib/x86_64-linux-gnu"
    tree.add(f"{directory}/libpython3.11.so.1.0", File(b"lib", RECORD))
    tree.add(f"{directory}/libpython3.11.so.1", Link("libpython3.11.so.1.0", RECORD))
    tree.add("usr/bin/python3.11", File(b"exe", RECORD, executable=True))
    tree.add(f"{directory}/libother.so", File(b"no", RECORD))
    return tree


class BundleTest(absltest.TestCase):
    def test_layout(self) -> None:
        packages = Tree()
        packages.add("lldb/__init__.py", File(b"", RECORD))
        tree = bundle("3.11", library(), [runtime()], [packages], "//:x")
        self.assertEqual(tree.file("lib/libpython3.11.so.1").content, b"lib")
        self.assertEqual(tree.file("bin/python3.11").content, b"exe")
        self.assertNotIn("lib/libother.so", tree.nodes)
        self.assertIn(f"{HOME}/site-packages/lldb/__init__.py", tree.nodes)
        self.assertIn(f"{HOME}/site-packages/_relocatable.pth", tree.nodes)

    def test_a_distribution_that_keeps_apart_what_it_installs(self) -> None:
        site = b'for d in "dist-packages": pass'
        scheme = b"x = 1\nprefix_scheme = 'posix_local'\n"
        tree = bundle("3.11", library(site=site, sysconfig=scheme), [runtime()], [], "//:x")
        self.assertEqual(tree.follow(f"{HOME}/dist-packages"), f"{HOME}/site-packages")
        edited = tree.file(f"{HOME}/sysconfig.py")
        self.assertEqual(edited.content, b"x = 1\nprefix_scheme = 'posix_prefix'\n")
        self.assertEqual([edit.what for edit in edited.record.edits], ["text"])

    def test_no_sysconfigdata(self) -> None:
        tree = library()
        del tree.nodes[f"{HOME}/_sysconfigdata__x.py"]
        with self.assertRaisesRegex(RelocatableError, "has no _sysconfigdata"):
            bundle("3.11", tree, [runtime()], [], "//:x")

    def test_no_interpreter_at_all(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "no runtime tree has libpython3.12.so or bin/python3.12; one is wanted",
        ):
            bundle("3.12", library(), [runtime()], [], "//:x")


class SysconfigTest(parameterized.TestCase):
    def variables(self) -> dict[str, object]:
        scope: dict[str, dict[str, object]] = {}
        exec(sysconfig.relocate(SYSCONFIGDATA, "x"), scope)  # noqa: S102
        return scope["build_time_vars"]

    @parameterized.parameters(
        ("prefix", "{}"),
        ("N", 1),
        ("LIBDIR", "{}/lib"),
        ("BINLIBDEST", "{}/lib/python3.11"),
        ("INSTALL", "install -c"),
        ("CFLAGS", '-O2 -I{}/include "-L{}/lib"'),
        ("abs_srcdir", ""),
        ("OTHER", "usr /opt/usr ./usr"),
        ("TZPATH", "/usr/share/zoneinfo"),
    )
    def test_values(self, name: str, expected: object) -> None:
        if isinstance(expected, str):
            expected = expected.replace("{}", sys.base_prefix)
        self.assertEqual(self.variables()[name], expected)

    @parameterized.parameters(b"", b"x", b"build_time_vars = 1", b"x = f()", b"(", b"\xff")
    def test_other_modules(self, source: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^x.py is not a _sysconfigdata module: "):
            sysconfig.relocate(source, "x.py")


class StartupTest(absltest.TestCase):
    def test_the_environment_is_put_back(self) -> None:
        tree = bundle("3.11", library(), [runtime()], [], "//:x")
        script = Path(self.create_tempfile("_relocatable.py").full_path)
        path = f"{HOME}/site-packages/_relocatable.py"
        script.write_bytes(content.read(tree.file(path).content))
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "A": "ours",
            "RELOCATABLE_RESTORE_A": "=theirs=1",
            "B": "ours",
            "RELOCATABLE_RESTORE_B": "",
            "RELOCATABLE_RESTORE_C": "=theirs",
            "D": "theirs",
        }
        code = f"exec(open({str(script)!r}).read()); import os; os.execvp('env', ['env', '-0'])"
        output = subprocess.run(
            [sys.executable, "-S", "-c", code], env=environment, check=True, stdout=subprocess.PIPE
        ).stdout.decode()
        found = dict(line.split("=", 1) for line in output.rstrip("\0").split("\0"))
        found.pop("LC_CTYPE", None)  # Set by Python itself, where there is no locale.
        expected = {"PATH": environment["PATH"], "A": "theirs=1", "C": "theirs", "D": "theirs"}
        self.assertEqual(found, expected)


if __name__ == "__main__":
    absltest.main()
