"""Memory that each step of a dist takes for a layer with a file of 5 GB, and with a million files.

The first has to cost nothing. Of the second, each entry costs something, and here is how much.
Makes some 12 GB in the test's temporary directory.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import tree_tar
from relocatable.content import Content, Extent, Store
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Tree

MIB = 1 << 20
HUGE = 5_000_000_000
MANY = 1_000_000
LAUNCHER = Path("toolchains/launcher/linux_x86_64")
FACTS = """{"name": "linux_x86_64", "machine": 62, "loader": "ld-linux-x86-64.so.2",
"multiarch": "x86_64-linux-gnu", "object_format": "elf", "page_size": 4096,
"system_libraries": []}"""

CONTROL = """{"package": "large", "version": "1", "maintainer": "Jo <jo@example.com>",
"description": "large", "architecture_all": false, "section": "misc", "priority": "optional",
"homepage": "", "prefix": "/opt/large", "links": {}, "conffiles": [], "lintian_overrides": [],
"compression": "zst", "fields": {}, "relations": {"Pre-Depends": [], "Depends": [],
"Recommends": [], "Suggests": [], "Conflicts": [], "Breaks": [], "Replaces": [],
"Provides": []}}"""

FLAT = 200 * MIB
"""For the large file, of the whole process."""
PER_ENTRY = 3000
"""Bytes for each of many files: what is known of it is held as objects of Python."""


def made(path: str, data: Content) -> File:
    return File(data, Record(Origin("//:large", path)))


class LargeLayersTest(parameterized.TestCase):
    """One directory for all steps, each of which takes what those before it have made."""

    def setUp(self) -> None:
        super().setUp()
        self.base = Path(self.create_tempdir().full_path)
        (self.base / "facts.json").write_text(FACTS)
        (self.base / "control.json").write_text(CONTROL)

    def test_a_large_file(self) -> None:
        sparse = self.base / "sparse"
        with sparse.open("wb") as file:
            file.truncate(HUGE)
        store = Store(sparse)
        tree = Tree()
        tree.add("data/large", made("data/large", Extent(store, 0, HUGE)))
        self.write(tree)
        sparse.unlink()
        for step, peak in self.steps():
            self.assertLess(peak, FLAT, step)

    def test_many_files(self) -> None:
        tree = Tree()
        for directory in range(1000):
            tree.nodes[f"data/{directory:03}"] = Directory()
            for number in range(MANY // 1000):
                path = f"data/{directory:03}/file{number:03}"
                tree.nodes[path] = made(path, b"%d %d\n" % (directory, number))
        tree.nodes["data"] = Directory()
        self.write(tree)
        del tree
        for step, peak in self.steps():
            print(f"{step:12}{peak / MANY:>8.0f} bytes for each entry")
            self.assertLess(peak / MANY, PER_ENTRY, step)

    def write(self, tree: Tree) -> None:
        tree_tar.write(tree, self.base / "layer.tar", self.base / "layer.jsonl")

    def steps(self) -> Iterator[tuple[str, int]]:
        """Takes each step; yields its name and its peak of memory, in bytes."""
        base = self.base
        facts = f"--target={base}/facts.json"
        tree = f"{base}/tree.tar={base}/tree.jsonl"
        layer = f"{base}/layer.tar={base}/layer.jsonl"
        (base / "directory").mkdir()
        yield (
            "relocate",
            self.peak(
                "relocate_tree",
                f"--layer={layer}",
                facts,
                "--libc=host",
                f"--launcher={LAUNCHER}",
                f"--out={base}/tree.tar",
                f"--provenance={base}/tree.jsonl",
            ),
        )
        yield (
            "verify",
            self.peak(
                "verify_dist",
                f"--tree={tree}",
                f"--original={layer}",
                facts,
                "--libc=host",
                f"--out={base}/verified.json",
            ),
        )
        (base / "layer.tar").unlink()
        yield (
            "metadata",
            self.peak(
                "dist_metadata",
                f"--tree={tree}",
                f"--verified={base}/verified.json",
                facts,
                "--name=large",
                "--libc=host",
                "--tool_version=1",
                f"--out={base}/large.json",
            ),
        )
        for form in ("tar.zst", "tar.gz", "zip"):
            out = base / f"large.{form}"
            yield (
                form,
                self.peak(
                    "dist_archive",
                    f"--tar={base}/tree.tar",
                    facts,
                    "--name=large",
                    f"--format={form}",
                    "--level=1",
                    f"--out={out}",
                    f"--sha256={out}.sha256",
                ),
            )
            out.unlink()
        yield (
            "deb",
            self.peak(
                "dist_deb",
                f"--tree={tree}",
                f"--own={base}/facts.json",
                f"--control={base}/control.json",
                facts,
                "--name=large",
                "--tool_version=1",
                "--xz_level=0",
                "--zst_level=1",
                f"--out={base}/large.deb",
                f"--sha256={base}/large.deb.sha256",
            ),
        )
        (base / "large.deb").unlink()
        yield (
            "directory",
            self.peak("tree_directory", f"--tar={base}/tree.tar", f"--out={base}/directory"),
        )

    def peak(self, tool: str, *arguments: str) -> int:
        """Runs a tool of ours; returns the most memory that it held."""
        argv = [sys.executable, f"tools/{tool}.py", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        start = time.monotonic()
        process = os.posix_spawn(argv[0], argv, environment)
        _, status, usage = os.wait4(process, 0)
        self.assertEqual(status, 0, tool)
        # Kilobytes on Linux.
        peak = usage.ru_maxrss * 1024
        print(f"{tool:16}{peak / MIB:>8.0f} MiB{time.monotonic() - start:>8.1f} s", flush=True)
        return peak


if __name__ == "__main__":
    absltest.main()
