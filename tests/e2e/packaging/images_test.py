"""Images of layers of dists, unpacked as a container's root."""

import hashlib
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

import rooted


class Image:
    """An OCI image layout; every blob that is read has the digest that it is asked for by."""

    def __init__(self, layout: Path) -> None:
        self.layout = layout
        index = json.loads((layout / "index.json").read_text("utf-8"))
        self.manifest = self.document(index["manifests"][0])
        self.config = self.document(self.manifest["config"])

    def blob(self, descriptor: dict[str, Any]) -> Path:
        """The file that a descriptor tells."""
        kind, digest = descriptor["digest"].split(":")
        path: Path = self.layout / "blobs" / kind / digest
        data = path.read_bytes()
        if (hashlib.sha256(data).hexdigest(), len(data)) != (digest, descriptor["size"]):
            raise AssertionError(f"wanted {descriptor}, found {len(data)} other bytes")
        return path

    def document(self, descriptor: dict[str, Any]) -> dict[str, Any]:
        """The same, as JSON."""
        document: dict[str, Any] = json.loads(self.blob(descriptor).read_text("utf-8"))
        return document

    def layers(self) -> list[Path]:
        """The lowest first."""
        return [self.blob(layer) for layer in self.manifest["layers"]]

    def run(self, *arguments: str) -> str:
        """Runs it as a container would: its layers one over the other, and its entry point."""
        with tempfile.TemporaryDirectory() as root:
            for layer in self.layers():
                subprocess.run(["tar", "-xf", layer, "-C", root], check=True)
            return rooted.run(Path(root), *self.config["config"]["Entrypoint"], *arguments)


class ImagesTest(unittest.TestCase):
    greet: Image
    tally: Image

    def test_they_run_with_nothing_else(self) -> None:
        """No file of this machine is there."""
        home = "/opt/app/bin/python3.11"
        self.assertEqual(self.greet.run("World"), f"Hello, World, from {home}\n")
        self.assertEqual(json.loads(self.tally.run("a", "b")), {"arguments": 2, "tls": True})

    def test_they_share_the_runtime(self) -> None:
        """The same blob, by far the larger one."""
        runtime, greet = self.greet.layers()
        same, tally = self.tally.layers()
        self.assertEqual(runtime.name, same.name)
        self.assertNotEqual(greet.name, tally.name)
        for own in (greet, tally):
            self.assertLess(own.stat().st_size * 100, runtime.stat().st_size)

    def test_each_layer_unpacks_to_what_the_configuration_names(self) -> None:
        """By the digests of the tars themselves."""
        for image in (self.greet, self.tally):
            tars = [
                subprocess.run(["gzip", "-dc", layer], stdout=subprocess.PIPE, check=True).stdout
                for layer in image.layers()
            ]
            found = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
            self.assertEqual(found, image.config["rootfs"]["diff_ids"])


if __name__ == "__main__":
    ImagesTest.greet, ImagesTest.tally = (Image(Path(path)) for path in sys.argv[1:])
    unittest.main(argv=sys.argv[:1])
