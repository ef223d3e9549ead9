"""What trimming CPython's library saves, and how long it takes.

The sizes are of CPython's own sources as they are downloaded, and of what a shell script leaves
that removes directories of the same names. Compressed: a tar with zstd -22, as a release has it.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import zstandard

from relocatable import cli, content, tree_tar
from relocatable.python import forms, source, stdlib
from relocatable.python.library import Library
from relocatable.python.stdlib import Options
from relocatable.tree import Tree
from support import contestants

# What people throw out first; as features, these take the tests of all packages with them.
DROPPED = ("distutils", "ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtledemo")
TESTS = ("test", "tests")
# What LLDB's scripting imports, in its own C++ and Python.
LLDB = ("code", "copy", "importlib", "keyword", "pydoc", "re", "readline", "rlcompleter")
LLDB_MORE = ("signal", "uuid")

VERSIONS = ("3.11", "3.13")
ROUNDS = 3
_HERE = Path(__file__).parent


def tarball(version: str) -> Path:
    """The source of a version, as it is downloaded."""
    (found,) = _HERE.parent.parent.glob(f"*cpython_{version.replace('.', '_')}/*.orig.tar.*")
    return found


def compressed(tree: Tree) -> int:
    """Bytes of a tree's archive."""
    with tempfile.TemporaryDirectory() as directory:
        tar = Path(directory, "tree.tar")
        tree_tar.write(tree, tar, Path(directory, "tree.jsonl"))
        return len(zstandard.ZstdCompressor(level=22).compress(tar.read_bytes()))


def whole(library: Library) -> Tree:
    """The library as it is."""
    return forms.produce(stdlib.plan(library, Options()), forms.SOURCE, None, "").tree


def by_list(library: Library, anywhere: Collection[str] = ()) -> Tree:
    """What a shell script leaves: no directories of these names at the top, or anywhere."""
    result = Tree()
    for path, node in whole(library).files():
        _, _, top, *below = path.split("/")
        if top not in DROPPED and not set(anywhere).intersection(below):
            result.add(path, node)
    return result


def by(library: Library, options: Options) -> Tree:
    """What stdlib_trim leaves."""
    return forms.produce(stdlib.plan(library, options), forms.SOURCE, None, "").tree


def rows(version: str) -> Iterator[tuple[str, Tree]]:
    """What there is to compare of one version."""
    library = source.read(tarball(version), version, "//:source")
    roots = Options(roots=(*LLDB, *LLDB_MORE), deferred_imports=False)
    yield "as downloaded", whole(library)
    yield "without seven directories", by_list(library)
    yield "and without any of tests", by_list(library, TESTS)
    yield "without seven features", by(library, Options(exclude_features=DROPPED))
    yield "what LLDB's imports reach", by(library, roots)


def sizes() -> None:
    """Prints the tables of sizes."""
    for version in VERSIONS:
        print(f"\nCPython {version}{'files':>26}{'MB':>8}{'':>9}{'zstd -22':>10}")
        first = 0
        for name, tree in rows(version):
            files = [content.size(file.content) for _, file in tree.files()]
            first = first or sum(files)
            saved = f"{sum(files) / first - 1:+.1%}" if sum(files) != first else ""
            print(
                f"{name:30}{len(files):10}{sum(files) / 1e6:8.1f}{saved:>9}"
                f"{compressed(tree) / 1e6:7.2f} MB"
            )


def times() -> None:
    """Prints how long the tool takes for each form, from CPython's source, on all cores."""
    tree = "third_party/python_debs/python3.11"
    for form in forms.FORMS:
        found = []
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as directory:
                command = [
                    *(sys.executable, "tools/stdlib_trim.py", "--python_version=3.11"),
                    *(f"--archive={tarball('3.11')}", f"--form={form}"),
                    *(f"--exclude_feature={name}" for name in DROPPED),
                    *(f"--out={directory}/out.tar", f"--provenance={directory}/out.jsonl"),
                    f"--report={directory}/report.json",
                ]
                if form != forms.SOURCE:
                    command.append(f"--interpreter={tree}.tar={tree}.provenance.jsonl")
                begin = time.perf_counter()
                subprocess.run(command, check=True, env={"PYTHONPATH": ":".join(sys.path)})
                found.append(time.perf_counter() - begin)
        print(f"{form:30}{min(found):10.1f} s")


def main() -> None:
    """Prints both."""
    print(f"ours: {contestants.python()}, libzstd {contestants.libzstd()}")
    sizes()
    print("\nfrom CPython 3.11's source without seven features (goal: under 4 s on 2 cores)")
    times()


if __name__ == "__main__":
    cli.run(main)
