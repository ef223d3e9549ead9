"""Which locale the C library finds; that the launcher sees it alike is for launcher_run_test."""

import shutil
import subprocess
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable.launcher import locales


def nothing(_: str) -> bytes:
    return b""


class LocalesTest(parameterized.TestCase):
    @parameterized.parameters(
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "xx_XX.UTF-8"}, False),
        ({"LANG": "xx_XX.utf8"}, False),
        ({"LANG": "xx_XX.UTF-8@euro"}, False),
        ({"LANG": "xx_XX"}, True),
        ({"LANG": "xx_XX.ISO-8859-1"}, True),
        ({"LANG": "yy_YY.8859-1"}, False),
        ({"LANG": "yy_YY.UTF-8"}, True),
        ({"LANG": "yy_YY.UTF-8", "LC_CTYPE": "xx_XX.UTF-8"}, False),
        ({"LANG": "xx_XX.UTF-8", "LC_ALL": "yy_YY.UTF-8"}, True),
        ({"LANG": "xx_XX.UTF-8", "LC_ALL": ""}, False),
        ({"LANG": "../locale/xx_XX.utf8"}, True),
        ({"LANG": "own", "LOCPATH": "/nowhere::/own"}, False),
        ({"LANG": "own", "LOCPATH": "/nowhere"}, True),
        ({"LANG": "own.", "LOCPATH": "/own"}, True),
    )
    def test_directories(self, environ: dict[str, str], lost: bool) -> None:
        there = {
            f"{locales.DIRECTORY}/{name}/LC_CTYPE" for name in ("xx_XX.utf8", "yy_YY.iso88591")
        }
        there.add("/own/own/LC_CTYPE")
        self.assertEqual(locales.is_lost(environ, there.__contains__, nothing), lost)

    def test_an_archive(self) -> None:
        """As glibc's own tool makes it, of a locale that each machine with that tool has."""
        tool, locale = shutil.which("localedef"), Path(locales.DIRECTORY, "C.utf8")
        if tool is None or not locale.is_dir():
            self.skipTest("this machine has no localedef, or no locale to put into an archive")
        directory = Path(self.create_tempdir().full_path)
        (directory / "usr/lib/locale").mkdir(parents=True)
        names = [f"x{number}_XX.utf8" for number in range(20)]
        for name in names:
            shutil.copytree(locale, directory / name)
        added = [str(directory / name) for name in names]
        command = [tool, f"--prefix={directory}", "--add-to-archive", *added]
        subprocess.run(command, check=True, capture_output=True)
        archive = Path(f"{directory}{locales.ARCHIVE}").read_bytes()

        def is_lost(name: str, data: bytes = archive, **environ: str) -> bool:
            return locales.is_lost({"LANG": name, **environ}, lambda _: False, lambda _: data)

        for number in range(20):
            self.assertFalse(is_lost(f"x{number}_XX.UTF-8"))
        for name in ("x_XX.UTF-8", "x20_XX.UTF-8", "x1_XX"):
            self.assertTrue(is_lost(name))
        self.assertTrue(is_lost("x1_XX.UTF-8", LOCPATH="/nowhere"))
        for size in (0, 3, 31, 40, 100):
            self.assertTrue(is_lost("x1_XX.UTF-8", archive[:size]))
        self.assertTrue(is_lost("x1_XX.UTF-8", b"\0" + archive[1:]))


if __name__ == "__main__":
    absltest.main()
