"""docs/reference.md says what rules/*.bzl say."""

import difflib
from pathlib import Path

import reference
from absl import flags
from absl.testing import absltest

_EXTRACTED = flags.DEFINE_multi_string("module", [], "A module's documentation, in text format.")
_REFERENCE = flags.DEFINE_string("reference", None, "The file as it is checked in.", required=True)


class ReferenceTest(absltest.TestCase):
    """What is checked in, against what Bazel extracts now."""

    def test_is_up_to_date(self) -> None:
        """The message of a failure says what is other, and what to run."""
        found = Path(_REFERENCE.value).read_text().splitlines()
        wanted = reference.reference(_EXTRACTED.value).splitlines()
        difference = difflib.unified_diff(found, wanted, "found", "wanted", lineterm="")
        self.assertEqual(found, wanted, "\n".join([*difference, "run: bazel run //docs:update"]))

    def test_reads_what_protobuf_prints(self) -> None:
        """Nested messages, repeated fields, escapes."""
        message = reference.parse('a {\n  b: "\\"x\\"\\n\\303\\244"\n  b: "y"\n  c: TRUE\n}\n')
        (inner,) = message.all("a")
        self.assertEqual(inner.scalars, {"b": ['"x"\nä', "y"], "c": ["TRUE"]})


if __name__ == "__main__":
    absltest.main()
