"""The version is one, wherever it stands."""

import re
from pathlib import Path

from absl.testing import absltest

ROOT = Path(__file__).absolute().parents[2]


class VersionTest(absltest.TestCase):
    def test_module_and_metadata(self) -> None:
        found = [
            re.findall(pattern, (ROOT / path).read_text(), re.MULTILINE)
            for path, pattern in (
                ("MODULE.bazel", r'^    version = "([^"]+)",$'),
                ("rules/private/version.bzl", r'^VERSION = "([^"]+)"$'),
                ("tools/relocatable/version.py", r'^VERSION = "([^"]+)"$'),
            )
        ]
        self.assertLen(found[0], 1)
        self.assertEqual(found, [found[0]] * len(found))


if __name__ == "__main__":
    absltest.main()
