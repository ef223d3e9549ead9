"""What an install never replaces: homes, where somebody works, mounts, other people's files."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from relocatable import tree_tar
from relocatable.errors import RelocatableError
from relocatable.install import MARKER, User
from support.installs import (
    CANNOT,
    mount,
    names,
    own_mounts,
    run,
    snapshot,
    status_of,
    tree,
)

TOOL = Path(__file__).absolute().parents[2] / "tools" / "install.py"


class DangersTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(os.path.realpath(self.create_tempdir().full_path))
        self.target = self.base / "x"

    def assert_refused(self, wanted: str, target: Path, user: User = User()) -> None:  # noqa: B008
        """Whatever the flags, and nothing is made."""
        before = names(self.base)
        for force in (False, True):
            with self.assertRaises(RelocatableError) as caught:
                run(tree(1), target, user=user, force=force)
            self.assertEqual(str(caught.exception).replace(str(self.base), "BASE"), wanted)
        self.assertEqual(names(self.base), before)

    def test_the_root_directory(self) -> None:
        for name in ("/", "/.", "/usr/.."):
            self.assert_refused(
                f"{Path(name)} is the root directory; one below it is wanted", Path(name)
            )

    def test_the_current_directory(self) -> None:
        self.target.mkdir()
        (self.target / "y").mkdir()
        (self.base / "link").symlink_to("x")
        wanted = "BASE/x is {}, which an install would replace: name a directory below it"
        here, below = User(working=(self.target,)), User(working=(self.base / "link/y",))
        for target in (self.target, self.base / "link", self.base / "x/y/.."):
            self.assert_refused(wanted.format("the current directory"), target, here)
            (self.target / "y").mkdir(exist_ok=True)
            text = wanted.format("above the current directory, BASE/x/y")
            self.assert_refused(text, target, below)
        run(tree(1), self.target / "z", user=here)

    def test_a_home(self) -> None:
        self.target.mkdir()
        (self.target / "me").mkdir()
        mine, theirs = self.target / "me", self.base / "theirs"
        user = User(homes=(mine,))
        entry = pwd.struct_passwd(("alice", "x", 5, 5, "", str(theirs), "/bin/sh"))
        wanted = "BASE/{} is {}, which an install would replace: name a directory below it"
        with mock.patch("pwd.getpwall", return_value=[entry]):
            self.assert_refused(wanted.format("x/me", "your home"), mine, user)
            self.assert_refused(wanted.format("x", "above your home, BASE/x/me"), self.target, user)
            self.assert_refused(wanted.format("theirs", "the home of alice"), theirs, user)

    def test_a_dist_may_be_at_home_anywhere(self) -> None:
        """As a service's home is /opt/NAME, for example."""
        run(tree(1), self.target)
        user = User(working=(self.target / "lib",), homes=(self.target,))
        run(tree(2), self.target, user=user)
        self.assertIn("only in 2", names(self.target))

    def test_a_mount_point(self) -> None:
        def mounted() -> None:
            own_mounts()
            self.target.mkdir()
            mount("none", self.target, "tmpfs")
            self.assert_refused(
                "BASE/x is a mount point, which can't be replaced: name a directory below it, or "
                "unmount it",
                self.target,
            )
            run(tree(1), self.target / "y")

        self.assert_done(mounted)

    def test_a_mount_in_a_dist(self) -> None:
        """What is in it would go with the old dist."""

        def mounted() -> None:
            own_mounts()
            run(tree(1), self.target)
            inside = self.target / "my d\taté"
            inside.mkdir()
            mount("none", inside, "tmpfs")
            (inside / "thesis.txt").write_text("years of work")
            self.assert_refused(
                "BASE/x/my d\taté is mounted in BASE/x, and all that is in it would be removed: "
                "unmount it",
                self.target,
            )
            self.assertEqual(names(inside), ["thesis.txt"])

        self.assert_done(mounted)

    def assert_done(self, action: object) -> None:
        assert callable(action)
        status = status_of(action)
        if status == CANNOT:
            self.skipTest("nothing can be mounted here")
        self.assertEqual(status, 0)


class CommandTest(absltest.TestCase):
    """The tool as `bazel run` starts it, with the user in a directory of theirs."""

    def setUp(self) -> None:
        super().setUp()
        self.base = Path(os.path.realpath(self.create_tempdir().full_path))
        self.home = self.base / "home"
        self.home.mkdir()
        (self.home / "thesis.txt").write_text("years of work")
        tree_tar.write(tree(1), self.base / "t.tar", self.base / "t.jsonl")
        about = {"name": "jq", "platform": "linux_x86_64", "version": "1"}
        self.spec = self.base / "spec.json"
        self.spec.write_text(json.dumps({"tree": str(self.base / "t.tar")} | about))

    def command(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, TOOL, f"--spec={self.spec}", *arguments],
            cwd=self.base,
            env={
                "PYTHONPATH": ":".join(sys.path),
                "BUILD_WORKING_DIRECTORY": str(self.home),
                "HOME": str(self.home),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr.replace(str(self.base), "BASE")

    def test_no_directory(self) -> None:
        before = snapshot(self.home)
        for flags in ((), ("--force",)):
            self.assertEqual(
                self.command(*flags, ""),
                (
                    1,
                    "error: DIR is empty, as an unset variable is; the path of a directory is "
                    "wanted\n",
                ),
            )
        self.assertEqual(snapshot(self.home), before)

    def test_where_the_user_is(self) -> None:
        before = snapshot(self.home)
        for name in (".", "./", "../home", "..", str(self.home)):
            for flags in ((), ("--force",)):
                status, said = self.command(*flags, name)
                self.assertEqual(status, 1)
                self.assertRegex(said, r"\Aerror: BASE(/home)? is (above )?the current directory")
                self.assertEqual(said.count("\n"), 1)
        self.assertEqual(snapshot(self.home), before)

    def test_below(self) -> None:
        self.assertEqual(self.command("x"), (0, ""))
        self.assertTrue((self.home / "x" / MARKER).is_file())


if __name__ == "__main__":
    absltest.main()
