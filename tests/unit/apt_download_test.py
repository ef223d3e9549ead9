"""Tests for `relocatable.apt.download`."""

import base64
import io
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable.apt.download import Mirror, NotFetchedError, read_logins, url_path
from relocatable.errors import RelocatableError
from support import mirror as loopback


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

    def test_a_url_that_no_server_can_have_is_no_cut_connection(self) -> None:
        with self.assertRaisesRegex(NotFetchedError, "^http://x:y/file: nonnumeric port: 'y'$"):
            Mirror("http://x:y", io.StringIO(), wait=lambda _: self.fail("waits"))("file")


class UrlTest(parameterized.TestCase):
    """Paths in URLs. tests/analysis/debs/archive_path_test.bzl has the same."""

    @parameterized.parameters(
        ("/pool//x.deb", "/pool//x.deb"),
        ("a b@c#d:e?f.deb", "a%20b@c%23d:e%3ff.deb"),
        ("foo_1%3a2.0~rc1+b1.deb", "foo_1%253a2.0%7erc1%2bb1.deb"),
        ("ü—", "%c3%bc%e2%80%94"),
        ('"<>[\\]^`{|}', "%22%3c%3e%5b%5c%5d%5e%60%7b%7c%7d"),
        ("azAZ09-._/:@!$&'()*,;=", "azAZ09-._/:@!$&'()*,;="),
    )
    def test_a_path(self, path: str, url: str) -> None:
        self.assertEqual(url_path(path), url)


class LoginsTest(absltest.TestCase):
    """Names and passwords."""

    def setUp(self) -> None:
        super().setUp()
        self.mirror = loopback.Mirror()
        self.addCleanup(self.mirror.close)
        self.mirror.files["/debian/file"] = b"x"
        self.mirror.wanted["/debian/file"] = "Basic " + base64.b64encode(b"me:secret").decode()

    def _get(self, text: str) -> bytes:
        path = Path(self.create_tempfile(content=text).full_path)
        return Mirror(f"{self.mirror.url}/debian", io.StringIO(), read_logins(path))("file")

    def test_the_password_of_the_host(self) -> None:
        self.assertEqual(self._get("machine 127.0.0.1 login me password secret\n"), b"x")

    def test_none_for_the_host(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "HTTP Error 401"):
            self._get("machine other.example login me password secret\n")

    def test_no_file_and_no_netrc(self) -> None:
        self.assertIsNone(read_logins(Path("nothing-here")))
        with self.assertRaisesRegex(RelocatableError, "is no netrc file: bad toplevel token 'x'"):
            self._get("x")


if __name__ == "__main__":
    absltest.main()
