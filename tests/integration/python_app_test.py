"""The example of a Python program with a compiled wheel, built as its users would, on each machine.

Runs Bazel in the example's own workspace. All tests share its outputs.
"""

import json
import os
import tempfile
import zipfile
from pathlib import Path

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import trial
from support import checkout, sbom_schemas
from support.consumer import Consumer

_EMULATOR = flags.DEFINE_string("emulator", None, "For dists of arm64.", required=True)

HOSTILE = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", "PYTHONSTARTUP": "/nowhere"}


class PythonAppTest(parameterized.TestCase):
    outputs: Path

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        output_base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        example = Consumer(checkout.workspace() / "examples/python_app", output_base)
        cls.addClassCleanup(example.close)
        done = example.bazel("test", "--symlink_prefix=/", "//...")
        if done.returncode:
            raise AssertionError(done.stdout)
        found = example.bazel("info", "--symlink_prefix=/", "output_path")
        cls.outputs = Path(found.stdout.splitlines()[-1])

    @parameterized.parameters(
        ("greet_linux_x86_64", "bin/greet", "x86_64-linux-gnu"),
        ("greet_linux_arm64", "bin/greet", "aarch64-linux-gnu"),
        ("greet_application_linux_x86_64", "greet", "x86_64-linux-gnu"),
        ("greet_application_linux_arm64", "greet", "aarch64-linux-gnu"),
    )
    def test_the_dist(self, name: str, command: str, multiarch: str) -> None:
        place = Path(self.create_tempdir().full_path) / "with spaces: and more"
        place.mkdir()
        # Each platform has a directory of its own.
        (archive,) = self.outputs.glob(f"*/bin/{name}.tar.zst")
        root = trial.unpack(archive, place)
        native = multiarch.startswith("x86_64")
        dist = trial.Dist(root, None if native else Path(_EMULATOR.value).resolve())
        done = trial.run(
            dist,
            # It imports all; under an emulator it can't start processes.
            [command, "<World>" if native else "--help"],
            Path(self.create_tempdir().full_path),
            environment=HOSTILE,
            empty_root=True,
        )
        self.assertEqual(done.status, 0, done.output)
        said = "<p>Hello, &lt;World&gt;!</p>\n" if native else "usage: greet"
        self.assertStartsWith(done.output, said)
        self.assertNotEmpty(list(root.glob(f"**/_speedups.cpython-311-{multiarch}.so")))

    @parameterized.parameters("linux_x86_64", "linux_arm64")
    def test_what_it_is_made_of(self, platform: str) -> None:
        (cyclonedx,) = self.outputs.glob(f"*/bin/greet_{platform}.cdx.json")
        self.assertIsNone(sbom_schemas.cyclonedx_problem(cyclonedx.read_bytes()))
        (spdx,) = self.outputs.glob(f"*/bin/greet_{platform}.spdx.json")
        document = sbom_schemas.spdx(spdx.read_bytes())
        self.assertEmpty(sbom_schemas.spdx_problems(document))
        licenses = {each.name: str(each.license_declared) for each in document.packages}
        self.assertEqual((licenses["MarkupSafe"], licenses["zlib1g"]), ("BSD-3-Clause", "Zlib"))
        (texts,) = self.outputs.glob(f"*/bin/greet_{platform}.licenses.zip")
        with zipfile.ZipFile(texts) as archive:
            index = json.loads(archive.read(f"greet_{platform}.licenses/index.json"))
        without = {each["name"] for each in index["components"] if not each["texts"]}
        self.assertEqual(without, {"//:python"})


if __name__ == "__main__":
    absltest.main()
