"""Libraries among a build's own files have the names that loaders look for."""

from pathlib import Path

from absl.testing import absltest

from relocatable import file_tree
from relocatable.provenance import Origin
from relocatable.relocate import relocate
from relocatable.request import Request
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from support.elf_builder import EM_X86_64, ElfBuilder

TARGET = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)


def library(soname: str | None, *needed: str) -> bytes:
    return ElfBuilder(soname=soname, needed=needed, versions={}).build()


class SonameLinksTest(absltest.TestCase):
    def collect(self, **files: bytes) -> Tree:
        """A tree of files by their paths, in which `__` stands for a slash."""
        directory = Path(self.create_tempdir().full_path)
        pairs = []
        for number, (path, data) in enumerate(files.items()):
            source = directory / str(number)
            source.write_bytes(data)
            pairs.append(f"{source}={path.replace('__', '/')}")
        return file_tree.collect(pairs, [], "//:x")

    def paths(self, tree: Tree) -> dict[str, str | None]:
        """Targets of links, and None for files."""
        return {
            path: node.target if isinstance(node, Link) else None
            for path, node in tree
            if isinstance(node, File | Link)
        }

    def test_a_link_for_the_soname(self) -> None:
        tree = self.collect(**{"lib__libcore.so.1.4.2": library("libcore.so.1")})
        self.assertEqual(
            self.paths(tree),
            {"lib/libcore.so.1": "libcore.so.1.4.2", "lib/libcore.so.1.4.2": None},
        )
        link = tree.nodes["lib/libcore.so.1"]
        assert isinstance(link, Link)
        self.assertEqual(link.record.origin, Origin("//:x", "lib/libcore.so.1.4.2"))

    def test_copies_are_links_again(self) -> None:
        data = library("libcore.so.1")
        names = ("libcore.so", "libcore.so.1", "libcore.so.1.4.2")
        tree = self.collect(**{f"lib__{name}": data for name in names})
        self.assertEqual(
            self.paths(tree),
            {
                "lib/libcore.so": "libcore.so.1.4.2",
                "lib/libcore.so.1": "libcore.so.1.4.2",
                "lib/libcore.so.1.4.2": None,
            },
        )

    def test_what_is_no_chain_stays(self) -> None:
        one, other = library("libcore.so.1"), library("libcore.so.1", "libx.so")
        for files in (
            # Two that differ have a claim to the name.
            {"lib__libcore.so.1.1": one, "lib__libcore.so.1.2": other},
            # In other directories, they may be variants.
            {"a__libcore.so.1": one, "b__libcore.so.1": one},
            # Other names were chosen by somebody.
            {"lib__libcore.so.1": one, "lib__libcopy.so": one},
            {"lib__libplain.so": library(None), "lib__x.so": library("libx.so.1")},
            {"lib__libodd.so": b"\x7fELF...", "lib__libtext.so": b"GROUP(libc.so.6)"},
            {"lib__libescape.so": library("../../lib.so")},
        ):
            found = self.paths(self.collect(**files))
            self.assertEqual(found, {path.replace("__", "/"): None for path in files})

    def test_a_dist_finds_it(self) -> None:
        pool = self.collect(
            **{
                "lib__libcore.so.1.4.2": library("libcore.so.1"),
                f"lib__{TARGET.loader}": library(TARGET.loader),
            }
        )
        layer = self.collect(**{"lib__module.so": library(None, "libcore.so.1")})
        made = relocate([layer], [pool], Request("//:x", TARGET, None))
        self.assertIn("lib/libcore.so.1", made.nodes)


if __name__ == "__main__":
    absltest.main()
