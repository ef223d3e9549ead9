"""Reports of a dist: its linkage, and a page that holds all that it shows."""

import base64
import hashlib
import html.parser
import json
import re
from pathlib import Path
from typing import Any

from absl.testing import absltest

from relocatable.closure import Options
from relocatable.provenance import Edit, Origin, Package, Record
from relocatable.relocate import Request, relocate
from relocatable.report import linkage, page
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from support.elf_builder import EM_X86_64, ElfBuilder

TARGET = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "linux_x86_64"
).read_bytes()
OPTIONS = Options(library_path=("lib",))
HOSTILE = "</script><img src=x onerror=alert(1)>&'\"\u2028.txt"


def record(package: str, path: str) -> Record:
    return Record(Origin(Package(package, "1", "amd64", "0" * 64), path))


def built(path: str, *needed: str, soname: str | None = None, program: bool = False) -> File:
    interpreter = f"/lib64/{TARGET.loader}" if program else None
    data = ElfBuilder(interpreter=interpreter, soname=soname, needed=needed, versions={}).build()
    return File(data, record("tool" if program else soname or "module", path), executable=True)


def dist() -> Tree:
    """bin/tool needs liba, which needs libb; liblone is only asked for, and needs libfar."""
    layer, pool = Tree(), Tree()
    layer.add("bin/tool", built("bin/tool", "liba.so", program=True))
    layer.add("lib/liblone.so", built("lib/liblone.so", "libfar.so", soname="liblone.so"))
    layer.add("share/x.txt", File(b"x" * 7, record("data", "x")))
    pool.add("usr/lib/liba.so", built("usr/lib/liba.so", "libb.so", soname="liba.so"))
    for name in ("libb.so", "libfar.so", TARGET.loader):
        pool.add(f"usr/lib/{name}", built(f"usr/lib/{name}", soname=name))
    return relocate([layer], [pool], Request("//:x", TARGET, LAUNCHER))


class LinkageTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        kept = dict.fromkeys(
            (record("tool", "bin/tool").origin, record("liblone.so", "lib/liblone.so").origin),
            "//:layer",
        )
        self.document = linkage.document(dist(), OPTIONS, kept)
        self.objects: dict[str, Any] = {each["path"]: each for each in self.document["objects"]}

    def test_why_each_is_there(self) -> None:
        self.assertEqual(
            {path: (each["layer"], each["chain"]) for path, each in self.objects.items()},
            {
                "libexec/tool": ("//:layer", ["libexec/tool"]),
                "lib/liba.so": (None, ["libexec/tool", "lib/liba.so"]),
                "lib/libb.so": (None, ["libexec/tool", "lib/liba.so", "lib/libb.so"]),
                "lib/liblone.so": ("//:layer", ["lib/liblone.so"]),
                "lib/libfar.so": (None, ["lib/liblone.so", "lib/libfar.so"]),
                f"lib/{TARGET.loader}": (None, ["libexec/tool", f"lib/{TARGET.loader}"]),
            },
        )

    def test_what_links_to_what(self) -> None:
        (need,) = self.objects["lib/liba.so"]["needs"]
        self.assertEqual((need["name"], need["found"]), ("libb.so", "lib/libb.so"))
        self.assertEqual(self.objects["lib/libb.so"]["needed_by"], ["lib/liba.so"])
        self.assertEqual(self.objects["libexec/tool"]["opened"], "program")
        self.assertEqual(self.document["unneeded"], ["lib/libfar.so", "lib/liblone.so"])
        (program,) = self.document["programs"]
        self.assertEqual(program["launchers"], ["bin/tool"])


class _References(html.parser.HTMLParser):
    """Collects what a page would load, or go to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "poster", "style"} or name.startswith(
                "on"
            ):
                self.found.append(f"{tag} {name}={value}")


class PageTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = dist()
        hostile = File(b"", record(HOSTILE, HOSTILE)).edited(b"1", Edit("text", None, "x"))
        self.tree.add(HOSTILE, hostile)
        self.tree.add("to\udcffwards", Link("a\udcff", record("p", "l")))
        self.metadata = {"name": HOSTILE, "sources": []}
        self.tree.add("lib/lib\udcff.so", built("l", soname="libodd.so"))
        self.tree.add("lib/libodd.so", Link("lib\udcff.so", record("p", "l")))
        self.linkage = linkage.document(self.tree, OPTIONS, {})
        self.page = self.written(self.tree)

    def written(self, tree: Tree) -> str:
        kept = {record("data", "x").origin: HOSTILE}
        return page.page(tree, self.metadata, self.linkage, kept, None).decode()

    def test_nothing_leaves_the_page(self) -> None:
        parser = _References()
        parser.feed(self.page)
        self.assertEmpty(parser.found)
        self.assertNotIn("img", parser.tags)
        self.assertEqual(parser.tags.count("script"), 2)
        code = re.sub(
            r'<script type="application/json".*?</script>', "", self.page, flags=re.DOTALL
        )
        self.assertNotRegex(
            code, r"https?:|//[a-z]+\.|url\(|@import|fetch\(|XMLHttp|innerHTML|eval"
        )

    def test_only_its_own_style_and_script_may_run(self) -> None:
        policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', self.page)[0]
        self.assertStartsWith(policy, "default-src 'none';")
        for tag in ("style", "script"):
            text = re.findall(rf"<{tag}>(.*?)</{tag}>", self.page, re.DOTALL)[0]
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(f"{tag}-src 'sha256-{digest}'", policy)

    def test_its_data_is_what_it_was_given(self) -> None:
        text = re.findall(r'<script type="application/json" id="data">(.*?)</script>', self.page)[0]
        data = json.loads(text)
        self.assertEqual(data["linkage"], self.linkage)
        self.assertEqual(data["metadata"], self.metadata)
        layers = data["tree"]["layers"]
        files = {
            path: (size, layers[layer], *edits)
            for path, size, _, layer, *edits in data["tree"]["files"]
        }
        self.assertEqual(files["share/x.txt"], (7, HOSTILE))
        self.assertEqual(files[HOSTILE], (1, None, ["text"]))
        self.assertEqual(
            data["tree"]["links"],
            [
                ["lib/libodd.so", "lib\udcff.so", "lib/lib\udcff.so"],
                ["to\udcffwards", "a\udcff", None],
            ],
        )
        # What is told of an object is found by its path, whatever that is made of.
        self.assertIn("lib/lib\udcff.so", {each["path"] for each in data["linkage"]["objects"]})
        self.assertIn("lib/lib\udcff.so", files)

    def test_the_same_each_time(self) -> None:
        self.assertEqual(self.written(dist()), self.written(dist()))


if __name__ == "__main__":
    absltest.main()
