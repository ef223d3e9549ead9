"""Layers of container images."""

import gzip
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import zstandard
from absl.testing import absltest

from relocatable import tree_tar
from relocatable.errors import RelocatableError
from relocatable.layers import layer
from relocatable.provenance import Origin, Record
from relocatable.tree import Directory, File, Link, Tree

TOOL = Path(__file__).absolute().parents[2] / "tools" / "dist_layers.py"
RECORD = Record(Origin("//:target", "path"))


def tree(**nodes: bytes | str | None) -> Tree:
    """A tree of files, links (str) and directories (None); `__` in a name is a `/`."""
    made = Tree()
    for name, what in nodes.items():
        match what:
            case bytes():
                made.add(name.replace("__", "/"), File(what, RECORD))
            case str():
                made.add(name.replace("__", "/"), Link(what, RECORD))
            case None:
                made.add(name.replace("__", "/"), Directory())
    return made


RUNTIME = tree(bin__python=b"launcher", lib__libc=b"code", lib__empty=None, python="bin/python")


class LayerTest(absltest.TestCase):
    def test_the_first_is_whole(self) -> None:
        made = layer(RUNTIME, Tree(), "opt/app")
        wanted = {"opt", "opt/app", *(f"opt/app/{path}" for path in RUNTIME.nodes)}
        self.assertEqual(set(made.nodes), wanted)

    def test_the_next_is_what_is_new_and_what_is_not_the_same(self) -> None:
        dist = tree(
            bin__python=b"other",
            lib__libc=b"code",
            lib__empty=None,
            lib__new=None,
            python="bin/python3",
            app=b"app",
        )
        made = layer(dist, RUNTIME, "app")
        files = [path for path, node in made if not isinstance(node, Directory)]
        self.assertEqual(files, ["app/app", "app/bin/python", "app/python"])
        self.assertIn("app/lib/new", made.nodes)
        self.assertNotIn("app/lib/empty", made.nodes)

    def test_a_mode_is_a_difference(self) -> None:
        executable = Tree({"tool": File(b"code", RECORD, True)})
        self.assertIn("app/tool", layer(executable, tree(tool=b"code"), "app").nodes)

    def test_where_it_is_from_is_none(self) -> None:
        """Two bundles of one package: the same bytes."""
        other = Tree({"tool": File(b"code", Record(Origin("//:other", "path")))})
        self.assertEqual(list(layer(other, tree(tool=b"code"), "app").nodes), ["app"])

    def test_nothing_can_be_taken_away(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "found one without:\n  bin\n  bin/python"):
            layer(tree(app=b"app"), RUNTIME, "app")

    def test_of_many_only_some_are_named(self) -> None:
        many = Tree({f"file{i:03}": File(b"", RECORD) for i in range(100)})
        with self.assertRaisesRegex(RelocatableError, "and 80 more"):
            layer(Tree(), many, "app")

    def test_the_directory_stays_in_the_image(self) -> None:
        for bad in ("../app", "/app", "opt//app", "."):
            with self.subTest(bad), self.assertRaisesRegex(RelocatableError, "is not allowed"):
                layer(RUNTIME, Tree(), bad)


class CommandTest(absltest.TestCase):
    def test_each_form(self) -> None:
        """Compressed or not, an image's configuration has the same digest for it."""
        scratch = Path(self.create_tempdir().full_path)
        dist = tree(bin__python=b"launcher", lib__libc=b"other code")
        for name, made in (("dist", dist), ("below", tree(bin__python=b"launcher"))):
            tree_tar.write(made, scratch / name, scratch / f"{name}.provenance")
        plain: dict[str, Callable[[bytes], bytes]] = {
            "tar": bytes,
            "tar.gz": gzip.decompress,
            "tar.zst": lambda data: zstandard.ZstdDecompressor().stream_reader(data).read(),
        }
        found = set()
        for form, decompress in plain.items():
            flags = {"tar": "dist", "below": "below", "out": form}
            paths = [f"--{flag}={scratch / name}" for flag, name in flags.items()]
            options = ["--directory=opt/app", f"--format={form}", "--level=1"]
            environment = {"PYTHONPATH": ":".join(sys.path)}
            subprocess.run([sys.executable, TOOL, *paths, *options], env=environment, check=True)
            data = decompress((scratch / form).read_bytes())
            found.add(hashlib.sha256(data).hexdigest())
        self.assertLen(found, 1)
        made = tree_tar.read_paths(scratch / "tar")
        self.assertEqual(list(made.nodes), ["opt", "opt/app", "opt/app/lib", "opt/app/lib/libc"])


if __name__ == "__main__":
    absltest.main()
