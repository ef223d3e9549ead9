"""Reports of real dists: what they tell is so, and page and JSON tell the same."""

import io
import json
import posixpath
import re
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized
from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

# What the build made, as Bazel puts it before the test.
DISTS = Path("dist")
NAMES = ("lldb_linux_arm64", "lldb_linux_x86_64")
OWN = Path("tests/integration/binaries")


def linkage(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.with_name(f"{path.name}.linkage.json").read_bytes())
    return read


def page(path: Path) -> dict[str, Any]:
    text = path.with_name(f"{path.name}.report.html").read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    read: dict[str, Any] = json.loads(data)
    return read


def needed(tar: Path) -> Iterator[tuple[str, list[str]]]:
    """The path and the NEEDED entries of each dynamic object, as pyelftools sees them."""
    with tarfile.open(tar) as opened:
        for info in opened:
            data = opened.extractfile(info) if info.isreg() else None
            if data is None:
                continue
            try:
                elf = ELFFile(io.BytesIO(data.read()))
            except ELFError:
                continue
            for section in elf.iter_sections():
                if isinstance(section, DynamicSection):
                    tags = section.iter_tags("DT_NEEDED")
                    yield info.name, [tag.needed for tag in tags]  # type: ignore[attr-defined]


class FlagshipTest(parameterized.TestCase):
    @parameterized.parameters(*NAMES)
    def test_each_object_and_what_it_needs(self, name: str) -> None:
        found = {each["path"]: each for each in linkage(DISTS / name)["objects"]}
        asked = {path: [need["name"] for need in each["needs"]] for path, each in found.items()}
        self.assertEqual(asked, dict(needed(DISTS / f"{name}.tar")))
        for each in found.values():
            for need in each["needs"]:
                self.assertIn(each["path"], found[need["found"]]["needed_by"])

    @parameterized.parameters(*NAMES)
    def test_a_way_leads_to_each_object(self, name: str) -> None:
        told = linkage(DISTS / name)
        found = {each["path"]: each for each in told["objects"]}
        loaders = {program["loader"] for program in told["programs"]}
        for path, each in found.items():
            chain = each["chain"]
            self.assertEqual(chain[-1], path)
            self.assertIsNotNone(found[chain[0]]["opened"], path)
            for by, there in pairwise(chain):
                if there not in loaders:
                    self.assertIn(by, found[there]["needed_by"])
        layers = {posixpath.basename(path): each["layer"] for path, each in found.items()}
        self.assertEqual(layers["liblldb-16.so.1"], "//dist:lldb")
        self.assertEqual(layers["libpython3.11.so.1.0"], "//dist:python")
        self.assertIsNone(layers["libedit.so.2"])

    @parameterized.parameters(*NAMES)
    def test_the_page_has_each_path(self, name: str) -> None:
        data = page(DISTS / name)
        self.assertEqual(data["linkage"], linkage(DISTS / name))
        self.assertEqual(data["metadata"], json.loads((DISTS / f"{name}.json").read_bytes()))
        with tarfile.open(DISTS / f"{name}.tar") as tar:
            infos = tar.getmembers()
        self.assertEqual(
            {path: size for path, size, *_ in data["tree"]["files"]},
            {info.name: info.size for info in infos if info.isreg()},
        )
        self.assertEqual(
            {path: target for path, target, _ in data["tree"]["links"]},
            {info.name: info.linkname for info in infos if info.issym()},
        )
        self.assertIsNone(data["changes"])


class OwnTest(absltest.TestCase):
    """The build's own programs, on the machine's C library, against a former dist."""

    def test_what_is_the_machines(self) -> None:
        told = linkage(OWN / "dist")
        self.assertIn("libc.so.6", told["host"])
        (program,) = (each for each in told["objects"] if each["opened"] == "program")
        self.assertEqual(program["layer"], "//tests/integration/binaries:dist")
        (libc,) = (need for need in program["needs"] if need["name"] == "libc.so.6")
        self.assertEqual(libc, {"name": "libc.so.6", "found": None, "how": "host"})

    def test_what_changed(self) -> None:
        changes = page(OWN / "dist")["changes"]
        self.assertEqual(changes["old"], "previous.json")
        self.assertEqual(changes["packages"]["removed"]["libanswer1"]["version"], "1.0-1")
        self.assertIn("//tests/integration/binaries:dist", changes["sources"]["added"])


if __name__ == "__main__":
    absltest.main()
