"""A small Debian in a directory, to install packages in: the pinned dpkg, and what that runs on.

Programs run in it as root of a namespace of their own, so that nothing of the machine is touched,
and anybody who may make user namespaces can do it.
"""

import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

MERGED = ("bin", "lib", "lib64", "sbin")
EMPTY = (
    "dev",
    "proc",
    "srv",
    "tmp",
    "var/lib/dpkg/info",
    "var/lib/dpkg/triggers",
    "var/lib/dpkg/updates",
    "var/log",
)
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C.UTF-8", "HOME": "/srv"}
STANZA = """Package: {}
Status: install ok installed
Maintainer: Jo Doe <jo@example.com>
Architecture: all
Version: 99
Description: taken for installed

"""
FORCED = ("--force-depends", "--force-unsafe-io")
"""What dpkg is told: to do without what is there only as files, and not to wait for the disk."""
_NAMESPACE = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# In the namespace: devices come from the machine, the root is the directory.
_ENTER = 'mount --rbind /dev "$0/dev" && exec unshare --root="$0" --wd=/ "$@"'


class DebianRoot:
    """One such directory."""

    def __init__(self, system: Path, where: Path, has: Sequence[str] = ()) -> None:
        """Unpacks the tree `system` at `where`.

        Args:
            system: a tar.
            where: a directory to be made.
            has: what its dpkg takes for installed; it knows of no other packages yet.
        """
        self.path = where
        with tarfile.open(system) as tar:
            tar.extractall(where, filter="tar")
        for name in MERGED:
            (where / name).symlink_to(f"usr/{name}")
        for name in EMPTY:
            (where / name).mkdir(parents=True, exist_ok=True)
        (where / "var/lib/dpkg/status").write_text("".join(map(STANZA.format, has)))
        for name in has:
            (where / f"var/lib/dpkg/info/{name}.list").touch()
        self._digests: dict[tuple[int, int, int, int], str] = {}
        (where / "usr/lib64").mkdir(exist_ok=True)

    def argv(self, *command: str | Path) -> list[str | Path]:
        """How to run `command`, whose paths are those of the directory."""
        mapped = () if os.geteuid() == 0 else ("--map-root-user",)
        return [*_NAMESPACE, *mapped, "sh", "-c", _ENTER, self.path, *command]

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a program in it; its output is one text."""
        done = subprocess.run(
            self.argv(*command),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
        return done

    def killed(self, after: float, *command: str | Path) -> bool:
        """Runs a program and kills it, and all that it has started; says whether it still ran."""
        process = subprocess.Popen(
            self.argv(*command),
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        time.sleep(after)
        running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        # Ends when the last of them has.
        process.communicate()
        return running

    def put(self, package: Path) -> str:
        """Copies a package into it; returns its path there."""
        shutil.copyfile(package, self.path / "srv" / package.name)
        return f"/srv/{package.name}"

    def dpkg(self, *arguments: str | Path, check: bool = True) -> str:
        """Runs dpkg, without asking for what is only there as files."""
        return self.run("dpkg", *FORCED, *arguments, check=check).stdout

    def install(self, *packages: Path) -> str:
        """Installs packages."""
        return self.dpkg("--install", *map(self.put, packages))

    def seen(self, *without: str) -> dict[str, str]:
        """All paths but those in dpkg's own records and /srv, with the digest of what is there."""
        return dict(self._seen({"var/lib/dpkg", "srv", "dev", "proc", *without}))

    def changed(self, before: dict[str, str], *without: str) -> list[str]:
        """What differs from what was seen before: each path, with what it was and is."""
        now = self.seen(*without)
        return [
            f"{path}: {before.get(path)} is {now.get(path)}"
            for path in sorted(before.keys() | now.keys())
            if before.get(path) != now.get(path)
        ]

    def _seen(self, without: set[str]) -> Iterator[tuple[str, str]]:
        for directory, names, files in os.walk(self.path):
            here = Path(directory).relative_to(self.path)
            names[:] = [name for name in names if str(here / name) not in without]
            for name in (*names, *files):
                path = self.path / here / name
                if str(here / name) in without:
                    continue
                if path.is_symlink():
                    yield str(here / name), f"-> {path.readlink()}"
                else:
                    data = self._digest(path) if path.is_file() else ""
                    yield str(here / name), f"{path.lstat().st_mode:o} {data}"

    def _digest(self, path: Path) -> str:
        """The digest of a file, which is read once as long as it is the same."""
        status = path.stat()
        key = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if key not in self._digests:
            self._digests[key] = sha256(path.read_bytes()).hexdigest()
        return self._digests[key]
