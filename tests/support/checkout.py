"""Copies of this project that are built with a Bazel of their own."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of the project's files in a directory, with an output base that nothing shares.

    What was downloaded is shared: Bazel's repository cache is the user's.
    """

    directory: Path
    output_base: Path

    def bazel(
        self, *arguments: str, environment: Mapping[str, str] | None = None, umask: int = 0o022
    ) -> str:
        """Runs `bazelw`; returns what it printed, and raises with that if it fails."""
        home = pwd.getpwuid(os.getuid()).pw_dir
        done = subprocess.run(
            ["./bazelw", f"--output_base={self.output_base}", *arguments],
            cwd=self.directory,
            env={"HOME": home, "PATH": os.environ.get("PATH", os.defpath), **(environment or {})},
            umask=umask,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"bazelw {' '.join(arguments)} failed:\n{done.stdout[-10_000:]}")
        return done.stdout

    def output(self, path: str) -> bytes:
        """The bytes of a built file, whichever configuration it was built in."""
        (found,) = (self.directory / "bazel-out").glob(f"*/bin/{path}")
        return found.read_bytes()

    def close(self) -> None:
        """Stops the server and frees the disk."""
        self.bazel("clean", "--expunge")


def copy(workspace: Path, directory: Path, output_base: Path) -> Checkout:
    """Copies the project at `workspace` to `directory`, which must not be there yet."""

    def left_out(_: str, names: Sequence[str]) -> set[str]:
        return {name for name in names if name.startswith("bazel-") or name in {".git", ".venv"}}

    shutil.copytree(workspace, directory, ignore=left_out)
    return Checkout(directory, output_base)


def workspace() -> Path:
    """The project itself: where the sources are that this file is a link to.

    Only for tests that run outside of Bazel's sandbox (tag `local`).
    """
    return Path(__file__).resolve().parents[2]
