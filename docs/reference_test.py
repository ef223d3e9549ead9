"""The documents say what the code says."""

import difflib
import itertools
from pathlib import Path

import reference
from absl import flags
from absl.testing import absltest

from relocatable.python.features import FEATURES

_EXTRACTED = flags.DEFINE_multi_string("module", [], "A module's documentation, in text format.")
_REFERENCE = flags.DEFINE_string("reference", None, "The file as it is checked in.", required=True)
_STDLIB_TRIM = flags.DEFINE_string("stdlib_trim", None, "docs/stdlib_trim.md.", required=True)


class ReferenceTest(absltest.TestCase):
    """What is checked in, against what Bazel extracts now."""

    def test_is_up_to_date(self) -> None:
        """The message of a failure says what is other, and what to run."""
        found = Path(_REFERENCE.value).read_text().splitlines()
        wanted = reference.reference(_EXTRACTED.value).splitlines()
        if found != wanted:
            difference = difflib.unified_diff(found, wanted, "found", "wanted", lineterm="")
            self.fail("\n".join(["run: bazel run //docs:update", *difference]))

    def test_reads_what_protobuf_prints(self) -> None:
        """Nested messages, repeated fields, escapes."""
        message = reference.parse('a {\n  b: "\\"x\\"\\n\\303\\244"\n  b: "y"\n  c: TRUE\n}\n')
        (inner,) = message.all("a")
        self.assertEqual(inner.scalars, {"b": ['"x"\nä', "y"], "c": ["TRUE"]})

    def test_tells_all_features_of_the_standard_library(self) -> None:
        """The table has a row for each, in order."""
        rows = [line.split("`")[1] for line in self.table("feature")]
        self.assertEqual(rows, sorted(FEATURES))

    def table(self, heading: str) -> list[str]:
        """The rows of the table whose first column has `heading`, in docs/stdlib_trim.md."""
        lines = Path(_STDLIB_TRIM.value).read_text().splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
        return list(itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2 :]))


if __name__ == "__main__":
    absltest.main()
