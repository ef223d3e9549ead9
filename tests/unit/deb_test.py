"""Packages: every compression, and what is broken about the broken ones."""

import lzma
import os
import shutil
import subprocess
import tarfile
import zlib
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import content, deb, decompress
from relocatable.errors import RelocatableError
from support import deb_builder as build


class DebTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.path = self.directory / "example.deb"

    def unpack(self) -> list[deb.Item]:
        (found,) = deb.unpack([self.path], self.directory, jobs=2)
        return list(deb.items(found))

    @parameterized.parameters(*build.COMPRESSIONS)
    def test_every_compression(self, compression: str) -> None:
        data = os.urandom(70_000) + bytes(3 << 20)
        build.deb(self.path, [build.file("./a/b", data, 0o755)], compression=compression)
        (item,) = self.unpack()
        self.assertEqual((item.path, item.executable), ("a/b", True))
        assert item.data is not None
        self.assertEqual(content.read(item.data), data)
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_identity(self) -> None:
        build.deb(self.path, [], name="x", version="1:2-3", architecture="arm64")
        (found,) = deb.unpack([self.path], self.directory, jobs=1)
        self.assertEqual(str(found.package), "x 1:2-3 arm64")
        self.assertEqual(found.package.sha256, build.sha256(self.path))

    @parameterized.parameters(
        ("", "", ""),
        ("Source: s\n", "s", ""),
        ("Source: s (1.0-1)\n", "s", ""),
        ("Source: s (1:2~3)\n", "s", "1:2~3"),
        ("Source: example (2)\n", "", "2"),
    )
    def test_the_source_package(self, line: str, source: str, version: str) -> None:
        build.deb(self.path, [], more=line)
        (found,) = deb.unpack([self.path], self.directory, jobs=1)
        self.assertEqual((found.package.source, found.package.source_version), (source, version))

    def test_where_it_is_from(self) -> None:
        build.deb(self.path, [])
        sources = {str(self.path): deb.Source("Debian", "https://example.invalid/x.deb")}
        (found,) = deb.unpack([self.path], self.directory, 1, sources)
        self.assertEqual(found.package.vendor, "Debian")
        self.assertEqual(found.package.url, "https://example.invalid/x.deb")

    @parameterized.parameters(
        ({"name": "a/../b"}, "'a/../b' can be no Package"),
        ({"version": "1 2"}, "'1 2' can be no Version"),
        ({"architecture": "x86_64"}, "'x86_64' can be no Architecture"),
        ({"more": "Source: a b\n"}, r"'a b' can be no Source: NAME \(VERSION\)"),
    )
    def test_an_identity_that_can_not_be(self, wrong: dict[str, Any], message: str) -> None:
        build.deb(self.path, [], **wrong)
        with self.assertRaisesRegex(RelocatableError, f"example.deb: {message}"):
            deb.unpack([self.path], self.directory, jobs=1)

    def test_xz_of_many_blocks_is_decoded_by_block(self) -> None:
        # What `xz --block-size` writes, put together from streams of one block each.
        parts = [bytes([n]) * (300_000 + n) for n in range(5)]
        self.path.write_bytes(_many_blocks(parts))
        extent = content.Extent.of_file(self.path)
        self.assertLen(decompress._xz_blocks(extent), 5)
        (out,) = decompress.decompress([("x.xz", extent)], self.directory, jobs=2)
        self.assertEqual(content.read(out), b"".join(parts))
        self.assertEqual(lzma.decompress(self.path.read_bytes()), b"".join(parts))

    def test_a_flipped_bit_is_found(self) -> None:
        build.deb(self.path, [build.file("./a", os.urandom(100_000))])
        data = bytearray(self.path.read_bytes())
        data[len(data) // 2] ^= 1
        self.path.write_bytes(data)
        with self.assertRaisesRegex(RelocatableError, "example.deb is corrupt: Corrupt input data"):
            self.unpack()
        self.assertEqual(list(self.directory.iterdir()), [self.path])

    def test_a_damaged_header_does_not_end_the_archive(self) -> None:
        entries = [build.file("./a", b"a"), build.file("./b", b"b")]
        build.deb(self.path, entries, compression="")
        good = self.path.read_bytes()
        header = good.index(build.tar(entries)) + 1024
        for offset in range(header, header + 148):  # All before the checksum.
            bad = bytearray(good)
            bad[offset] ^= 1
            self.path.write_bytes(bad)
            with self.assertRaisesRegex(
                RelocatableError, "example.deb: the data archive is corrupt", msg=f"offset {offset}"
            ):
                self.unpack()

    @parameterized.parameters(0, 7, 8, 40, 68, 100, 500, -3, -70)
    def test_every_truncation_is_found(self, length: int) -> None:
        build.deb(self.path, [build.file("./a", os.urandom(10_000))])
        self.path.write_bytes(self.path.read_bytes()[:length])
        with self.assertRaisesRegex(RelocatableError, r"example\.deb.*(not an ar|truncated|no \w)"):
            self.unpack()

    @parameterized.parameters(".gz", ".bz2", ".lzma", ".xz", ".zst")
    def test_truncated_data_is_found(self, compression: str) -> None:
        data = build.COMPRESSIONS[compression](os.urandom(10_000))[:-20]
        path = self.directory / "x"
        path.write_bytes(data)
        extent = content.Extent.of_file(path)
        with self.assertRaisesRegex(RelocatableError, "x is (truncated|corrupt)"):
            decompress.decompress([("data.tar" + compression, extent)], self.directory, jobs=1)

    @parameterized.parameters("../x", "/etc/passwd", "a/../../x")
    def test_a_path_that_leaves_the_root(self, name: str) -> None:
        build.deb(self.path, [build.file(name)])
        with self.assertRaisesRegex(RelocatableError, "path '.*' leaves the package's root"):
            self.unpack()

    def test_links_and_devices(self) -> None:
        build.deb(
            self.path,
            [
                build.file("./file", b"x"),
                build.special("./hard", tarfile.LNKTYPE, "./file"),
                build.special("./soft", tarfile.SYMTYPE, "/file"),
                build.special("./null", tarfile.CHRTYPE),
                build.file("./su", b"", 0o4755),
            ],
        )
        file, hard, soft, null, su = self.unpack()
        self.assertEqual(hard.data, file.data)
        self.assertEqual(soft.target, "/file")
        self.assertEqual(null.refused, "is of the tar type b'3'")
        self.assertEqual(su.refused, "is setuid or setgid")

    def test_long_names(self) -> None:
        """Longer than a tar's field is (100 bytes), as GNU tar and pax write them."""
        long = "/".join(["directory" * 10] * 5)
        build.deb(
            self.path,
            [build.file(f"./{long}", b"x"), build.special("./soft", tarfile.SYMTYPE, long)],
        )
        file, soft = self.unpack()
        self.assertEqual((file.path, soft.target), (long, long))

    @parameterized.parameters("S", "0.0", "0.1", "1.0")
    def test_a_file_with_holes(self, form: str) -> None:
        """They are filled: in a tree, bytes are what counts."""
        parts = [(0, b"head" * 128), (5_000_192, b"middle"), (5_000_300, b"")]
        archive = build.sparse(form, "./holes", 5_000_300, parts)
        build.deb(self.path, archive)
        (holes,) = self.unpack()
        assert holes.data is not None
        expected = (b"head" * 128).ljust(5_000_192, b"\0") + b"middle".ljust(108, b"\0")
        self.assertEqual(holes.path, "holes")
        self.assertTrue(content.read(holes.data) == expected)
        plain = self.directory / "plain"
        plain.write_bytes(expected)
        self.assertTrue(content.equal(holes.data, content.Extent.of_file(plain)))
        self.assertFalse(content.equal(holes.data, b"x" + expected[1:]))
        if unpack := shutil.which("dpkg-deb"):
            subprocess.run([unpack, "-x", self.path, self.directory / "theirs"], check=True)
            self.assertTrue((self.directory / "theirs/holes").read_bytes() == expected)

    @parameterized.parameters(
        (200, [(0, b"a"), (100, b"b"), (50, b"c")], "parts that overlap or are not in it"),
        (200, [(0, b"a"), (190, b"b" * 20)], "parts that overlap or are not in it"),
    )
    def test_holes_that_lie(self, size: int, parts: list[tuple[int, bytes]], message: str) -> None:
        for form in ("S", "0.0", "0.1", "1.0"):
            build.deb(self.path, build.sparse(form, "./holes", size, parts))
            with self.assertRaisesRegex(RelocatableError, f"example.deb: .*{message}", msg=form):
                self.unpack()

    def test_large_holes_are_refused_by_whoever_wants_them(self) -> None:
        for form in ("S", "0.0", "0.1", "1.0"):
            build.deb(self.path, build.sparse(form, "./holes", 2 << 30, [(0, b"a")]))
            (item,) = self.unpack()
            self.assertEqual(
                item.refused, "has holes, and 2147483648 bytes (at most 1073741824 are wanted)"
            )

    def test_headers_that_lie(self) -> None:
        """A size below zero leads back, and names can be as long as one likes."""
        back = tarfile.TarInfo("./back")
        header = bytearray(back.tobuf(tarfile.GNU_FORMAT))
        header[124:136] = b"\xff" * 10 + b"\xfe\x00"
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        long = tarfile.TarInfo("././@LongLink")
        long.type, long.size = tarfile.GNUTYPE_LONGNAME, 3 << 20
        huge = long.tobuf(tarfile.GNU_FORMAT) + b"x" * (3 << 20)
        for data in (bytes(header), huge):
            build.deb(self.path, data + build.tar([build.file("./a")]))
            with self.assertRaisesRegex(
                RelocatableError, "the data archive is corrupt", msg=data[:99]
            ):
                self.unpack()

    def test_headers_that_nest(self) -> None:
        """Python 3.11 gives up on names of names; later ones take the last, as they may."""
        long = tarfile.TarInfo("././@LongLink")
        long.type, long.size = tarfile.GNUTYPE_LONGNAME, 1
        nested = (long.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0")) * 2000
        build.deb(self.path, nested + build.tar([build.file("./a", b"a")]))
        try:
            (item,) = self.unpack()
        except RelocatableError as error:
            self.assertIn("the data archive is corrupt: headers without end", str(error))
        else:
            assert item.data is not None
            self.assertEqual(content.read(item.data), b"a")

    def test_a_hard_link_to_nothing(self) -> None:
        build.deb(self.path, [build.special("./hard", tarfile.LNKTYPE, "./file")])
        (item,) = self.unpack()
        self.assertEqual(item.refused, "is a hard link to ./file, which isn't there")

    def test_a_hard_link_to_a_link(self) -> None:
        build.deb(
            self.path,
            [
                build.special("./a/link", tarfile.SYMTYPE, "x"),
                build.special("./hard", tarfile.LNKTYPE, "./a/link"),
                build.special("./hard2", tarfile.LNKTYPE, "./hard"),
                build.special("./pipe", tarfile.FIFOTYPE),
                build.special("./pipe2", tarfile.LNKTYPE, "./pipe"),
            ],
        )
        link, *hard, pipe, pipe2 = self.unpack()
        self.assertEqual(
            [(item.path, item.target) for item in hard], [("hard", "x"), ("hard2", "x")]
        )
        self.assertEqual((link.target, pipe2.refused), ("x", pipe.refused))


def _many_blocks(parts: list[bytes]) -> bytes:
    """One .xz stream out of several: their blocks, and one index over them."""
    blocks, records = b"", b""
    for part in parts:
        stream = lzma.compress(part, check=lzma.CHECK_CRC32)
        index_size = (int.from_bytes(stream[-8:-4], "little") + 1) * 4
        block = stream[12 : -12 - index_size]
        index = stream[-12 - index_size : -12]
        records += index[2:-4].rstrip(b"\0")
        blocks += block
        head, flags = stream[:12], stream[-4:-2]
    index = b"\0" + bytes([len(parts)]) + records
    index += bytes(-len(index) % 4)
    index += zlib.crc32(index).to_bytes(4, "little")
    footer = (len(index) // 4 - 1).to_bytes(4, "little") + flags
    return head + blocks + index + zlib.crc32(footer).to_bytes(4, "little") + footer + b"YZ"


if __name__ == "__main__":
    absltest.main()
