"""Builds with the source packages of a lock, from a mirror of its own."""

import hashlib
import json
import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from relocatable import deb_lock
from relocatable.deb_lock import (
    Declaration,
    Index,
    Lock,
    Package,
    Source,
    SourceFile,
    SourcePackage,
)
from support import consumer
from support.mirror import Mirror

# A suite that this machine's apt does not have: its mirrors would be asked before ours.
MODULE = """
bazel_dep(name = "platforms", version = "0.0.10")

debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "test-archive",
    allow_unsigned = True,
    components = ["main"],
    mirrors = ["{mirror}/debian"],
    suite = "nowhere",
)
debs.lock(
    name = "my_debs",
    lock = "//:debs.lock.json",
)
use_repo(debs, "my_debs")
"""
SOURCE = Source("test-archive", "nowhere", ("main",), allow_unsigned=True)


class DebsSourcePackagesTest(absltest.TestCase):
    """What `with_source` is for: an offer of the source, for whoever asks."""

    def setUp(self) -> None:
        super().setUp()
        base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        self.mirror = Mirror()
        self.addCleanup(self.mirror.close)
        source = Source(
            SOURCE.name,
            SOURCE.suite,
            SOURCE.components,
            (f"{self.mirror.url}/debian",),
            allow_unsigned=True,
        )
        packages = (self._source("gcc++", "1:12~1+b"), self._source("suite", "2"))
        lock = Lock(
            Declaration((source,), ("amd64",), ("root",), with_source=("root",)),
            (Index(SOURCE.name, "Test", "today", "0" * 64),),
            (Package("root", "amd64", "2", SOURCE.name, "root.deb", 1, "0" * 64, ("amd64",), ()),),
            source_packages=packages,
        )
        self.user = consumer.make(base, MODULE.format(mirror=self.mirror.url), "")
        self.addCleanup(self.user.close)
        self.lock = self.user.directory / "debs.lock.json"
        deb_lock.write(lock, self.lock)

    def _source(self, name: str, version: str) -> SourcePackage:
        # Bytes that were never seen: Bazel's download cache remembers the others by their digest.
        stem = f"pool/main/{name}/{name}_{version.rpartition(':')[2]}"
        files = tuple(
            SourceFile(path, 16, self.mirror_file(path))
            for path in (f"{stem}.dsc", f"{stem}.tar.xz")
        )
        return SourcePackage(name, version, SOURCE.name, ("root",), files)

    def mirror_file(self, path: str) -> str:
        """Puts a file on the mirror; returns its digest."""
        data = os.urandom(16)
        self.mirror.files[f"/debian/{path}"] = data
        return hashlib.sha256(data).hexdigest()

    def test_the_files_are_what_is_in_the_lock(self) -> None:
        for target in ("root_source", "all_sources"):
            built = self.user.bazel(
                "cquery", "--output=files", f"@my_debs//:{target}", "--ui_event_filters=-info"
            )
            self.assertEqual(built.returncode, 0, built.stdout)
            names = {Path(line).name for line in built.stdout.splitlines() if "gcc" in line}
            self.assertEqual(names, {"gcc++_12~1+b.dsc", "gcc++_12~1+b.tar.xz"}, built.stdout)
        self.assertNotIn("/debian/root.deb", self.mirror.asked)
        self.assertLen(self.mirror.asked, 4)

    def test_what_can_not_be_fetched_says_what_it_is(self) -> None:
        gone = "/debian/pool/main/suite/suite_2.tar.xz"
        del self.mirror.files[gone]
        failed = self.user.bazel("build", "@my_debs//:root_source")
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn("of the source package suite 2, could not be fetched from", failed.stdout)
        self.assertIn("bazel run @my_debs//:update", failed.stdout)

    def test_a_lock_that_leads_out_of_the_archive(self) -> None:
        lock = json.loads(self.lock.read_bytes())
        lock["source_packages"][0]["files"][0]["path"] = "pool/../../x.dsc"
        self.lock.write_text(json.dumps(lock), encoding="utf-8")
        failed = self.user.bazel("build", "@my_debs//:root_source")
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn(
            "source_packages[0].files[0].path: wanted a file's path in the archive, found "
            '"pool/../../x.dsc"; ',
            failed.stdout,
        )


if __name__ == "__main__":
    absltest.main()
