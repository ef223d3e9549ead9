"""An install is all or nothing: refused, interrupted, out of room, twice at once."""

import ctypes
import errno
import fcntl
import os
import random
import resource
import signal
import stat
import struct
import tempfile
import time
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from relocatable import install
from relocatable.errors import RelocatableError
from relocatable.install import MARKER, About, swap
from relocatable.install.entry import Entry
from relocatable.tree import Directory, File, Link, Tree
from support.installs import (
    NOBODY,
    Snapshot,
    child,
    names,
    run,
    run_until,
    snapshot,
    status_of,
    tree,
)

KILLS = 50


def drop_capabilities() -> None:
    """Takes from root what lets it write anywhere; see capset(2). It may be root of a sandbox."""
    version_3, itself = 0x20080522, 0
    header = struct.pack("Ii", version_3, itself)
    if ctypes.CDLL(None, use_errno=True).capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "capset")


class InstallTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(os.path.realpath(self.create_tempdir().full_path))

    def whole(self, made: Tree) -> Snapshot:
        """What an install of `made` looks like, from one elsewhere that nothing has disturbed."""
        with tempfile.TemporaryDirectory(dir=self.base) as clean:
            directory = Path(clean) / "x"
            run(made, directory)
            return snapshot(directory)

    def test_all_of_it_is_there(self) -> None:
        made = tree(1)
        found = self.whole(made)
        self.assertEqual(set(found), {".", MARKER, *made.nodes})
        for path, node in made:
            mode, value = found[path]
            match node:
                case Directory():
                    self.assertEqual(mode, 0o40755, path)
                case Link():
                    self.assertEqual(value, node.target)
                case File():
                    self.assertEqual(mode, 0o100755 if node.executable else 0o100644, path)
                    self.assertEqual(value, node.content)

    def test_takes_the_place_of_an_earlier_one(self) -> None:
        directory = self.base / "spaces and ünicode"
        for seed in (1, 2):
            run(tree(seed), directory)
            self.assertEqual(snapshot(directory), self.whole(tree(seed)))
        self.assertEqual(names(self.base), [directory.name])

    def test_makes_directories_above(self) -> None:
        run(tree(1), self.base / "a/b/c")
        self.assertEqual(snapshot(self.base / "a/b/c"), self.whole(tree(1)))

    def test_goes_into_an_empty_directory(self) -> None:
        (self.base / "x").mkdir()
        run(tree(1), self.base / "x")
        self.assertEqual(snapshot(self.base / "x"), self.whole(tree(1)))

    def test_goes_where_a_link_leads(self) -> None:
        (self.base / "link").symlink_to("real")
        for seed in (1, 2):
            run(tree(seed), self.base / "link")
            self.assertTrue((self.base / "link").is_symlink())
            self.assertEqual(snapshot(self.base / "real"), self.whole(tree(seed)))

    def test_never_replaces_what_the_dist_has_not(self) -> None:
        directory = self.base / "x"
        directory.mkdir()
        for number in range(9):
            (directory / f"thesis {number}.txt").write_text("years of work")
        before = snapshot(directory)
        for force in (False, True):
            with self.assertRaises(RelocatableError) as caught:
                run(tree(1), directory, force=force)
            self.assertEqual(
                str(caught.exception),
                f"{directory} is not an installed dist, and has what the dist has not: "
                "thesis 0.txt, thesis 1.txt, thesis 2.txt and more. It is not replaced, --force or "
                "not: name another directory, or remove this yourself",
            )
            self.assertEqual(snapshot(directory), before)
            self.assertEqual(names(self.base), ["x"])

    def test_another_kind_of_file_is_not_the_dists(self) -> None:
        directory = self.base / "x"
        (directory / "bin").mkdir(parents=True)
        (directory / "bin/link").write_text("a script of mine")
        with self.assertRaisesRegex(RelocatableError, "has not: bin/link"):
            run(tree(1), directory, force=True)

    def test_replaces_what_was_unpacked_there_only_by_force(self) -> None:
        directory = self.base / "x"
        run(tree(1), directory)
        (directory / MARKER).unlink()
        with self.assertRaisesRegex(RelocatableError, "all that is in it is as in one; --force"):
            run(tree(1), directory)
        run(tree(1), directory, force=True)
        self.assertEqual(snapshot(directory), self.whole(tree(1)))

    def test_force_lists_what_it_removes(self) -> None:
        directory = self.base / "x"
        run(tree(1), directory)
        said = run(tree(2), directory, about=About("yq", "linux_x86_64", "1"), force=True)
        lines = said.splitlines()
        count = 40 + 4  # Files, the links, what is in one alone, and the marker.
        self.assertEqual(
            lines[0], f"--force removes what is in {directory}, {count} files and links:"
        )
        self.assertEqual(lines[1:4], [f"  {MARKER}", "  dangling", "  only in 1"])
        self.assertEqual(lines[4], "  bin/link")
        self.assertEqual(lines[11], f"  and {count - 10} more")

    def test_a_marker_that_is_none(self) -> None:
        directory = self.base / "x"
        directory.mkdir()
        marker = directory / MARKER
        os.mkfifo(marker)
        self.assertIsNone(install.installed(directory))  # It does not wait for a writer.
        marker.unlink()
        for text in ("", "[1]", "{}", '{"name": 1}', "[" * 100_000, '{"name": "jq"' + " " * 70_000):
            marker.write_text(text)
            self.assertIsNone(install.installed(directory))

    def test_replaces_another_dist_only_by_force(self) -> None:
        directory = self.base / "x"
        run(tree(1), directory)
        other = About("yq", "linux_x86_64", "1")
        with self.assertRaisesRegex(RelocatableError, "has 'jq' in it, not 'yq'; --force"):
            run(tree(2), directory, about=other)
        self.assertEqual(snapshot(directory), self.whole(tree(1)))
        run(tree(2), directory, about=other, force=True)

    def test_a_directory_keeps_its_mode_and_group(self) -> None:
        """An installed one, or one that was made for the dist; but nobody else is let in."""
        for mode, kept in ((0o700, 0o700), (0o2750, 0o2750), (0o777, 0o775)):
            directory = self.base / f"{mode:o}"
            directory.mkdir()
            directory.chmod(mode)
            for seed in (1, 2):
                run(tree(seed), directory)
                self.assertEqual(stat.S_IMODE(directory.stat().st_mode), kept)
                self.assertEqual(stat.S_IMODE((directory / "lib").stat().st_mode), 0o755)

    def test_a_group_that_is_handed_down(self) -> None:
        """In a set-group-ID directory all is of its group; modes are as anywhere."""
        try:
            os.chown(self.base, -1, NOBODY)
        except OSError:
            self.skipTest("there is no other group here")
        wanted = self.whole(tree(1))
        self.base.chmod(0o2755)
        for _ in range(2):
            run(tree(1), self.base / "a/x")
            self.assertEqual(snapshot(self.base / "a/x"), wanted)
            for path in (self.base / "a/x").rglob("*"):
                self.assertEqual(path.lstat().st_gid, NOBODY, path)
        self.assertEqual(self.base.stat().st_gid, NOBODY)
        self.assertEqual((self.base / "a/x").stat().st_gid, NOBODY)
        self.assertEqual(names(self.base / "a"), ["x"])

    def test_never_replaces_a_file_or_the_root(self) -> None:
        (self.base / "x").write_text("a file")
        with self.assertRaisesRegex(RelocatableError, "x is a file; a directory, or nothing"):
            run(tree(1), self.base / "x", force=True)
        with self.assertRaisesRegex(RelocatableError, "/ is the root directory"):
            run(tree(1), Path("/"), force=True)

    def test_one_at_a_time(self) -> None:
        directory = self.base / "x"
        staging = self.base / ".x.install"
        staging.mkdir()
        descriptor = os.open(staging, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with self.assertRaisesRegex(RelocatableError, "x is being installed by another process"):
            run(tree(1), directory)
        os.close(descriptor)
        run(tree(1), directory)

    def test_many_at_once(self) -> None:
        directory = self.base / "x"
        children = [child(lambda s=seed: run(tree(s), directory)) for seed in range(8)]  # type: ignore[misc]
        statuses = [os.waitpid(process, 0)[1] for process in children]
        self.assertIn(0, statuses)
        found = snapshot(directory)
        self.assertIn(found, [self.whole(tree(s)) for s in range(8) if statuses[s] == 0])
        self.assertEqual(names(self.base), ["x"])

    def test_no_room(self) -> None:
        directory = self.base / "x"
        run(tree(1), directory)

        def limited() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
            run(tree(2), directory)

        self.assertNotEqual(os.waitpid(child(limited), 0)[1], 0)
        self.assertEqual(snapshot(directory), self.whole(tree(1)))
        self.assertEqual(names(self.base), ["x"])

    def test_may_not_write(self) -> None:
        self.base.chmod(0o555)

        def unprivileged() -> None:
            if os.geteuid() == 0:
                drop_capabilities()
            with self.assertRaises(PermissionError):
                run(tree(1), self.base / "x")

        self.assertEqual(os.waitpid(child(unprivileged), 0)[1], 0)
        self.base.chmod(0o755)
        self.assertEmpty(names(self.base))

    def test_killed_at_any_moment(self) -> None:
        directory = self.base / "x"
        states = [self.whole(tree(seed)) for seed in (0, 1)]
        run(tree(0), directory)
        start = time.monotonic()
        run(tree(1), directory)
        seconds = 1.2 * (time.monotonic() - start)
        generator = random.Random(5)  # noqa: S311
        now = 1
        seen = {"old": 0, "new": 0}
        for _ in range(KILLS):
            process = child(lambda n=1 - now: run(tree(n), directory))  # type: ignore[misc]
            time.sleep(generator.uniform(0, seconds))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            found = snapshot(directory)
            self.assertIn(found, states)
            seen["old" if found == states[now] else "new"] += 1
            now = states.index(found)
        self.assertGreater(min(seen.values()), 0, seen)
        run(tree(now), directory)
        self.assertEqual(names(self.base), ["x"])

    def test_killed_at_each_step(self) -> None:
        """Where names can be exchanged, and where they can't."""
        old, new = self.whole(tree(0, 3)), self.whole(tree(1, 3))
        seen = {}
        for way, exchange in (("exchange", swap.exchange), ("rename", lambda *_: False)):
            found = []
            for step in range(1000):
                directory = self.base / f"{way} {step}" / "x"
                run(tree(0, 3), directory)
                with mock.patch.object(swap, "exchange", exchange):
                    status = status_of(lambda n=step, at=directory: run_until(n, tree(1, 3), at))  # type: ignore[misc]
                before = snapshot(directory) if directory.exists() else None
                with self.assertRaisesRegex(RelocatableError, "has 'jq' in it, not 'yq'"):
                    run(tree(2, 3), directory, about=About("yq", "linux_x86_64", "1"))
                # What was absent is the old one again.
                self.assertEqual(snapshot(directory), old if before is None else before)
                self.assertEqual(names(directory.parent), ["x"])
                found.append("absent" if before is None else "old" if before == old else "new")
                if status == 0:
                    self.assertEqual(before, new)
                    break
            seen[way] = list(dict.fromkeys(found))
        self.assertEqual(seen["rename"], ["old", "absent", "new"])
        self.assertEqual(seen["exchange"], ["old", "new"])

    def test_killed_between_two_renames(self) -> None:
        """What was installed is put back, and then replaced, by the next install."""
        directory = self.base / "x"
        run(tree(1), directory)
        (self.base / ".x.install/new").mkdir(parents=True)
        directory.rename(self.base / ".x.install/old")
        with self.assertRaisesRegex(RelocatableError, "has 'jq' in it"):
            run(tree(2), directory, about=About("yq", "linux_x86_64", "1"))
        self.assertEqual(snapshot(directory), self.whole(tree(1)))
        self.assertEqual(names(self.base), ["x"])


class SwapTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(self.create_tempdir().full_path)
        for name in ("new", "target"):
            (self.base / name).mkdir()
            (self.base / name / name).touch()
        descriptor = os.open(self.base, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        self.new, self.target, self.aside, self.absent = (
            Entry(descriptor, name, self.base / name)
            for name in ("new", "target", "aside", "absent")
        )

    def listed(self) -> dict[str, list[str]]:
        return {path.name: names(path) for path in self.base.iterdir()}

    def test_exchange(self) -> None:
        if not swap.exchange(self.new, self.target):
            self.skipTest("this file system can't")
        self.assertEqual(self.listed(), {"new": ["target"], "target": ["new"]})

    def test_exchange_with_nothing(self) -> None:
        with self.assertRaises(OSError) as raised:
            swap.exchange(self.new, self.absent)
        self.assertEqual(raised.exception.errno, errno.ENOENT)

    def test_rename_twice(self) -> None:
        swap.rename_twice(self.new, self.target, self.aside)
        self.assertEqual(self.listed(), {"aside": ["target"], "target": ["new"]})

    def test_errors_name_the_whole_path(self) -> None:
        with self.assertRaises(FileNotFoundError) as raised:
            self.absent.rename(self.target)
        self.assertEqual(raised.exception.filename, str(self.base / "absent"))


if __name__ == "__main__":
    absltest.main()
