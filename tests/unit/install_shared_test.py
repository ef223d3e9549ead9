"""An install into a directory that others may write to, or own: nothing of theirs comes into it."""

import contextlib
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

from absl.testing import absltest

from relocatable.errors import RelocatableError
from relocatable.tree import File, Tree
from support.installs import CANNOT, NOBODY, RECORD, become_nobody, child, names, run, status_of

ATTACKS = 25
GOOD, EVIL = b"#!/bin/sh\necho good\n", b"#!/bin/sh\necho evil\n"


def tree() -> Tree:
    """A dist with a program."""
    made = Tree()
    made.add("bin/prog", File(GOOD, RECORD, executable=True))
    for number in range(20):
        made.add(f"lib/{number}", File(bytes(1000), RECORD))
    return made


def plant(directory: Path) -> None:
    """Makes what looks like a dist, with another program."""
    (directory / "bin").mkdir(parents=True, exist_ok=True)
    program = directory / "bin/prog"
    program.write_bytes(EVIL)
    program.chmod(0o755)
    (directory / ".relocatable.json").write_text('{"name": "jq"}')


class SharedTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(os.path.realpath(self.create_tempdir().full_path))
        self.shared = self.base / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)
        self.target = self.shared / "x"
        self.staging = self.shared / ".x.install"

    def said(self, target: Path) -> str:
        program = target / "bin/prog"
        return subprocess.run([program], capture_output=True, text=True, check=True).stdout

    def assert_refused(self, wanted: str, target: Path) -> None:
        with self.assertRaises(RelocatableError) as caught:
            run(tree(), target)
        text = str(caught.exception).replace(f"{self.base}/", "")
        self.assertEqual(text.partition(";")[0].partition(":")[0], wanted)
        self.assertNotIn("\n", text)

    def give_away(self, *paths: Path) -> None:
        try:
            for path in paths:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        except OSError:
            self.skipTest("files can't be given away here")

    def test_a_staging_directory_of_another_user(self) -> None:
        plant(self.staging / "new")
        self.give_away(self.staging)
        for mode in (0o755, 0o700, 0o777):
            self.staging.chmod(mode)
            self.assert_refused(
                f"shared/.x.install is a directory of mode {mode:04o} of nobody", self.target
            )
        self.assertEqual(names(self.shared), [".x.install"])
        self.assertTrue((self.staging / "new/bin/prog").exists())

    def test_a_staging_directory_that_others_may_write_to(self) -> None:
        plant(self.staging / "new")
        self.staging.chmod(0o775)
        owner = self.base.owner()
        self.assert_refused(
            f"shared/.x.install is a directory of mode 0775 of {owner}", self.target
        )

    def test_a_staging_directory_that_is_none(self) -> None:
        owner = self.base.owner()
        plant(self.base / "theirs/new")
        self.staging.symlink_to(self.base / "theirs")
        self.assert_refused(f"shared/.x.install is a link of {owner}", self.target)
        self.staging.unlink()
        self.staging.touch()
        self.assert_refused(f"shared/.x.install is a file of {owner}", self.target)
        self.assertEqual(names(self.base / "theirs/new"), [".relocatable.json", "bin"])

    def test_what_an_older_version_has_left(self) -> None:
        plant(self.staging / "new")
        self.staging.chmod(0o755)
        run(tree(), self.target)
        self.assertEqual(self.said(self.target), "good\n")
        self.assertEqual(names(self.shared), ["x"])

    def test_nobody_else_enters_it(self) -> None:
        statuses = []

        def enter() -> None:
            os.chdir(self.shared)
            become_nobody()
            for action in (
                lambda: os.rename(".x.install/new", "stolen"),  # noqa: PTH104
                lambda: os.rename(".x.install", "stolen"),  # noqa: PTH104
                lambda: os.listdir(".x.install"),  # noqa: PTH208
                lambda: os.open(".x.install", os.O_RDONLY),
                lambda: os.stat(".x.install/new"),  # noqa: PTH116
            ):
                with self.assertRaises(PermissionError):
                    action()

        def look() -> None:
            self.assertEqual(stat.S_IMODE(self.staging.stat().st_mode), 0o700)
            statuses.append(status_of(enter))

        run(tree(), self.target, when=look)
        self.assertEqual(self.said(self.target), "good\n")
        if statuses == [CANNOT]:
            self.skipTest("there is no other user here")
        self.assertEqual(statuses, [0])

    def test_the_staging_directory_is_moved_away(self) -> None:
        """As the owner of the directory can do at any moment, root's or not."""

        def move() -> None:
            self.staging.rename(self.base / "stolen")
            plant(self.staging / "new")

        run(tree(), self.target, when=move)
        self.assertEqual(self.said(self.target), "good\n")

    def test_a_directory_above_is_moved_away(self) -> None:
        there = self.base / "a/b"
        plant(self.base / "theirs/x")
        plant(self.base / "theirs/.x.install/new")

        def move() -> None:
            there.rename(self.base / "a/moved")
            there.symlink_to(self.base / "theirs")

        run(tree(), there / "x", when=move)
        self.assertEqual(self.said(self.base / "a/moved/x"), "good\n")
        self.assertEqual(self.said(self.base / "theirs/x"), "evil\n")
        self.assertEqual(names(self.base / "theirs"), [".x.install", "x"])

    def test_links_of_others_are_not_followed(self) -> None:
        """In a directory where everybody may make them."""
        theirs = self.base / "theirs"
        theirs.mkdir()
        (self.shared / "link").symlink_to(theirs)
        self.target.symlink_to(theirs / "x")
        self.give_away(self.shared / "link", self.target)
        wanted = "shared/{} is of nobody, in a directory where everybody may put things"
        self.assert_refused(wanted.format("x"), self.target)
        self.assert_refused(wanted.format("link"), self.shared / "link/x")
        self.assert_refused(wanted.format("link"), self.shared / "link/../shared/y")
        self.assertEqual(names(theirs), [])

    def test_directories_of_others_are_not_gone_through(self) -> None:
        (self.shared / "theirs").mkdir()
        self.give_away(self.shared / "theirs")
        wanted = "shared/theirs is of nobody, in a directory where everybody may put things"
        self.assert_refused(wanted, self.shared / "theirs/x")
        self.assertEqual(names(self.shared / "theirs"), [])

    def test_what_is_ours_or_elsewhere_is_followed(self) -> None:
        (self.base / "theirs").mkdir()
        (self.shared / "ours").symlink_to("../theirs/link")
        (self.base / "theirs/link").symlink_to("real")
        self.give_away(self.base / "theirs", self.base / "theirs/link")
        run(tree(), self.shared / "ours/x")
        self.assertEqual(self.said(self.base / "theirs/real/x"), "good\n")

    def test_a_dist_of_another_user(self) -> None:
        """It is replaced, and nothing of it stays."""
        plant(self.target)
        self.target.chmod(0o777)
        self.give_away(self.target, *self.target.rglob("*"))
        run(tree(), self.target)
        self.assertEqual(self.said(self.target), "good\n")
        for path in (self.target, *self.target.rglob("*")):
            self.assertEqual(path.stat().st_uid, os.geteuid(), path)
        self.assertEqual(stat.S_IMODE(self.target.stat().st_mode), 0o755)

    def test_under_attack(self) -> None:
        """Somebody tries all that there is to try, all the time."""
        evil = self.base / "evil"
        plant(evil)
        evil.chmod(0o755)
        (self.base / "theirs").mkdir()
        self.give_away(self.base / "theirs")
        (self.base / "theirs").chmod(0o777)
        process = child(self.attack)
        installed = 0
        try:
            for _ in range(ATTACKS):
                try:
                    run(tree(), self.target)
                except (RelocatableError, OSError):
                    # What is in the way, root clears away.
                    subprocess.run(["/bin/rm", "-rf", self.staging, self.target], check=False)
                    continue
                installed += 1
                self.assertEqual(self.said(self.target), "good\n")
                self.assertEqual(self.target.lstat().st_uid, os.geteuid())
        finally:
            os.kill(process, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if status == CANNOT:
            self.skipTest("there is no other user here")
        self.assertEqual(status, -signal.SIGKILL)
        self.assertGreater(installed, 0)

    def attack(self) -> None:
        os.chdir(self.shared)
        become_nobody()
        os.umask(0)
        evil = self.base / "evil"
        theirs = self.base / "theirs"
        moves = (
            lambda: os.mkdir(".x.install"),  # noqa: PTH102
            lambda: plant(Path(".x.install/new")),
            lambda: os.rename(".x.install", theirs / "stolen"),  # noqa: PTH104
            lambda: os.rename(".x.install/new", theirs / "new"),  # noqa: PTH104
            lambda: os.symlink(evil, ".x.install/new"),  # noqa: PTH211
            lambda: os.symlink(evil, "x"),  # noqa: PTH211
            lambda: plant(Path("x")),
            lambda: os.rename("x", theirs / "x"),  # noqa: PTH104
            lambda: os.rmdir(".x.install"),  # noqa: PTH106
        )
        number = 0
        while True:
            number += 1
            # Now and then the installer gets as far as to begin.
            if number % 400 == 0:
                time.sleep(0.02)
            with contextlib.suppress(OSError):
                self.swap(evil, number)
            if number % 20 == 0:
                with contextlib.suppress(OSError):
                    moves[number // 20 % len(moves)]()

    def swap(self, evil: Path, number: int) -> None:
        """Puts another directory in the place of what is being unpacked."""
        staging = Path(".x.install")
        if (staging / "new/lib").exists():
            (staging / "new").rename(staging / f"stolen {number}")
            (staging / "new").symlink_to(evil)


if __name__ == "__main__":
    absltest.main()
