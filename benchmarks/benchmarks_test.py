"""Each benchmark brings what it compares with: here they find no program of the machine.

Those that start Bazel are left out (`build`, `scale`), one that takes minutes (`stdlib_trim`), and
one that takes the right to change the root (`lldb_startup`).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest, parameterized

_HERE = Path(__file__).absolute().parent


class BenchmarksTest(parameterized.TestCase):
    """Started as `bazel run` would, but for `PATH`."""

    @parameterized.named_parameters(
        ("archive", "archive", ["--rounds=1"], ["tar: tar .* 1.34", "zstd: .* v1.5.4,"]),
        (
            "deb_extract",
            "deb_extract",
            ["--rounds=1"],
            ["dpkg-deb: .* version 1.21.23 ", "tar: tar .* 1.34"],
        ),
        ("elf_edits", "elf_edits", ["--rounds=1", "--count=20"], ["patchelf: patchelf 0.19.3"]),
        (
            "launcher",
            "launcher",
            ["--rounds=10"],
            ["bash: GNU bash, version 5.2.15", "dash: .* 0.5.12"],
        ),
        (
            "macho_edits",
            "macho_edits",
            ["--rounds=1"],
            ["llvm-install-name-tool: Debian LLVM version 16.0.6"],
        ),
        (
            "python_startup",
            "python_startup",
            ["--rounds=3", "--firsts=1"],
            [r"host: Python 3\.11\.\d+ "],
        ),
        ("relocate", "relocate", ["--rounds=1"], [r"cp: cp \(GNU coreutils\) 9.1"]),
    )
    def test_on_a_machine_without_programs(
        self, name: str, flags: list[str], versions: list[str]
    ) -> None:
        """Checks that it gets to its end, and says what it compared with."""
        empty = self.create_tempdir().full_path
        done = subprocess.run(
            [sys.executable, str(_HERE / f"{name}.py"), *flags],
            env={
                "PATH": empty,
                "PYTHONPATH": os.pathsep.join(sys.path),
                "TMPDIR": os.environ["TEST_TMPDIR"],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        for version in versions:
            self.assertRegex(done.stdout, f"(?m)^{version}")
        # A table with numbers.
        self.assertGreater(len(re.findall(r"\d+\.\d+", done.stdout)), 5, done.stdout)


if __name__ == "__main__":
    absltest.main()
