"""Two builds that have nothing in common but the sources give the same bytes."""

import hashlib
import os
import tempfile
from pathlib import Path

from absl.testing import absltest

from support import checkout

TARGETS = ("lldb_linux_arm64", "lldb_linux_x86_64")


class ReproducibleTest(absltest.TestCase):
    def build(self, name: str, *options: str, umask: int, **environment: str) -> dict[str, str]:
        """Builds the dists in a copy of the project; gives the sums of all files."""
        base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        copy = checkout.copy(checkout.workspace(), base / name, base / "output")
        self.addCleanup(copy.close)
        copy.bazel(
            "build",
            # The trees, too, of which the archives are made.
            "--output_groups=+tree",
            *options,
            *(f"//dist:{target}" for target in TARGETS),
            environment=environment,
            umask=umask,
        )
        return {
            target + ending: hashlib.sha256(copy.output(f"dist/{target}{ending}")).hexdigest()
            for target in TARGETS
            for ending in (".tar.zst", ".tar.zst.sha256", ".json", ".tar", ".provenance.jsonl")
        }

    def test_the_same_bytes(self) -> None:
        here = self.build("here", umask=0o022)
        there = self.build(
            "somewhere/else",
            "--jobs=1",
            "--spawn_strategy=local",
            umask=0o077,
            LANG="de_DE.ISO-8859-1",
            PYTHONHASHSEED="1",
            SOURCE_DATE_EPOCH="1",
            TZ="Asia/Kathmandu",
        )
        self.assertEqual(here, there)
        for name, digest in here.items():
            print(digest, name)


if __name__ == "__main__":
    absltest.main()
