"""A dist says what was waived, and why."""

import json
from pathlib import Path

from absl import flags
from absl.testing import absltest

_FILES = flags.DEFINE_string("files", None, "Of the dist.", required=True)


class WaiversTest(absltest.TestCase):
    def test_metadata(self) -> None:
        (metadata,) = (name for name in _FILES.value.split() if name.endswith(".json"))
        self.assertEqual(
            json.loads(Path(metadata).read_bytes())["waivers"],
            [
                {
                    "pattern": "share/guest/*.txt",
                    "check": "build-path",
                    "reason": "an example",
                    "paths": ["share/guest/notes.txt"],
                },
                {
                    "pattern": "share/guest/init",
                    "check": "foreign-machine",
                    "reason": "the first program of the guest",
                    "paths": ["share/guest/init"],
                },
            ],
        )


if __name__ == "__main__":
    absltest.main()
