"""The flagship's bills of materials: sound, and true to its archives."""

import json
import tarfile
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from support import sbom_schemas

# What the build made, as Bazel puts it before the test.
DISTS = Path("dist")
NAMES = ("lldb_linux_arm64", "lldb_linux_x86_64")


def packed(name: str) -> Iterator[tuple[str, str]]:
    """The path and SHA-256 of each file of a dist."""
    with tarfile.open(DISTS / f"{name}.tar") as tar:
        for info in tar:
            data = tar.extractfile(info) if info.isreg() else None
            if data is not None:
                yield info.name, sha256(data.read()).hexdigest()


def listed(components: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The path and SHA-256 of each file in a CycloneDX document."""
    for component in components:
        for each in component["components"]:
            (digest,) = (h["content"] for h in each["hashes"] if h["alg"] == "SHA-256")
            yield each["name"], digest


class SbomTest(parameterized.TestCase):
    @parameterized.parameters(*NAMES)
    def test_cyclonedx(self, name: str) -> None:
        data = (DISTS / f"{name}.cdx.json").read_bytes()
        self.assertIsNone(sbom_schemas.cyclonedx_problem(data))
        document = json.loads(data)
        components = document["components"]
        self.assertCountEqual(listed(components), packed(name))
        found = {each["name"]: each for each in components}
        architecture = "arm64" if name.endswith("arm64") else "amd64"
        self.assertEqual(
            found["liblldb-16"]["purl"],
            "pkg:deb/debian/liblldb-16@1:16.0.6-15~deb12u1"
            f"?arch={architecture}&upstream=llvm-toolchain-16",
        )
        refs = {each["bom-ref"]: each["name"] for each in components}
        (lldb,) = (
            {refs[needed] for needed in each["dependsOn"]}
            for each in document["dependencies"]
            if refs.get(each["ref"]) == "liblldb-16"
        )
        self.assertContainsSubset({"libc6", "libllvm16", "libpython3.11", "libxml2"}, lldb)
        self.assertNotIn("libsqlite3-0", lldb)
        metadata = json.loads((DISTS / f"{name}.json").read_bytes())
        self.assertEqual(
            {each["hashes"][0]["content"] for each in components if "hashes" in each},
            {source["sha256"] for source in metadata["sources"] if "sha256" in source},
        )

    @parameterized.parameters(*NAMES)
    def test_spdx(self, name: str) -> None:
        document = sbom_schemas.spdx((DISTS / f"{name}.spdx.json").read_bytes())
        self.assertEmpty(sbom_schemas.spdx_problems(document))
        found = {
            each.name.removeprefix("./"): {c.algorithm.name: c.value for c in each.checksums}
            for each in document.files
        }
        self.assertEqual({path: sums["SHA256"] for path, sums in found.items()}, dict(packed(name)))
        edited = [each for each in document.files if "edited: runpath" in (each.comment or "")]
        self.assertGreater(len(edited), 30)

    @parameterized.parameters(*NAMES)
    def test_licenses(self, name: str) -> None:
        with zipfile.ZipFile(DISTS / f"{name}.licenses.zip") as archive:
            top = f"{name}.licenses/"
            texts = {
                info.filename.removeprefix(top): archive.read(info) for info in archive.infolist()
            }
        index = json.loads(texts["index.json"])["components"]
        document = json.loads((DISTS / f"{name}.cdx.json").read_bytes())
        self.assertEqual(
            [each["name"] for each in index], [each["name"] for each in document["components"]]
        )
        for each in index:
            self.assertNotEmpty(each["texts"], each)
            self.assertEmpty(each["missing"], each)
            for path in each["texts"] + each["common"]:
                self.assertGreater(len(texts[path]), 500, path)
        found = {each["name"]: each for each in index}
        # A link to the directory of gcc-12-base, from which the dist has no file.
        (text,) = found["libgcc-s1"]["texts"]
        self.assertIn(b"Runtime Library Exception", texts[text])
        self.assertEqual(found["zlib1g"]["license"], "Zlib")
        self.assertIn("common-licenses/LGPL-2.1", found["libc6"]["common"])


if __name__ == "__main__":
    absltest.main()
