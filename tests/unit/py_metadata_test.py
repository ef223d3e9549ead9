"""What is told of installed distributions is true, also after files were changed and moved."""

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import metadata, record
from relocatable.python.metadata import Distribution
from relocatable.tree import File, Tree

RECORD = Record(Origin("//:x", "x"))
PACKAGES = "lib/python3.11/site-packages"


def tree(*names: str, **files: bytes) -> Tree:
    """A tree with distributions called `names`, version 1, and other files of site-packages."""
    made = Tree()
    for name in names:
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n".encode()
        made.add(f"{PACKAGES}/{name}-1.dist-info/METADATA", File(about, RECORD))
    for path, data in files.items():
        made.add(f"{PACKAGES}/{path}", File(data, RECORD))
    return made


def distribution(name: str, *files: str) -> Distribution:
    return Distribution(f"{PACKAGES}/{name}-1.dist-info", [f"{PACKAGES}/{path}" for path in files])


def recorded(made: Tree, name: str) -> dict[str, record.Entry]:
    path = f"{PACKAGES}/{name}-1.dist-info/RECORD"
    return record.parse(content.read(made.file(path).content), path)


class CompleteTest(absltest.TestCase):
    def test_record_installer_and_scripts(self) -> None:
        made = tree(
            "demo",
            **{
                "demo.py": b"1",
                "other.py": b"2",
                "demo-1.dist-info/entry_points.txt": b"[console_scripts]\ntool=demo:main\n",
                "demo-1.dist-info/direct_url.json": b'{"url": "file:///home/me"}',
            },
        )
        own = ["demo.py", *(f"demo-1.dist-info/{name}" for name in ("METADATA", "direct_url.json"))]
        metadata.complete(made, [distribution("demo", *own)], "3.11", "//:x")
        self.assertEqual(
            list(recorded(made, "demo")),
            [
                "../../../bin/tool",
                "demo-1.dist-info/INSTALLER",
                "demo-1.dist-info/METADATA",
                "demo-1.dist-info/RECORD",
                "demo.py",
            ],
        )
        self.assertEqual(recorded(made, "demo")["demo.py"], record.entry(b"1"))
        self.assertEqual(recorded(made, "demo")["demo-1.dist-info/RECORD"], record.Entry())
        self.assertTrue(made.file("bin/tool").executable)
        self.assertNotIn(f"{PACKAGES}/demo-1.dist-info/direct_url.json", made.nodes)

    def test_there_twice(self) -> None:
        made = tree("De.mo", "de-mo", "x")
        found = [distribution(name) for name in ("De.mo", "de-mo", "x")]
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "a distribution can be there once; exclude all but one of "
            "de-mo (De.mo-1.dist-info and de-mo-1.dist-info)",
        ):
            metadata.complete(made, found, "3.11", "//:x")

    def test_no_metadata(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "demo-1.dist-info/METADATA is missing"):
            metadata.complete(Tree(), [distribution("demo")], "3.11", "//:x")


class RefreshTest(absltest.TestCase):
    def test_what_was_edited_and_what_was_moved(self) -> None:
        made = tree("demo", **{"demo.py": b"1", "same.py": b"2"})
        made.add("bin/tool", File(b"\x7fELF", RECORD, executable=True))
        found = distribution("demo", "demo.py", "same.py")
        found.files.append("bin/tool")
        metadata.complete(made, [found], "3.11", "//:x")
        before = recorded(made, "demo")
        made.nodes["libexec/tool"] = made.nodes["bin/tool"]
        edit = Edit("x", None, None)
        made.nodes["bin/tool"] = made.file("bin/tool").edited(b"launcher", edit)
        made.nodes[f"{PACKAGES}/demo.py"] = made.file(f"{PACKAGES}/demo.py").edited(b"11", edit)
        metadata.refresh(made, {"bin/tool": "libexec/tool"})
        after = recorded(made, "demo")
        self.assertEqual(after["../../../bin/tool"], record.entry(b"launcher"))
        self.assertEqual(after["../../../libexec/tool"], record.entry(b"\x7fELF"))
        self.assertEqual(after["demo.py"], record.entry(b"11"))
        self.assertEqual(after["same.py"], before["same.py"])
        edits = made.file(f"{PACKAGES}/demo-1.dist-info/RECORD").record.edits
        self.assertEqual([each.what for each in edits], ["record"])

    def test_nothing_was_edited(self) -> None:
        made = tree("demo", **{"demo.py": b"1"})
        metadata.complete(made, [distribution("demo", "demo.py")], "3.11", "//:x")
        before = dict(made.nodes)
        metadata.refresh(made, {})
        self.assertEqual(made.nodes, before)


class RecordTest(parameterized.TestCase):
    def test_names_that_need_quotes(self) -> None:
        entries = {'a,"b".py': record.entry(b""), "c\nd": record.Entry()}
        self.assertEqual(record.parse(record.write(entries), "R"), entries)

    @parameterized.parameters(b"\xff,,\n", b"a\n", b"a,b,c,d\n", b",,\n", b"a,,\na,,\n")
    def test_wrong(self, data: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, "^R( is no RECORD)?: "):
            record.parse(data, "R")


if __name__ == "__main__":
    absltest.main()
