"""From packages to a tree: selection, moves, links, and every way to get them wrong."""

import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import content, provenance, tree_tar
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from relocatable.provenance import Dpkg
from relocatable.tree import File, Link, Tree
from support import deb_builder as build

LIBRARY = "x86_64-linux-gnu"


_PEAK = """
import resource, sys
from pathlib import Path
from relocatable.deb_tree import Selection, extract
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
tree = extract([Path(sys.argv[1])], Selection(), "//:x", Path(sys.argv[2]), 1)
print(before, len(tree.nodes), peak())
"""
"""A process of its own, since a peak never falls: KiB before, paths, KiB after."""


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

    def replacing(self, name: str, data: bytes, replaces: str = "") -> Path:
        more = f"Replaces: {replaces}\n" if replaces else ""
        entry = build.file("./usr/bin/x", data)
        return build.deb(self.directory / f"{name}.deb", [entry], name=name, more=more)

    @parameterized.parameters(
        ("old", True),
        ("old (<< 2)", True),
        ("other, old (= 1.0-1)", True),
        ("old (>> 1.0-1)", False),
        ("old (<< 1.0-1~)", False),
        ("other", False),
    )
    def test_replaces(self, replaces: str, does: bool) -> None:
        """In any order, as dpkg does."""
        old, new = self.replacing("old", b"old"), self.replacing("new", b"new", replaces)
        for order in ([old, new], [new, old]):
            if does:
                node = self.extract(*order).file("usr/bin/x")
                self.assertEqual(content.read(node.content), b"new")
                assert node.record.dpkg is not None
                self.assertEqual(node.record.dpkg.replaces, ("old 1.0-1 amd64",))
            else:
                with self.assertRaisesRegex(RelocatableError, "two layers disagree on usr/bin/x"):
                    self.extract(*order)

    def test_a_version_that_can_not_be(self) -> None:
        old, new = self.replacing("old", b"old"), self.replacing("new", b"new", "old (<< x y)")
        with self.assertRaisesRegex(RelocatableError, "new 1.0-1 amd64"):
            self.extract(old, new)

    def test_diversions(self) -> None:
        one, two = self.replacing("one", b"1"), self.replacing("two", b"2")
        tree = self.extract(one, two, diversions={"one:bin/x": "bin/x.distrib"})
        self.assertEqual(content.read(tree.file("usr/bin/x").content), b"1")
        away = tree.file("usr/bin/x.distrib")
        self.assertEqual(content.read(away.content), b"2")
        self.assertEqual(away.record.dpkg, Dpkg(diverted="usr/bin/x"))
        tar, lines = self.directory / "t.tar", self.directory / "t.jsonl"
        tree_tar.write(tree, tar, lines)
        self.assertEqual(provenance.read(lines)["usr/bin/x.distrib"], away.record)
        local = self.extract(one, diversions={"usr/bin/x": "usr/bin/y"})
        self.assertNotIn("usr/bin/x", local.nodes)

    @parameterized.parameters(
        ({"one:usr/bin/x": "usr/bin/y"}, "'one:usr/bin/x' diverts nothing"),
        ({"three:usr/bin/x": "usr/bin/y"}, "no package is called 'three'"),
        ({"usr/bin": "usr/y"}, "usr/bin is a directory; a file is wanted"),
        ({"usr/bin/x": "a", "bin/x": "b"}, "bin/x is diverted twice"),
    )
    def test_diversions_that_can_not_be(self, diversions: dict[str, str], message: str) -> None:
        directory = build.special("./usr/bin", tarfile.DIRTYPE)
        one = build.deb(
            self.directory / "o.deb", [directory, build.file("./usr/bin/x")], name="one"
        )
        with self.assertRaisesRegex(RelocatableError, message):
            self.extract(one, diversions=diversions)

    def test_alternatives(self) -> None:
        one = self.replacing("one", b"1")
        tree = self.extract(one, alternatives={"bin/y": "bin/x"}, remap={"usr": ""})
        self.assertEqual(tree.nodes["bin/y"].target, "x")  # type: ignore[union-attr]
        for alternatives, message in (
            ({"usr/bin/y": "usr/bin/no"}, "'usr/bin/y': usr/bin/no is not in the tree"),
            ({"usr/bin/x": "usr/share/z"}, "'usr/bin/x': there is a path .* of one 1.0-1 amd64"),
        ):
            with self.assertRaisesRegex(RelocatableError, message):
                self.extract(one, alternatives=alternatives)

    def test_what_scripts_would_have_done_is_told(self) -> None:
        one = build.deb(
            self.directory / "one.deb",
            [build.file("./usr/bin/x"), build.file("./etc/x")],
            name="one",
            control_files={
                "conffiles": "/etc/x\nremove-on-upgrade /etc/y\n",
                "triggers": "# x\nactivate-noawait ldconfig\n",
                "postinst": "update-alternatives \\\n --install /usr/bin/y y /usr/bin/x 5"
                " \\\n --slave /usr/bin/z z /usr/bin/no; update-alternatives --remove a /b\n"
                'dpkg-divert --add --rename --divert /usr/share/z.old "/usr/share/z" || true\n'
                "update-alternatives --install $a b $c 5\n",
            },
        )
        packages: list[dict[str, Any]] = []
        selection = Selection()
        tree = extract([self.first, one], selection, "//:x", self.directory, 1, packages=packages)
        record = tree.file("etc/x").record
        self.assertEqual(record.dpkg, Dpkg(conffile=True))
        told = packages[1]
        link = {"link": "usr/bin/y", "path": "usr/bin/x"}
        diversion = {"path": "usr/share/z", "to": "usr/share/z.old", "package": "one"}
        self.assertEqual(told["conffiles"], ["etc/x", "etc/y"])
        self.assertEqual(told["triggers"], ["activate-noawait ldconfig"])
        self.assertEqual(told["scripts"], ["postinst"])
        self.assertEqual(told["alternatives"], [link, {"link": "usr/bin/z", "path": "usr/bin/no"}])
        self.assertEqual(told["unresolved"], ["postinst: update-alternatives --install $a b $c 5"])
        self.assertEqual(told["undone"], {"alternatives": [link], "diversions": [diversion]})
        packages.clear()
        done = Selection(
            alternatives={"usr/bin/y": "usr/bin/x"},
            diversions={"one:usr/share/z": "usr/share/z.old"},
        )
        extract([self.first, one], done, "//:x", self.directory, 1, packages=packages)
        self.assertEqual(packages[1]["undone"], {"alternatives": [], "diversions": []})

    def test_patterns_that_match_nothing_are_all_named(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "the packages don't make a tree:\n"
            "  exclude 'usr/share/man' matches nothing in first.deb; in usr/share there are: z\n"
            "  remap 'opt' matches nothing in first.deb; in the root there are: etc, usr",
        ):
            self.extract(exclude=["usr/share/man", "etc"], remap={"opt": ""})

    def test_patterns_that_match_nothing_in_many_packages(self) -> None:
        packages = [
            build.deb(
                self.directory / f"p{number}.deb",
                [
                    build.file(f"./usr/share/doc/p{number}/copyright"),
                    build.file(f"./usr/lib/p{number}/lib.so"),
                ],
                name=f"p{number}",
            )
            for number in range(200)
        ]
        patterns = ["usr/share/doc/copyright", "usr/lib/p77x/*.so", *(f"x{n}" for n in range(50))]
        with self.assertRaises(RelocatableError) as raised:
            self.extract(*packages, include=patterns)
        lines = str(raised.exception).splitlines()
        self.assertLen(lines, 1 + 20 + 1)
        self.assertLess(max(map(len, lines)), 200)
        where = "matches nothing in the 201 packages"
        self.assertIn(
            f"  include 'usr/lib/p77x/*.so' {where}; in usr/lib there are: p77, p177, p7, p0, p1"
            " and 196 more",
            lines,
        )
        self.assertRegex(
            next(line for line in lines if "doc/copyright" in line),
            rf"{where}; is 'usr/share/doc/p\d+/copyright' of p\d+ meant\?",
        )
        self.assertIn("  …and 32 further patterns match nothing in the 201 packages", lines)

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

    def test_a_hundred_thousand_paths(self) -> None:
        """Of each, a name and where its bytes are is kept: its memory is bounded."""
        count = 100_000
        entry, _ = build.file("./x", b"x")
        header, data = entry.tobuf(tarfile.GNU_FORMAT), b"x".ljust(512, b"\0")
        archive = b"".join(_renamed(header, number) + data for number in range(count))
        many = self.directory / "many.deb"
        build.deb(many, archive + bytes(1024), name="many", compression=".zst")
        told = subprocess.run(
            [sys.executable, "-c", _PEAK, many, self.directory],
            env={"PYTHONPATH": ":".join(sys.path)},
            check=True,
            stdout=subprocess.PIPE,
        )
        before, paths, after = map(int, told.stdout.split())
        self.assertGreater(paths, count)
        self.assertLess((after - before) * 1024 / count, 1500)

    def test_bytes_do_not_depend_on_jobs(self) -> None:
        other = build.deb(self.directory / "other.deb", [build.file("./o", b"o" * 9999)], name="o")
        found = set()
        for jobs in (1, 2, 5):
            tree = extract([self.first, other], Selection(), "//:x", self.directory, jobs)
            tar, lines = self.directory / "t.tar", self.directory / "t.jsonl"
            tree_tar.write(tree, tar, lines)
            found.add((tar.read_bytes(), lines.read_bytes()))
        self.assertLen(found, 1)


def _renamed(header: bytes, number: int) -> bytes:
    """A tar header with another name and its checksum."""
    name = b"./usr/share/x/%06d" % number
    changed = bytearray(name.ljust(100, b"\0") + header[100:])
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


if __name__ == "__main__":
    absltest.main()
