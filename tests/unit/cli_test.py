"""What a tool says of a file that it can't read."""

import contextlib
import io
import os
from pathlib import Path
from unittest import mock

from absl.testing import absltest

from relocatable import cli

MISSING = "bazel-bin/dist/lldb.tar.zst"


def said(path: str, **environment: str) -> str:
    """What is on stderr after a step that reads `path`, without its line's end."""
    messages = io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stderr(messages),
    ):
        assert cli.status_of(lambda: print(Path(path).read_bytes())) == 1
    return messages.getvalue().rstrip("\n")


class MissingFileTest(absltest.TestCase):
    def test_its_name(self) -> None:
        self.assertEqual(said(MISSING), f"error: {MISSING}: No such file or directory")

    def test_by_bazel_run(self) -> None:
        self.assertEqual(
            said(MISSING, BUILD_WORKING_DIRECTORY="/"),
            f"error: {MISSING}: No such file or directory; `bazel run` has turned bazel-bin to the "
            "tool's configuration: name the file as `bazel cquery --output=files TARGET` does",
        )

    def test_elsewhere(self) -> None:
        self.assertEqual(
            said("no-bazel-bin/x", BUILD_WORKING_DIRECTORY="/"),
            "error: no-bazel-bin/x: No such file or directory",
        )


if __name__ == "__main__":
    absltest.main()
