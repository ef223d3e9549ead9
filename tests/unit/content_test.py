"""Contents: extents, patches, and writing them without passing memory."""

import os
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.content import CHUNK, Content, Extent, Patched, Spliced, Store, Writer
from relocatable.errors import RelocatableError


class ContentTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.bytes = os.urandom(3 * CHUNK + 7)
        (self.directory / "file").write_bytes(self.bytes)
        self.store = Store(self.directory / "file")

    def written(self, *parts: Content) -> bytes:
        """What a writer puts into a file."""
        out = self.directory / "out"
        with out.open("wb") as file:
            writer = Writer(file.fileno())
            for part in parts:
                writer.write(part)
            writer.flush()
            self.assertEqual(writer.offset, sum(map(content.size, parts)))
        return out.read_bytes()

    @parameterized.parameters((0, 0), (5, 1), (1, CHUNK // 16), (9, CHUNK + 1), (0, 3 * CHUNK + 7))
    def test_extents(self, offset: int, size: int) -> None:
        extent = Extent(self.store, offset, size)
        expected = self.bytes[offset : offset + size]
        self.assertEqual(content.read(extent), expected)
        self.assertEqual(bytes(content.view(extent)), expected)
        self.assertEqual(self.written(b"before", extent, b"after"), b"before" + expected + b"after")

    @parameterized.parameters(100, 2 * CHUNK)
    def test_patches(self, size: int) -> None:
        patched = Patched(
            Extent(self.store, 3, size), ((0, b"first"), (size - 4, b"last")), b"more"
        )
        expected = b"first" + self.bytes[8 : size - 1] + b"last" + b"more"
        self.assertEqual(content.read(patched), expected)
        self.assertEqual(content.size(patched), size + 4)
        self.assertEqual(self.written(b"x", patched, b"y"), b"x" + expected + b"y")

    @parameterized.parameters(100, 2 * CHUNK)
    def test_splices(self, size: int) -> None:
        ranges = ((0, 5), b"new", (7, size), b"end")
        expected = self.bytes[3:8] + b"new" + self.bytes[10 : 3 + size] + b"end"
        for base in (Extent(self.store, 3, size), self.bytes[3 : 3 + size]):
            spliced = Spliced.of(base, ranges)
            self.assertEqual(content.read(spliced), expected)
            self.assertEqual(bytes(content.view(spliced)), expected)
            self.assertEqual(content.size(spliced), len(expected))
            self.assertEqual(self.written(b"x", spliced, b"y"), b"x" + expected + b"y")

    def test_a_splice_of_a_splice(self) -> None:
        first = Spliced.of(Extent(self.store, 0, 2 * CHUNK), ((1, CHUNK), b"abc", (5, 9)))
        whole = content.read(first)
        for start, end in ((0, len(whole)), (7, 9), (CHUNK - 3, CHUNK + 1), (CHUNK, CHUNK), (3, 3)):
            self.assertEqual(content.read(Spliced.of(first, ((start, end),))), whole[start:end])

    def test_patches_of_a_splice(self) -> None:
        spliced = Spliced.of(Extent(self.store, 0, 2 * CHUNK), ((1, CHUNK), b"abc"))
        patched = Patched(spliced, ((CHUNK - 1, b"ABC"),), b"more")
        expected = self.bytes[1:CHUNK] + b"ABC" + b"more"
        self.assertEqual(content.read(patched), expected)
        self.assertEqual(content.size(patched), len(expected))
        self.assertEqual(self.written(patched, b"y"), expected + b"y")

    def test_equal(self) -> None:
        extent = Extent(self.store, 0, 10)
        self.assertTrue(content.equal(extent, self.bytes[:10]))
        self.assertFalse(content.equal(extent, self.bytes[:9]))
        self.assertFalse(content.equal(extent, bytes(10)))

    def test_large_ones_that_are_equal_or_differ_at_their_end(self) -> None:
        size = 2 * CHUNK + 7
        (self.directory / "other").write_bytes(self.bytes[:size] + b"x")
        other = Store(self.directory / "other")
        left = Extent(self.store, 0, size)
        self.assertTrue(content.equal(left, Extent(other, 0, size)))
        self.assertFalse(content.equal(left, Extent(other, 1, size)))
        self.assertFalse(content.equal(left, Extent(other, 0, size + 1)))

    def test_pieces(self) -> None:
        extent = Extent(self.store, 3, 2 * CHUNK + 1)
        patched = Patched(extent, ((0, b"first"),), b"more")
        spliced = Spliced.of(extent, ((1, 2 * CHUNK), b"new"))
        for made in (b"", b"short", self.bytes, extent, patched, spliced):
            pieces = list(content.pieces(made))
            self.assertEqual(b"".join(pieces), content.read(made))
            self.assertLessEqual(max(map(len, pieces), default=0), CHUNK)

    def test_a_file_that_is_shorter_than_it_was(self) -> None:
        size = 2 * CHUNK
        extent = Extent(self.store, 0, size)
        os.truncate(self.directory / "file", CHUNK)
        with self.assertRaisesRegex(RelocatableError, "file is truncated: 1048576 more bytes are"):
            content.read(extent)
        with self.assertRaisesRegex(RelocatableError, "file is truncated"):
            self.written(extent)


if __name__ == "__main__":
    absltest.main()
