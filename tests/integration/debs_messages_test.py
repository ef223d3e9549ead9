"""What `update_deb_lock` says where the fault is the machine's, or its user stops it."""

import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from absl.testing import absltest

from support.apt_archive import SIGNER, Signer, packages, release, stanza
from support.mirror import Mirror

_TOOL = Path("tools/update_deb_lock").resolve()
_FLAGS = (
    "--lock=debs.lock.json",
    "--source=main,bookworm,main",
    "--architecture=amd64",
    "--root=root",
)
_CLOSED = "http://me:secret@127.0.0.1:1"
"""A port that nobody but root may open, and nobody does."""
_LIMITED = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class DebsMessagesTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mirror = Mirror()
        self.addCleanup(self.mirror.close)
        index = {"main/binary-amd64/Packages": packages(stanza("root"))}
        self.mirror.files.update({f"/{path}": data for path, data in release(index).items()})
        self.workspace = Path(self.create_tempdir().full_path)
        (self.workspace / "test.asc").write_bytes(SIGNER.keyring)
        (self.workspace / "other.asc").write_bytes(Signer().keyring)

    def update(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*flags),
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def command(self, *flags: str) -> list[str]:
        given = flags if "--keyring" in "".join(flags) else ("--keyring=main=test.asc", *flags)
        mirror = () if "--mirror" in "".join(flags) else (f"--mirror=main={self.mirror.url}",)
        return [str(_TOOL), *_FLAGS, *mirror, *given]

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(self.workspace), **more}

    def assert_refused(self, done: subprocess.CompletedProcess[str], message: str) -> None:
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], f"^error: {message}$")
        self.assertNotIn("Traceback", done.stderr)
        self.assert_nothing_made()

    def assert_nothing_made(self) -> None:
        self.assertCountEqual(
            [path.name for path in self.workspace.iterdir()], ["test.asc", "other.asc"]
        )

    def test_a_keyring_that_is_not_there(self) -> None:
        self.assert_refused(
            self.update("--keyring=main=keys/gone.asc"),
            f"source main: wanted its keyring, a file of public keys, at {self.workspace}/"
            "keys/gone.asc: No such file or directory; get it from whoever runs the archive, over "
            r"a way that you trust \(of keyrings without a file, there is debian\)",
        )

    def test_another_keyring(self) -> None:
        """Where a mirror is there and isn't believed, another mirror is no way out."""
        self.assert_refused(
            self.update("--keyring=main=other.asc"),
            r"source main \(bookworm main\): http://.*: dists/bookworm/InRelease: signed .* by "
            "[0-9A-F]{40}: that key is not in other.asc; if the archive has a new key, "
            "get its keyring over a way that you trust",
        )

    def test_a_mirror_that_is_not_there(self) -> None:
        self.assert_refused(
            self.update(f"--mirror=main={_CLOSED}"),
            r".*127.0.0.1:1/dists/bookworm/InRelease: .*; name a mirror: --mirror=main=URL",
        )

    def test_a_proxy_that_is_down(self) -> None:
        done = self.update(http_proxy=_CLOSED, no_proxy="")
        self.assert_refused(
            done,
            r".*InRelease: .*Connection refused.* \(asked by way of the proxy 127.0.0.1:1, which "
            r"http_proxy names; no_proxy takes hosts off it\) \(tried 4 times\); .*",
        )
        self.assertNotIn("secret", done.stderr)

    def test_a_disk_without_room(self) -> None:
        # A limit on the size of files is like a full disk, and this machine's is nobody's to fill.
        with subprocess.Popen(
            [sys.executable, "-c", _LIMITED, *self.command()],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as started:
            said, _ = started.communicate()
        self.assertEqual(started.returncode, 1, said)
        self.assertEndsWith(said, f"\nerror: {self.workspace}/debs.lock.json: File too large\n")
        self.assert_nothing_made()

    def test_a_user_who_stops_it(self) -> None:
        asked, answer = threading.Event(), threading.Event()

        class Slow(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.set()
                answer.wait()

            def log_message(self, *_: object) -> None:
                """Keeps quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(answer.set)
        with subprocess.Popen(
            self.command(f"--mirror=main=http://127.0.0.1:{server.server_port}"),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as started:
            self.assertTrue(asked.wait(60))
            # As a terminal does: to all of them.
            os.killpg(started.pid, signal.SIGINT)
            said, _ = started.communicate(timeout=60)
        self.assertEqual(started.returncode, 130, said)
        self.assertEndsWith(said, "\ninterrupted\n")
        self.assertNotIn("Traceback", said)
        self.assert_nothing_made()


if __name__ == "__main__":
    absltest.main()
