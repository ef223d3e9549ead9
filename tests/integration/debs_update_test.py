"""Runs `update_deb_lock` as a user does, against an archive on disk."""

import json
import os
import subprocess
from pathlib import Path

from absl.testing import absltest

from support.apt_archive import DATE, SIGNER, packages, release, stanza

_TOOL = Path("tools/update_deb_lock").resolve()
_NEW = ("--source=main,bookworm,main", "--architecture=amd64")


class UpdateDebLockTest(absltest.TestCase):
    """The whole way from flags to a lock file."""

    def setUp(self) -> None:
        super().setUp()
        self.workspace = Path(self.create_tempdir().full_path)
        self.archive = Path(self.create_tempdir().full_path)
        (self.workspace / "test.asc").write_bytes(SIGNER.keyring)

    def _publish(self, *stanzas: str) -> None:
        for path, data in release({"main/binary-amd64/Packages": packages(*stanzas)}).items():
            file = self.archive / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def _update(self, *flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_TOOL, "--lock=debs.lock.json", f"--mirror=main={self.archive.as_uri()}", *flags],
            env={**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(self.workspace)},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_a_new_lock_is_refreshed_and_changed_by_hand(self) -> None:
        self._publish(stanza("root", Depends="lib, shell"), stanza("lib", "1"))
        made = self._update(
            "--source=main,bookworm,main,https://mirror.invalid/debian",
            "--architecture=amd64",
            "--root=root",
            "--exclude=shell",
            "--keyring=main=test.asc",
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertIn(f"main: Debian of {DATE}, signed by {SIGNER.fingerprint}\n", made.stderr)
        self.assertEqual(made.stdout.splitlines()[-1], "amd64: 2 packages, 2.0 MB (+2.0 MB)")

        self._publish(stanza("root", Depends="lib, shell"), stanza("lib", "2"), stanza("more"))
        path = self.workspace / "debs.lock.json"
        lock = json.loads(path.read_text(encoding="utf-8"))
        lock["declaration"]["roots"].append("more")
        path.write_text(json.dumps(lock), encoding="utf-8")
        edited = path.read_bytes()
        checked = self._update("--check")
        self.assertEqual(checked.returncode, 1)
        self.assertIn("lib:amd64: upgraded 1 → 2 (+0.0 MB)\n", checked.stdout)
        self.assertEndsWith(
            checked.stderr,
            "error: debs.lock.json: is not what its declaration gives now (see above); "
            "run: bazel run @rules_relocatable//tools:update_deb_lock -- --lock=debs.lock.json\n",
        )
        self.assertEqual(path.read_bytes(), edited)

        refreshed = self._update()
        self.assertEqual(
            refreshed.stdout.splitlines(),
            [
                "lib:amd64: upgraded 1 → 2 (+0.0 MB)",
                "more:amd64: added 1 (1.0 MB)",
                "amd64: 3 packages, 3.0 MB (+1.0 MB)",
            ],
        )
        written = path.read_bytes()
        checked = self._update("--check")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertEqual(checked.stdout, "debs.lock.json: is what its declaration gives now\n")
        self.assertEqual(path.read_bytes(), written)

    def test_errors_are_one_line_and_leave_the_lock_alone(self) -> None:
        path = self.workspace / "debs.lock.json"
        for text, flags, message in (
            (
                None,
                (),
                "error: debs.lock.json: wanted a lock file, or the start of one, found none: write "
                'into it {"declaration": {"architectures": ["amd64"], "roots": ["PACKAGE"]}}, or '
                "give --architecture and --root\n",
            ),
            ("{", (), "error: debs.lock.json: wanted a JSON object: "),
            (
                None,
                (*_NEW, "--root=gone", "--keyring=main=test.asc"),
                "error: gone: the sources have no gone for amd64\n",
            ),
            (
                None,
                (*_NEW, "--root=root"),
                "error: declaration: main: wanted a keyring (--keyring=main=FILE) or "
                "allow_unsigned (--allow_unsigned=main), found neither\n",
            ),
            (
                None,
                (*_NEW, "--root=root", "--keyring=main=absent.asc"),
                "error: source main: wanted its keyring, a file of public keys, at "
                f"{self.workspace}/absent.asc: No such file or directory; get it from ",
            ),
            (
                None,
                (*_NEW, "--root=root", "--keyring=other=test.asc"),
                "error: other: wanted a source, there are main\n",
            ),
            (
                None,
                (*_NEW, "--root=root", "--keyring=main=test.asc", "--check"),
                "error: debs.lock.json: is not what its declaration gives now (see above); run: ",
            ),
        ):
            self._publish(stanza("root"))
            if text is not None:
                path.write_text(text, encoding="utf-8")
            failed = self._update(*flags)
            self.assertEqual(failed.returncode, 1)
            self.assertIn(message, failed.stderr.splitlines(keepends=True)[-1])
            self.assertNotIn("Traceback", failed.stderr)
            self.assertEqual(path.exists() and path.read_text(encoding="utf-8"), text or False)
            path.unlink(missing_ok=True)


if __name__ == "__main__":
    absltest.main()
