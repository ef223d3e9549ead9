"""Packages of Python modules, through all that dpkg does to them, at whatever moment it is stopped.

A small Debian with a real dpkg, a real interpreter that comes and goes, and nothing left behind.
"""

import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from absl import flags
from absl.testing import absltest

from support.debian_root import FORCED, DebianRoot

_INTERPRETER = flags.DEFINE_multi_string("interpreter", [], "A package of the interpreter.")
_PYTHON = flags.DEFINE_string("python", "3.11", "MAJOR.MINOR of it.")
_ROUNDS = flags.DEFINE_integer("rounds", 8, "How often dpkg is killed.")
_SEED = flags.DEFINE_integer("seed", None, "Of the moments at which it is.")

HERE = Path("tests/integration/deb")
SYSTEM = Path("third_party/dpkg/system.tar")
TOOL = Path("tools/byte_compile/python_byte_compile.deb")
DEMO_1, DEMO_2, OTHER = (HERE / f"{name}.deb" for name in ("demo_1", "demo_2", "other"))
PYTHONS = ("3.11", "3.13")
PROGRAM = "python-byte-compile-package"
LOG = "var/log/dpkg.log"
# Flags of a .pyc that is never compared with its module's text (PEP 552).
UNCHECKED = b"\1\0\0\0"


class ByteCompileTest(absltest.TestCase):
    root: DebianRoot
    with_interpreter: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        where = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.root = DebianRoot(SYSTEM, Path(where) / "root", ["python3"])
        cls.install_interpreter()
        cls.with_interpreter = cls.root.seen(LOG)

    def setUp(self) -> None:
        super().setUp()
        self.root.install(TOOL)

    def tearDown(self) -> None:
        # Byte for byte what was there before; of what the interpreter brings, its bytecode too.
        self.root.dpkg("--purge", "demo", "other", "python-byte-compile")
        self.assertEqual(self.root.changed(self.with_interpreter, LOG), [])
        super().tearDown()

    @classmethod
    def install_interpreter(cls) -> None:
        cls.root.install(*map(Path, _INTERPRETER.value))

    def python(self, *program: str) -> str:
        """Runs a program in the interpreter that is there."""
        return self.root.run(f"python{_PYTHON.value}", "-c", "\n".join(program)).stdout

    def use(self, module: str = "demo") -> str:
        return self.python(
            "import sys; sys.dont_write_bytecode = True",
            f"import {module} as found, demo_namespace.of_demo",
            "print(getattr(found, 'VERSION', ''))",
        ).strip()

    def status(self) -> str:
        """What dpkg has come to with the package; empty if it knows of none."""
        query = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", "demo")
        done = self.root.run(*query, check=False)
        return "" if done.returncode else done.stdout

    def caches(self) -> dict[str, bytes]:
        """All bytecode of packages: by its path in the directory of packages, without tags."""
        packages = self.root.path / "usr/lib"
        return {
            str(path.relative_to(packages)): path.read_bytes()
            for path in packages.glob("python3.*/dist-packages/**/*")
            if path.parent.name == "__pycache__"
        }

    def wanted(self, *names: str, levels: tuple[str, ...] = ("",)) -> set[str]:
        tag = "cpython-" + _PYTHON.value.replace(".", "")
        return {
            f"python{_PYTHON.value}/dist-packages/{directory}/__pycache__/{name}.{tag}{level}.pyc"
            for directory, _, name in (each.rpartition("/") for each in names)
            for level in levels
        }

    def assert_compiled(self, *names: str, levels: tuple[str, ...] = ("",)) -> None:
        found = self.caches()
        self.assertEqual(found.keys(), self.wanted(*names, levels=levels))
        self.assertEqual({data[4:8] for data in found.values()} or {UNCHECKED}, {UNCHECKED})

    def test_before_it_is_configured(self) -> None:
        self.root.dpkg("--unpack", self.root.put(DEMO_1))
        self.assertEqual(self.caches(), {})
        self.assertEqual(self.use(), "1")
        self.python("from demo import xxlimited; xxlimited.Xxo().demo('x')")
        # That was root, and has left bytecode, which is replaced and owned from now on.
        self.assertIn(f"python{_PYTHON.value}/dist-packages/demo", "".join(self.caches()))
        self.root.dpkg("--configure", "demo")
        self.assert_compiled("demo/__init__", "demo/gone", "demo_namespace/of_demo")

    def test_lists_and_owners(self) -> None:
        self.root.install(DEMO_1)
        listed = set(self.root.dpkg("--listfiles", "demo").splitlines())
        file_list = self.root.path / "usr/share/pyshared/file_lists/demo_1.0.list"
        modules = [f"/usr/{line}" for line in file_list.read_text().splitlines()]
        self.assertLen(modules, 3)
        self.assertContainsSubset(modules, listed)
        for module in modules:
            inside = module.removeprefix("/usr/share/pyshared/demo/")
            for version in PYTHONS:
                link = f"/usr/lib/python{version}/dist-packages/{inside}"
                owner = self.root.dpkg("--search", link)
                self.assertEqual(owner, f"demo: {link}\n")
                leads_to = self.root.run("readlink", "--canonicalize", link).stdout.strip()
                self.assertEqual(leads_to, module)
        self.assertEqual(self.root.dpkg("--verify", "demo"), "")

    def test_twice(self) -> None:
        self.root.install(DEMO_1)
        once = self.root.seen(LOG, "var/log/python-byte-compile.log")
        self.root.run(PROGRAM, "demo")
        self.root.run(PROGRAM, "demo", "--version", "1.0")
        self.assertEqual(self.root.changed(once, LOG, "var/log/python-byte-compile.log"), [])
        for _ in range(2):
            self.root.run(PROGRAM, "demo", "--remove")
            self.assertEqual(self.caches(), {})
        self.assertEqual(self.use(), "1")

    def test_upgrade(self) -> None:
        self.root.install(DEMO_1)
        self.assert_compiled("demo/__init__", "demo/gone", "demo_namespace/of_demo")
        self.root.install(DEMO_2)
        self.assertEqual(self.use(), "2")
        self.assert_compiled("demo/__init__", "demo/new", "demo_namespace/of_demo")
        # And back.
        self.root.install(DEMO_1)
        self.assert_compiled("demo/__init__", "demo/gone", "demo_namespace/of_demo")

    def test_a_previous_version(self) -> None:
        self.root.install(DEMO_1)
        lists = self.root.path / "usr/share/pyshared/file_lists"
        records = self.root.path / "var/lib/python-byte-compile"
        before = lists / "demo_0.9.list"
        before.write_bytes((lists / "demo_1.0.list").read_bytes())
        self.root.run(PROGRAM, "demo", "--version", "0.9")
        self.assertTrue((records / "demo_0.9").exists())
        self.root.run(PROGRAM, "demo", "--version", "1.0", "--previous-version", "0.9")
        self.assertFalse((records / "demo_0.9").exists())
        self.assert_compiled("demo/__init__", "demo/gone", "demo_namespace/of_demo")
        before.unlink()

    def test_an_interpreter_comes_and_goes(self) -> None:
        self.root.install(DEMO_1, OTHER)
        self.assertLen(self.caches(), 4)
        self.root.dpkg("--remove", f"python{_PYTHON.value}-minimal")
        self.assertEqual(self.caches(), {})
        self.root.install(DEMO_2)
        self.assertEqual(self.caches(), {})
        self.install_interpreter()
        self.assert_compiled(
            "demo/__init__", "demo/new", "demo_namespace/of_demo", "demo_namespace/of_other"
        )
        # When it is gone, what was compiled for it goes without it.
        self.root.dpkg("--remove", f"python{_PYTHON.value}-minimal")
        self.root.dpkg("--purge", "demo", "other")
        self.assertFalse((self.root.path / "usr/share/pyshared").exists())
        self.install_interpreter()

    def test_two_packages_of_one_namespace(self) -> None:
        self.root.install(OTHER, DEMO_1)
        self.assertEqual(self.use("demo_namespace.of_other"), "")
        self.root.dpkg("--purge", "other")
        self.assertEqual(self.use(), "1")
        self.assert_compiled("demo/__init__", "demo/gone", "demo_namespace/of_demo")

    def test_what_the_administrator_sets(self) -> None:
        self.root.install(DEMO_1)
        names = ("demo/__init__", "demo/gone", "demo_namespace/of_demo")
        settings = self.root.path / "etc/python-byte-compile.conf"
        shipped = settings.read_text()
        settings.write_text("optimize = 0 2\n")
        self.root.run(PROGRAM, "demo")
        self.assert_compiled(*names, levels=("", ".opt-2"))
        settings.write_text("optimize =\n")
        self.root.run(PROGRAM, "demo")
        self.assertEqual(self.caches(), {})
        settings.write_text("invalidation = checked-hash\n")
        self.root.run(PROGRAM, "demo")
        self.assertEqual({data[4:8] for data in self.caches().values()}, {b"\3\0\0\0"})
        settings.write_text("optimize = 3\n")
        failed = self.root.run(PROGRAM, "demo", check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("optimize: wanted any of 0 1 2, found 3", failed.stdout)
        settings.write_text(shipped)

    def test_others_bytecode_stays(self) -> None:
        self.root.install(DEMO_1)
        own = self.root.path / f"usr/lib/python{_PYTHON.value}/dist-packages/demo/__pycache__/x.pyc"
        own.write_bytes(b"mine")
        self.root.run(PROGRAM, "demo", "--remove")
        self.assertEqual(self.caches().keys(), {str(own.relative_to(self.root.path / "usr/lib"))})
        own.unlink()
        own.parent.rmdir()

    def test_killed_at_any_moment(self) -> None:
        seed = _SEED.value if _SEED.value is not None else time.time_ns() % 1000
        moments = random.Random(seed)  # noqa: S311 - not for secrets.
        paths = [self.root.put(package) for package in (DEMO_1, DEMO_2)]
        steps: list[tuple[str, ...]] = [
            ("--install", paths[0]),
            ("--install", paths[1]),
            ("--remove", "demo"),
            ("--purge", "demo"),
        ]
        took = self.time(lambda: self.root.dpkg(*steps[0]))
        killed = 0
        for number in range(_ROUNDS.value):
            step = steps[(number + 1) % len(steps)]
            with self.subTest(seed=seed, number=number, step=step):
                after = moments.uniform(0.1, 1) * took
                killed += self.root.killed(after, "dpkg", *FORCED, *step)
                # What dpkg calls half-installed, it wants to be done again.
                # From being unpacked on; a package that is being removed has no such moment.
                if "--install" in step and self.status() not in {"", "half-installed"}:
                    self.use()
                self.root.dpkg("--configure", "--pending", check=False)
                if self.status() == "installed":
                    last = "gone" if self.use() == "1" else "new"
                    self.assert_compiled("demo/__init__", f"demo/{last}", "demo_namespace/of_demo")
                self.root.dpkg(*step)
                if step[-1] == "demo":
                    self.assertEqual(self.caches(), {})
                else:
                    last = "new" if step[-1] == paths[1] else "gone"
                    self.assert_compiled("demo/__init__", f"demo/{last}", "demo_namespace/of_demo")
                    self.assertEqual(self.use(), "2" if last == "new" else "1")
        self.assertGreater(killed, _ROUNDS.value // 4)

    def test_killed_while_an_interpreter_comes_or_goes(self) -> None:
        moments = random.Random(_SEED.value)  # noqa: S311 - not for secrets.
        self.root.install(DEMO_1)
        names = ("demo/__init__", "demo/gone", "demo_namespace/of_demo")
        packages = [self.root.put(Path(path)) for path in _INTERPRETER.value]
        steps = [("--remove", f"python{_PYTHON.value}-minimal"), ("--install", *packages)]
        for number in range(max(2, _ROUNDS.value // 4)):
            step = steps[number % 2]
            self.root.killed(moments.uniform(0.05, 1), "dpkg", *FORCED, *step)
            self.root.dpkg("--configure", "--pending", check=False)
            self.root.dpkg(*step)
            self.assert_compiled(*(names if number % 2 else ()))
        self.install_interpreter()

    def test_wrong_arguments(self) -> None:
        self.root.install(DEMO_1)
        for arguments, message in (
            ((), "wanted the name of a package"),
            (("demo", "other"), "wanted one package, found demo and other"),
            (("demo", "--version"), "wanted a value after --version"),
            (("demo", "--force"), "wanted NAME .*, found --force"),
            (("../demo",), "wanted names without a slash, found ../demo"),
            (
                ("nothing",),
                "wanted a list of files, found no /usr/share/pyshared/file_lists/nothing",
            ),
            (("demo", "--version", "9"), "found no /usr/.*/demo_9.list"),
        ):
            with self.subTest(arguments=arguments):
                done = self.root.run(PROGRAM, *arguments, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stdout, f"^{PROGRAM}: .*{message}")
        self.assertLen(self.caches(), 3)

    def time(self, action: Callable[[], object]) -> float:
        began = time.monotonic()
        action()
        return time.monotonic() - began


if __name__ == "__main__":
    absltest.main()
