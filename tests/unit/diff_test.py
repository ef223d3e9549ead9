"""Tests for `relocatable.diff`: what differs between two dists, in each form that one has."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import diff, formats, metadata, tree_tar
from relocatable.diff import Difference, modules
from relocatable.errors import RelocatableError
from relocatable.formats import Options
from relocatable.metadata import Archive, Facts
from relocatable.provenance import Origin, Package, Record, Wheel
from relocatable.target import Target
from relocatable.tree import Directory, File, Link, Tree
from support.macho_trees import SYSTEM, macho, signed
from support.shared_object import SharedObject

TARGET = Target("linux_x86_64", 62, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
PYTHON = "lib/python3.11"


def record(name: str = "libfoo1", version: str = "1", digest: str = "0") -> Record:
    return Record(Origin(Package(name, version, "amd64", digest * 64), "x"))


def file(data: bytes = b"", where: Record | None = None, *, executable: bool = False) -> File:
    return File(data, where or record(), executable)


def tree(nodes: Mapping[str, File | Link | Directory]) -> Tree:
    found = Tree()
    for path, node in nodes.items():
        found.add(path, node)
    return found


def library(soname: str, where: Record | None = None, **more: object) -> File:
    return file(SharedObject(soname=soname, **more).build(), where)  # type: ignore[arg-type]


OLD: dict[str, File | Link | Directory] = {
    "bin/tool": file(b"#!/bin/sh\n", executable=True),
    "bin/t": Link("tool", record()),
    "empty": Directory(),
    "lib/libfoo.so.1": library(
        "libfoo.so.1",
        needed=("libc.so.6", "libold.so.1"),
        defines={"foo": "FOO_1", "gone": "FOO_1", "hidden": "FOO_PRIVATE", "plain": ""},
        wants={"printf": ("libc.so.6", "GLIBC_2.17")},
    ),
    "lib/libgone.so.2": library("libgone.so.2", record("libgone2")),
    f"{PYTHON}/json/__init__.py": file(b"1"),
    f"{PYTHON}/json/tool.py": file(b"2"),
    f"{PYTHON}/site-packages/bar-1.dist-info/METADATA": file(b"Name: Bar\nVersion: 1\n\n"),
    f"{PYTHON}/test/__init__.py": file(b"1234"),
    f"{PYTHON}/test/a.py": file(b"123456"),
    "share/x": file(b"same"),
}
NEW: dict[str, File | Link | Directory] = {
    "bin/tool": file(b"#!/bin/sh\n"),
    "bin/t": Link("../share/x", record()),
    "lib/libfoo.so.1": library(
        "libfoo.so.1",
        record(version="2"),
        needed=("libc.so.6",),
        defines={"foo": "FOO_2", "plain": ""},
        wants={"printf": ("libc.so.6", "GLIBC_2.34")},
    ),
    f"{PYTHON}/json/__init__.py": file(b"one"),
    f"{PYTHON}/json/tool.pyc": file(b"2"),
    f"{PYTHON}/lib-dynload/_x.cpython-311-x86_64-linux-gnu.so": file(b"x"),
    f"{PYTHON}/site-packages/bar-2.dist-info/METADATA": file(b"Name: Bar\nVersion: 2\n\n"),
    "share/x": file(b"sane"),
}


class DiffTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def made(self, name: str, nodes: Mapping[str, File | Link | Directory], form: str) -> Path:
        """A dist as rules make it: an archive, and the metadata beside it."""
        path = self.directory / f"{name}.{form}"
        packed = tree(nodes)
        if form == "tar":
            tree_tar.write(packed, path, self.directory / f"{name}.provenance.jsonl")
            return path
        formats.write(packed, path, form, Options(name, 3))
        facts = Facts(name, TARGET, "bundled", "2.17", "3.11", "0.1.0")
        archive = Archive(path.name, "0" * 64, path.stat().st_size)
        described = json.loads(metadata.metadata(packed, facts, [archive]))
        del described["archives"][:]
        (self.directory / f"{name}.json").write_text(json.dumps(described))
        return path

    def compared(self, old: Path, new: Path) -> Difference:
        return diff.compare(diff.read(old), diff.read(new))

    def document(self, old: Path, new: Path) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = json.loads(diff.document(self.compared(old, new)))
        return found

    @parameterized.parameters("tar", "tar.gz", "tar.xz", "tar.zst", "zip")
    def test_the_same_in_another_form(self, form: str) -> None:
        found = self.compared(self.made("a", OLD, "tar.zst"), self.made("b", OLD, form))
        self.assertTrue(found.same, diff.summary(found))
        self.assertEmpty(found.notes)
        self.assertIn("no difference in what was compared\n", diff.summary(found))
        self.assertIn("packages", found.changes)

    def test_all_aspects(self) -> None:
        found = self.document(self.made("a", OLD, "tar.zst"), self.made("b", NEW, "zip"))
        self.assertFalse(found["same"])
        nothing: dict[str, object] = {"added": {}, "removed": {}, "changed": {}}
        self.assertEqual(found["about"], nothing)
        self.assertEqual(found["baselines"], nothing | {"changed": {"GLIBC": ["2.17", "2.34"]}})
        gone = {"version": "1", "sha256": "0" * 64}
        self.assertEqual(
            found["packages"],
            nothing
            | {"removed": {"libgone2": gone}}
            | {"changed": {"libfoo1": [gone, {"version": "1, 2", "sha256": None}]}},
        )
        one, two = ({"version": version, "sha256": None} for version in "12")
        self.assertEqual(found["distributions"], nothing | {"changed": {"bar": [one, two]}})
        self.assertEqual(
            found["sonames"], nothing | {"removed": {"libgone.so.2": "lib/libgone.so.2"}}
        )
        self.assertEqual(
            found["needed"],
            nothing | {"changed": {"lib/libfoo.so.1": {"added": [], "removed": ["libold.so.1"]}}},
        )
        self.assertEqual(
            found["exports"],
            nothing
            | {
                "changed": {
                    "libfoo.so.1": {"added": ["foo@FOO_2"], "removed": ["foo@FOO_1", "gone@FOO_1"]}
                }
            },
        )
        self.assertEqual(
            found["requires"],
            nothing
            | {"changed": {"libc.so.6": {"added": ["GLIBC_2.34"], "removed": ["GLIBC_2.17"]}}},
        )
        self.assertEqual(
            found["defines"],
            nothing
            | {
                "changed": {
                    "libfoo.so.1": {"added": ["FOO_2"], "removed": ["FOO_1", "FOO_PRIVATE"]}
                }
            },
        )
        self.assertEqual(
            found["modules"],
            {
                "added": {"_x": "native"},
                "removed": {"test": "source", "test.a": "source"},
                "changed": {"json.tool": ["source", "bytecode"]},
            },
        )
        paths = found["paths"]
        assert isinstance(paths["changed"], dict)
        self.assertContainsSubset(
            {
                "bin/t": [
                    {"kind": "link", "size": None, "target": "tool"},
                    {"kind": "link", "size": None, "target": "../share/x"},
                ],
                "bin/tool": [
                    {"kind": "executable", "size": 10, "target": None},
                    {"kind": "file", "size": 10, "target": None},
                ],
                # Other bytes, as many.
                "share/x": [{"kind": "file", "size": 4, "target": None}] * 2,
            },
            paths["changed"],
        )
        assert isinstance(paths["removed"], dict)
        self.assertEqual(
            paths["removed"]["empty"], {"kind": "directory", "size": None, "target": None}
        )

    def test_in_words(self) -> None:
        found = self.compared(self.made("a", OLD, "tar.zst"), self.made("b", NEW, "tar.zst"))
        text = diff.summary(found)
        for line in (
            "  - empty  directory\n",
            "GLIBC          2.17 → 2.34\n",
            "exports        1 changed; 2 symbols lost\n",
            "  ~ libfoo.so.1  lost foo@FOO_1, gone@FOO_1; gained foo@FOO_2\n",
            "  ~ libfoo1  1 → 1, 2\n",
            "  - libgone.so.2  lib/libgone.so.2\n",
            "  ~ lib/libfoo.so.1  lost libold.so.1\n",
            "  - test.…  2 of them\n",
            "  ~ json.tool  source → bytecode\n",
            f"  - {PYTHON}/test/…  2 of them, 10 B\n",
            "  ~ bin/t  -> tool → ../share/x\n",
            "  ~ bin/tool  executable → file\n",
            "  ~ share/x  other bytes, 4 B of them\n",
        ):
            self.assertIn(line, text)

    def test_long_sections(self) -> None:
        many = {f"share/{n:02}": file(b"x" * n) for n in range(40)}
        found = self.compared(
            self.made("a", {"share/x": file()}, "tar.zst"), self.made("b", many, "tar.zst")
        )
        short, long = diff.summary(found), diff.summary(found, everything=True)
        # The largest.
        self.assertIn("  + share/39  39 B\n", short)
        self.assertIn("  and 26 more (--all shows them)\n", short)
        self.assertNotIn("share/01", short)
        self.assertIn("  + share/01  1 B\n", long)

    def test_what_only_moved(self) -> None:
        old: dict[str, File | Link | Directory] = {
            "lib/a/__init__.py": file(),
            "lib/a/x.py": file(b"x"),
            "lib/y": file(b"y"),
            "lib/l": Link("y", record()),
            "share/z": file(b"z"),
            "share/same/w": file(b"old"),
        }
        new = {f"app/{path}": node for path, node in old.items() if path.startswith("lib")}
        new |= {"doc/z": file(b"z"), "doc/w": file(b"new"), "doc/v": file(b"old")}
        found = self.compared(self.made("a", old, "tar.zst"), self.made("b", new, "tar.zst"))
        self.assertFalse(found.same)
        self.assertEqual(
            found.moved,
            {path: f"app/{path}" for path in sorted(old) if path.startswith("lib")}
            | {"share/z": "doc/z"},
        )
        text = diff.summary(found)
        for line in (
            "paths     2 added, 1 removed, 5 moved\n",
            "  > … → app/…  4 of them, 2 B\n",
            "  > share/z → doc/z\n",
            "  - share/same/w  3 B\n",
            "  + doc/…  2 of them, 6 B\n",
        ):
            self.assertIn(line, text)

    def test_metadata_alone(self) -> None:
        old, new = self.made("a", OLD, "tar.zst"), self.made("b", NEW, "tar.zst")
        found = self.compared(old.with_name("a.json"), new.with_name("b.json"))
        self.assertFalse(found.same)
        self.assertCountEqual(
            found.changes,
            [
                "about",
                "archives",
                "baselines",
                "distributions",
                "entry_points",
                "packages",
                "sources",
            ],
        )
        self.assertTrue(self.compared(old.with_name("a.json"), old).same)

    def test_metadata_and_a_dist_without(self) -> None:
        old, new = self.made("a", OLD, "tar.zst"), self.made("b", NEW, "tar.zst")
        new.with_name("b.json").unlink()
        with self.assertRaisesRegex(RelocatableError, "a.json is metadata, .*b.tar.zst has none"):
            self.compared(old.with_name("a.json"), new)
        found = self.compared(old, new)
        self.assertNotIn("packages", found.changes)
        self.assertIn("paths", found.changes)
        self.assertEqual(found.notes, [f"{new}: its packages: there is no b.json beside it"])

    def test_metadata_of_another_dist(self) -> None:
        old, new = self.made("a", OLD, "tar.zst"), self.made("b", NEW, "tar.zst")
        new.with_name("b.json").write_bytes(old.with_name("a.json").read_bytes())
        found = self.compared(old, new)
        self.assertEqual(found.notes, [f"{new}: its metadata: b.json beside it is of another dist"])

    def test_metadata_of_another_archive(self) -> None:
        path = self.made("a", OLD, "tar.zst")
        beside = path.with_name("a.json")
        described = json.loads(beside.read_text())
        entry = {"file": path.name, "sha256": "0" * 64, "size": path.stat().st_size}
        beside.write_text(json.dumps(described | {"archives": [entry]}))
        self.assertEqual(
            diff.read(path).notes, ["its metadata: a.json beside it is of another dist"]
        )

    @parameterized.parameters(
        ("[]", "wanted an object"),
        ("{", "wanted a JSON object"),
        ('{"format": 2}', "wanted format 1, found 2"),
        ('{"format": 1}', "misses the key 'libc'"),
        ('{"format": "1"}', "an integer that is not negative"),
    )
    def test_no_metadata(self, text: str, message: str) -> None:
        path = self.directory / "x.json"
        path.write_text(text)
        with self.assertRaisesRegex(RelocatableError, f"x.json.*{message}"):
            diff.read(path)

    def test_a_directory(self) -> None:
        root = self.directory / "a"
        for path, node in OLD.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            match node:
                case File():
                    (root / path).write_bytes(node.content)  # type: ignore[arg-type]
                    (root / path).chmod(0o755 if node.executable else 0o644)
                case Link():
                    (root / path).symlink_to(node.target)
                case Directory():
                    (root / path).mkdir()
        packed = self.made("a", OLD, "tar.zst")
        found = self.compared(packed, root)
        self.assertTrue(found.same, diff.summary(found))
        self.assertIn("packages", found.changes)  # There is a.json beside it.
        (root / "share/x").chmod(0o755)
        self.assertFalse(self.compared(packed, root).same)
        for there in root.rglob("*"):
            if not there.is_symlink():
                there.chmod(0o755)
        found = self.compared(packed, root)
        self.assertTrue(found.same, diff.summary(found))
        self.assertEqual(
            found.notes, ["modes: in a directory that Bazel made, all files are executable"]
        )

    def test_packages_of_another_platform(self) -> None:
        def described(name: str, digest: str, platform: str) -> Path:
            self.made(name, {"x": file(b"", record(digest=digest))}, "tar.zst")
            path = self.directory / f"{name}.json"
            path.write_text(path.read_text().replace("linux_x86_64", platform))
            return path

        x86_64 = described("a", "0", "linux_x86_64")
        arm64 = self.compared(x86_64, described("b", "1", "linux_arm64"))
        self.assertEqual(
            arm64.changes["about"].changed, {"platform": ("linux_x86_64", "linux_arm64")}
        )
        self.assertFalse(arm64.changes["packages"])
        rebuilt = self.compared(x86_64, described("c", "1", "linux_x86_64"))
        self.assertIn("~ libfoo1  1: other bytes under the same version", diff.summary(rebuilt))

    def test_a_damaged_library(self) -> None:
        damaged = dict(OLD) | {"lib/libfoo.so.1": file(b"\x7fELF" + bytes(60))}
        found = self.compared(self.made("a", OLD, "tar.zst"), self.made("b", damaged, "tar.zst"))
        self.assertLen(found.notes, 1)
        self.assertRegex(found.notes[0], "b.tar.zst: lib/libfoo.so.1: ")
        self.assertIn("libfoo.so.1", found.changes["sonames"].removed)

    def test_metadata_from_before_dists_for_macos(self) -> None:
        new = self.made("a", OLD, "tar.gz").with_name("a.json")
        described = json.loads(new.read_text())
        del described["minimum_os"]
        old = self.directory / "b.json"
        old.write_text(json.dumps(described))
        self.assertTrue(self.compared(old, new).same)

    def test_macos(self) -> None:
        old = signed(macho("@rpath/libfoo.1.dylib", SYSTEM))
        new = signed(macho("@rpath/libfoo.2.dylib", SYSTEM))
        found = self.document(
            self.made("a", {"lib/libfoo.dylib": file(old)}, "tar"),
            self.made("b", {"lib/libfoo.dylib": file(new)}, "tar"),
        )
        path = "lib/libfoo.dylib"
        self.assertEqual(found["sonames"]["removed"], {"@rpath/libfoo.1.dylib": path})
        self.assertEqual(found["sonames"]["added"], {"@rpath/libfoo.2.dylib": path})
        self.assertEqual(found["baselines"]["changed"], {})

    def test_hostile_names(self) -> None:
        hostile = "a\n\x1b[2J\udc80"
        found = self.compared(
            self.made("a", {"x": file()}, "tar.gz"),
            self.made("b", {hostile: file(), "y": file()}, "tar.gz"),
        )
        self.assertIn(r"  + a\n\x1b[2J\udc80  0 B", diff.summary(found))
        self.assertIn(hostile, json.loads(diff.document(found))["paths"]["added"])

    def test_an_archive_without_a_directory_around_it(self) -> None:
        packed = tree({"lib/x": file(), "share/x": file()})
        tree_tar.write(packed, self.directory / "a.tar", self.directory / "p")
        found = diff.read(self.directory / "a.tar")
        assert found.tree is not None
        self.assertCountEqual(found.tree.nodes, packed.nodes)


class ModulesTest(parameterized.TestCase):
    @parameterized.parameters(
        ("lib/python3.11/os.py", "os", "source"),
        ("python/runtime/lib/python3.13/json/__init__.py", "json", "source"),
        ("lib/python3.11/lib-dynload/_ssl.cpython-311-x86_64-linux-gnu.so", "_ssl", "native"),
        ("lib/python3.11/site-packages/a/b/_c.abi3.so", "a.b._c", "native"),
        ("lib/python3.11/site-packages/a/b/_c.so", "a.b._c", "native"),
        ("lib/python3/dist-packages/a.py", "a", "source"),
        ("lib64/python3.11/a/b.pyc", "a.b", "bytecode"),
        ("lib/python3.11/site-packages/x/lib/python3.9/y.py", None, ""),
        ("lib/python3.11/__pycache__/os.cpython-311.pyc", None, ""),
        ("lib/python3.11/config-3.11/python-config.py", None, ""),
        ("lib/python3.11/site-packages/numpy.libs/libx.so", None, ""),
        ("share/os.py", None, ""),
    )
    def test_modules(self, path: str, name: str | None, kind: str) -> None:
        found, notes = modules.modules(tree({path: file()}))
        self.assertEqual((found, notes), ({name: kind} if name else {}, []))

    def test_in_a_zip(self) -> None:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("json/__init__.pyc", b"")
            archive.writestr("os.py", b"")
        found, notes = modules.modules(tree({"lib/python311.zip": file(out.getvalue())}))
        self.assertEqual((found, notes), ({"json": "bytecode", "os": "source"}, []))
        found, notes = modules.modules(tree({"lib/python311.zip": file(b"none")}))
        self.assertEqual(found, {})
        self.assertEqual(
            notes, ["lib/python311.zip: no .zip that can be read: File is not a zip file"]
        )

    def test_distributions(self) -> None:
        wheel = Record(Origin(Wheel("b", "2", "b.whl", "0" * 64), "x"))
        found = modules.distributions(
            tree(
                {
                    "lib/python3/dist-packages/A_b.egg-info": file(b"Name: A_b\nVersion: 1\n"),
                    "site-packages/c.dist-info/METADATA": file(b"Name: c\nVersion: 3\n", wheel),
                    "x/d.egg-info/PKG-INFO": file(b"Name: d\nVersion: \xff\n"),
                    "x/e.dist-info/METADATA": file(b"Version: 1\n"),
                    "x/f.dist-info/RECORD": file(b"Name: f\nVersion: 1\n"),
                }
            )
        )
        self.assertEqual(found, {"a-b": "1", "c": "3", "d": "\ufffd"})


if __name__ == "__main__":
    absltest.main()
