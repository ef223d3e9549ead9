"""Tests for `relocatable.deb_package`: the paths, what is said of them, and the file."""

import hashlib
from pathlib import Path

from absl.testing import absltest, parameterized
from debian.debfile import DebFile

from relocatable import deb
from relocatable.deb_package import contents, copyright_file, overrides, package, writer
from relocatable.deb_package.control import Control
from relocatable.deb_package.package import Inputs, Package, Spec
from relocatable.errors import RelocatableError
from relocatable.formats import Options
from relocatable.licenses.collection import Known
from relocatable.licenses.debian import Packages
from relocatable.provenance import Origin, Record
from relocatable.sbom.inventory import Facts
from relocatable.tree import Directory, File, Link, Tree

RECORD = Record(Origin("//:x", "x"))
LONG = "share/" + "long" * 60
KNOWN = Known(Packages([]), File(b"LICENSE", RECORD))


def file(data: bytes, *, executable: bool = False) -> File:
    return File(data, RECORD, executable)


def tree(**more: File | Link) -> Tree:
    made = Tree()
    made.add("bin/x", file(b"#!/bin/sh\n", executable=True))
    made.add("bin/y", Link("x", RECORD))
    made.add("empty", Directory())
    made.add(LONG, file(bytes(2000)))
    made.add("share/ünï code", Link("long" * 60, RECORD))
    for path, node in more.items():
        made.add(path.replace("_", "/"), node)
    return made


def spec(**changed: object) -> Spec:
    control = Control("tool", "1.0-1", "Jo <jo@example.com>", "a tool", "amd64")
    found = {
        "control": control,
        "prefix": "opt/tool",
        "links": {"usr/bin/x": "bin/y", "opt/x": "bin/x"},
        "conffiles": (),
        "overrides": (),
        "compression": "xz",
    }
    return Spec(**(found | changed))  # type: ignore[arg-type]


def assembled(dist: Tree | None = None, *others: Tree, **changed: object) -> Package:
    inputs = Inputs(dist or tree(), others, {}, KNOWN, Facts("tool", "1"))
    return package.assemble(spec(**changed), inputs)


class AssembleTest(parameterized.TestCase):
    def test_links_are_as_policy_wants(self) -> None:
        nodes = assembled().data.nodes
        self.assertEqual(nodes["usr/bin/x"], Link("/opt/tool/bin/y", contents.MADE_BY))
        self.assertEqual(nodes["opt/x"], Link("tool/bin/x", contents.MADE_BY))

    def test_a_link_leads_into_the_dist(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "/usr/bin/x is to lead to bin/z, which is"):
            assembled(links={"usr/bin/x": "bin/z"})

    def test_prefixes(self) -> None:
        self.assertIn("usr/bin/x", assembled(prefix="usr", links={}).data.nodes)
        self.assertIn("bin/x", assembled(prefix=".", links={}).data.nodes)

    def test_configuration_files(self) -> None:
        other = Tree()
        other.add("etc/x.conf", file(b"a"))
        made = assembled(None, other, conffiles=("opt/tool/" + LONG,))
        conffiles = made.control.file("conffiles").content
        self.assertEqual(conffiles, f"/etc/x.conf\n/opt/tool/{LONG}\n".encode())
        sums = bytes(made.control.file("md5sums").content)  # type: ignore[arg-type]
        self.assertNotIn(b"etc/x.conf", sums)
        digest = hashlib.md5(b"#!/bin/sh\n", usedforsecurity=False).hexdigest()
        self.assertIn(f"{digest}  opt/tool/bin/x\n".encode(), sums)
        with self.assertRaisesRegex(RelocatableError, "no files of the package: /etc/y"):
            assembled(conffiles=("etc/y",))

    def test_two_files_for_one_path(self) -> None:
        other = Tree()
        other.add("opt/tool/bin/x", file(b"another"))
        with self.assertRaisesRegex(RelocatableError, "disagree on opt/tool/bin/x"):
            assembled(None, other)

    def test_a_name_with_a_line_end(self) -> None:
        other = Tree()
        other.add("etc/a\nb", file(b""))
        with self.assertRaisesRegex(
            RelocatableError, r"no names with a line end; rename: 'etc/a\\nb'"
        ):
            assembled(None, other)

    def test_installed_size(self) -> None:
        small = Tree()
        small.add("a/b", file(bytes(1025)))
        small.add("a/c", Link("b", RECORD))
        small.add("a/d", file(b""))
        self.assertEqual(contents.size(small), 1 + 2 + 1 + 0)

    def test_descriptions(self) -> None:
        """A synopsis alone gets an extended description (Policy 3.4)."""
        for told, lines in (
            ("a tool", 4),
            ("a tool\n", 4),
            ("a tool\nThat does.\n\nMuch.", 3),
        ):
            control = Control("tool", "1.0-1", "Jo <jo@example.com>", told, "all")
            text = control.text(1).decode()
            synopsis, *rest = text.partition("Description: ")[2].splitlines()
            self.assertEqual((synopsis, len(rest)), ("a tool", lines))
            for line in rest:
                self.assertRegex(line, r"^ \S.{0,78}$")
        self.assertIn("\n .\n Much.\n", text)

    def test_machine_code_is_for_one_architecture(self) -> None:
        control = Control("tool", "1.0-1", "Jo <jo@example.com>", "a tool", "all")
        self.assertIn("opt/tool/bin/x", assembled(control=control).data.nodes)
        code = file(b"\x7fELF...")
        with self.assertRaisesRegex(RelocatableError, "no machine code .* found opt/tool/bin/e"):
            assembled(tree(bin_e=code), control=control)

    def test_copyright(self) -> None:
        text = bytes(assembled().data.file("usr/share/doc/tool/copyright").content).decode()  # type: ignore[arg-type]
        self.assertStartsWith(text, "Format: https://www.debian.org/doc/packaging-manuals/")
        self.assertIn("Files: opt/tool/bin/x\n", text)
        own = Tree()
        own.add("usr/share/doc/tool/copyright", file(b"mine"))
        found = assembled(None, own).data.file("usr/share/doc/tool/copyright")
        self.assertEqual(found.content, b"mine")

    def test_patterns_of_copyright(self) -> None:
        self.assertEqual(copyright_file.pattern("a b/*c?\\d"), "a?b/\\*c\\?\\\\d")

    def test_overrides(self) -> None:
        text = overrides.text("tool", tree(), "usr", ["some-tag about this"]).decode()
        self.assertIn("tool: some-tag about this\n", text)
        self.assertNotIn("statically", text)
        text = overrides.text("tool", tree(bin_e=file(b"\x7fELF...")), "usr", []).decode()
        self.assertIn("tool: statically-linked-binary [usr/*]\n", text)

    def test_overrides_of_a_python_inside(self) -> None:
        tag = "tool: unusual-interpreter * [{}*python3.*]\n"
        for prefix in ("opt/tool", "."):
            inside = "" if prefix == "." else f"{prefix}/"
            made = Tree()
            made.add(f"{inside}lib/python3.11/os.py", file(b""))
            found = overrides.text("tool", made, prefix, []).decode()
            self.assertIn(tag.format(inside), found)


class WriterTest(parameterized.TestCase):
    def written(self, compression: str, workers: int = 1) -> Path:
        made = assembled()
        path = Path(self.create_tempdir().full_path) / "tool.deb"
        writer.write(path, made.control, made.data, compression, Options("", 3, 62, workers))
        return path

    @parameterized.parameters("xz", "zst")
    def test_bytes_follow_from_the_arguments(self, compression: str) -> None:
        found = {self.written(compression, workers).read_bytes() for workers in (1, 2, 3)}
        self.assertLen(found, 1)

    @parameterized.parameters("xz", "zst")
    def test_our_own_reader(self, compression: str) -> None:
        path = self.written(compression)
        (read,) = deb.unpack([path], path.parent, 1)
        self.assertEqual(str(read.package), "tool 1.0-1 amd64")
        items = {item.path: item for item in deb.items(read)}
        expected = {path for path, _ in assembled().data}
        self.assertEqual(items.keys(), expected)
        self.assertTrue(items["opt/tool/bin/x"].executable)
        self.assertEqual(items["opt/tool/share/ünï code"].target, "long" * 60)

    def test_python_debian_reads_it(self) -> None:
        with DebFile(self.written("xz")) as found:
            self.assertEqual(found.debcontrol()["Package"], "tool")
            sums = found.md5sums(encoding="utf-8")
            self.assertIn("opt/tool/bin/x", sums)
            tar = found.data.tgz()
            self.assertEqual(tar.getnames()[:2], [".", "./opt"])
            self.assertEqual({info.mtime for info in tar}, {315532800})
            self.assertEqual({(info.uname, info.uid) for info in tar}, {("root", 0)})
            # dpkg knows no pax headers.
            self.assertEqual([info.name for info in tar if info.pax_headers], [])


if __name__ == "__main__":
    absltest.main()
