"""Tests for `relocatable.apt.download`."""

import io
from pathlib import Path

from absl.testing import absltest

from relocatable.apt.download import Mirror
from relocatable.errors import RelocatableError


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class MirrorTest(absltest.TestCase):
    """Fetching, over file URLs."""

    def setUp(self) -> None:
        super().setUp()
        directory = Path(self.create_tempdir().full_path)
        (directory / "file").write_bytes(b"x" * 600_000)
        self.url = directory.as_uri()

    def test_a_file_with_a_line_of_progress(self) -> None:
        progress = io.StringIO()
        self.assertEqual(Mirror(f"{self.url}/", progress)("file", 600_000), b"x" * 600_000)
        self.assertEqual(progress.getvalue(), f"{self.url}/file: 0.6 MB\n")

    def test_progress_on_a_terminal(self) -> None:
        progress = _Terminal()
        Mirror(self.url, progress)("file", 600_000)
        self.assertEqual(
            [line.rpartition(": ")[2] for line in progress.getvalue().split("\r")[1:]],
            ["0.3 MB  43 %", "0.5 MB  87 %", "0.6 MB 100 %", "0.6 MB 100 %\n"],
        )

    def test_reading_stops_where_the_size_is_wrong(self) -> None:
        found = Mirror(self.url, io.StringIO())("file", 1000)
        self.assertLess(1000, len(found))
        self.assertLess(len(found), 600_000)

    def test_an_absent_file(self) -> None:
        with self.assertRaisesRegex(RelocatableError, f"^{self.url}/none: .*No such file"):
            Mirror(self.url, io.StringIO())("none")


if __name__ == "__main__":
    absltest.main()
