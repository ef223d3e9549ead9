"""Trees of single files: where each goes, what it may do there, and what can't be."""

from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content, file_tree
from relocatable.errors import RelocatableError
from relocatable.tree import Tree


class FileTreeTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.place = Path(self.create_tempdir().full_path)

    def collect(self, *, files: tuple[str, ...] = (), programs: tuple[str, ...] = ()) -> Tree:
        """Makes a tree of pairs NAME=PATH, whose files say their own names."""
        for pair in (*files, *programs):
            name = pair.rpartition("=")[0]
            (self.place / name).write_text(name.rstrip("12"))
        return file_tree.collect(
            [f"{self.place}/{pair}" for pair in files],
            [f"{self.place}/{pair}" for pair in programs],
            "//:label",
        )

    def test_files_and_programs(self) -> None:
        tree = self.collect(
            files=("data=share/x/data.txt", "a=b=odd"), programs=("tool=bin/a tool",)
        )
        found = {path: (content.read(file.content), file.executable) for path, file in tree.files()}
        expected = {
            "bin/a tool": (b"tool", True),
            "odd": (b"a=b", False),
            "share/x/data.txt": (b"data", False),
        }
        self.assertEqual(found, expected)

    def test_what_bazel_made_executable_is_so_only_where_it_is_a_program(self) -> None:
        (self.place / "x").touch(0o755)
        self.assertFalse(self.collect(files=("x=x",)).file("x").executable)
        self.assertTrue(self.collect(programs=("x=x",)).file("x").executable)

    def test_provenance_names_who_asked_and_not_where_the_build_was(self) -> None:
        (file,) = (file for _, file in self.collect(files=("x=y",)).files())
        self.assertIn("//:label", repr(file.record))
        self.assertNotIn(str(self.place), repr(file.record))

    def test_the_same_bytes_twice(self) -> None:
        self.assertLen(self.collect(files=("x1=y", "x2=y")).nodes, 1)

    def test_other_bytes(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "^y is to be .*/x and .*/z, which differ; move one"
        ):
            self.collect(files=("x=y", "z=y"))

    @parameterized.parameters("../x", "/x", "a//b", "a/./b")
    def test_a_path_that_no_tree_has(self, path: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "is not allowed in a tree"):
            self.collect(files=(f"x={path}",))

    @parameterized.parameters("x", "=x", "x=", "")
    def test_no_pair(self, pair: str) -> None:
        with self.assertRaisesRegex(RelocatableError, f"FILE=PATH is wanted, found '{pair}'"):
            file_tree.collect([pair], [], "//:label")


if __name__ == "__main__":
    absltest.main()
