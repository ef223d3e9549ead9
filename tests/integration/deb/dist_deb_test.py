"""A dist's package, in the hands of dpkg and lintian: what they make of it, and what it leaves."""

import json
import re
import tempfile
from hashlib import md5, sha256
from pathlib import Path

from absl.testing import absltest

from support.debian_root import DebianRoot

SYSTEM = Path("third_party/dpkg/system.tar")
DEB = Path("tests/integration/deb/zstd.deb")
MODULES = [DEB.with_name(f"{name}.deb") for name in ("demo_1", "other")]
COMPILER = Path("tools/byte_compile/python_byte_compile.deb")
PACKAGE = "example-zstd"
PREFIX = f"/opt/{PACKAGE}"


class DistDebTest(absltest.TestCase):
    root: DebianRoot
    deb: str

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        where = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.root = DebianRoot(SYSTEM, Path(where) / "root")
        cls.deb = cls.root.put(DEB)

    def field(self, name: str) -> str:
        return self.root.run("dpkg-deb", "--field", self.deb, name).stdout.strip()

    def test_control_block(self) -> None:
        self.assertEqual(self.field("Package"), PACKAGE)
        self.assertEqual(self.field("Version"), "1:1.0~rc1-2")
        self.assertEqual(self.field("Architecture"), "amd64")
        self.assertEqual(self.field("Suggests"), "libc6 (>= 2.36) | musl")
        info = self.root.run("dpkg-deb", "--info", self.deb).stdout
        self.assertIn("new Debian package, version 2.0", info)

    def test_contents(self) -> None:
        listed = self.root.run("dpkg-deb", "--contents", self.deb).stdout.splitlines()
        self.assertEqual({line.split()[1] for line in listed}, {"root/root"})
        self.assertEqual(
            {line.split()[0] for line in listed},
            {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxrwxrwx"},
        )
        self.assertIn(f"./usr/bin/example-zstd -> {PREFIX}/bin/zstd", "\n".join(listed))

    def test_lintian_finds_no_error(self) -> None:
        packages = [self.root.put(package) for package in (DEB, COMPILER, *MODULES)]
        command = ("lintian", "--no-cfg", "--allow-root", "--tag-display-limit", "0", *packages)
        tags = self.root.run(*command, check=False).stdout
        # What it warns of is no more than this, and it has looked.
        found = re.findall(r"^([EW]: \S+ \S+)", tags, re.MULTILINE)
        self.assertEqual(
            set(found),
            {
                "W: example-zstd: no-manual-page",
                "W: other: copyright-without-copyright-notice",
                "W: python-byte-compile: copyright-without-copyright-notice",
            },
            tags,
        )

    def test_from_install_to_purge(self) -> None:
        before = self.root.seen()
        self.root.install(DEB)
        self.assertEqual(self.root.run("example-zstd", "--version", check=False).returncode, 0)
        conffile = self.root.path / "etc/example/example.conf"
        conffile.write_text("changed")
        self.assertIn("Setting up", self.root.install(DEB))
        self.assertEqual(conffile.read_text(), "changed")
        conffile.unlink()
        self.root.dpkg("--force-confmiss", "--install", self.deb)
        # Nothing that dpkg knows of differs, and all that is there is dpkg's.
        self.assertEqual(self.root.dpkg("--verify", PACKAGE), "")
        listed = self.root.dpkg("--listfiles", PACKAGE).split("\n")
        added = {f"/{path}" for path in self.root.seen().keys() - before.keys()}
        self.assertContainsSubset(added - {"/var/log/dpkg.log"}, set(listed))
        size = int(self.field("Installed-Size"))
        paths = [self.root.path / path[1:] for path in added if path.startswith("/opt")]
        used = sum(path.lstat().st_size for path in paths if not path.is_dir())
        self.assertAlmostEqual(size, used / 1024, delta=size / 20)
        sums = self.root.path / f"var/lib/dpkg/info/{PACKAGE}.md5sums"
        for line in sums.read_text().splitlines():
            digest, path = line.split("  ", 1)
            data = (self.root.path / path).read_bytes()
            self.assertEqual(digest, md5(data, usedforsecurity=False).hexdigest(), path)
        self.root.dpkg("--purge", PACKAGE)
        self.assertEqual(self.root.changed(before, "var/log/dpkg.log"), [])

    def test_checksum_and_metadata(self) -> None:
        digest = sha256(DEB.read_bytes()).hexdigest()
        self.assertEqual(Path(f"{DEB}.sha256").read_text(), f"{digest}  {DEB.name}\n")
        metadata = json.loads(DEB.with_suffix(".json").read_text())
        expected = {"file": DEB.name, "sha256": digest, "size": DEB.stat().st_size}
        self.assertIn(expected, metadata["archives"])


if __name__ == "__main__":
    absltest.main()
