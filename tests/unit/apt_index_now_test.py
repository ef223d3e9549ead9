"""Tests for `relocatable.apt.index_now`."""

import gzip
import io
import lzma
import subprocess
import sys
from pathlib import Path

from absl.testing import absltest

from relocatable.apt import index_now
from relocatable.apt.download import Mirror
from relocatable.apt.index_now import versions_now
from support import mirror
from support.apt_archive import packages, stanza

_INDEX = "dists/bookworm/main/binary-amd64/Packages"
_TEXT = packages(
    stanza("a", "1"),
    stanza("b", "1:2.0~rc1-1", Description="x\n Package: a\n Version: 9"),
    stanza("b", "3"),
    stanza("b", "3"),
    stanza("b", "4", architecture="arm64"),
).encode()


class VersionsNowTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = mirror.Mirror()
        self.addCleanup(self.server.close)

    def _versions(self, package: str, *urls: str) -> tuple[str, list[str]] | None:
        mirrors = [Mirror(url, io.StringIO()) for url in urls or (self.server.url,)]
        return versions_now(mirrors, ["dists/absent/Packages", _INDEX], package, "amd64")

    def test_each_way_to_pack(self) -> None:
        for suffix, data in (
            (".xz", lzma.compress(_TEXT)),
            (".gz", gzip.compress(_TEXT)),
            ("", _TEXT),
        ):
            self.server.files.clear()
            self.server.files[f"/{_INDEX}{suffix}"] = data
            self.assertEqual(self._versions("b"), (self.server.url, ["1:2.0~rc1-1", "3"]))
            self.assertEqual(self._versions("a"), (self.server.url, ["1"]))
            self.assertEqual(self._versions("c"), (self.server.url, []))

    def test_the_first_that_answers(self) -> None:
        other = mirror.Mirror()
        self.addCleanup(other.close)
        self.assertIsNone(self._versions("b", self.server.url, other.url))
        other.files[f"/{_INDEX}"] = _TEXT
        self.server.files[f"/{_INDEX}.xz"] = b"broken"
        answer = self._versions("b", self.server.url, other.url)
        self.assertEqual(answer, (other.url, ["1:2.0~rc1-1", "3"]))

    def test_the_command_needs_no_packages(self) -> None:
        """It runs before there is any toolchain."""
        self.server.files[f"/{_INDEX}"] = _TEXT
        tools = Path(index_now.__file__).parents[2]
        done = subprocess.run(
            [
                *(sys.executable, "-BEsS", "index_now.py", "--package=b", "--architecture=amd64"),
                *(f"--index={_INDEX}", f"--mirror={self.server.url}"),
            ],
            cwd=tools,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stdout, f"{self.server.url}\n1:2.0~rc1-1\n3\n", done.stderr)


if __name__ == "__main__":
    absltest.main()
