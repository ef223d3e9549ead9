"""The flagship's archives, looked at with other people's eyes: tarfile, pyelftools, sha256sum."""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import zstandard
from absl.testing import absltest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

# What the build made, as Bazel puts it before the test.
DISTS = Path("dist")
ARCHIVES = sorted(DISTS.glob("*.tar.zst"))
MACHINES = {"linux_arm64": "EM_AARCH64", "linux_x86_64": "EM_X86_64"}
# Where this was built: the directory of this very test, up to Bazel's own part of it.
EXECROOT = re.split(r"/(?:sandbox|execroot)/", str(Path(__file__).absolute()))[0]


def members(archive: Path) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """The entries of a .tar.zst and, of files, their bytes."""
    with (
        archive.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for info in tar:
            data = tar.extractfile(info) if info.isreg() else None
            yield info, data.read() if data else b""


class ArchiveTest(absltest.TestCase):
    def test_there_is_one_for_each_platform(self) -> None:
        names = [f"lldb_{platform}.tar.zst" for platform in MACHINES]
        self.assertEqual([archive.name for archive in ARCHIVES], names)

    def test_members(self) -> None:
        for archive in ARCHIVES:
            name = archive.name.removesuffix(".tar.zst")
            machine = MACHINES[name.removeprefix("lldb_")]
            with self.subTest(name):
                objects = 0
                for info, data in members(archive):
                    self.assertTrue(info.name == name or info.name.startswith(name + "/"))
                    self.assertEqual((info.uid, info.gid, info.uname, info.gname), (0, 0, "", ""))
                    if data[:4] == b"\x7fELF":
                        self.check_object(info.name, data, machine)
                        objects += 1
                    else:
                        self.assertNotIn(b"/build/", data, info.name)
                        self.assertNotIn(EXECROOT.encode(), data, info.name)
                self.assertGreater(objects, 80)

    def check_object(self, name: str, data: bytes, machine: str) -> None:
        elf = ELFFile(io.BytesIO(data))
        self.assertEqual(elf["e_machine"], machine, name)
        for segment in elf.iter_segments():
            if not isinstance(segment, DynamicSegment):
                continue
            for tag in segment.iter_tags():
                self.assertNotEqual(tag.entry.d_tag, "DT_RPATH", name)
                if tag.entry.d_tag == "DT_RUNPATH":
                    for step in tag.runpath.split(":"):  # type: ignore[attr-defined]
                        self.assertStartsWith(step, "$ORIGIN", name)

    def test_sidecars(self) -> None:
        for archive in ARCHIVES:
            name = archive.name.removesuffix(".tar.zst")
            digest = sha256(archive.read_bytes()).hexdigest()
            checksum = DISTS / f"{archive.name}.sha256"
            self.assertEqual(checksum.read_text(), f"{digest}  {archive.name}\n")
            found = json.loads((DISTS / f"{name}.json").read_text())
            self.assertEqual(found["platform"], name.removeprefix("lldb_"))
            self.assertEqual(found["python_version"], "3.11")
            size = archive.stat().st_size
            expected = [{"file": archive.name, "sha256": digest, "size": size}]
            self.assertEqual(found["archives"], expected)
            self.assertEqual(found["libc"]["baseline"], "2.36")
            self.assertContainsSubset(
                {"bin/lldb", "bin/lldb-argdumper", "bin/lldb-server"}, found["entry_points"]
            )
            files = [data for info, data in members(archive) if info.isreg()]
            self.assertEqual(found["tree"]["files"], len(files))
            self.assertEqual(found["tree"]["bytes"], sum(map(len, files)))
            self.assertEqual(sum(s["bytes"] for s in found["sources"]), sum(map(len, files)))
            packages = {source.get("name"): source for source in found["sources"]}
            self.assertEqual(packages["liblldb-16"]["version"], "1:16.0.6-15~deb12u1")


if __name__ == "__main__":
    absltest.main()
