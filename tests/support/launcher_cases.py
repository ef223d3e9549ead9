"""What each native launcher has to do, tried out on this machine (Linux, x86_64) beside the model.

A module of tests sets `LAUNCHER`, and takes the cases for its own by making classes of them.
"""

import ctypes
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from absl.testing import parameterized

from relocatable import launcher
from relocatable.launcher import ROOT, SELF, Settings

LAUNCHER = Path(__file__).parents[2] / "toolchains/launcher/linux_x86_64"
"""The launcher that is tried out."""

EMULATOR: Path | None = None
"""What runs it, if this machine doesn't: qemu-user."""

LOST: tuple[tuple[str, str], ...] = (("LOST", ROOT), ("LC_ALL", "C.UTF-8"))
"""What it may set where a locale is nowhere; on macOS, all are the system's."""

PATH_MAX = 4096
"""The most bytes of a path on its system, with the NUL."""
SEPARATOR = b"\0-- what follows is the environment --\0"

# `cat`, told to print how the kernel started it, needs no shell, which would change both.
SHOW = ("/proc/self/cmdline", f"{ROOT}/separator", "/proc/self/environ", "--")


class Dist:
    """A directory with programs of this machine, and launchers for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "bin").mkdir(parents=True)
        (root / "libexec").mkdir()
        (root / "separator").write_bytes(SEPARATOR)
        for program in ("cat", "sh"):
            found = shutil.which(program, path="/usr/bin:/bin")
            assert found, program
            (root / "libexec" / program).symlink_to(found)

    def add(self, path: str, settings: Settings) -> Path:
        """Puts a launcher there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(launcher.patch(LAUNCHER.read_bytes(), settings))
        file.chmod(0o755)
        return file


class Shown:
    """What a launcher has started, as the kernel tells it."""

    def __init__(self, output: bytes) -> None:
        argv, environ = output.split(SEPARATOR)
        self.argv = [os.fsdecode(argument) for argument in argv.split(b"\0")[:-1]]
        self.environ = [os.fsdecode(entry) for entry in environ.split(b"\0")[:-1]]


def start(
    path: Path | str,
    argv: Sequence[str] = ("cat",),
    environ: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    command = [os.fspath(part) for part in argv]
    if EMULATOR is not None:
        command = [str(EMULATOR), "-0", *command[:1], str(path), *command[1:]]
    return subprocess.run(
        command,
        executable=EMULATOR or path,
        env=environ or {},
        cwd=cwd,
        preexec_fn=before,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def shown(*arguments: object, **options: object) -> Shown:
    """Starts a launcher whose program is `cat` with `SHOW`."""
    done = start(*arguments, **options)  # type: ignore[arg-type]
    if SEPARATOR not in done.stdout:
        raise AssertionError(done.stderr.decode())
    return Shown(done.stdout)


@unittest.skipUnless(
    platform.system() == "Linux" and platform.machine() == "x86_64",
    "the launcher of Linux on x86_64 runs only there",
)
class LauncherTest(parameterized.TestCase):
    """A dist in a new directory for each test."""

    def setUp(self) -> None:
        super().setUp()
        # Without links, so that paths can be compared.
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.dist = Dist(self.directory / "a dist")


class RunCases(LauncherTest):
    """Arguments, environment, status."""

    def execute(
        self, path: Path, argv: Sequence[bytes], environ: Sequence[bytes] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        """Starts it by execve itself: Python's own functions take tidy arguments only."""
        if EMULATOR is not None:
            self.skipTest("an emulator is started with arguments, not the kernel with bytes")

        def execute() -> None:
            ctypes.CDLL(None).execve(os.fsencode(path), strings(argv), strings(environ))

        def strings(of: Sequence[bytes]) -> "ctypes.Array[ctypes.c_char_p]":
            return (ctypes.c_char_p * (len(of) + 1))(*of, None)

        return start("/bin/false", before=execute)

    def test_arguments(self) -> None:
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW))
        got = shown(tool, ["any name/cat", "", "two words", "a=b", "--"])
        want = ["/proc/self/cmdline", f"{self.dist.root}/separator", "/proc/self/environ", "--"]
        self.assertEqual(got.argv, ["any name/cat", *want, "", "two words", "a=b", "--"])

    def test_no_name(self) -> None:
        """No argument at all (of which newer kernels make an empty one), or an empty name."""
        tool = self.dist.add("bin/tool", Settings(1, "missing"))
        for argv in ((), (b"",)):
            done = self.execute(tool, argv)
            self.assertEqual(
                done.stderr.decode(), f"{tool}: cannot run {self.dist.root}/missing: not found\n"
            )
            self.assertEqual(done.returncode, 127)

    def test_environment(self) -> None:
        settings = Settings(
            1,
            "libexec/cat",
            arguments=SHOW,
            environment=(("HOME_OF_IT", f"{ROOT}/home:{ROOT}"), ("GONE", None), ("NOT_SET", None)),
        )
        tool = self.dist.add("bin/tool", settings)
        self.assertCountEqual(
            shown(tool, ["cat"], {"GONE": "1", "KEPT": "2"}).environ,
            [
                "KEPT=2",
                f"HOME_OF_IT={self.dist.root}/home:{self.dist.root}",
                "RELOCATABLE_RESTORE_HOME_OF_IT=",
                "RELOCATABLE_RESTORE_GONE==1",
            ],
        )
        self.assertCountEqual(
            shown(tool, ["cat"], {"HOME_OF_IT": "", "GONE": ""}).environ,
            [
                f"HOME_OF_IT={self.dist.root}/home:{self.dist.root}",
                "RELOCATABLE_RESTORE_HOME_OF_IT==",
                "RELOCATABLE_RESTORE_GONE==",
            ],
        )

    @parameterized.parameters(
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "POSIX"}, True),
        ({"LANG": "", "LC_CTYPE": "", "LC_ALL": ""}, True),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LC_CTYPE": "de_DE.ISO-8859-1"}, False),
        ({"LC_ALL": "C"}, False),
        ({"LC_ALL": "C.UTF-8"}, True),
        ({"LANG": "C.utf8"}, True),
        ({"LC_ALL": "de_DE.UTF-8", "LANG": "C"}, False),
        ({"LANG": "Cornish"}, False),
    )
    def test_a_locale_where_none_is_chosen(self, environ: dict[str, str], changed: bool) -> None:
        utf8 = (("LC_CTYPE", "C.UTF-8"),)
        settings = Settings(1, "libexec/cat", arguments=SHOW, in_c=utf8)
        got = shown(self.dist.add("bin/tool", settings), environ=environ).environ
        self.assertEqual("LC_CTYPE=C.UTF-8" in got, changed)
        noted = [entry for entry in got if entry.startswith(launcher.RESTORE)]
        before = environ.get("LC_CTYPE")
        note = f"{launcher.RESTORE}LC_CTYPE=" + ("" if before is None else f"={before}")
        self.assertEqual(noted, [note] if changed else [])

    def test_variables_that_children_see_as_well(self) -> None:
        settings = Settings(1, "libexec/cat", arguments=SHOW, inherited=(("A", ROOT),))
        got = shown(self.dist.add("bin/tool", settings), ["cat"], {"A": "1"}).environ
        self.assertEqual(got, [f"A={self.dist.root}"])

    def test_a_file_to_look_at(self) -> None:
        """It is noted, as all that is for the program alone."""
        file = f"{self.dist.root}/separator"
        settings = Settings(1, "libexec/cat", arguments=SHOW, files=(("A", f"{ROOT}/separator"),))
        tool = self.dist.add("bin/tool", settings)
        for given, want in (
            ({}, [f"A={file}", f"{launcher.RESTORE}A="]),
            ({"A": ""}, [f"A={file}", f"{launcher.RESTORE}A=="]),
            ({"A": "/x"}, ["A=/x"]),
        ):
            self.assertCountEqual(shown(tool, ["cat"], given).environ, want)

    def test_an_empty_environment_stays_empty(self) -> None:
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW))
        self.assertEqual(shown(tool, ["cat"], {}).environ, [])

    def test_odd_entries_of_the_environment(self) -> None:
        """Names that stand twice, and entries without a value: as a C program may leave them."""
        settings = Settings(1, "libexec/cat", arguments=SHOW, environment=(("A", "x"), ("B", None)))
        tool = self.dist.add("bin/tool", settings)
        entries = (b"A=1", b"odd", b"B=1", b"C=1", b"A=2", b"B=2", b"C=2", b"", b"=", b"AA=1")
        got = Shown(self.execute(tool, (b"cat",), entries).stdout)
        kept = ["odd", "C=1", "C=2", "", "=", "AA=1"]
        changed = ["A=x", "RELOCATABLE_RESTORE_A==1", "RELOCATABLE_RESTORE_B==1"]
        self.assertEqual(got.environ, kept + changed)

    def test_a_launcher_started_by_a_launchers_program(self) -> None:
        """The inner program sees the user's environment, not what the outer one was given."""
        if EMULATOR is not None:
            self.skipTest("an emulator does not follow execve to another program for it")
        other = Dist(self.directory / "other")
        inner = other.add(
            "bin/inner",
            Settings(1, "libexec/cat", arguments=SHOW, environment=(("HERE", ROOT), ("X", None))),
        )
        (self.dist.root / "libexec/inner").symlink_to(inner)
        outer = self.dist.add(
            "bin/outer",
            Settings(1, "libexec/inner", environment=(("HERE", ROOT), ("X", "1"), ("Y", None))),
        )
        self.assertCountEqual(
            shown(outer, ["cat"], {"HERE": "user's", "Y": "user's too"}).environ,
            [f"HERE={other.root}", "RELOCATABLE_RESTORE_HERE==user's", "Y=user's too"],
        )

    def test_a_path_that_leads_to_it(self) -> None:
        """argv[0] if it is one, else what was executed, else its own path: never a made-up name."""
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW, argv0=SELF))
        link = self.directory / "link"
        link.symlink_to(tool)
        for executed, name, expected in (
            (tool, str(tool), str(tool)),
            (tool, "tool", str(tool)),
            (tool, "/bin/false", str(tool)),
            (tool, str(link), str(link)),
            (link, str(link), str(link)),
            (link, "made up", str(link)),
            (link, "/made/up", str(link)),
        ):
            with self.subTest(executed=executed, name=name):
                got = Shown(self.execute(executed, (os.fsencode(name),)).stdout)
                self.assertEqual(got.argv[0], expected)

    def test_a_path_that_leads_to_it_for_a_script(self) -> None:
        """The kernel then says that the script was started; argv[0] is what its first line says."""
        plain = Dist(self.directory / "plain")  # A first line can't name a path with a space.
        tool = plain.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW, argv0=SELF))
        script = self.directory / "script"
        script.write_text(f"#!{tool}\n")
        script.chmod(0o755)
        self.assertEqual(Shown(self.execute(script, (b"script",)).stdout).argv[0], str(tool))

    def test_variables_that_begin_alike(self) -> None:
        hidden = (("PY*", None), ("PYB", "ours"))
        tool = self.dist.add(
            "bin/tool", Settings(1, "libexec/cat", arguments=SHOW, environment=hidden)
        )
        entries = (b"PYA=1", b"PYB=2", b"P=3", b"PYA=4", b"PY=5", b"PYTHON")
        got = Shown(self.execute(tool, (b"cat",), entries).stdout)
        self.assertCountEqual(
            got.environ,
            [
                "P=3",
                "PYB=ours",
                "RELOCATABLE_RESTORE_PYA==1",
                "RELOCATABLE_RESTORE_PYB==2",
                "RELOCATABLE_RESTORE_PY==5",
                "RELOCATABLE_RESTORE_PYTHON==",
            ],
        )

    def test_exit_status_and_signals(self) -> None:
        tool = self.dist.add("bin/tool", Settings(1, "libexec/sh", arguments=("-c",)))
        self.assertEqual(start(tool, ["sh", "exit 7"]).returncode, 7)
        self.assertEqual(start(tool, ["sh", "kill -TERM $$"]).returncode, -signal.SIGTERM)

    def test_does_what_the_model_says(self) -> None:
        """A property, over settings, arguments, environments and directories made at random."""
        make = random.Random(2)  # noqa: S311 - the same cases each time

        def text(alphabet: str = "ab/ :=-.$é\\'\n") -> str:
            return "".join(make.choices(alphabet, k=make.randrange(6)))

        def template() -> str:
            return "".join(make.choice([text(), ROOT, "/"]) for _ in range(make.randrange(4)))

        def variable(of: list[str]) -> tuple[str, str | None]:
            return of.pop(make.randrange(len(of))), make.choice([template(), None])

        for case in range(150):
            dist = Dist(self.directory / f"{case} {make.choice('x: ;$%')}")
            path = make.choice(["tool", "bin/tool", "deep/er/tool"])
            names = ["A", "B", "C", "AB", "é"]
            settings = Settings(
                path.count("/"),
                "libexec/cat",
                arguments=(*SHOW, *(template() for _ in range(make.randrange(4)))),
                environment=(
                    *make.choice([(), (("A*", None),)]),
                    *(variable(names) for _ in range(make.randrange(4))),
                ),
                argv0=make.choice([None, SELF, template()]),
                in_c=make.choice([(), (("A", ROOT), ("LC_CTYPE", "C.UTF-8"))]),
                inherited=make.choice([(), (("D", f"x{ROOT}"),)]),
                lost=make.choice([(), LOST]),
                files=make.choice([(), (("B", "/nowhere"), ("B", f"{ROOT}/separator"))]),
            )
            argv = [f"{text()}/cat", *(text() for _ in range(make.randrange(4)))]
            environ = {name: text() for name in ["A", "B", "D", "é"] if make.randrange(2)}
            for name in ("A", "B", "E"):
                if not make.randrange(4):
                    environ["RELOCATABLE_RESTORE_" + name] = make.choice(["", "=", "==", "=x"])
            for name in ("LC_ALL", "LC_CTYPE", "LANG"):
                if not make.randrange(3):
                    environ[name] = make.choice(["", "C", "C.UTF-8", "POSIX", "POSIX2", "C.utf8@x"])
            tool = dist.add(path, settings)

            with self.subTest(settings=settings, argv=argv, environ=environ):
                got = shown(tool, argv, environ)
                want = launcher.command(settings, str(tool), argv, environ)
                self.assertEqual(got.argv, list(want.argv))
                self.assertCountEqual(got.environ, [f"{k}={v}" for k, v in want.environ.items()])


class PlaceCases(LauncherTest):
    """Where the launcher lies and how it is reached."""

    def setUp(self) -> None:
        super().setUp()
        self.tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=(ROOT, *SHOW)))

    def check(self, path: Path | str, cwd: Path | None = None) -> None:
        self.assertEqual(shown(path, cwd=cwd).argv[1], str(self.dist.root))

    @parameterized.parameters("tool", "./tool", "../bin/tool", "../../a dist/bin/.//tool")
    def test_relative(self, path: str) -> None:
        # With a slash, or the C library would search PATH.
        self.check(path if "/" in path else f"./{path}", cwd=self.dist.root / "bin")

    def test_links(self) -> None:
        """To the file, to a link to it, and to a directory above it."""
        (self.directory / "direct").symlink_to(self.tool)
        (self.directory / "elsewhere").mkdir()
        (self.directory / "elsewhere/second").symlink_to("../direct")
        (self.directory / "dist").symlink_to("a dist")
        for path in ("direct", "elsewhere/second", "dist/bin/tool"):
            self.check(self.directory / path)
            self.check(f"./{path}", cwd=self.directory)

    def test_read_only(self) -> None:
        for path in (self.dist.root / "bin", self.dist.root):
            path.chmod(0o555)
            self.addCleanup(path.chmod, 0o755)
        self.tool.chmod(0o555)
        self.check(self.tool)

    def test_by_descriptor(self) -> None:
        """As fexecve(3) does it: the kernel knows no path, /proc does."""
        descriptor = os.open(self.tool, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.check(f"/proc/{os.getpid()}/fd/{descriptor}")

    @parameterized.parameters("a:b", "a;b", " ", "$ORIGIN", "%", "'\"", "é\n", "x" * 255)
    def test_odd_names(self, name: str) -> None:
        moved = self.directory / name
        self.dist.root.rename(moved)
        self.dist.root = moved
        self.check(moved / "bin/tool")

    @parameterized.parameters(
        (-1, r"t: cannot run /.*d/p: not found\n"),
        (0, r"t: cannot find itself at .*\./t: the path is too long\n"),
    )
    def test_a_path_as_long_as_the_kernel_takes(self, more: int, message: str) -> None:
        """PATH_MAX counts the NUL; what lies deeper can't be named by an absolute path."""
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir(self.directory)
        left = PATH_MAX + more - len(os.fsencode(self.directory)) - len("/t")
        while left > 0:
            name = "d" * min(left - 1, 250 if left != 252 else 200)
            left -= len(name) + 1
            Path(name).mkdir()
            os.chdir(name)
        Path("t").write_bytes(launcher.patch(LAUNCHER.read_bytes(), Settings(0, "p")))
        Path("t").chmod(0o755)
        self.assertRegex(start("./t", ["t"]).stderr.decode(), message)


class LimitCases(LauncherTest):
    """What fails: one line, and the status that a shell gives; and what just does not."""

    def check(self, settings: Settings, status: int, message: str, **options: object) -> None:
        tool = self.dist.add("bin/tool", settings)
        done = start(tool, ["./tool"], **options)  # type: ignore[arg-type]
        self.assertEqual(done.stderr.decode(), message.format(root=self.dist.root))
        self.assertEqual((done.returncode, done.stdout), (status, b""))

    def test_not_found(self) -> None:
        self.check(
            Settings(1, "lib/nothing"), 127, "./tool: cannot run {root}/lib/nothing: not found\n"
        )

    def test_no_loader(self) -> None:
        self.check(
            Settings(1, "libexec/cat", loader="lib/ld.so"),
            127,
            "./tool: cannot run {root}/lib/ld.so: not found\n",
        )

    def test_its_own_loader_is_not_there(self) -> None:
        """Which the kernel tells as if the program weren't."""
        program = self.dist.root / "libexec/script"
        program.write_text("#!/no such/loader\n")
        program.chmod(0o755)
        self.check(
            Settings(1, "libexec/script"),
            126,
            "./tool: cannot run {root}/libexec/script: not a program for this machine\n",
        )

    def test_no_program(self) -> None:
        self.check(
            Settings(1, "separator/x"),
            127,
            "./tool: cannot run {root}/separator/x: a part of its path is not a directory\n",
        )
        (self.dist.root / "separator").chmod(0o644)
        self.check(
            Settings(1, "separator"),
            126,
            "./tool: cannot run {root}/separator: permission denied\n",
        )
        (self.dist.root / "separator").chmod(0o755)
        self.check(
            Settings(1, "separator"),
            126,
            "./tool: cannot run {root}/separator: not a program for this machine\n",
        )

    def test_too_long_a_path(self) -> None:
        root = len(os.fsencode(self.dist.root))
        program = "/".join(["x" * 200] * 3)
        deep = self.directory.joinpath(*["d" * 250] * ((PATH_MAX - 96 - root) // 251))
        deep.mkdir(parents=True)
        file = deep / "t"
        file.write_bytes(launcher.patch(LAUNCHER.read_bytes(), Settings(0, program)))
        file.chmod(0o755)
        done = start(file, ["t"])
        self.assertEqual(done.returncode, 126)
        self.assertEndsWith(
            done.stderr.decode(), "/x: the path is too long\n".replace("/x", "x" * 9)
        )

    def test_no_settings(self) -> None:
        bare = self.directory / "bare"
        shutil.copyfile(LAUNCHER, bare)
        bare.chmod(0o755)
        done = start(bare, ["bare"])
        self.assertEqual(done.stderr, b"bare: cannot start: its settings are empty\n")
        self.assertEqual(done.returncode, 126)

    def test_the_old_value_of_a_variable_is_too_long(self) -> None:
        """The note of it is longer than the variable, and no string may have more than 128 KiB."""
        tool = self.dist.add(
            "bin/tool", Settings(1, "libexec/cat", environment=(("LONG", None), ("LONG2", None)))
        )
        done = start(tool, ["cat"], {"LONG": "x" * (2**17 - 8)})
        self.assertEqual(
            done.stderr.decode(),
            f"cat: cannot run {self.dist.root}/libexec/cat: "
            "arguments and environment are too long\n",
        )
        self.assertEqual(done.returncode, 126)
        long = {"LONG": "x" * (2**17 - 8), "LONG2": "x" * (2**17 - 9)}
        done = start(tool, ["cat"], long)
        self.assertEqual(
            done.stderr.decode(), "cat: cannot start: arguments and environment are too long\n"
        )
        self.assertEqual(done.returncode, 126)

    def test_many_variables(self) -> None:
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW))
        many = {f"V{n}": "x" * 10 for n in range(20000)}
        self.assertLen(shown(tool, ["cat"], many).environ, len(many))

    def test_a_small_stack(self) -> None:
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat", arguments=SHOW))
        limit = 128 * 1024
        shown(tool, before=lambda: resource.setrlimit(resource.RLIMIT_STACK, (limit, limit)))

    def test_the_privileges_of_another_user(self) -> None:
        if os.getuid():
            self.skipTest("only root can give a file to another user")
        tool = self.dist.add("bin/tool", Settings(1, "libexec/cat"))
        os.chown(tool, 65534, 65534)
        tool.chmod(0o4755)
        done = start(tool, ["tool"])
        if not done.returncode:
            self.skipTest("this file system is mounted without setuid")
        self.assertEqual(
            done.stderr.decode(),
            "tool: cannot start with the privileges of another user (setuid, setgid)\n",
        )
