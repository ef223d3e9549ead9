"""Trees read from directories and from tar files of all kinds."""

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import zipfile
from pathlib import Path

import zstandard
from absl.testing import absltest, parameterized

from relocatable import content, tree_read, tree_tar
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Link, Tree

BIG = bytes(range(256)) * 500


def shape(tree: Tree) -> dict[str, object]:
    """Paths, with bytes and mode of files, targets of links, and None for directories."""
    found: dict[str, object] = {}
    for path, node in tree:
        match node:
            case File():
                found[path] = content.read(node.content), node.executable
            case Link():
                found[path] = node.target
            case Directory():
                found[path] = None
    return found


EXPECTED = {
    ".hidden": (b"h", False),
    "bin": None,
    "bin/x": (BIG, True),
    "empty": None,
    "lib": None,
    "lib/a": (b"", False),
    "lib/b": "a",
    "lib/c": "../bin/x",
    "lib/d": "../../out",
}


def entry(
    name: str, kind: bytes, data: bytes = b"", **more: object
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(entries: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as file:
        for info, data in entries:
            file.addfile(info, io.BytesIO(data))
    return out.getvalue()


ENTRIES = [
    entry("./", tarfile.DIRTYPE),
    entry("./bin/x", tarfile.REGTYPE, BIG, mode=0o755),
    entry("./lib/a", tarfile.REGTYPE, b"old"),
    entry("lib/a", tarfile.REGTYPE),
    entry("lib/b", tarfile.SYMTYPE, linkname="a"),
    entry("lib/c", tarfile.SYMTYPE, linkname="/bin/x"),
    entry("lib/d", tarfile.SYMTYPE, linkname="../../out"),
    entry("empty/", tarfile.DIRTYPE),
    entry("dev/null", tarfile.CHRTYPE),
    entry(".hidden", tarfile.REGTYPE, b"h"),
]


class TarTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def read(self, data: bytes, name: str = "x.tar") -> Tree:
        path = self.directory / name
        path.write_bytes(data)
        return tree_read.read(path)

    @parameterized.parameters(
        ("x.tar", bytes),
        ("x", bytes),
        ("x.tar.gz", gzip.compress),
        ("x.tgz", gzip.compress),
        ("x.tar.bz2", bz2.compress),
        ("x.tar.xz", lzma.compress),
        ("x.tar.zst", lambda data: zstandard.ZstdCompressor().compress(data)),
    )
    def test_all_kinds(self, name: str, compress: object) -> None:
        assert callable(compress)
        self.assertEqual(shape(self.read(compress(tar(ENTRIES)), name)), EXPECTED)

    def test_a_tree_of_ours(self) -> None:
        tree = self.read(tar(ENTRIES[:3]))
        tree_tar.write(tree, self.directory / "y.tar", self.directory / "provenance")
        self.assertEqual(shape(tree_read.read(self.directory / "y.tar")), shape(tree))

    def test_hard_links(self) -> None:
        first = entry("a/x", tarfile.REGTYPE, b"x", mode=0o755)
        link = entry("y", tarfile.LNKTYPE, linkname="./a/x")
        tree = self.read(tar([first, link]))
        self.assertEqual(shape(tree)["y"], (b"x", True))
        with self.assertRaisesRegex(RelocatableError, "y is a link to a/x, which is not before it"):
            self.read(tar([link, first]))

    def test_an_entry_that_comes_to_nothing(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "x.tar: path 'a/../../b' is not allowed"):
            self.read(tar([entry("a/../../b", tarfile.REGTYPE)]))

    def test_an_endless_path(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "x.tar: path 'a/a/.*more than 4096"):
            self.read(tar([entry("a/" * 100_000 + "a", tarfile.REGTYPE)]))

    def test_below_a_link(self) -> None:
        below = [entry("a", tarfile.SYMTYPE, linkname="b"), entry("a/x", tarfile.REGTYPE)]
        with self.assertRaisesRegex(RelocatableError, "a/x can't be added: a is a link to b"):
            self.read(tar(below))

    @parameterized.parameters(0, 1, 511, 512, 513, 1000, 1535, 2000)
    def test_truncated(self, size: int) -> None:
        with self.assertRaisesRegex(RelocatableError, "x.tar (is truncated|is neither a dir)"):
            self.read(tar(ENTRIES[1:2])[:size])

    def test_no_tar(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "x is neither a directory nor a tar file"):
            self.read(b"\x7fELF" * 1000, "x")
        with self.assertRaisesRegex(RelocatableError, "is corrupt"):
            self.read(b"not xz" * 1000, "x.tar.xz")

    def test_nothing_there(self) -> None:
        with self.assertRaises(FileNotFoundError):
            tree_read.read(self.directory / "none")


def member(name: str, mode: int, data: bytes = b"") -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info, data


def zipped(members: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return out.getvalue()


MEMBERS = [
    member("./", stat.S_IFDIR | 0o755),
    member("bin/x", stat.S_IFREG | 0o755, BIG),
    member("lib/a", 0o644),
    member("lib/b", stat.S_IFLNK | 0o777, b"a"),
    member("lib/c", stat.S_IFLNK | 0o777, b"/bin/x"),
    member("lib/d", stat.S_IFLNK | 0o777, b"../../out"),
    member("empty/", stat.S_IFDIR | 0o755),
    member("dev/null", stat.S_IFCHR | 0o644),
    member(".hidden", 0, b"h"),
]


class ZipTest(parameterized.TestCase):
    def read(self, data: bytes) -> Tree:
        path = Path(self.create_tempdir().full_path) / "x.zip"
        path.write_bytes(data)
        return tree_read.read(path)

    def test_modes_and_links(self) -> None:
        self.assertEqual(shape(self.read(zipped(MEMBERS))), EXPECTED)

    @parameterized.parameters(
        ("", "entry '' is damaged"),
        ("../x", "path '../x' is not allowed"),
        ("a/../x", "not allowed"),
        ("/x", "not allowed"),
    )
    def test_out_of_the_tree(self, name: str, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, f"x.zip.*{message}"):
            self.read(zipped([member(name, 0o644)]))

    def test_below_a_link(self) -> None:
        below = [member("a", stat.S_IFLNK | 0o777, b"b"), member("a/x", 0o644)]
        with self.assertRaisesRegex(RelocatableError, "a/x can't be added: a is a link to b"):
            self.read(zipped(below))

    def test_a_long_target(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "link a has a target of 5000 bytes"):
            self.read(zipped([member("a", stat.S_IFLNK | 0o777, b"b" * 5000)]))

    def test_more_than_it_may_hold(self) -> None:
        small = zipped([member(str(number), 0o644, b"x") for number in range(5)])
        # The sizes that the directory at the end tells: 24 bytes into each entry.
        large = re.sub(
            rb"(PK\x01\x02.{20}).{4}", rb"\1" + b"\xfe" + b"\xff" * 3, small, flags=re.DOTALL
        )
        with self.assertRaisesRegex(RelocatableError, "x.zip holds 21474836470 bytes, over"):
            self.read(large)

    def test_damaged(self) -> None:
        data = zipped(MEMBERS)
        for start in range(0, len(data), 7):
            broken = bytearray(data)
            broken[start] ^= 0x5A
            try:
                self.read(bytes(broken))
            except RelocatableError as error:
                self.assertIn("x.zip", str(error))
            with self.assertRaises(RelocatableError):
                self.read(data[:start])


class DirectoryTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def test_a_directory(self) -> None:
        for path, what in EXPECTED.items():
            there = self.directory / path
            if what is None:
                there.mkdir()
            elif isinstance(what, str):
                there.symlink_to("/bin/x" if path == "lib/c" else what)
            else:
                data, executable = what
                there.write_bytes(data)
                there.chmod(0o755 if executable else 0o644)
        os.mkfifo(self.directory / "pipe")
        self.assertEqual(shape(tree_read.read(self.directory)), EXPECTED)

    def test_more_files_than_a_process_may_open(self) -> None:
        for i in range(3000):
            (self.directory / str(i)).write_bytes(b"%d" % i * 10)
        tree = tree_read.read(self.directory)
        views: list[memoryview] = []
        for path, file in tree.files():
            self.assertEqual(content.read(file.content), path.encode() * 10)
            self.assertEqual(content.view(file.content), path.encode() * 10)
            views = [*views[-20:], content.view(file.content)]
        self.assertLess(len(list(Path("/dev/fd").iterdir())), 200)
        out = self.directory / "out.tar"
        tree_tar.write(tree, out, self.directory / "provenance")
        self.assertEqual(shape(tree_read.read(out)), shape(tree))


if __name__ == "__main__":
    absltest.main()
