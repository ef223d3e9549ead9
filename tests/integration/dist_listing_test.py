"""dist_listing_test itself: what it says when a listing is wrong, and how that is made right."""

import os
import subprocess
from pathlib import Path

from absl.testing import absltest

TEST = Path("tests/integration/listing_that_is_wrong").absolute()
UPDATE = TEST.with_name(f"{TEST.name}.update")
GOLDEN = TEST.with_name(f"{TEST.name}.txt")
COMMAND = f"bazel run //tests/integration:{UPDATE.name}"
RIGHT = f"""\
# What is in //tests/integration:listed. Written by: {COMMAND}
f //tests/integration:listed share/a
x //tests/integration:listed share/b
"""


class DistListingTest(absltest.TestCase):
    def test_a_wrong_one(self) -> None:
        done = subprocess.run([TEST, *self.args()], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(
            done.stderr,
            f"""\
error: //tests/integration:listed is not as tests/integration/{GOLDEN.name} has it:
  - f //tests/integration:listed share/b
  - f //tests/integration:listed share/c
  + x //tests/integration:listed share/b
  1 came, 2 went
If it is to be so: {COMMAND}
""",
        )

    def test_update(self) -> None:
        workspace = Path(self.create_tempdir().full_path)
        golden = workspace / "tests/integration" / GOLDEN.name
        golden.parent.mkdir(parents=True)
        self.assertEqual(self.update(workspace), "2 came, 0 went")
        self.assertEqual(golden.read_text(), RIGHT)
        self.assertEqual(self.update(workspace), "is up to date")
        golden.write_bytes(GOLDEN.read_bytes())
        self.assertEqual(self.update(workspace), "1 came, 2 went")
        self.assertEqual(golden.read_text(), RIGHT)
        self.assertEqual(list(golden.parent.iterdir()), [golden])

    def test_update_without_bazel(self) -> None:
        done = subprocess.run(
            [UPDATE, *self.args(), "--update"], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f"error: wanted to be run by Bazel: {COMMAND}\n")

    def args(self) -> list[str]:
        # As `bazel run` and `bazel test` give them.
        return [
            "--dist=//tests/integration:listed",
            f"--listing=tests/integration/{TEST.name}.listing.txt",
            f"--golden=tests/integration/{GOLDEN.name}",
            f"--command={COMMAND}",
        ]

    def update(self, workspace: Path) -> str:
        """Runs the update as `bazel run` does; returns what it says behind the file's name."""
        done = subprocess.run(
            [UPDATE, *self.args(), "--update"],
            env={**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(workspace)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip().partition(GOLDEN.name)[2].lstrip(": ")


if __name__ == "__main__":
    absltest.main()
