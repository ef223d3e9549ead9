"""What `bazel run` of a dist says: that it is no program, and what to do instead."""

import subprocess

from absl.testing import absltest

NAME = "lldb_linux_x86_64"


class DistUsageTest(absltest.TestCase):
    def test_says_what_to_run_instead(self) -> None:
        done = subprocess.run(
            [f"dist/{NAME}.usage.sh"], capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 2)
        self.assertEmpty(done.stdout)
        self.assertStartsWith(done.stderr, f"error: //dist:{NAME} is a dist")
        self.assertIn(f"bazel run //dist:{NAME}.install -- DIR\n", done.stderr)


if __name__ == "__main__":
    absltest.main()
