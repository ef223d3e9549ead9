"""One dist for both kinds of Mac has for each what the dist for that has."""

from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable import closure, content, launcher, macho, tree_tar
from relocatable.closure import Options
from relocatable.tree import Tree

_DISTS = flags.DEFINE_multi_string("dist", [], "Files of a dist's tree: arm64's, then x86_64's.")
_UNIVERSAL = flags.DEFINE_string("universal", None, "Files of the tree for both.")


def read(files: str) -> Tree:
    by_ending = {Path(file).suffix: file for file in files.split()}
    (tree,) = tree_tar.read_all([f"{by_ending['.tar']}={by_ending['.jsonl']}"])
    return tree


class UniversalTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.universal = read(_UNIVERSAL.value or "")

    def test_each_machine_has_its_own_bytes(self) -> None:
        for machine, files in zip(("arm64", "x86_64"), _DISTS.value, strict=True):
            compared = 0
            for path, file in read(files).files():
                data = content.view(self.universal.file(path).content)
                if macho.is_universal(data[:8]):
                    data = memoryview(macho.plan_extract(data, path, machine).apply(data))
                    self.assertTrue(data == content.view(file.content), path)
                    compared += 1
            self.assertGreater(compared, 100)

    def test_each_machine_finds_its_libraries(self) -> None:
        for machine in ("arm64", "x86_64"):
            found = closure.trace(self.universal, Options(cpu=machine))
            # What only the other machine's wheels have, nothing here loads.
            wrong = [problem.text for problem in found.problems() if problem.fatal]
            self.assertEmpty([text for text in wrong if "can't be loaded" not in text])
            self.assertGreater(sum(len(load.objects) for load in found.loads), 100)

    def test_launchers(self) -> None:
        data = content.read(self.universal.file("bin/calculator").content)
        self.assertTrue(macho.is_universal(data))
        self.assertEqual(launcher.read(data).program, "libexec/calculator")


if __name__ == "__main__":
    absltest.main()
