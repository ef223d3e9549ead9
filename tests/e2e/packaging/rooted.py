"""Runs a program where the root directory holds what was installed and nothing else."""

import os
import subprocess
from pathlib import Path


def run(root: Path, *command: str) -> str:
    """Returns what it says; as another user than root, in a user namespace of its own."""
    root_user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return subprocess.check_output(
        ["unshare", *root_user, "--root", root, *command], env={}, text=True
    )
