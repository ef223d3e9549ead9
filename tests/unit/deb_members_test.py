"""A .deb is what dpkg-deb takes for one, and doesn't grow beyond what it says of itself."""

import bz2
import gzip
import lzma
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import zstandard
from absl.testing import absltest, parameterized

from relocatable import content, deb, deb_copyright
from relocatable.ar import Member
from relocatable.content import Extent, Store
from relocatable.deb_members import data_limit
from relocatable.decompress import Growing, decompress
from relocatable.errors import RelocatableError
from support import deb_builder as build
from support.deb_orders import DATA, REFUSED, TAKEN, write

GB = 1 << 30
ATTACK = "which is taken for an attack"


BLOCK = 128 << 10


def head(size: int) -> bytes:
    """The header of a file that goes to the last block of `size` zeros that follow."""
    info = tarfile.TarInfo("./large")
    info.size = size - BLOCK
    return info.tobuf(tarfile.GNU_FORMAT)


def zstd_bomb(size: int) -> bytes:
    """A zstd frame of a file of `size` zeros: four bytes for 128 KiB (RFC 8878, 3.1.1)."""
    first = head(size)
    header = (0xFD2FB528).to_bytes(4, "little") + b"\x00\x38"
    raw = (len(first) << 3).to_bytes(3, "little") + first
    run, last = (((BLOCK << 3) | 2 | end).to_bytes(3, "little") + b"\0" for end in (0, 1))
    return header + raw + run * (size // BLOCK - 1) + last


def gzip_bomb(size: int) -> bytes:
    """The same as gzip: pieces of a MiB that don't refer to each other."""
    coder = zlib.compressobj(9, wbits=-15)
    first = coder.compress(head(size)) + coder.flush(zlib.Z_FULL_FLUSH)
    piece = coder.compress(bytes(1 << 20)) + coder.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + first + piece * (size >> 20)


class BombTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.path = self.directory / "bomb.deb"

    def write(self, members: Mapping[str, bytes], more: str = "") -> None:
        control = f"Package: x\nVersion: 1\nArchitecture: all\n{more}".encode()
        self.path.write_bytes(
            build.ar(
                [
                    ("debian-binary", b"2.0\n"),
                    *(
                        [("control.tar", build.tar([build.file("./control", control)]))]
                        if not any(name.startswith("control") for name in members)
                        else []
                    ),
                    *members.items(),
                ]
            )
        )

    def refused(self, *, control: bool = False) -> None:
        """Neither reader takes it, soon, and nothing stays."""
        readers: list[Callable[[], object]] = [
            lambda: deb.unpack([self.path], self.directory, 2),
            lambda: deb_copyright.read(self.path, self.directory),
        ]
        if control:
            readers.append(lambda: deb.control(self.path, self.directory))
        for read in readers:
            before = time.process_time()
            with self.assertRaisesRegex(RelocatableError, f"bomb.deb: .* {ATTACK}"):
                read()
            self.assertLess(time.process_time() - before, 5)
            self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_data(self) -> None:
        self.write({"data.tar.zst": zstd_bomb(20 * GB)})
        self.refused()
        self.write({"data.tar.gz": gzip_bomb(2 * GB)}, "Installed-Size: 17\n")
        self.refused()

    def test_control(self) -> None:
        for name, data in (
            ("control.tar.zst", zstd_bomb(20 * GB)),
            ("control.tar.gz", gzip_bomb(GB)),
        ):
            self.write({name: data, "data.tar": DATA})
            self.refused(control=True)

    def test_many_times_the_same(self) -> None:
        """Hard links and holes are small in the archive."""
        large = build.file("./large", bytes(20 << 20))
        links = [build.special(f"./{number}", b"1", "./large") for number in range(120)]
        build.deb(self.path, [large, *links], compression=".zst")
        (found,) = deb.unpack([self.path], self.directory, 2)
        with self.assertRaisesRegex(RelocatableError, f"with holes and hard links, .* {ATTACK}"):
            list(deb.items(found))

    @parameterized.parameters(
        ("gz", gzip.compress),
        ("bz2", bz2.compress),
        ("xz", lzma.compress),
        ("lzma", lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
        ("zst", zstandard.ZstdCompressor().compress),
    )
    def test_each_compression(self, ending: str, compress) -> None:  # type: ignore[no-untyped-def]
        size = 3 << 20
        self.path.write_bytes(compress(bytes(size)))
        member = (f"data.tar.{ending}", Extent.of_file(self.path))
        (found,) = decompress([member], self.directory, 1, [size])
        self.assertEqual(found.size, size)
        for read in (
            lambda: decompress([member], self.directory, 1, [size - 1]),
            lambda: Growing(*member, self.directory, size - 1).at(0, size),
        ):
            with self.assertRaisesRegex(RelocatableError, ATTACK):
                read()
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    @parameterized.parameters(
        # Compressed bytes, what the control file says, and the most.
        (1000, "", 256 << 20),
        (1000, "100", 256 << 20),
        (1000, "1000000", 4 * 1024 * 1000000),
        (100 << 20, "1", 1600 << 20),
        (100 << 20, "", 10000 << 20),
        (1000, "999999999999", 16 * GB),
        (1000, "9" * 5000, 256 << 20),
        (1000, "many", 256 << 20),
    )
    def test_what_a_package_may_be(self, size: int, told: str, most: int) -> None:
        with tempfile.TemporaryFile(dir=self.directory):
            self.path.touch()
            member = Member("data.tar.xz", Extent(Store(self.path), 0, size))
        self.assertEqual(data_limit(member, {"Installed-Size": told} if told else {}), most)

    def test_a_large_package_that_says_so(self) -> None:
        size = 300 << 20
        self.write({"data.tar.zst": zstd_bomb(size)}, "Installed-Size: 17\n")
        self.refused()
        self.write({"data.tar.zst": zstd_bomb(size)}, f"Installed-Size: {size >> 10}\n")
        (found,) = deb.unpack([self.path], self.directory, 2)
        (item,) = deb.items(found)
        assert item.data is not None
        self.assertEqual(content.size(item.data), size - BLOCK)


class OrderTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.path = self.directory / "x.deb"

    @parameterized.parameters(*TAKEN)
    def test_taken(self, order: str) -> None:
        write(self.path, order)
        (found,) = deb.unpack([self.path], self.directory, 1)
        self.assertEqual([item.path for item in deb.items(found)], ["usr/x"])

    @parameterized.parameters(*REFUSED)
    def test_refused(self, order: str) -> None:
        write(self.path, order)
        for read in (
            lambda: deb.unpack([self.path], self.directory, 1),
            lambda: deb.control(self.path, self.directory),
            lambda: deb_copyright.read(self.path, self.directory),
        ):
            with self.assertRaisesRegex(RelocatableError, "x.deb is not a .deb: "):
                read()

    def test_messages(self) -> None:
        write(self.path, "BDC")
        with self.assertRaisesRegex(
            RelocatableError,
            r"x.deb is not a .deb: where control.tar has to be, in one of its compressions "
            r"\(.gz, .xz, .zst\), is 'data.tar.xz'",
        ):
            deb.control(self.path, self.directory)


if __name__ == "__main__":
    absltest.main()
