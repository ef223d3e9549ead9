"""The .deb that rules_pkg makes of a dist, as dpkg-deb sees it."""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import rooted

OPT = "opt/greet/"
LINK = "usr/bin/greet"


def members(tar: Path) -> dict[str, tuple[bytes, int, str, str]]:
    """Kind, mode, target and digest of each member, by its path."""
    with tarfile.open(tar) as archive:
        found = {}
        for member in archive:
            file = archive.extractfile(member) if member.isfile() else None
            digest = hashlib.sha256(file.read()).hexdigest() if file else ""
            path = member.name.removeprefix("./")
            found[path] = (member.type, member.mode, member.linkname, digest)
        return found


class PackageTest(unittest.TestCase):
    deb: Path
    tree: Path
    provenance: Path

    def setUp(self) -> None:
        super().setUp()
        self.scratch = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def members(self) -> dict[str, tuple[bytes, int, str, str]]:
        """What dpkg would unpack."""
        tar = self.scratch / "data.tar"
        with tar.open("wb") as file:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", self.deb], stdout=file, check=True)
        return members(tar)

    def test_it_holds_the_dist(self) -> None:
        """Each path with its mode, target and bytes; and beside them, the link and its parents."""
        found = self.members()
        dist = {OPT + path: member for path, member in members(self.tree).items()}
        self.assertEqual({path: found[path] for path in dist if path in found}, dist)
        beside = {"opt", OPT.rstrip("/"), "usr", "usr/bin", LINK}
        self.assertEqual(set(found) - set(dist), beside)

    def test_it_is_known_where_each_file_is_from(self) -> None:
        """The dist's provenance has a line for each, and none for what is not there."""
        lines = self.provenance.read_text("utf-8").splitlines()
        known = {OPT + json.loads(line)["path"] for line in lines}
        found = {path for path, member in self.members().items() if member[0] != tarfile.DIRTYPE}
        self.assertEqual(found - {LINK}, known)

    def test_it_runs_where_it_is_installed(self) -> None:
        """By the link, with nothing else in the root."""
        root = self.scratch / "root"
        subprocess.run(["dpkg-deb", "--extract", self.deb, root], check=True)
        said = rooted.run(root, f"/{LINK}", "World")
        self.assertEqual(said, f"Hello, World, from /{OPT}bin/python3.11\n")


if __name__ == "__main__":
    deb, *tree = (Path(path) for path in sys.argv[1:])
    PackageTest.deb = deb
    PackageTest.provenance, PackageTest.tree = sorted(tree)
    unittest.main(argv=sys.argv[:1])
