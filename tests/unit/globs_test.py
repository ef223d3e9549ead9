"""Patterns: what they match, what they can't, and which of them did nothing."""

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.globs import Globs, likest


class GlobsTest(parameterized.TestCase):
    @parameterized.parameters(
        ("usr/lib", "usr/lib", True),
        ("usr/lib", "usr/lib/x/y", True),
        ("usr/lib", "usr/lib64", False),
        ("usr/lib", "opt/usr/lib", False),
        ("*.so", "a.so", True),
        ("*.so", "d/a.so", False),
        ("**/*.so", "a.so", True),
        ("**/*.so", "d/e/a.so", True),
        ("d/**", "d/e", True),
        ("d/**", "d", False),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("lib?", "lib6", True),
        ("lib?", "lib", False),
        ("lib[0-9].so", "lib6.so", True),
        ("lib[!0-9].so", "lib6.so", False),
        ("lib[", "lib[", True),
        ("libstdc++.so.6", "libstdc++.so.6", True),
        ("libstdc++.so.6", "libstdcc.so.6", False),
    )
    def test_match(self, pattern: str, path: str, expected: bool) -> None:
        self.assertEqual(Globs([pattern]).match(path), expected)

    @parameterized.parameters("", "/", "a/../b", "./a")
    def test_patterns_that_match_nothing(self, pattern: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "can match no path"):
            Globs([pattern])

    @parameterized.parameters(
        ("usr/lib/llvm-15/bin/lldb", "usr/lib/llvm-16/bin/lldb"),
        ("bin/lldb", "usr/lib/llvm-16/bin/lldb"),
        ("usr/bin/lldb-15", "usr/bin/lldb-16"),
        ("usr/share/x", None),
    )
    def test_likest(self, pattern: str, expected: str | None) -> None:
        paths = ["usr/bin", "usr/bin/lldb-16", "usr/lib/llvm-16/bin/lldb", "usr/bin/other"]
        self.assertEqual(likest(pattern, paths), expected)

    def test_unused(self) -> None:
        globs = Globs(["a", "b", "c"])
        globs.match("b/x")
        self.assertEqual(globs.unused(), ["a", "c"])


if __name__ == "__main__":
    absltest.main()
