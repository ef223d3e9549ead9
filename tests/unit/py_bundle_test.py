"""The Python home: its layout, and what no longer ties it to one place."""

import os
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import components, pip_scripts, pkg_config, record, sysconfig, wheel
from relocatable.python.bundle import Parts, bundle
from relocatable.python.tags import Python
from relocatable.python.verify import verify
from relocatable.tree import File, Link, Tree
from support import wheel_builder

RECORD = Record(Origin("//:x", "x"))
HOME = "lib/python3.11"
PACKAGES = f"{HOME}/site-packages"
PYTHON = Python("3.11")
SYSCONFIGDATA = b"""# made by the build
build_time_vars = {'prefix': '/usr', 'N': 1, 'VERSION': '3.11',
 'INCLUDEPY': '/usr/include/x86_64-linux-gnu/python3.11',
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


def made(*, python: Python = PYTHON, base: Tree | None = None, **parts: object) -> Tree:
    wanted = Parts(base or library(), [runtime()], **parts)  # type: ignore[arg-type]
    return bundle(python, wanted, "//:x")


class BundleTest(parameterized.TestCase):
    def test_layout(self) -> None:
        packages = Tree()
        packages.add("lldb/__init__.py", File(b"", RECORD))
        tree = made(site_packages=[packages])
        self.assertEqual(tree.file("lib/libpython3.11.so.1").content, b"lib")
        self.assertEqual(tree.file("bin/python3.11").content, b"exe")
        self.assertEqual(tree.follow("bin/python3"), "bin/python3.11")
        self.assertEqual(tree.follow("bin/python"), "bin/python3.11")
        self.assertNotIn("lib/libother.so", tree.nodes)
        self.assertIn(f"{HOME}/site-packages/lldb/__init__.py", tree.nodes)
        self.assertIn(f"{HOME}/site-packages/_relocatable.pth", tree.nodes)

    def test_one_of_several_pythons(self) -> None:
        nodes = made(is_default=False).nodes
        self.assertIn("bin/python3.11", nodes)
        self.assertNotIn("bin/python3", nodes)
        self.assertNotIn("bin/python", nodes)

    def test_a_distribution_that_keeps_apart_what_it_installs(self) -> None:
        site = b'for d in "dist-packages": pass'
        scheme = b"x = 1\nprefix_scheme = 'posix_local'\n"
        base = library(site=site, sysconfig=scheme)
        base.add(f"{HOME}/EXTERNALLY-MANAGED", File(b"", RECORD))
        tree = made(base=base)
        self.assertNotIn(f"{HOME}/EXTERNALLY-MANAGED", tree.nodes)
        self.assertEqual(tree.follow(f"{HOME}/dist-packages"), f"{HOME}/site-packages")
        edited = tree.file(f"{HOME}/sysconfig.py")
        self.assertEqual(edited.content, b"x = 1\nprefix_scheme = 'posix_prefix'\n")
        self.assertEqual([edit.what for edit in edited.record.edits], ["text"])

    def test_what_is_for_who_builds_from_outside(self) -> None:
        base = library()
        for name in ("_sysconfig_vars__x.json", "build-details.json", "json/build-details.json"):
            base.add(f"{HOME}/{name}", File(b"{}", RECORD))
        tree = made(base=base)
        self.assertEqual(
            [path for path in tree.nodes if path.endswith(".json")],
            [f"{HOME}/json/build-details.json"],
        )

    def test_a_library_that_does_without_sysconfig(self) -> None:
        tree = library()
        for name in ("_sysconfigdata__x", "sysconfig"):
            del tree.nodes[f"{HOME}/{name}.py"]
        self.assertIn(f"{HOME}/site.py", made(base=tree).nodes)

    def test_no_sysconfigdata(self) -> None:
        tree = library()
        del tree.nodes[f"{HOME}/_sysconfigdata__x.py"]
        with self.assertRaisesRegex(RelocatableError, "has no _sysconfigdata"):
            made(base=tree)

    def test_the_library_of_another_version(self) -> None:
        base = library(_sysconfigdata__x=SYSCONFIGDATA.replace(b"'3.11'", b"'3.12'"))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, f"{HOME}/_sysconfigdata__x.py is of Python 3.12; 3.11 is wanted"
        ):
            made(base=base)

    def test_wheels(self) -> None:
        directory = Path(self.create_tempdir().full_path)
        files = {
            "one.py": b"",
            "one-1.0.dist-info/entry_points.txt": b"[console_scripts]\none=one:main\n",
        }
        one = wheel.read(wheel_builder.wheel(directory, files, name="one"), directory)
        tree = made(wheels=[one])
        self.assertIn("bin/one", tree.nodes)
        self.assertIn(f"{PACKAGES}/one-1.0.dist-info/INSTALLER", tree.nodes)

    def test_commands(self) -> None:
        packages = Tree()
        for path in ("app/__init__.py", "app/cli.py", "_fast.abi3.so"):
            packages.add(path, File(b"", RECORD))
        commands = {"app": "app.cli:main", "app-2": "app:main", "fast": "_fast:main"}
        tree = made(site_packages=[packages], commands=commands)
        for name in commands:
            self.assertTrue(tree.file(f"bin/{name}").executable)
        text = content.read(tree.file("bin/app").content)
        self.assertIn(b"\nfrom app.cli import main\n", text)

    @parameterized.parameters(
        ({"x": "app:main"}, "commands: x calls app, which is not in site-packages"),
        ({"x": "app"}, "commands: wanted COMMAND = MODULE:FUNCTION, found 'x' = 'app'"),
        ({"../x": "app:main"}, "commands: wanted COMMAND = MODULE:FUNCTION, found '../x'"),
        ({"python3": "_relocatable:main"}, "bin/python3"),
    )
    def test_commands_that_can_not_be(self, commands: dict[str, str], problem: str) -> None:
        with self.assertRaisesRegex(RelocatableError, problem):
            made(commands=commands)

    def test_two_wheels_with_one_file(self) -> None:
        directory = Path(self.create_tempdir().full_path)
        wheels = [
            wheel.read(
                wheel_builder.wheel(directory, {"a.py": name.encode()}, name=name), directory
            )
            for name in ("one", "three")
        ]
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "packages bring different files for one path; py_runtime_bundle(exclude = ...) takes "
            "the path, or NAME:PATH for the one of package NAME alone: "
            "a.py: from one-1.0-py3-none-any.whl: a.py and three-1.0-py3-none-any.whl: a.py",
        ):
            made(wheels=wheels)

    def test_what_is_left_out(self) -> None:
        directory = Path(self.create_tempdir().full_path)
        wheels = [
            wheel.read(
                wheel_builder.wheel(
                    directory,
                    {
                        f"{name}.py": b"",
                        "CHANGELOG.md": name.encode(),
                        "tests/__init__.py": name.encode(),
                    },
                    name=name,
                ),
                directory,
            )
            for name in ("One_x", "three")
        ]
        extra = Tree()
        extra.add("more/tests/a.py", File(b"", RECORD))
        patterns = ["one.x:CHANGELOG.md", "**/tests"]
        tree = made(wheels=wheels, site_packages=[extra], exclude=patterns)
        self.assertEqual(content.read(tree.file(f"{PACKAGES}/CHANGELOG.md").content), b"three")
        self.assertEmpty([path for path in tree.nodes if "tests" in path])
        for name, listed in (("One_x", False), ("three", True)):
            path = f"{PACKAGES}/{name}-1.0.dist-info/RECORD"
            entries = record.parse(content.read(tree.file(path).content), path)
            self.assertEqual("CHANGELOG.md" in entries, listed)
            self.assertNotIn("tests/__init__.py", entries)
        self.assertEmpty(
            [problem for problem in verify(tree, PYTHON).problems if "dist-info" in problem]
        )

    @parameterized.parameters(
        (
            ["CHANGELOG"],
            "exclude: matches nothing in site-packages: 'CHANGELOG'; 'CHANGELOG.md' is there",
        ),
        (
            ["two:CHANGELOG.md"],
            "exclude: 'two:CHANGELOG.md' is for two; wanted one of the packages that bring their "
            "metadata (one)",
        ),
        (
            ["*.dist-info/RECORD"],
            "exclude: '*.dist-info/RECORD' matches one-1.0.dist-info/RECORD, which is made anew, "
            "of what is there",
        ),
        (
            ["*.dist-info"],
            "exclude: '*.dist-info' matches one-1.0.dist-info/METADATA, which says what a package "
            "needs; if that may be missing, name it in `unmet`",
        ),
    )
    def test_what_can_not_be_left_out(self, patterns: list[str], message: str) -> None:
        directory = Path(self.create_tempdir().full_path)
        one = wheel_builder.wheel(directory, {"CHANGELOG.md": b"1"}, name="one")
        with self.assertRaisesWithLiteralMatch(RelocatableError, message):
            made(wheels=[wheel.read(one, directory)], exclude=patterns)


class ComponentsTest(absltest.TestCase):
    def test_no_interpreter_at_all(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "no runtime tree has libpython3.12.so or bin/python3.12; one of them is wanted; "
            "found libpython3.11.so.1, libpython3.11.so.1.0, python3.11",
        ):
            components.take("3.12", [runtime()], [])

    def test_what_is_wanted_and_not_there(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "wanted of Python 3.11, and not there:\n"
            "  headers: no runtime tree has include/python3.11/Python.h; found python3.11\n"
            "  libpython: no runtime tree has libpython3.11.so.1.0; found python3.11",
        ):
            tree = Tree()
            tree.add("bin/python3.11", File(b"", RECORD))
            components.take("3.11", [tree], ["headers", "interpreter", "libpython"])

    def test_one_of_them(self) -> None:
        taken = components.take("3.11", [runtime()], ["libpython"])
        self.assertNotIn("bin/python3.11", taken.nodes)
        self.assertIn("lib/libpython3.11.so.1.0", taken.nodes)

    def test_headers_of_a_distribution_that_keeps_machines_apart(self) -> None:
        tree = Tree()
        for path, data in {
            "usr/include/python3.11/Python.h": b"P",
            "usr/include/python3.11/cpython/object.h": b"o",
            "usr/include/python3.11/pyconfig.h": b"#include <x86_64-linux-gnu/x.h>",
            "usr/include/x86_64-linux-gnu/python3.11/pyconfig.h": b"#define X",
            "usr/include/python3.12/Python.h": b"no",
        }.items():
            tree.add(path, File(data, RECORD))
        taken = components.take("3.11", [tree], ["headers"])
        self.assertEqual(
            {path: content.read(file.content) for path, file in taken.files()},
            {
                "include/python3.11/Python.h": b"P",
                "include/python3.11/cpython/object.h": b"o",
                "include/python3.11/pyconfig.h": b"#define X",
            },
        )


class PkgConfigTest(absltest.TestCase):
    def test_from_its_own_place(self) -> None:
        text = (
            "prefix=/usr\nexec_prefix=${prefix}\nlibdir=/usr/lib/aarch64-linux-gnu\n"
            "includedir=${prefix}/include\nother=/usrlocal\n\nLibs.private: -ldl  -lm \n"
            "Cflags: -I${includedir}/python3.11 -I${includedir}/aarch64-linux-gnu/python3.11\n"
        )
        self.assertEqual(
            pkg_config.relocate(text.encode(), "lib/pkgconfig").decode(),
            "prefix=${pcfiledir}/../..\nexec_prefix=${prefix}\nlibdir=${prefix}/lib\n"
            "includedir=${prefix}/include\nother=/usrlocal\n\nLibs.private: -ldl  -lm \n"
            "Cflags: -I${includedir}/python3.11\n",
        )


class PipTest(absltest.TestCase):
    PATH = f"{PACKAGES}/pip/_vendor/distlib/scripts.py"

    def free(self, text: str) -> str:
        tree = Tree()
        tree.add(self.PATH, File(text.encode(), RECORD))
        pip_scripts.free(tree, PACKAGES)
        return content.read(tree.file(self.PATH).content).decode()

    def test_scripts_beside_the_interpreter(self) -> None:
        text = """import os, sys
class ScriptMaker:
    def __init__(self, target_dir): self.target_dir = target_dir
    def _build_shebang(self, executable, post_interp): return b"#!" + executable
"""
        scope: dict[str, type] = {}
        exec(self.free(text), scope)  # noqa: S102
        beside, elsewhere = (
            scope["ScriptMaker"](place)._build_shebang(b"/python", b"")
            for place in (str(Path(sys.executable).parent), "/elsewhere")
        )
        name = Path(sys.executable).name
        self.assertEqual(elsewhere, b"#!/python")
        if sys.prefix == sys.base_prefix:  # Not in a virtual environment.
            self.assertIn(f')/{name}" "$0"'.encode(), beside)

    def test_a_pip_of_another_form(self) -> None:
        self.assertEqual(self.free("class Other: pass\n"), "class Other: pass\n")


class SysconfigTest(parameterized.TestCase):
    def variables(self) -> dict[str, object]:
        scope: dict[str, dict[str, object]] = {}
        exec(sysconfig.relocate(SYSCONFIGDATA, "x", "3.11"), scope)  # noqa: S102
        return scope["build_time_vars"]

    @parameterized.parameters(
        ("prefix", "{}"),
        ("N", 1),
        ("INCLUDEPY", "{}/include/python3.11"),
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
            sysconfig.relocate(source, "x.py", "3.11")


class StartupTest(absltest.TestCase):
    def test_the_environment_is_put_back(self) -> None:
        tree = made()
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
