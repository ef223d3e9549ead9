"""The launcher, with programs of ours in place of the ones that it finds on a machine.

What it does with the real ones is seen whenever the project builds at all.
"""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

from absl.testing import absltest, parameterized

BAZELW = Path(__file__).parent.parent.parent / "bazelw"

# That file says "already inside of the private root", which may be so where this test runs.
MARKER = "/usr/share/rules_relocatable/root"

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# What the launcher may use of the real machine; everything else is missing unless a test makes it.
REAL_PROGRAMS = (
    "bash",
    "cat",
    "chmod",
    "cp",
    "dirname",
    "env",
    "find",
    "flock",
    "grep",
    "head",
    "mkdir",
    "mktemp",
    "mv",
    "paste",
    "readlink",
    "rm",
    "rmdir",
    "sed",
    "sha256sum",
    "sh",
    "stat",
    "tail",
    "tar",
    "touch",
    "tr",
)

ECHO = """
printf '<%s>' "$0" "$@"
cat
exit 7
"""

# Puts into the directory that it is given what the launcher goes on to edit.
MMDEBSTRAP = """
echo once >>"$HOME/made"
for argument; do case $argument in /*) root=$argument ;; esac; done
mkdir -p "$root/etc/bazel"
touch "$root/etc/bazel/bazelrc"
"""

# As a user namespace makes it: in TMPDIR, and then a tar on stdout.
MMDEBSTRAP_TO_TAR = """
if [ "$1" = --unshare-helper ]; then shift; echo "$@" >>"$HOME/helped"; exec "$@"; fi
echo once >>"$HOME/made"
mkdir -p "$TMPDIR/mmdebstrap.1/etc/bazel"
touch "$TMPDIR/mmdebstrap.1/etc/bazel/bazelrc"
echo "$TMPDIR" >"$HOME/scratch"
"""

# Succeeds when it is only tried out; else ends with the arguments that would reach Bazel.
UNSHARE = """
for last; do :; done
[ "$last" != true ] || exit 0
case "$*" in "--mount mmdebstrap "*) shift; exec "$@" ;; esac
printf '<%s>' "$@" | tail -c 40
"""

DAY = 24 * 60 * 60
ROOT = "debian-0123456789abcdef"


class LauncherTestCase(parameterized.TestCase):
    """A workspace with the launcher, and a machine with only what a test gives it."""

    cwd: Path | None = None

    def setUp(self) -> None:
        super().setUp()
        self.home = Path(self.create_tempdir().full_path)
        self.cache = self.home / ".cache/rules_relocatable"
        self.bin = self.home / "bin"
        self.bin.mkdir()
        for name in REAL_PROGRAMS:
            found = shutil.which(name)
            self.assertIsNotNone(found, name)
            (self.bin / name).symlink_to(str(found))

        text = BAZELW.read_text()
        for path, replacement in {
            f"MARKER={MARKER}": "MARKER=/marker",
            "/etc/subuid": f"{self.home}/subuid",
            "/etc/subgid": f"{self.home}/subgid",
            KEYRING: f"{self.home}/keyring.gpg",
        }.items():
            self.assertIn(path, text)
            text = text.replace(path, replacement)
        (self.home / "keyring.gpg").touch()
        self.launcher = self.script(self.home / "work space/bazelw", text)
        profile = self.launcher.parent / "third_party/debian"
        (profile / "overlay/marker").parent.mkdir(parents=True)
        (profile / "packages.txt").write_text("# comment\none\ntwo\n")

    def script(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What is there may be a link to the machine's own program, which writing would replace.
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def program(self, name: str, text: str) -> None:
        self.script(self.bin / name, f"#!/bin/sh\n{text}\n")

    def debian_machine(self) -> None:
        """A Debian where we are root; `unshare` says what would have run in the namespace."""
        self.program("id", "echo 0")
        self.program("df", "echo 9999M")
        self.program("apt-get", "")
        self.program("apt-config", "")
        self.program("mmdebstrap", MMDEBSTRAP)
        self.program("unshare", UNSHARE)

    def user_machine(self, *, subids: bool = True) -> None:
        """A Debian where we are a user, without sudo."""
        self.debian_machine()
        self.program("id", "case $1 in -un) echo someone ;; *) echo 1000 ;; esac")
        self.program("mmdebstrap", MMDEBSTRAP_TO_TAR + 'tar -C "$TMPDIR/mmdebstrap.1" -c .\n')
        if subids:
            self.program("newuidmap", "")
            for name in ("subuid", "subgid"):
                (self.home / name).write_text("someone:100000:65536\n")

    def roots(self) -> list[str]:
        """The names of all roots, whole or not."""
        return sorted(path.name for path in self.cache.glob("debian-*/"))

    def start(
        self, *arguments: str, choice: str | None = None, **variables: str
    ) -> subprocess.Popen[str]:
        environment = {"HOME": str(self.home), "PATH": str(self.bin), **variables}
        if choice is not None:
            environment["BAZELW"] = choice
        return subprocess.Popen(
            [str(self.launcher), *arguments],
            cwd=self.cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run_launcher(
        self, *arguments: str, choice: str | None = None, stdin: str = "", **variables: str
    ) -> tuple[int, str, str]:
        process = self.start(*arguments, choice=choice, **variables)
        out, err = process.communicate(stdin)
        return process.returncode, out, err

    def assert_error(self, wanted: str, choice: str | None, **variables: str) -> str:
        """Checks that what it says is its own, and ends with one line of error; returns that."""
        status, out, err = self.run_launcher("build", choice=choice, **variables)
        self.assertEqual((status, out), (1, ""), err)
        *others, last = err.splitlines()
        self.assertStartsWith(last, f"bazelw: error: {wanted}")
        for line in others:
            self.assertRegex(line, "^bazelw: (installing|making|could not remove) ")
        return last


class PassThroughTest(LauncherTestCase):
    def test_arguments_stdin_and_status(self) -> None:
        self.program("bazel", ECHO)
        status, out, err = self.run_launcher("run", "a b", "", "*", choice="host", stdin="typed")
        self.assertEqual((status, out, err), (7, f"<{self.bin}/bazel><run><a b><><*>typed", ""))

    @parameterized.parameters(signal.SIGINT, signal.SIGTERM)
    def test_signals(self, number: signal.Signals) -> None:
        # Bazel is the process that was started, so that what is sent to it needs no forwarding.
        self.program("bazel", "trap 'exit 9' INT TERM\necho $$\nread -r line\nexit 1")
        process = self.start(choice="host")
        assert process.stdout is not None
        self.assertEqual(process.stdout.readline(), f"{process.pid}\n")
        process.send_signal(number)
        # The pipe stays open until the trap has run, so that only the signal can have ended it.
        self.assertEqual(process.wait(timeout=60), 9)
        process.communicate()


class ChoiceTest(LauncherTestCase):
    def test_bazelisk_goes_before_bazel(self) -> None:
        self.program("curl", "")
        self.program("bazel", "echo bazel")
        self.program("bazelisk", "echo bazelisk")
        self.assertEqual(self.run_launcher()[1], "bazelisk\n")

    def test_npm_where_nothing_is_installed(self) -> None:
        self.program("curl", "")
        self.program("npm", ECHO)
        status, out, _ = self.run_launcher("build", "//...", stdin="typed")
        self.assertEqual(status, 7)
        self.assertRegex(out, r"<exec><--yes><--package=@bazel/bazelisk@[\d.]+><-->")
        self.assertEndsWith(out, "<bazelisk><build><//...>typed")

    def test_debian_where_the_registry_is_out_of_reach(self) -> None:
        self.debian_machine()
        self.program("curl", 'echo asked >>"$HOME/asked"; exit 6')
        self.program("bazel", "echo bazel")
        for _ in range(2):
            status, out, _ = self.run_launcher("build", "//...")
            self.assertEqual(status, 0)
            self.assertEndsWith(out, "<0><build><//...>")
        # The answer is remembered, though it is no, and the root is made once.
        self.assertEqual((self.home / "asked").read_text(), "asked\n")
        self.assertEqual((self.home / "made").read_text(), "once\n")

    def test_a_no_is_asked_again_where_there_are_other_programs(self) -> None:
        self.debian_machine()
        self.program("curl", 'echo asked >>"$HOME/asked"; exit 6')
        self.program("bazel", "echo bazel")
        self.assertEndsWith(self.run_launcher("build")[1], "<build>")
        self.program("curl", "")
        self.assertEndsWith(self.run_launcher("build")[1], "<build>")
        self.program("bazelisk", "echo bazelisk")
        self.assertEqual(self.run_launcher("build")[1], "bazelisk\n")

    def test_how_long_an_answer_holds(self) -> None:
        self.debian_machine()
        self.program("bazel", "echo bazel")
        for status, minutes, asked in ((6, 50, 1), (6, 70, 2), (0, 70, 1), (0, 1500, 2)):
            with self.subTest(status=status, minutes=minutes):
                (self.home / "asked").unlink(missing_ok=True)
                for answer in self.cache.glob("reachable-*"):
                    answer.unlink()
                self.program("curl", f'echo asked >>"$HOME/asked"; exit {status}')
                self.run_launcher("build")
                (answer,) = self.cache.glob("reachable-*")
                then = time.time() - 60 * minutes
                os.utime(answer, (then, then))
                self.run_launcher("build")
                self.assertEqual((self.home / "asked").read_text(), "asked\n" * asked)

    def test_a_home_that_cannot_be_written(self) -> None:
        self.program("curl", "")
        self.program("bazel", "echo bazel")
        self.assertEqual(self.run_launcher(HOME="/dev/null"), (0, "bazel\n", ""))

    def test_through_links(self) -> None:
        self.debian_machine()
        (self.home / "links").mkdir()
        (self.home / "links/one").symlink_to("../links/two")
        (self.home / "links/two").symlink_to("../work space/bazelw")
        self.launcher = self.home / "links/one"
        status, out, err = self.run_launcher("build", choice="debian")
        self.assertEqual(status, 0, err)
        self.assertEndsWith(out, "<build>")

    def test_unknown(self) -> None:
        self.assert_error("wanted BAZELW to be host, npm or debian, found 'moon'", choice="moon")

    def test_chosen_but_missing(self) -> None:
        self.assert_error("wanted bazelisk or bazel on PATH, found neither", choice="host")
        self.assert_error("wanted npm on PATH, found none", choice="npm")


class DebianTest(LauncherTestCase):
    def test_two_at_once_make_one_root(self) -> None:
        self.debian_machine()
        processes = [self.start("version", choice="debian") for _ in range(3)]
        for process in processes:
            out, err = process.communicate()
            self.assertEqual(process.returncode, 0, err)
            self.assertEndsWith(out, "<version>")
        self.assertEqual((self.home / "made").read_text(), "once\n")
        self.assertLen(self.roots(), 1)

    def test_another_package_list_is_another_root(self) -> None:
        self.debian_machine()
        self.run_launcher(choice="debian")
        with (self.launcher.parent / "third_party/debian/packages.txt").open("a") as file:
            file.write("three\n")
        self.run_launcher(choice="debian")
        self.assertLen(self.roots(), 2)

    def test_a_half_made_root_is_removed(self) -> None:
        self.debian_machine()
        (self.cache / "debian-0123456789abcdef.part/etc").mkdir(parents=True)
        self.assertEqual(self.run_launcher(choice="debian")[0], 0)
        self.assertLen(self.roots(), 1)
        self.assertNotIn("part", self.roots()[0])

    @parameterized.parameters(
        (
            "E: Could not connect to mirror.example:80",
            "no apt mirror answered; is there a network?",
        ),
        ("tar: ./usr: Cannot write: No space left on device", "the disk was full"),
        ("E: what apt says", "E: what apt says"),
        ("nothing of use", "it ended without a reason"),
    )
    def test_what_fails_leaves_a_log_and_nothing_else(self, said: str, reason: str) -> None:
        for machine in (self.debian_machine, self.user_machine):
            machine()
            made = (self.bin / "mmdebstrap").read_text().removeprefix("#!/bin/sh\n")
            self.program(
                "mmdebstrap",
                "for n in 1 2 3 4 5 6 7 8 9; do echo noise >&2; done\n"
                f'if [ "$1" != --unshare-helper ]; then echo "{said}" >&2; fi\n{made}exit 1',
            )
            error = self.assert_error("could not make Debian's Bazel in ", choice="debian")
            self.assertIn(f"{self.cache}: {reason}; all that mmdebstrap said is in ", error)
            log = Path(error.rpartition(" ")[2])
            self.assertEqual(log.read_text().count("noise\n"), 9)
            self.assertIn(said, log.read_text())
            self.assertEmpty(self.roots())
        self.assertFalse(Path((self.home / "scratch").read_text().strip()).exists())

    def test_a_user_makes_it_elsewhere_first(self) -> None:
        self.user_machine()
        status, out, err = self.run_launcher("version", choice="debian", TMPDIR=str(self.home))
        self.assertEqual(status, 0, err)
        self.assertEndsWith(out, "<version>")
        self.assertLen(self.roots(), 1)
        scratch = Path((self.home / "scratch").read_text().strip())
        self.assertEqual(scratch.parent, self.home)
        self.assertFalse(scratch.exists())
        self.assertEmpty(list(self.cache.glob("*.log")))

    def test_what_a_killed_mmdebstrap_leaves(self) -> None:
        self.user_machine()
        # Files of another user id, which only one who has that may remove.
        self.program(
            "rm",
            f'case "$*:$HELPER" in */bazelw.*:) exit 1 ;; esac; exec {shutil.which("rm")} "$@"',
        )
        helper = MMDEBSTRAP_TO_TAR.replace('exec "$@"', 'HELPER=yes exec "$@"')
        self.program("mmdebstrap", helper + "kill -9 $$")
        error = self.assert_error("could not make Debian's Bazel in ", choice="debian")
        self.assertIn(": it was killed; ", error)
        scratch = (self.home / "scratch").read_text().strip()
        helped = f"rm -rf --one-file-system {scratch}/mmdebstrap.1\n"
        self.assertEqual((self.home / "helped").read_text(), helped)
        self.assertFalse(Path(scratch).exists())

        # Where that fails, too, the command is named; the next call tries again.
        self.program("mmdebstrap", MMDEBSTRAP_TO_TAR + "kill -9 $$")
        _, _, err = self.run_launcher("build", choice="debian", TMPDIR=str(self.home))
        scratch = (self.home / "scratch").read_text().strip()
        self.assertIn(
            f"bazelw: could not remove {scratch}, which a killed mmdebstrap left: run "
            f"mmdebstrap --unshare-helper rm -rf --one-file-system {scratch}/*\n",
            err,
        )

    def test_a_killed_bazelw(self) -> None:
        self.user_machine()
        self.program("mmdebstrap", MMDEBSTRAP_TO_TAR + "kill -9 $PPID\n")
        self.run_launcher("build", choice="debian", TMPDIR=str(self.home))
        scratch = Path((self.home / "scratch").read_text().strip())
        self.user_machine()
        status, _, err = self.run_launcher("build", choice="debian", TMPDIR=str(self.home))
        self.assertEqual(status, 0, err)
        self.assertFalse(scratch.exists())
        self.assertLen(self.roots(), 1)

    def test_a_workspace_that_bazel_cannot_name(self) -> None:
        self.debian_machine()
        workspace = self.home / "Projekte/Übung"
        workspace.mkdir(parents=True)
        self.cwd = workspace
        self.assert_error(
            "wanted a workspace whose path is ASCII, which is all that Debian's Bazel takes, found "
            f"{workspace}: move it, or set BAZELW=host",
            choice="debian",
        )
        self.assertEmpty(self.roots())

    def test_no_disk(self) -> None:
        self.debian_machine()
        self.program("df", "echo Avail; echo 12M")
        self.assert_error(f"wanted 2500 MB of disk in {self.cache}, found 12", choice="debian")

    def test_no_disk_to_make_it_on(self) -> None:
        self.user_machine()
        self.program(
            "df", f"for d; do :; done; case $d in {self.cache}) echo 1700M ;; *) echo 9M ;; esac"
        )
        self.program("stat", 'for d; do :; done; echo "$d"')
        self.assert_error(
            "wanted room to make Debian's Bazel in, found 9 MB in /scratch (of 2500), 9 MB in "
            "/var/tmp (of 2500): make room, or set TMPDIR",
            choice="debian",
            TMPDIR="/scratch",
        )
        # On one disk, it is there twice.
        self.program("stat", "echo 1")
        self.program("df", "echo 3000M")
        self.assert_error(
            "wanted room to make Debian's Bazel in, found 3000 MB in /tmp (of 3200), ",
            choice="debian",
        )

    def test_a_cache_that_cannot_be_written(self) -> None:
        self.debian_machine()
        self.assert_error(
            "wanted to write to /dev/null/.cache/rules_relocatable, to make Debian's Bazel there, "
            "found that it can't be: set XDG_CACHE_HOME to another directory",
            choice="debian",
            HOME="/dev/null",
        )

    def test_no_rights(self) -> None:
        self.user_machine(subids=False)
        self.assert_error(
            "wanted uidmap, and user ids for someone in ",
            choice="debian",
        )
        (self.bin / "mmdebstrap").unlink()
        (self.home / "keyring.gpg").unlink()
        (self.home / "subuid").write_text("other:100000:65536\nmore:165536:1000\n")
        error = self.assert_error(
            "wanted mmdebstrap debian-archive-keyring uidmap", choice="debian"
        )
        self.assertEndsWith(
            error,
            "have an administrator run this once: apt-get install --no-install-recommends "
            "mmdebstrap debian-archive-keyring uidmap && usermod --add-subuids 166536-232071 "
            "--add-subgids 166536-232071 someone (or install bazelisk)",
        )
        # Of a user who has such ids, only the packages are wanted.
        self.program("newuidmap", "")
        for name in ("subuid", "subgid"):
            (self.home / name).write_text("someone:100000:65536\n")
        error = self.assert_error("wanted mmdebstrap debian-archive-keyring, to", choice="debian")
        self.assertEndsWith(error, "mmdebstrap debian-archive-keyring (or install bazelisk)")

    def test_what_is_missing_is_installed(self) -> None:
        self.debian_machine()
        (self.bin / "mmdebstrap").rename(self.home / "mmdebstrap")
        self.program("apt-get", 'for last; do :; done; echo "E: no $last" >&2; exit 100')
        error = self.assert_error("wanted mmdebstrap, to make Debian's Bazel; ", choice="debian")
        self.assertIn("apt-get can't install it: E: no mmdebstrap; have an administrator", error)
        self.program("apt-get", f'[ "$1" = update ] || mv "$HOME/mmdebstrap" {self.bin}')
        status, out, err = self.run_launcher("version", choice="debian")
        self.assertEqual(status, 0, err)
        self.assertEndsWith(out, "<version>")

    def old_root(self, days: float | None) -> Path:
        """A root that was last used so many days ago; None if nobody has noted that."""
        (self.cache / ROOT / "usr").mkdir(parents=True)
        stamp = self.cache / f"{ROOT}.used"
        if days is not None:
            stamp.touch()
            then = time.time() - days * DAY
            os.utime(stamp, (then, then))
        return stamp

    def test_a_root_that_nobody_has_used_for_long(self) -> None:
        self.debian_machine()
        stamp = self.old_root(32)
        (self.cache / "debian-1123456789abcdef.old/usr").mkdir(parents=True)
        # A process that has it, as a Bazel server would.
        with stamp.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self.run_launcher(choice="debian")
            self.assertLen(self.roots(), 2)
            self.assertIn(ROOT, self.roots())
        _, _, err = self.run_launcher(choice="debian")
        self.assertEqual(
            err,
            f"bazelw: removing {self.cache / ROOT}, which no checkout has used for 30 days\n",
        )
        self.assertLen(self.roots(), 1)
        self.assertNotIn(ROOT, self.roots())
        self.assertFalse(stamp.exists())

    @parameterized.parameters(29, None)
    def test_a_root_that_may_be_used(self, days: float | None) -> None:
        self.debian_machine()
        stamp = self.old_root(days)
        for _ in range(2):
            self.run_launcher(choice="debian")
        self.assertIn(ROOT, self.roots())
        self.assertTrue(stamp.exists())

    def test_what_is_used_is_noted_and_held(self) -> None:
        self.debian_machine()
        self.run_launcher(choice="debian")
        (name,) = self.roots()
        stamp = self.cache / f"{name}.used"
        os.utime(stamp, (0, 0))
        # What it becomes has the lock, and so has what that starts.
        self.program(
            "unshare",
            'for last; do :; done; [ "$last" = true ] || {\n'
            f"flock --exclusive --nonblock {stamp} true || echo held\n"
            "}",
        )
        self.assertEqual(self.run_launcher(choice="debian"), (0, "held\n", ""))
        self.assertLess(time.time() - stamp.stat().st_mtime, 60)
        self.assertEqual(self.roots(), [name])

    def test_no_namespaces(self) -> None:
        self.debian_machine()
        self.program("unshare", "exit 1")
        self.assert_error("wanted the right to make a mount namespace", choice="debian")

    def test_not_debian(self) -> None:
        self.program("uname", "echo Plan9")
        self.assert_error("wanted a Bazel (bazelisk, bazel or npm on PATH, and", choice=None)

    def test_inside_of_the_root_it_is_bazel(self) -> None:
        self.program("bazel", ECHO)
        marker = self.home / "marker"
        marker.touch()
        text = self.launcher.read_text().replace("MARKER=/marker", f"MARKER={marker}")
        self.script(self.launcher, text)
        self.assertEqual(self.run_launcher("info")[1], f"<{self.bin}/bazel><info>")


if __name__ == "__main__":
    os.umask(0o022)
    absltest.main()
