"""Versions of distributions: their order, and what specifiers take."""

import itertools

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.python import versions

# Each before the next; one line is one version in several spellings.
ORDER = (
    ("0",),
    ("1.dev1", "1.0.0.dev1", "1-DEV_1"),
    ("1a1.dev2",),
    ("1a1", "v1.0-alpha.1"),
    ("1a1.post1",),
    ("1b2", "1.0beta2"),
    ("1rc1", "1c1", "1-preview_1"),
    ("1", "1.0", "1.0.0"),
    ("1.post1", "1-1", "1.0.rev1", "1r1"),
    ("1.0.1",),
    ("1.1",),
    ("1.10",),
    ("2026.1",),
    ("1!0.5",),
)


class VersionsTest(parameterized.TestCase):
    def test_order(self) -> None:
        lines = [[versions.parse(text) for text in spellings] for spellings in ORDER]
        for line in lines:
            self.assertLen({version.public for version in line if version}, 1)
        found = [line[0].public for line in lines if line[0]]
        for earlier, later in itertools.combinations(found, 2):
            self.assertLess(earlier, later)

    @parameterized.parameters("", "one", "1..2", "1.0+", "1.0-x", "1 2", "9" * 20, "1a1b1")
    def test_no_version(self, text: str) -> None:
        self.assertIsNone(versions.parse(text))

    @parameterized.parameters(
        ("", "1", True),
        (">=1.2, <2", "1.10", True),
        (">=1.2,<2", "2", False),
        ("==1.2", "1.2.0+local.1", True),
        ("==1.2+other", "1.2+local", False),
        ("==1.2.*", "1.2.9", True),
        ("==1.2.*", "1.20", False),
        ("!=1.2.*", "1.2.9", False),
        ("!=1.2", "1.2.0", False),
        ("~=1.4.2", "1.4.9", True),
        ("~=1.4.2", "1.5", False),
        ("~=1.4", "1.5", True),
        ("~=1.4", "2.0", False),
        ("<2", "2rc1", False),
        ("<2rc2", "2rc1", True),
        (">2", "2.post1", False),
        (">2.post1", "2.post2", True),
        (">2", "2+local", False),
        (">=1", "2rc1", True),
        ("===2004d", "2004D", True),
        (">=1", "2004d", False),
    )
    def test_specifiers(self, specifier: str, version: str, taken: bool) -> None:
        self.assertEqual(versions.takes(specifier, version), taken)

    @parameterized.parameters("1.2", "=1.2", ">=", "~=1", ">=1.*", "==1.0a1.*", "<1+local", ">=x")
    def test_no_specifier(self, specifier: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "specifier|no version after"):
            versions.takes(specifier, "1")


if __name__ == "__main__":
    absltest.main()
