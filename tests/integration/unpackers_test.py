"""Each format, unpacked by programs that people unpack with: the same tree each time."""

import json
import os
import stat
import subprocess
import tarfile
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import trial

# What the build made, as Bazel puts it before the test: the unpackers, in each format.
MADE = Path("third_party/unpackers").absolute()
NAME = "unpackers"
FORMATS = ("tar.gz", "tar.xz", "tar.zst", "zip")
UNPACKERS = (
    *((f"tar.{form}", ["tar", "-xf"]) for form in ("gz", "xz", "zst")),
    *((form, ["bsdtar", "-xf"]) for form in FORMATS),
    ("tar.gz", ["busybox", "tar", "-xzf"]),
    ("zip", ["unzip", "-q"]),
)
# A mode is what the archive says only where no umask takes from it.
UMASK = 0o022


def seen(root: Path) -> dict[str, tuple[str, str]]:
    """All paths below `root`: type and mode, and the digest of a file or the target of a link."""
    found = {}
    for path in sorted(root.rglob("*")):
        mode = stat.filemode(path.lstat().st_mode)
        if path.is_symlink():
            value = str(path.readlink())
        else:
            value = sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(root))] = (mode, value)
    return found


class UnpackersTest(parameterized.TestCase):
    dist: Path
    expected: dict[str, tuple[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        os.umask(UMASK)
        where = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.dist = trial.unpack(MADE / f"{NAME}.tar.zst", Path(where))
        cls.expected = seen(cls.dist)

    def test_there_is_something_of_everything(self) -> None:
        kinds = {mode for mode, _ in self.expected.values()}
        self.assertEqual(kinds, {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"})
        self.assertIn("share/ünï code", self.expected)

    def test_licences_are_inside(self) -> None:
        directory = self.dist / "share/licenses"
        index = json.loads((directory / "index.json").read_bytes())["components"]
        found = {each["name"]: each["texts"] for each in index}
        self.assertEqual(
            [name for name in found if not found[name]], ["//third_party/unpackers:names"]
        )
        (text,) = found["busybox"]
        self.assertIn("GPL", (directory / text).read_text())

    @parameterized.parameters(*UNPACKERS)
    def test_same_tree(self, form: str, command: list[str]) -> None:
        where = Path(self.create_tempdir().full_path)
        subprocess.run(
            [self.dist / "bin" / command[0], *command[1:], MADE / f"{NAME}.{form}"],
            cwd=where,
            # GNU tar runs gzip, xz and zstd.
            env={"PATH": str(self.dist / "bin"), "LC_ALL": "C.UTF-8"},
            check=True,
        )
        self.assertEqual([path.name for path in where.iterdir()], [NAME])
        self.assertEqual(seen(where / NAME), self.expected)

    def test_busybox_knows_no_filter(self) -> None:
        # As docs/relocatable_dist.md warns.
        listed = subprocess.run(
            [self.dist / "bin/busybox", "tar", "-tJf", MADE / f"{NAME}.tar.xz"],
            capture_output=True,
            check=False,
        )
        self.assertEqual((listed.returncode, listed.stdout[:1]), (1, b""), listed.stderr)

    @parameterized.parameters("tar.gz", "tar.xz")
    def test_same_tree_with_tarfile(self, form: str) -> None:
        where = Path(self.create_tempdir().full_path)
        with tarfile.open(MADE / f"{NAME}.{form}") as tar:
            tar.extractall(where, filter="tar")
        self.assertEqual(seen(where / NAME), self.expected)

    def test_zipfile_finds_no_fault(self) -> None:
        with zipfile.ZipFile(MADE / f"{NAME}.zip") as archive:
            self.assertIsNone(archive.testzip())

    @parameterized.parameters(*FORMATS)
    def test_checksum_and_metadata(self, form: str) -> None:
        archive = MADE / f"{NAME}.{form}"
        subprocess.run(
            [self.dist / "bin/busybox", "sha256sum", "-c", f"{archive.name}.sha256"],
            cwd=MADE,
            check=True,
        )
        metadata = json.loads((MADE / f"{NAME}.json").read_text())
        self.assertIn(
            {
                "file": archive.name,
                "sha256": sha256(archive.read_bytes()).hexdigest(),
                "size": archive.stat().st_size,
            },
            metadata["archives"],
        )

    def test_xz_is_the_smallest(self) -> None:
        sizes = {form: (MADE / f"{NAME}.{form}").stat().st_size for form in FORMATS}
        self.assertEqual(min(sizes, key=sizes.__getitem__), "tar.xz", sizes)


if __name__ == "__main__":
    absltest.main()
