"""What packages say about their licences, out of real packages: texts, links, common licences."""

import tarfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.deb_tree import Selection, extract
from relocatable.licenses.debian import Packages, references
from relocatable.provenance import Package
from relocatable.tree import Tree
from support import deb_builder as build

DOC = "./usr/share/doc"
COMMON = "./usr/share/common-licenses"


class DebLicensesTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.debs: list[Path] = []
        self.packages: dict[str, Package] = {}

    def deb(self, name: str, *entries: tuple[tarfile.TarInfo, bytes], version: str = "1") -> None:
        path = self.directory / f"{name}_{version}.deb"
        build.deb(path, entries, name=name, version=version)
        self.debs.append(path)
        self.packages[name] = Package(name, version, "amd64", build.sha256(path))

    def unpacked(self, include: str = "usr/bin") -> tuple[Tree, Packages]:
        """The tree of all packages, and what they say; it takes only what `include` matches."""
        licenses = Tree()
        selection = Selection(include=[include])
        tree = extract(self.debs, selection, "//:x", self.directory, 1, licenses=licenses)
        return tree, Packages([licenses])

    def text(self, found: Packages, name: str) -> str:
        texts = found.texts(self.packages[name])
        return content.read(texts.files["copyright"].content).decode() if texts.files else ""

    def test_texts_are_kept_and_nothing_else(self) -> None:
        self.deb(
            "tool",
            build.file("./usr/bin/tool", b"x"),
            build.file(f"{DOC}/tool/copyright", b"mine"),
            build.file(f"{DOC}/tool/changelog.gz", b"x"),
            build.file(f"{DOC}/tool/NOTICE.txt", b"note"),
            build.file(f"{DOC}/tool/examples/copyright", b"x"),
        )
        tree, found = self.unpacked()
        self.assertEqual([path for path, _ in tree.files()], ["usr/bin/tool"])
        texts = found.texts(self.packages["tool"])
        self.assertEqual(sorted(texts.files), ["NOTICE.txt", "copyright"])
        self.assertEqual(texts.missing, "")
        self.assertEqual(texts.files["copyright"].record.origin.source, self.packages["tool"])

    @parameterized.parameters(
        (f"{DOC}/lib", "common"),
        (f"{DOC}/lib", "/usr/share/doc/common"),
        (f"{DOC}/lib/copyright", "../common/copyright"),
    )
    def test_links_to_another_package(self, link: str, target: str) -> None:
        self.deb("lib", build.file("./usr/bin/x"), build.special(link, tarfile.SYMTYPE, target))
        self.deb("common", build.file(f"{DOC}/common/copyright", b"shared"))
        _, found = self.unpacked()
        self.assertEqual(self.text(found, "lib"), "shared")

    def test_a_package_without_is_told(self) -> None:
        self.deb("plain", build.file("./usr/bin/x"))
        self.deb("lib", build.special(f"{DOC}/lib", tarfile.SYMTYPE, "common"))
        _, found = self.unpacked()
        for name, reason in (
            ("plain", "leads to usr/share/doc/plain, which does not exist"),
            ("lib", "leads to usr/share/doc/common, which does not exist"),
        ):
            with self.subTest(name):
                texts = found.texts(self.packages[name])
                self.assertEmpty(texts.files)
                self.assertIn(reason, texts.missing)
        other = found.texts(Package("other", "1", "amd64", "0" * 64))
        self.assertEqual(other.missing, "no rule of the dist has unpacked it")

    def test_two_versions_have_each_their_own(self) -> None:
        self.deb("lib", build.file("./usr/bin/x"), build.file(f"{DOC}/lib/copyright", b"old"))
        old = self.packages["lib"]
        new = build.file(f"{DOC}/lib/copyright", b"new")
        self.deb("lib", new, version="1:2")
        _, found = self.unpacked()
        for package, text in ((old, b"old"), (self.packages["lib"], b"new")):
            self.assertEqual(content.read(found.texts(package).files["copyright"].content), text)

    def test_common_licences(self) -> None:
        text = b"see /usr/share/common-licenses/GPL-2, and /usr/share/common-licenses/GPL."
        self.deb("lib", build.file("./usr/bin/x"), build.file(f"{DOC}/lib/copyright", text))
        self.deb(
            "base-files",
            build.file(f"{COMMON}/GPL-3", b"three"),
            build.special(f"{COMMON}/GPL", tarfile.SYMTYPE, "GPL-3"),
        )
        _, found = self.unpacked()
        copyright_ = found.texts(self.packages["lib"]).files["copyright"]
        self.assertEqual(list(references(copyright_)), ["GPL", "GPL-2"])
        general = found.common("GPL")
        assert general is not None
        self.assertEqual(content.read(general.content), b"three")
        self.assertIsNone(found.common("GPL-2"))

    def test_what_is_wrong_with_a_path_that_nobody_asked_for(self) -> None:
        self.deb(
            "lib",
            build.file("./usr/bin/x"),
            build.special(f"{DOC}/lib", tarfile.SYMTYPE, "../../../../x"),
            build.special(f"{DOC}/other", tarfile.SYMTYPE, "lib"),
            build.file(f"{DOC}/other/copyright"),
        )
        _, found = self.unpacked()
        missing = found.texts(self.packages["lib"]).missing
        self.assertEndsWith(missing, "leads to usr/share/doc/lib, which does not exist")


if __name__ == "__main__":
    absltest.main()
