"""Tests for `relocatable.formats`: bytes that follow from the arguments, and what is in them."""

import gzip
import lzma
import tarfile
import zipfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import checksum, formats, trial
from relocatable.errors import RelocatableError
from relocatable.formats import Options
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree

RECORD = Record(Origin("//:x", "x"))
X86_64, ARM64 = 62, 183
CODE = bytes(range(256)) * 2000


def tree() -> Tree:
    found = Tree()
    found.add("bin/x", File(CODE, RECORD, executable=True))
    found.add("bin/y", Link("x", RECORD))
    found.add("empty", Directory())
    found.add("lib/" + "long" * 40, File(b"", RECORD))
    found.add("ünï code", File("ünï".encode(), RECORD))
    return found


class FormatsTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def made(self, form: str, name: str = "made", **options: int) -> Path:
        path = self.directory / f"{name}.{form}"
        formats.write(tree(), path, form, Options("top", **{"level": 3} | options))
        return path

    @parameterized.parameters(*formats.FORMATS)
    def test_bytes_depend_neither_on_workers_nor_on_the_name(self, form: str) -> None:
        made = {
            self.made(form, f"x{workers}", workers=workers).read_bytes() for workers in (1, 2, 3)
        }
        self.assertLen(made, 1)

    @parameterized.parameters(*formats.FORMATS)
    def test_a_harder_level_is_another_file(self, form: str) -> None:
        levels = [self.made(form, str(level), level=level).read_bytes() for level in (1, 9)]
        self.assertNotEqual(*levels)

    def test_tars_hold_the_same(self) -> None:
        zst = trial.unpack(self.made("tar.zst"), Path(self.create_tempdir().full_path))
        self.assertEqual((zst / "bin/y").read_bytes(), CODE)
        self.assertEqual((zst / "bin/x").stat().st_mode & 0o777, 0o755)
        tars = [gzip.decompress(self.made("tar.gz").read_bytes())]
        tars += [lzma.decompress(self.made("tar.xz", machine=m).read_bytes()) for m in (0, X86_64)]
        self.assertLen(set(tars), 1)
        with tarfile.open(self.made("tar.xz")) as tar:
            self.assertEqual(tar.getnames()[:3], ["top", "top/bin", "top/bin/x"])

    def test_gzip_has_neither_time_nor_name(self) -> None:
        self.assertEqual(self.made("tar.gz").read_bytes()[3:8], bytes(5))

    def test_xz_filters_what_it_has_a_filter_for(self) -> None:
        x86_64, arm64, none = (
            self.made("tar.xz", machine=machine).read_bytes() for machine in (X86_64, ARM64, 0)
        )
        self.assertEqual(arm64, none)
        # The block header, section 3.1 of the .xz format: number of filters, id of the first.
        self.assertEqual((x86_64[13] & 3, x86_64[14]), (1, 0x04))
        self.assertEqual((arm64[13] & 3, arm64[14]), (0, 0x21))

    def test_zip(self) -> None:
        with zipfile.ZipFile(self.made("zip")) as archive:
            self.assertIsNone(archive.testzip())
            infos = {info.filename: info for info in archive.infolist()}
            self.assertEqual(archive.read("top/bin/x"), CODE)
            self.assertEqual(archive.read("top/bin/y"), b"x")
            self.assertEqual(archive.read("top/ünï code"), "ünï".encode())
        self.assertEqual({info.date_time for info in infos.values()}, {(1980, 1, 1, 0, 0, 0)})
        self.assertEqual({info.create_system for info in infos.values()}, {3})
        modes = {name: oct(info.external_attr >> 16) for name, info in infos.items()}
        self.assertEqual(modes["top/bin/x"], "0o100755")
        self.assertEqual(modes["top/bin/y"], "0o120777")
        self.assertEqual(modes["top/empty/"], "0o40755")
        self.assertEqual(modes["top/ünï code"], "0o100644")

    def test_zip_wants_names_in_utf_8(self) -> None:
        other = Tree()
        other.add("b\udcfcd", File(b"", RECORD))
        path = self.directory / "x.zip"
        with self.assertRaisesRegex(RelocatableError, r"a name in UTF-8 is wanted for \.zip"):
            formats.write(other, path, "zip", Options("top", 3))
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_checksum(self) -> None:
        made = self.made("zip")
        line = self.directory / "x.sha256"
        checksum.write(made, line)
        self.assertEqual(line.read_text(), f"{checksum.read(line)}  made.zip\n")
        line.write_text("abc  made.zip\n")
        with self.assertRaisesRegex(RelocatableError, "a line of sha256sum is wanted, found 'abc"):
            checksum.read(line)


if __name__ == "__main__":
    absltest.main()
