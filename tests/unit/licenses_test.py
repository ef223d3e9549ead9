"""All licence texts of a dist, and the index that tells what is missing."""

import json
from typing import Any

from absl.testing import absltest

from relocatable import content
from relocatable.deb_licenses import root
from relocatable.licenses import collection
from relocatable.licenses.collection import Known
from relocatable.licenses.debian import Packages
from relocatable.provenance import Origin, Package, Record, Wheel
from relocatable.sbom import inventory
from relocatable.sbom.inventory import Facts
from relocatable.tree import File, Link, Tree

LIBC = Package("libc6", "1:2.36", "amd64", "a" * 64)
LIBZ = Package("zlib1g", "1.2", "amd64", "b" * 64)
DEMO = Wheel("Demo.Pkg", "1.0", "demo_pkg-1.0-py3-none-any.whl", "c" * 64)
LAUNCHER = "@rules_relocatable//toolchains/launcher:linux_x86_64"
INFO = "lib/python3.11/site-packages/demo_pkg-1.0.dist-info"


def file(source: Package | Wheel | str, data: bytes = b"x") -> File:
    return File(data, Record(Origin(source, "p")))


class LicensesTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.texts = Tree()
        self.own = file("@rules_relocatable//:LICENSE", b"ours")

    def collect(self, **nodes: File | Link) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        """What a dist of these files has: the texts by path, and the index by component."""
        tree = Tree()
        for path, node in nodes.items():
            tree.add(path, node)
        packages = Packages([self.texts])
        owner = inventory.owners(tree, Facts("demo", "0.1.0"), packages)
        found = collection.collect(tree, owner, Known(packages, self.own), "demo")
        texts = {path: content.read(each.content).decode() for path, each in found.files()}
        index = json.loads(texts.pop(collection.INDEX))
        self.assertEqual((index["format"], index["name"]), (1, "demo"))
        return texts, {each["name"]: each for each in index["components"]}

    def says(self, package: Package, text: str) -> None:
        place = f"{root(package)}/usr/share/doc/{package.name}/copyright"
        self.texts.add(place, file(package, text.encode()))

    def test_packages(self) -> None:
        self.says(LIBC, "see /usr/share/common-licenses/GPL-2 and /usr/share/common-licenses/GPL-3")
        base = Package("base-files", "1", "amd64", "d" * 64)
        self.texts.add(f"{root(base)}/usr/share/common-licenses/GPL-2", file(base, b"two"))
        texts, index = self.collect(**{"lib/a": file(LIBC), "lib/b": file(LIBC), "z": file(LIBZ)})
        self.assertEqual(texts["common-licenses/GPL-2"], "two")
        self.assertIn("libc6_1%3a2.36_amd64/copyright", texts)
        self.assertEqual(
            index["libc6"],
            {
                "name": "libc6",
                "version": "1:2.36",
                "kind": "deb",
                "license": "",
                "files": 2,
                "texts": ["libc6_1%3a2.36_amd64/copyright"],
                "common": ["common-licenses/GPL-2"],
                "missing": ["/usr/share/common-licenses/GPL-3, of the package base-files"],
            },
        )
        self.assertEqual(index["zlib1g"]["missing"], ["no rule of the dist has unpacked it"])
        self.assertNotIn("base-files", index)

    def test_wheels(self) -> None:
        texts, index = self.collect(
            **{
                f"{INFO}/METADATA": file(DEMO, b"Name: Demo.Pkg\nLicense-Expression: MIT\n"),
                f"{INFO}/licenses/sub/MIT.txt": file(DEMO, b"mit"),
                f"{INFO}/COPYING": file(DEMO, b"copying"),
                "lib/python3.11/site-packages/demo/license.py": file(DEMO),
            }
        )
        self.assertEqual(
            texts,
            {"Demo.Pkg_1.0/COPYING": "copying", "Demo.Pkg_1.0/licenses/sub/MIT.txt": "mit"},
        )
        self.assertEqual((index["Demo.Pkg"]["license"], index["Demo.Pkg"]["missing"]), ("MIT", []))

    def test_a_wheel_without(self) -> None:
        texts, index = self.collect(**{f"{INFO}/METADATA": file(DEMO, b"Name: Demo.Pkg\n")})
        self.assertEmpty(texts)
        self.assertEqual(index["Demo.Pkg"]["missing"], ["a text: its dist-info has none"])

    def test_targets_and_ourselves(self) -> None:
        texts, index = self.collect(
            **{
                "bin/x": file(LAUNCHER),
                "bin/y": file("//app:y"),
                "bin/z": file("//app:z"),
                "share/z/LICENSE.md": file("//app:z", b"z's"),
            }
        )
        self.assertEqual(
            texts, {"rules_relocatable_0.1.0/LICENSE": "ours", "app-z/share/z/LICENSE.md": "z's"}
        )
        self.assertLen(index["//app:y"]["missing"], 1)
        self.assertEqual(index["//app:z"]["missing"], [])

    def test_an_archive(self) -> None:
        self.texts.add("LICENSE", file("@cpython//:x.tar.xz", b"psf"))
        texts, index = self.collect(**{"lib/python3.11/os.py": file("@cpython//:x.tar.xz")})
        self.assertEqual(texts, {"cpython-x.tar.xz/LICENSE": "psf"})
        self.assertEqual(index["@cpython//:x.tar.xz"]["missing"], [])

    def test_names_that_look_alike(self) -> None:
        texts, _ = self.collect(
            **{"a/LICENSE": file("//a:b", b"1"), "b/LICENSE": file("//a/b", b"2")}
        )
        self.assertLen({path.partition("/")[0] for path in texts}, 2)


if __name__ == "__main__":
    absltest.main()
