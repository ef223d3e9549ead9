"""A module's dist has the same bytes in another module's graph as when it is built alone.

Two of tests/e2e: in `two_versions`, the root chooses the Python that `dependency` is built on, and
has packages and wheels of the same names.
"""

import hashlib
import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from support import checkout
from support.consumer import Consumer

MODULE = checkout.workspace() / "tests/e2e/two_versions"


class TwoVersionsTest(absltest.TestCase):
    def test_same_bytes(self) -> None:
        # What both are built with is built once; their own actions have other paths, and both run.
        cache = self.create_tempdir().full_path
        together = self.build(MODULE, "@dependency//:dist", "external/dependency?", cache)
        alone = self.build(MODULE / "dependency", "//:dist", ".", cache)
        self.assertEqual(together, alone)

    def build(self, module: Path, label: str, package: str, cache: str) -> str:
        """Builds a dist in a workspace; returns the digest of its archive."""
        output_base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        consumer = Consumer(module, output_base)
        try:
            flags = (f"--disk_cache={cache}", "--symlink_prefix=/")
            done = consumer.bazel("build", *flags, label)
            self.assertEqual(done.returncode, 0, done.stdout)
            (archive,) = output_base.glob(f"execroot/_main/bazel-out/*/bin/{package}/dist.tar.zst")
            return hashlib.sha256(archive.read_bytes()).hexdigest()
        finally:
            consumer.close()


if __name__ == "__main__":
    absltest.main()
