"""Bills of materials: what is in a dist, and what the formats make of it."""

import hashlib
import json
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized
from spdx_tools.spdx.spdx_element_utils import calculate_package_verification_code

from relocatable import tree_tar
from relocatable.licenses.debian import Packages
from relocatable.provenance import Edit, Origin, Package, Record, Wheel
from relocatable.sbom import component, documents, identity, inventory
from relocatable.sbom.component import Kind
from relocatable.sbom.inventory import Facts, Inventory
from relocatable.tree import File, Link, Tree
from support import sbom_schemas, wheel_builder
from support.elf_builder import EM_X86_64, ElfBuilder

FACTS = Facts("demo", "0.1.0", "2.1", "linux_x86_64")
URL = "https://example.invalid/pool/libc6_2.36.deb"
LIBC = Package("libc6", "2.36-9+deb12u14", "amd64", "a" * 64, "glibc", "", "Debian", URL)
LIBZ = Package("zlib1g", "1:1.2.13.dfsg-1+b1", "amd64", "b" * 64, "zlib", "1:1.2.13.dfsg-1")
DEMO = Wheel("Demo.Pkg", "1.0", "demo_pkg-1.0-py3-none-any.whl", "c" * 64)
LAUNCHER = "@rules_relocatable//toolchains/launcher:linux_x86_64"
SITE = "lib/python3.11/site-packages"


def file(source: Package | Wheel | str, data: bytes = b"x", *edits: Edit, path: str = "p") -> File:
    return File(data, Record(Origin(source, path), edits))


def metadata(*lines: str) -> bytes:
    return "\n".join(["Metadata-Version: 2.4", "Name: Demo.Pkg", "Version: 1.0", *lines]).encode()


def library(source: Package, name: str, *needed: str) -> File:
    built = ElfBuilder(
        machine=EM_X86_64, soname=name, needed=needed, versions={}, runpath="$ORIGIN"
    )
    return file(source, built.build())


def taken(**nodes: File | Link) -> Inventory:
    tree = Tree()
    for path, node in nodes.items():
        tree.add(path, node)
    return inventory.take(tree, FACTS, Packages(()))


def made(found: Inventory, form: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(documents.write(found, form))
    return document


class ComponentTest(parameterized.TestCase):
    @parameterized.parameters(
        (LIBC, "debian", "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&upstream=glibc"),
        (
            LIBZ,
            "ubuntu",
            "pkg:deb/ubuntu/zlib1g@1:1.2.13.dfsg-1%2Bb1?arch=amd64&upstream=zlib%401:1.2.13.dfsg-1",
        ),
        (
            Package("x", "1", "all", "d" * 64, vendor="Ubuntu", url="https://example.invalid/x"),
            "debian",
            "pkg:deb/ubuntu/x@1?arch=all",
        ),
        (
            Package("jq", "1.6-2+b1", "arm64", "d" * 64, source_version="1.6-2"),
            "debian",
            "pkg:deb/debian/jq@1.6-2%2Bb1?arch=arm64&upstream=jq%401.6-2",
        ),
    )
    def test_purls_of_packages(self, package: Package, vendor: str, purl: str) -> None:
        self.assertEqual(component.of_package(package, vendor, "").purl, purl)

    def test_purl_of_a_wheel(self) -> None:
        self.assertEqual(component.of_wheel(DEMO, "").purl, "pkg:pypi/demo-pkg@1.0")

    def test_launchers_are_ours(self) -> None:
        found = component.of_label(LAUNCHER, "0.1.0")
        self.assertEqual(
            (found.kind, found.name, found.version), (Kind.TOOL, "rules_relocatable", "0.1.0")
        )
        self.assertEqual(component.of_label("//app:tool", "0.1.0").name, "//app:tool")

    def test_names_tell_apart_what_looks_alike(self) -> None:
        names = {identity.of_thing("file", "", path) for path in ("a b", "a-b", "a/b", "a\udcff")}
        self.assertLen(names, 4)
        for name in names:
            self.assertRegex(name, r"\A[A-Za-z0-9.-]+\Z")


class InventoryTest(absltest.TestCase):
    def test_files_by_component(self) -> None:
        edit = Edit("runpath", None, "$ORIGIN")
        found = taken(
            **{"lib/a": file(LIBC, b"a", edit, path="usr/lib/a"), "bin/x": file(LAUNCHER)}
        )
        (libc, (item,)), (tool, _) = found.items.items()
        self.assertEqual((libc.name, tool.name), ("libc6", "rules_relocatable"))
        self.assertEqual((item.path, item.origin, item.edits), ("lib/a", "usr/lib/a", (str(edit),)))
        self.assertEqual(item.sha1, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8")
        self.assertEqual(item.sha256, hashlib.sha256(b"a").hexdigest())

    def test_who_loads_whom(self) -> None:
        found = taken(**{
            "lib/libz.so.1": library(LIBZ, "libz.so.1", "libc.so.6"),
            "lib/libc.so.6": library(LIBC, "libc.so.6"),
            "lib/libm.so.6": library(LIBC, "libm.so.6", "libc.so.6"),
        })  # fmt: skip
        libc, libz = found.items
        self.assertEqual(found.needs, {libz.ref: (libc.ref,), libc.ref: ()})

    def test_what_a_target_installed_is_a_distribution(self) -> None:
        lines = [wheel_builder.line("demo.py", b"x"), "demo.dist-info/RECORD,,", "../../../x,,"]
        found = taken(**{
            f"{SITE}/demo.py": file("//app:python"),
            f"{SITE}/other.py": file("//app:python"),
            f"{SITE}/demo.dist-info/METADATA": file("//app:python", metadata()),
            f"{SITE}/demo.dist-info/RECORD": file("//app:python", "\n".join(lines).encode()),
        })  # fmt: skip
        target, demo = found.items
        self.assertEqual(
            (target.name, demo.name, demo.version), ("//app:python", "Demo.Pkg", "1.0")
        )
        self.assertEqual((demo.kind, demo.purl), (Kind.DISTRIBUTION, "pkg:pypi/demo-pkg@1.0"))
        self.assertEqual([item.path for item in found.items[target]], [f"{SITE}/other.py"])
        self.assertLen(found.items[demo], 3)

    def test_licence_of_a_wheel(self) -> None:
        for line, expected in (
            ("License-Expression: mit and (apache-2.0 or BSD-3-Clause)",) * 2,
            ("License-Expression: whatever you like", ""),
            ("License: MIT", ""),
        ):
            found = taken(**{f"{SITE}/demo.dist-info/METADATA": file(DEMO, metadata(line))})
            (wheel,) = found.items
            canonical = "MIT AND (Apache-2.0 OR BSD-3-Clause)" if expected else ""
            self.assertEqual(wheel.license, canonical)

    def test_an_empty_dist(self) -> None:
        found = taken()
        self.assertIsNone(sbom_schemas.cyclonedx_problem(documents.write(found, "cyclonedx")))
        self.assertEmpty(
            sbom_schemas.spdx_problems(sbom_schemas.spdx(documents.write(found, "spdx")))
        )


class DocumentTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        edits = (Edit("runpath", "/usr/lib", "$ORIGIN"), Edit("strip", ".debug", None))
        self.nodes: dict[str, File | Link] = {
            "bin/x": file(LAUNCHER),
            "lib/libc.so.6": library(LIBC, "libc.so.6"),
            "lib/libz.so.1": library(LIBZ, "libz.so.1", "libc.so.6"),
            "lib/link": Link("libc.so.6", Record(Origin(LIBC, "link"))),
            "share/x": file("//app:x", b"edited", *edits, path="in/x"),
            f"{SITE}/demo.dist-info/METADATA": file(DEMO, metadata("License-Expression: MIT")),
        }
        self.inventory = taken(**self.nodes)

    def test_spdx(self) -> None:
        document = sbom_schemas.spdx(documents.write(self.inventory, "spdx"))
        self.assertEmpty(sbom_schemas.spdx_problems(document))
        dist, *packages = document.packages
        self.assertEqual((dist.name, dist.version), ("demo", "2.1"))
        self.assertEqual(
            dist.verification_code, calculate_package_verification_code(document.files)
        )
        self.assertEqual(
            [str(package.license_declared) for package in packages],
            ["NOASSERTION", "MIT", "NOASSERTION", "Apache-2.0", "NOASSERTION"],
        )
        (libc,) = (package for package in packages if package.name == "libc6")
        self.assertEqual(
            (libc.download_location, str(libc.supplier)), (URL, "Organization: Debian")
        )
        (edited,) = (found for found in document.files if found.name == "./share/x")
        self.assertEqual(
            edited.comment,
            "from in/x; edited: runpath: /usr/lib -> $ORIGIN; edited: strip: .debug removed",
        )
        relations = {
            (r.spdx_element_id, r.relationship_type.name, r.related_spdx_element_id)
            for r in document.relationships
        }
        ids = {package.name: package.spdx_id for package in packages}
        libz = f"SPDXRef-{identity.of_thing('file', '', 'lib/libz.so.1')}"
        self.assertContainsSubset(
            {
                ("SPDXRef-DOCUMENT", "DESCRIBES", dist.spdx_id),
                (dist.spdx_id, "CONTAINS", libz),
                (libz, "EXPANDED_FROM_ARCHIVE", ids["zlib1g"]),
                (ids["zlib1g"], "DEPENDS_ON", ids["libc6"]),
                (edited.spdx_id, "GENERATED_FROM", ids["//app:x"]),
            },
            relations,
        )

    def test_cyclonedx(self) -> None:
        data = documents.write(self.inventory, "cyclonedx")
        self.assertIsNone(sbom_schemas.cyclonedx_problem(data))
        document = json.loads(data)
        self.assertEqual(document["metadata"]["component"]["version"], "2.1")
        found = {each["name"]: each for each in document["components"]}
        libz = found["zlib1g"]
        self.assertEqual(libz["hashes"], [{"alg": "SHA-256", "content": "b" * 64}])
        self.assertEqual([each["name"] for each in libz["components"]], ["lib/libz.so.1"])
        self.assertIn(
            {"name": "rules_relocatable:built_from", "value": "zlib 1:1.2.13.dfsg-1"},
            libz["properties"],
        )
        self.assertEqual(
            (found["libc6"]["supplier"], found["libc6"]["externalReferences"]),
            ({"name": "Debian"}, [{"type": "distribution", "url": URL}]),
        )
        needs = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
        self.assertEqual(needs[libz["bom-ref"]], [found["libc6"]["bom-ref"]])
        (edited,) = found["//app:x"]["components"]
        self.assertEqual(
            [each["value"] for each in edited["properties"]],
            ["in/x", "runpath: /usr/lib -> $ORIGIN", "strip: .debug removed"],
        )
        self.assertEqual(
            found["Demo.Pkg"]["licenses"],
            [{"expression": "MIT", "acknowledgement": "declared"}],
        )

    def test_the_same_dist_has_the_same_documents(self) -> None:
        tree = Tree(dict(reversed(self.nodes.items())))
        directory = Path(self.create_tempdir().full_path)
        for node in ("bin", "lib", "share", "lib/python3.11", SITE, f"{SITE}/demo.dist-info"):
            tree.nodes[node] = self.directory_node(node)
        tree_tar.write(tree, directory / "x.tar", directory / "x.jsonl")
        read = tree_tar.read(directory / "x.tar", directory / "x.jsonl")
        again = inventory.take(read, FACTS, Packages(()))
        for form in documents.FORMATS:
            self.assertEqual(documents.write(again, form), documents.write(self.inventory, form))

    def directory_node(self, path: str) -> Any:
        tree = Tree()
        tree.add(f"{path}/x", file("x"))
        return tree.nodes[path]

    def test_other_contents_have_another_name(self) -> None:
        other = taken(**self.nodes | {"bin/x": file(LAUNCHER, b"y")})
        for form, key in (("spdx", "documentNamespace"), ("cyclonedx", "serialNumber")):
            one, two = made(self.inventory, form)[key], made(other, form)[key]
            self.assertStartsWith(one, "urn:uuid:")
            self.assertNotEqual(one, two)


if __name__ == "__main__":
    absltest.main()
