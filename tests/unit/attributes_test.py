"""What a file keeps when another takes its place; see also elf_edit_test."""

import os
import stat
import tempfile
from pathlib import Path

from absl.testing import absltest

from relocatable import attributes

NOBODY = 65534


class KeepTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.old = Path(self.create_tempdir().full_path) / "old"
        self.old.touch()

    def kept(self, *, privileged: bool = True) -> os.stat_result:
        with tempfile.TemporaryFile(dir=self.old.parent) as file:
            attributes.keep(self.old, self.old.stat(), file.fileno(), privileged=privileged)
            return os.fstat(file.fileno())

    def test_mode(self) -> None:
        for mode in (0o400, 0o755, 0o4755, 0o6711):
            self.old.chmod(mode)
            self.assertEqual(stat.S_IMODE(self.kept().st_mode), mode)
            self.assertEqual(stat.S_IMODE(self.kept(privileged=False).st_mode), mode & 0o777)

    def test_owner(self) -> None:
        try:
            os.chown(self.old, NOBODY, NOBODY)
        except OSError:
            self.skipTest("a file can't be given away here")
        found = self.kept()
        self.assertEqual((found.st_uid, found.st_gid), (NOBODY, NOBODY))

    def test_rights_of_others_are_not_taken_along(self) -> None:
        """Who may write somebody's set-user-ID program does not make one of its own by that."""
        self.old.chmod(0o6777)
        self.old.parent.chmod(0o777)
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                os.write(writing, oct(stat.S_IMODE(self.kept().st_mode)).encode())
            finally:
                os._exit(0)
        os.close(writing)
        os.waitpid(process, 0)
        found = os.read(reading, 9).decode()
        os.close(reading)
        if not found:
            self.skipTest("there is no other user here")
        self.assertEqual(found, "0o777")


if __name__ == "__main__":
    absltest.main()
