"""A dist loads what its layers did: small random trees, in which every name has several files.

That the closure says of both what a real loader does is the integration test closure_loader_test's.
"""

import random
from pathlib import Path
from typing import Final

from absl.testing import absltest

from relocatable import closure, verify
from relocatable.closure import RootKind
from relocatable.provenance import Origin, Record
from relocatable.relocate import Request, relocate
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from support.elf_builder import EM_X86_64
from support.shared_object import SharedObject, program

TARGET: Final = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
LAUNCHER: Final = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "linux_x86_64"
).read_bytes()
RECORD: Final = Record(Origin("//:x", "x"))
NAMES: Final = tuple(f"lib{number}.so" for number in range(6))
DIRECTORIES: Final = ("a", "b", "a/deep", "lib64", "x86_64")


def file(made: SharedObject) -> File:
    return File(made.build(), RECORD, executable=True)


class RandomLayer:
    """A program and libraries whose search paths name all directories, each in its own order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311
        self.tree = Tree()
        self.tree.add("bin/prog", file(program(needed=self._needs(0), rpath=self._path("bin"))))
        for number, name in enumerate(NAMES):
            for directory in self._random.sample(DIRECTORIES, self._random.randint(1, 3)):
                self._add(directory, name, number)

    def _add(self, directory: str, name: str, number: int) -> None:
        made = SharedObject(
            soname=self._random.choice((name, None)),
            needed=self._needs(number + 1),
            defines={f"only_in_{directory}": ""},
        )
        path = f"{directory}/{name}"
        kind = self._random.random()
        if kind < 0.2 and "/" not in directory:  # A link, by whose place $ORIGIN counts.
            store = f"{self._random.choice(('store', 'a'))}/{number}{directory}"
            self.tree.add(path, Link(f"../{store}", RECORD))
            path = store
        if kind < 0.7:
            made.rpath = self._path(directory)
        else:
            made.runpath = self._path(directory)
        self.tree.add(path, file(made))

    def _needs(self, first: int) -> tuple[str, ...]:
        later = NAMES[first:]
        return tuple(self._random.sample(later, min(len(later), self._random.randint(1, 3))))

    def _path(self, directory: str) -> str:
        up = "/".join([".."] * (directory.count("/") + 1))
        steps = [
            f"{self._random.choice(('$ORIGIN', '${ORIGIN}'))}/{up}/{each}"
            for each in ("a", "b", "a/deep", "$LIB", "${PLATFORM}")
        ]
        self._random.shuffle(steps)
        return ":".join(["/nowhere", *steps])


class RelinkTest(absltest.TestCase):
    def test_a_dist_loads_what_its_layers_did(self) -> None:
        pool = Tree()
        pool.add(f"lib/{TARGET.loader}", file(SharedObject(soname=TARGET.loader)))
        others = 0
        for seed in range(150):
            layer = RandomLayer(seed).tree
            before = self.meanings(layer)
            with self.subTest(seed):
                dist = relocate([layer], [pool], Request("//:x", TARGET, LAUNCHER))
                self.assertEmpty(verify.verify(dist, TARGET).problems)
                after = self.meanings(dist)
                self.assertEqual(before, after)
                others += len(set(before.values())) > 3
        self.assertGreater(others, 50)

    def meanings(self, tree: Tree) -> dict[tuple[str, str], str | None]:
        """What each name of each object means when the program is started."""
        (load,) = (x for x in closure.trace(tree).loads if x.root.kind is RootKind.PROGRAM)
        return {
            (r.by.replace("libexec/", "bin/"), r.name): r.found
            for r in load.resolutions
            if r.name != TARGET.loader
        }


if __name__ == "__main__":
    absltest.main()
