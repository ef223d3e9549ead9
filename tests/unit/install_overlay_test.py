"""An upgrade of a dist in the lower layer of an overlay, as in a container's image.

Such a directory can't be renamed (EXDEV). A real overlay shows it, in mounts of the test's own.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from relocatable.errors import RelocatableError
from relocatable.install import MARKER, About, swap
from relocatable.install.entry import Entry
from support.installs import (
    CANNOT,
    Snapshot,
    child,
    mount,
    names,
    own_mounts,
    run,
    run_until,
    snapshot,
    status_of,
    tree,
)

KILLS = 25
OTHER = About("yq", "linux_x86_64", "1")


class OverlayTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(os.path.realpath(self.create_tempdir().full_path))
        self.number = 0
        self.lower = self.base / "lower"
        self.lower.mkdir()
        (self.lower / "tried/inside").mkdir(parents=True)
        run(tree(0), self.lower / "x")
        run(tree(1), self.base / "new")
        self.old, self.new = snapshot(self.lower / "x"), snapshot(self.base / "new")

    def overlay(self) -> Path:
        """A file system as a container has it, new each time."""
        self.number += 1
        place = self.base / f"upper/{self.number}"
        for name in ("upper", "work", "merged"):
            (place / name).mkdir(parents=True)
        layers = "lowerdir=../../lower,upperdir=upper,workdir=work"
        try:
            os.setxattr(place / "upper", "trusted.test", b"")
        except PermissionError:  # Root of a user namespace, as in a sandbox.
            layers += ",userxattr"
        os.chdir(place)  # Paths of a mount are short, and have no commas.
        mount("overlay", place / "merged", "overlay", layers)
        self.try_out(place / "merged")
        return place / "merged"

    def try_out(self, merged: Path) -> None:
        """Ends this process where an overlay can't do what one of a container can."""
        try:
            shutil.rmtree(merged / "tried")
        except OSError as error:
            print(f"an overlay that can't remove directories: {error}", file=sys.stderr)
            raise SystemExit(CANNOT) from None

    def test_upgrade(self) -> None:
        def upgrade() -> None:
            merged = self.overlay()
            with self.assertRaises(OSError) as raised:
                (merged / "x").rename(merged / "y")
            self.assertEqual(os.strerror(raised.exception.errno or 0), "Invalid cross-device link")
            run(tree(1), merged / "x")
            self.assertEqual(snapshot(merged / "x"), self.new)
            self.assertEqual(names(merged), ["x"])
            # What is in the upper layer now, as anywhere.
            run(tree(0), merged / "x")
            self.assertEqual(snapshot(merged / "x"), self.old)
            self.assertEqual(snapshot(self.lower / "x"), self.old)

        self.assert_done(upgrade)

    def test_an_empty_directory(self) -> None:
        (self.lower / "empty").mkdir()

        def fill() -> None:
            merged = self.overlay()
            run(tree(1), merged / "empty")
            self.assertEqual(snapshot(merged / "empty"), self.new)

        self.assert_done(fill)

    def test_other_files_are_safe(self) -> None:
        (self.lower / "x/etc").mkdir()
        (self.lower / "x" / MARKER).unlink()
        before = snapshot(self.lower / "x")

        def install() -> None:
            merged = self.overlay()
            with self.assertRaisesRegex(RelocatableError, "has what the dist has not: etc"):
                run(tree(1), merged / "x", force=True)
            self.assertEqual(snapshot(merged / "x"), before)
            self.assertEqual(names(merged), ["x"])

        self.assert_done(install)

    def test_killed_at_any_moment(self) -> None:
        """The next install, whatever it is of, finds the old one or puts the new one there.

        How often it is which, a busy machine decides; `test_killed_at_each_step` has all of them.
        """

        def kill() -> None:
            seconds = self.timed()
            generator = random.Random(5)  # noqa: S311
            for _ in range(KILLS):
                merged = self.overlay()
                process = child(lambda there=merged: run(tree(1), there / "x"))  # type: ignore[misc]
                time.sleep(generator.uniform(0, seconds))
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                before = self.state(merged)
                with self.assertRaisesRegex(RelocatableError, "has 'jq' in it, not 'yq'"):
                    run(tree(2), merged / "x", about=OTHER)
                after = self.state(merged)
                self.assertIn(after, ["old", "new"])
                if before in {"old", "new"}:
                    self.assertEqual(after, before)
                self.assertEqual(names(merged), ["x"])

        self.assert_done(kill)

    def timed(self) -> float:
        merged = self.overlay()
        start = time.monotonic()
        run(tree(1), merged / "x")
        return 1.2 * (time.monotonic() - start)

    def state(self, merged: Path) -> str:
        if not (merged / "x").is_dir():
            return "between"
        found: Snapshot = snapshot(merged / "x")
        return "old" if found == self.old else "new" if found == self.new else "between"

    def test_killed_at_each_step(self) -> None:
        """Each call that changes something ends the process, once, instead."""

        def steps() -> None:
            found = []
            for step in range(1000):
                merged = self.overlay()
                status = status_of(lambda n=step, at=merged / "x": run_until(n, tree(1), at))  # type: ignore[misc]
                before = self.state(merged)
                with self.assertRaisesRegex(RelocatableError, "has 'jq' in it, not 'yq'"):
                    run(tree(2), merged / "x", about=OTHER)
                after = self.state(merged)
                self.assertEqual(after, {"between": "new"}.get(before, before), step)
                self.assertEqual(names(merged), ["x"])
                found.append(before)
                if status == 0:
                    break
            self.assertEqual(list(dict.fromkeys(found)), ["old", "between", "new"])

        self.assert_done(steps)

    def test_what_cannot_be_removed(self) -> None:
        """Mended, the next install goes on."""

        def fail() -> None:
            merged = self.overlay()
            remove = Entry.remove

            def refuse(entry: Entry) -> None:
                if entry.path == merged / "x/lib":
                    raise OSError(5, "Input/output error", str(entry.path))
                remove(entry)

            Entry.remove = refuse  # type: ignore[method-assign, assignment]
            with self.assertRaises(RelocatableError) as caught:
                run(tree(1), merged / "x")
            self.assertEqual(
                str(caught.exception).replace(str(merged), "M"),
                "M/x is removed in part, and the rest can't be: M/x/lib: Input/output error; the "
                "new one is whole at M/.x.install/whole. Mend that, and install again",
            )
            Entry.remove = remove  # type: ignore[method-assign]
            run(tree(1), merged / "x")
            self.assertEqual(snapshot(merged / "x"), self.new)
            self.assertEqual(names(merged), ["x"])

        self.assert_done(fail)

    def assert_done(self, action: Callable[[], object]) -> None:
        def alone() -> None:
            own_mounts()
            (self.base / "upper").mkdir()
            mount("none", self.base / "upper", "tmpfs")
            action()

        status = status_of(alone)
        if status == CANNOT:
            self.skipTest("an overlay can't be mounted here")
        self.assertEqual(status, 0)


class RemoveAndRenameTest(absltest.TestCase):
    """The same on any file system, but that it could do better."""

    def test_without_an_overlay(self) -> None:
        base = Path(os.path.realpath(self.create_tempdir().full_path))
        run(tree(0), base / "x")
        run(tree(1), base / "new")
        new = snapshot(base / "new")
        with mock.patch.object(swap, "exchange", side_effect=OSError(18, "EXDEV")):
            run(tree(1), base / "x")
        self.assertEqual(snapshot(base / "x"), new)
        self.assertEqual(names(base), ["new", "x"])


if __name__ == "__main__":
    absltest.main()
