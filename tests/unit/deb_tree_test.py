"""From packages to a tree: selection, moves, links, and every way to get them wrong."""

import tarfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import tree_tar
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from relocatable.tree import File, Link, Tree
from support import deb_builder as build

LIBRARY = "x86_64-linux-gnu"


class DebTreeTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.first = build.deb(
            self.directory / "first.deb",
            [
                build.special("./usr/lib", tarfile.DIRTYPE),
                build.file(f"./lib/{LIBRARY}/libz.so.1.2", b"z"),
                build.special(f"./lib/{LIBRARY}/libz.so.1", tarfile.SYMTYPE, "libz.so.1.2"),
                build.special("./etc/z", tarfile.SYMTYPE, f"/lib/{LIBRARY}/libz.so.1"),
                build.special("./usr/bin/z", tarfile.SYMTYPE, "../share/z"),
                build.file("./usr/share/z", b"#!", 0o755),
            ],
        )

    def extract(self, *also: Path, **selection: object) -> Tree:
        chosen = Selection(**selection)  # type: ignore[arg-type]
        return extract([self.first, *also], chosen, "//:x", self.directory, jobs=2)

    def test_merged_usr_and_relative_links(self) -> None:
        tree = self.extract()
        self.assertNotIn("lib", tree.nodes)
        self.assertEqual(
            tree.file(f"usr/lib/{LIBRARY}/libz.so.1").content, tree.file("etc/z").content
        )
        link = tree.nodes["etc/z"]
        assert isinstance(link, Link)
        self.assertEqual(link.target, f"../usr/lib/{LIBRARY}/libz.so.1")
        self.assertEqual(link.record.origin.path, "etc/z")

    def test_links_of_a_merged_root_are_left_out(self) -> None:
        base = build.deb(
            self.directory / "base.deb",
            [build.special("./lib", tarfile.SYMTYPE, "usr/lib")],
            name="base-files",
        )
        self.assertNotIn("lib", self.extract(base).nodes)

    def test_include_exclude(self) -> None:
        tree = self.extract(include=["usr"], exclude=["usr/**/*.so.1", "usr/bin"])
        files = [path for path, node in tree if isinstance(node, File | Link)]
        self.assertEqual(files, [f"usr/lib/{LIBRARY}/libz.so.1.2", "usr/share/z"])

    def test_remap_moves_links_too(self) -> None:
        tree = self.extract(remap={"usr/lib/*-linux-gnu": "lib", "usr": "", "etc": "etc"})
        self.assertEqual(tree.nodes["bin/z"].target, "../share/z")  # type: ignore[union-attr]
        self.assertEqual(tree.nodes["etc/z"].target, "../lib/libz.so.1")  # type: ignore[union-attr]
        self.assertIn("lib/libz.so.1.2", tree.nodes)

    def test_strip_prefix(self) -> None:
        tree = self.extract(strip_prefix="usr", exclude=["etc"])
        self.assertIn("share/z", tree.nodes)
        with self.assertRaisesRegex(
            RelocatableError, "link usr/bin/z -> ../share/z leads out of strip_prefix"
        ):
            self.extract(strip_prefix="usr/bin")

    def test_added_links(self) -> None:
        tree = self.extract(links={"usr/lib/libz.so": f"usr/lib/{LIBRARY}/libz.so.1"})
        self.assertEqual(tree.follow("usr/lib/libz.so"), f"usr/lib/{LIBRARY}/libz.so.1.2")

    def test_two_architectures_of_a_package_share_what_is_the_same(self) -> None:
        """Multi-Arch: same (Policy has it in /usr/share, dpkg counts who has it)."""
        two = [
            build.deb(
                self.directory / f"libq_{architecture}.deb",
                [
                    build.file("./usr/share/doc/libq/copyright", b"free"),
                    build.file(f"./usr/lib/{triplet}/libq.so.1", triplet.encode()),
                    build.file("./usr/share/libq/x", b"1" if differs else b"0"),
                ],
                name="libq",
                architecture=architecture,
                more="Multi-Arch: same\n",
            )
            for architecture, triplet, differs in (
                ("amd64", LIBRARY, False),
                ("arm64", "aarch64-linux-gnu", True),
            )
        ]
        tree = self.extract(*two, exclude=["usr/share/libq"])
        libraries = [path for path in tree.nodes if path.endswith("libq.so.1")]
        self.assertLen(libraries, 2)
        self.assertIn("usr/share/doc/libq/copyright", tree.nodes)
        with self.assertRaisesRegex(
            RelocatableError, "(?s)disagree on usr/share/libq/x.*amd64.*arm64"
        ):
            self.extract(*two)

    def test_patterns_that_match_nothing_are_all_named(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "the packages don't make a tree:\n"
            "  exclude 'usr/share/man' matches nothing in first.deb\n"
            "  remap 'opt' matches nothing in first.deb",
        ):
            self.extract(exclude=["usr/share/man", "etc"], remap={"opt": ""})

    @parameterized.parameters(
        (build.special("./a", tarfile.SYMTYPE, "../../x"), "link a -> ../../x leaves the tree"),
        (build.special("./dev/null", tarfile.CHRTYPE), "dev/null is of the tar type b'3'; exclude"),
        (build.file("./usr/bin/su", b"", 0o4755), "usr/bin/su is setuid or setgid; exclude it"),
        (build.file("./usr/share/z", b"other"), "two layers disagree on usr/share/z"),
    )
    def test_what_a_tree_can_not_hold(
        self, entry: tuple[tarfile.TarInfo, bytes], message: str
    ) -> None:
        bad = build.deb(self.directory / "bad.deb", [entry], name="bad")
        with self.assertRaisesRegex(RelocatableError, message):
            self.extract(bad)

    def test_left_out_is_not_refused(self) -> None:
        bad = build.deb(self.directory / "bad.deb", [build.file("./usr/bin/su", b"", 0o4755)])
        self.assertNotIn("usr/bin/su", self.extract(bad, exclude=["usr/bin/su"]).nodes)

    def test_bytes_do_not_depend_on_jobs(self) -> None:
        other = build.deb(self.directory / "other.deb", [build.file("./o", b"o" * 9999)], name="o")
        found = set()
        for jobs in (1, 2, 5):
            tree = extract([self.first, other], Selection(), "//:x", self.directory, jobs)
            tar, lines = self.directory / "t.tar", self.directory / "t.jsonl"
            tree_tar.write(tree, tar, lines)
            found.add((tar.read_bytes(), lines.read_bytes()))
        self.assertLen(found, 1)


if __name__ == "__main__":
    absltest.main()
