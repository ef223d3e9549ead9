"""An install is all or nothing: refused, interrupted, out of room, twice at once."""

import ctypes
import errno
import fcntl
import io
import os
import random
import resource
import signal
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from absl.testing import absltest

from relocatable import install, swap
from relocatable.errors import RelocatableError
from relocatable.install import MARKER, About
from relocatable.progress import Progress
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree

KILLS = 50
RECORD = Record(Origin("//:test", "test"))
ABOUT = About("jq", "linux_x86_64", "1")


def tree(seed: int, files: int = 40) -> Tree:
    """A tree with other contents for each seed, of about a megabyte."""
    generator = random.Random(seed)  # noqa: S311
    made = Tree()
    for number in range(files):
        data = generator.randbytes(generator.randrange(50_000))
        name = f"lib/{number % 7}/file {number} é"
        made.add(name, File(data, RECORD, executable=number % 2 == 0))
    made.add("lib/empty", Directory())
    made.add("bin/link", Link("../lib/0", RECORD))
    made.add("dangling", Link("nowhere", RECORD))
    made.add(f"only in {seed}", File(b"", RECORD))
    return made


def run(made: Tree, directory: Path, *, force: bool = False, about: About = ABOUT) -> str:
    said = io.StringIO()
    progress = Progress(said, install.size(made))
    install.install(made, about, directory, progress, force=force)
    return said.getvalue()


def snapshot(directory: Path) -> dict[str, tuple[int, str | bytes]]:
    """All that is below a directory, and itself: modes, and bytes or targets."""
    found: dict[str, tuple[int, str | bytes]] = {}
    for path in [directory, *directory.rglob("*")]:
        mode = path.lstat().st_mode
        if path.is_symlink():
            value: str | bytes = str(path.readlink())
        else:
            value = b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(directory))] = mode, value
    return found


def names(directory: Path) -> list[str]:
    """What is in a directory."""
    return [path.name for path in directory.iterdir()]


def child(action: Callable[[], object]) -> int:
    """Starts a process that does something and ends, with status 1 if that failed."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            action()
            status = 0
        except RelocatableError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(status)
    return process


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

    def whole(self, made: Tree) -> dict[str, tuple[int, str | bytes]]:
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

    def test_replaces_what_is_no_dist_only_by_force(self) -> None:
        directory = self.base / "x"
        directory.mkdir()
        (directory / "thesis.txt").write_text("years of work")
        with self.assertRaisesRegex(RelocatableError, "not an installed dist.*--force"):
            run(tree(1), directory)
        self.assertEqual(names(self.base), ["x"])
        self.assertEqual(names(directory), ["thesis.txt"])
        run(tree(1), directory, force=True)
        self.assertEqual(snapshot(directory), self.whole(tree(1)))

    def test_replaces_another_dist_only_by_force(self) -> None:
        directory = self.base / "x"
        run(tree(1), directory)
        other = About("yq", "linux_x86_64", "1")
        with self.assertRaisesRegex(RelocatableError, "has 'jq' in it, not 'yq'; --force"):
            run(tree(2), directory, about=other)
        self.assertEqual(snapshot(directory), self.whole(tree(1)))
        run(tree(2), directory, about=other, force=True)

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

    def listed(self) -> dict[str, list[str]]:
        return {path.name: names(path) for path in self.base.iterdir()}

    def test_exchange(self) -> None:
        if not swap.exchange(self.base / "new", self.base / "target"):
            self.skipTest("this file system can't")
        self.assertEqual(self.listed(), {"new": ["target"], "target": ["new"]})

    def test_exchange_with_nothing(self) -> None:
        with self.assertRaises(OSError) as raised:
            swap.exchange(self.base / "new", self.base / "absent")
        self.assertEqual(raised.exception.errno, errno.ENOENT)

    def test_rename_twice(self) -> None:
        swap.rename_twice(*(self.base / name for name in ("new", "target", "aside")))
        self.assertEqual(self.listed(), {"aside": ["target"], "target": ["new"]})
        swap.settle(self.base / "target", self.base / "aside")
        self.assertEqual(self.listed(), {"aside": ["target"], "target": ["new"]})


if __name__ == "__main__":
    absltest.main()
