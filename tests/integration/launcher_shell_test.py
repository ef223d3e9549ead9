"""Runs launchers that are scripts, in several shells, beside the model of the native one."""

import os
import platform
import random
import re
import shutil
import subprocess
import tempfile
import unittest
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import launcher, trial
from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON, SELF, Settings, shell

_UNPACKERS = flags.DEFINE_string("unpackers", None, "A dist with busybox.", required=True)

SEPARATOR = b"\0-- what follows is the environment --\0"
SHOW = ("/proc/self/cmdline", f"{ROOT}/separator", "/proc/self/environ", "--")
# A shell has these for itself, and some export them.
OF_SHELLS = {"PWD", "OLDPWD", "SHLVL", "_"}
# As macOS starts its /bin/sh, which is bash 3.2, too.
SHELLS = ("dash", "bash", "bash --posix", "busybox")


@unittest.skipUnless(
    platform.system() == "Linux" and platform.machine() == "x86_64",
    "its programs are those of Linux on x86_64",
)
class LauncherShellTest(parameterized.TestCase):
    """A dist with `cat`, and the machine's loader and C library, in a new directory."""

    busybox: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        place = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.busybox = trial.unpack(Path(_UNPACKERS.value), place) / "bin/busybox"

    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.dist = self.make("a dist")

    def make(self, name: str) -> Path:
        root = self.directory / name
        for part in ("bin", "lib", "libexec"):
            (root / part).mkdir(parents=True)
        (root / "separator").write_bytes(SEPARATOR)
        shutil.copy("/bin/cat", root / "libexec/cat")
        for file, pattern in {"ld.so": r"/\S*/ld-\S*", "libc.so.6": r"/\S*/libc[-.]\S*"}.items():
            mapped = re.search(f"{pattern}$", Path("/proc/self/maps").read_text(), re.MULTILINE)
            assert mapped, file
            shutil.copy(mapped[0], root / "lib" / file)
        return root

    def add(self, path: str, **settings: object) -> Path:
        """Puts a launcher for `cat` there."""
        wanted = Settings(
            depth=path.count("/"),
            program="libexec/cat",
            loader="lib/ld.so",
            library_path=("lib",),
            **settings,  # type: ignore[arg-type]
        )
        file = self.dist / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(shell.text(wanted))
        file.chmod(0o755)
        return file

    def start(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> tuple[list[str], dict[str, str]]:
        """Starts a script in a shell; gives arguments and environment of what it has started."""
        first = [str(self.busybox), "sh"] if name == "busybox" else name.split()
        done = subprocess.run(
            [*first, *command],
            env={"PATH": os.defpath} | dict(environ or {}),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        self.assertIn(SEPARATOR, done.stdout, done.stderr.decode())
        argv, variables = (part.split(b"\0")[:-1] for part in done.stdout.split(SEPARATOR))
        environment = dict(os.fsdecode(entry).split("=", 1) for entry in variables)
        kept = {name: value for name, value in environment.items() if name not in OF_SHELLS}
        return [os.fsdecode(argument) for argument in argv], kept

    @parameterized.parameters(*SHELLS)
    def test_does_what_the_model_says(self, name: str) -> None:
        """A property, over settings, arguments, environments and directories made at random."""
        make = random.Random(2)  # noqa: S311 - the same cases each time

        def text(alphabet: str = "ab/ :=-.$é\\'\"`\n") -> str:
            return "".join(make.choices(alphabet, k=make.randrange(6)))

        def template() -> str:
            return "".join(make.choice([text(), ROOT, "/"]) for _ in range(make.randrange(4)))

        def variable(of: list[str]) -> tuple[str, str | None]:
            return of.pop(make.randrange(len(of))), make.choice([template(), None])

        for case in range(60):
            self.dist = self.make(f"{case} {make.choice('x:;$%')}")
            names = ["A", "B", "C", "AB"]
            path = make.choice(["tool", "bin/tool", "deep/er/tool"])
            tool = self.add(
                path,
                arguments=(*SHOW, *(template() for _ in range(make.randrange(4)))),
                environment=(
                    *make.choice([(), (("A*", None),)]),
                    *(variable(names) for _ in range(make.randrange(4))),
                ),
                argv0=make.choice([None, SELF, template()]),
                in_c=make.choice([(), (("A", ROOT), ("LC_CTYPE", "C.UTF-8"))]),
                inherited=make.choice([(), (("D", f"x{ROOT}"),)]),
                lost=make.choice([(), (("LOST", ROOT), ("LC_ALL", "C.UTF-8"))]),
                files=make.choice([(), (("B", "/nowhere"), ("B", f"{ROOT}/separator"))]),
            )
            arguments = [text() for _ in range(make.randrange(4))]
            environ = {name: text() for name in ["A", "B", "D"] if make.randrange(2)}
            environ["PATH"] = os.defpath
            for noted in ("A", "B", "E"):
                if not make.randrange(4):
                    environ["RELOCATABLE_RESTORE_" + noted] = make.choice(["", "=", "==", "=x"])
            for noted in ("LC_ALL", "LC_CTYPE", "LANG"):
                if not make.randrange(3):
                    environ[noted] = make.choice(
                        ["", "C", "C.UTF-8", "POSIX", "POSIX2", "C.utf8@x"]
                    )
            with self.subTest(script=tool.read_text(), environ=environ):
                argv, got = self.start(name, [str(tool), *arguments], environ)
                settings = launcher.read(tool.read_bytes())
                want = launcher.command(settings, str(tool), [str(tool), *arguments], environ)
                self.assertEqual(argv[1:], list(want.argv[1:]))
                self.assertEqual(got, want.environ)

    @parameterized.product(name=SHELLS, place=["a dist", "a:b", "$x", "'\"", "é\n", "-x"])
    def test_where_it_is(self, name: str, place: str) -> None:
        """Reached by path, relative path and links; a root with any name."""
        self.add(
            "bin/tool",
            arguments=(SHOW[0], f"{ROOT_WITHOUT_COLON}/separator", *SHOW[2:]),
            environment=(("ROOT", ROOT),),
        )
        moved = self.dist.rename(self.directory / place)
        (self.directory / "link").symlink_to(f"{place}/bin/tool")
        (self.directory / "linked").symlink_to(place)
        for path in (f"{moved}/bin/tool", f"./{place}/bin/tool", "./link", "./linked/bin/tool"):
            with self.subTest(path=path):
                _, environ = self.start(name, [path], cwd=self.directory)
                self.assertEqual(environ["ROOT"], str(moved))

    @parameterized.parameters(*SHELLS)
    def test_a_users_variables_stay(self, name: str) -> None:
        """Those of short names, too, that a script might have used."""
        users = dict.fromkeys(("root", "self", "name", "links", "x", "IFS", "ENV"), "user's")
        users["several"] = "lines\nPYTHONSPOOFED=1\nRELOCATABLE_RESTORE_root=\n"
        tool = self.add("bin/tool", arguments=SHOW, environment=(("PYTHON*", None), ("NEW", "\\n")))
        _, got = self.start(name, [str(tool)], users)
        mine = {"NEW": "\\n", "RELOCATABLE_RESTORE_NEW": "", "PATH": os.defpath}
        self.assertEqual({k: v for k, v in got.items() if k != "IFS"}, mine | without(users, "IFS"))

    def test_status(self) -> None:
        tool = self.add("bin/tool")
        done = subprocess.run([tool, "/nowhere"], capture_output=True, check=False)
        self.assertEqual(done.returncode, 1)
        shutil.rmtree(self.dist / "lib")
        done = subprocess.run([tool], capture_output=True, check=False)
        self.assertEqual(done.returncode, 127)
        self.assertIn(f"{self.dist}/lib/ld.so".encode(), done.stderr)


def without(mapping: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in mapping.items() if key != name}


if __name__ == "__main__":
    absltest.main()
