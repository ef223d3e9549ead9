"""Server processes of a test: started, waited for, killed, and gone with it."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STATE = "/srv"
"""Where a server in a root has its own directory."""

_PATIENCE = 180.0
"""Seconds that a server may take until it answers; a busy machine is slow."""


def free_port() -> int:
    """A port of the loopback that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(what: str, true: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    """Returns once `true()` is; raises TimeoutError, which says `what`, after `seconds`."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    """Whether a server accepts connections on a port of the loopback."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system whose programs are the servers; `run` makes it."""

    directory: Path

    def command(self, state: Path, *words: str) -> list[str]:
        """A command in that root that sees `state` as `STATE`, and nothing of the environment."""
        return [
            *("bwrap", "--die-with-parent", "--clearenv"),
            *("--setenv", "PATH", "/usr/bin:/usr/sbin"),
            *("--bind", str(self.directory), "/", "--dev-bind", "/dev", "/dev"),
            # Not a new one: workers make namespaces in it, for which the kernel wants it whole.
            *("--bind", "/proc", "/proc", "--tmpfs", "/tmp"),  # noqa: S108
            *("--bind", str(state), STATE, "--chdir", STATE),
            *words,
        ]


ROOT = Root(Path(os.environ["CLUSTER_ROOT"]))


class Server:
    """One server process and its log; it is started anew whenever it ends, as by a supervisor."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Starts it."""
        self._command = tuple(command)
        self._log = log
        self._environment = dict(environment)
        self._stopped = False
        self._process = self._start()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        self._supervisor.start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    def _supervise(self) -> None:
        while not self._stopped:
            self._process.wait()
            time.sleep(0.5)
            if not self._stopped:
                self._process = self._start()

    @property
    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def runs(self, name: str) -> bool:
        """Whether a process of that name is running below it."""
        parents: dict[int, int] = {}
        named: list[int] = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # It has ended since.
                # proc_pid_stat(5): pid (comm) state ppid …; a name may hold anything.
                before, _, after = stat.read_text(errors="replace").rpartition(")")
                number, _, comm = before.partition(" (")
                parents[int(number)] = int(after.split()[1])
                if comm == name:
                    named.append(int(number))
        for pid in named:
            while pid not in {0, self._process.pid}:
                pid = parents.get(pid, 0)  # noqa: PLW2901
            if pid:
                return True
        return False

    def kill(self) -> None:
        """Kills it and all that it has started, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends it for good."""
        self._stopped = True
        self.kill()
        self._supervisor.join()
        self.kill()
        self._process.wait()
