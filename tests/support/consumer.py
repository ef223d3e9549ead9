"""A workspace that uses this project as a module, as its users' workspaces do."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import checkout

# A server that a broken test leaves behind goes away by itself.
_STARTUP = ("--max_idle_secs=60",)
# What all such workspaces make alike, as the Python that actions run on, is made once.
_SHARED = ("--disk_cache={cache}", "--experimental_disk_cache_gc_max_size=2G")
# A sandbox has a /tmp of its own. It shows the main workspace in it, but no other module.
_TMP = Path("/tmp")  # noqa: S108 - nothing is written there.
_IN_TMP = ("--sandbox_add_mount_pair={project}",)
# Tests of a workspace are there to be run.
_TESTS = ("--nocache_test_results",)
_QUIET = ("--color=no", "--curses=no", "--noshow_progress")

_MODULE = """module(name = "consumer")

bazel_dep(name = "rules_relocatable")
local_path_override(
    module_name = "rules_relocatable",
    path = "{project}",
)
"""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A workspace outside of the project, with an output base and a server that nothing shares."""

    directory: Path
    output_base: Path

    def bazel(
        self, command: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs Bazel, with these variables; stdout holds all that it said."""
        project = checkout.workspace()
        home = pwd.getpwuid(os.getuid()).pw_dir
        cache = Path(home, ".cache/rules_relocatable/consumers")
        builds = command in {"build", "coverage", "run", "test"}
        in_tmp = project.is_relative_to(_TMP)
        return subprocess.run(
            [
                project / "bazelw",
                f"--output_base={self.output_base}",
                *_STARTUP,
                command,
                *_QUIET,
                *(flag.format(cache=cache) for flag in _SHARED if builds),
                *(flag.format(project=project) for flag in _IN_TMP if builds and in_tmp),
                *(_TESTS if command == "test" else ()),
                *arguments,
            ],
            cwd=self.directory,
            env={"HOME": home, "PATH": os.environ.get("PATH", os.defpath), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def close(self) -> None:
        """Stops the server and frees the disk."""
        self.bazel("clean", "--expunge")


def make(base: Path, module: str, build: str) -> Consumer:
    """Makes a workspace below `base`.

    Args:
        base: An existing directory.
        module: What its MODULE.bazel says, beyond that it uses this project.
        build: Its BUILD.bazel.
    """
    directory = base / "consumer"
    directory.mkdir()
    text = _MODULE.format(project=checkout.workspace()) + module
    (directory / "MODULE.bazel").write_text(text, encoding="utf-8")
    (directory / "BUILD.bazel").write_text(build, encoding="utf-8")
    return Consumer(directory, base / "output")
