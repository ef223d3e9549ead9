"""Tests of the facts about a platform, as a rule writes them and tools read them."""

import json
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import target
from relocatable.errors import RelocatableError

LINUX = {
    "loader": "ld-linux-aarch64.so.1",
    "machine": 183,
    "multiarch": "aarch64-linux-gnu",
    "name": "linux_arm64",
    "object_format": "elf",
    "page_size": 65536,
    "system_libraries": ["libc.so.6"],
}
MACOS = {
    "machine": 0x0100000C,
    "minimum_os": "11.0",
    "name": "macos_arm64",
    "object_format": "mach-o",
    "page_size": 16384,
    "system_prefixes": ["/System/Library/", "/usr/lib/"],
}


class TargetTest(parameterized.TestCase):
    def read(self, facts: dict[str, object]) -> target.Target:
        self.file = Path(self.create_tempfile(content=json.dumps(facts)).full_path)
        return target.read(self.file)

    def test_linux(self) -> None:
        found = self.read(dict(LINUX))
        self.assertTrue(found.is_elf)
        self.assertEqual(found.architecture, "aarch64")
        self.assertEqual(found.library_directories[0], "usr/lib/aarch64-linux-gnu")
        self.assertEqual((found.minimum_os, found.system_prefixes), ("", ()))

    def test_macos(self) -> None:
        found = self.read(dict(MACOS))
        self.assertFalse(found.is_elf)
        self.assertEqual(found.architecture, "arm64")
        self.assertEqual(found.minimum_os, "11.0")
        self.assertEqual(found.system_prefixes, ("/System/Library/", "/usr/lib/"))
        self.assertEqual((found.loader, found.multiarch, found.system_libraries), ("", "", ()))
        self.assertEqual(found.library_directories, ("lib",))

    @parameterized.parameters(
        (LINUX | {"object_format": "pe"}, "object_format: wanted one of elf, mach-o, found 'pe'"),
        (LINUX | {"minimum_os": "11.0"}, "has the unknown key 'minimum_os'"),
        (MACOS | {"loader": "x"}, "has the unknown key 'loader'"),
        (MACOS | {"machine": 183}, r"machine: wanted one of 16777223 \(x86_64\), .*, found 183"),
        (MACOS | {"minimum_os": "11"}, 'wanted a version such as 11.0, found "11"'),
        (MACOS | {"system_prefixes": []}, "wanted at least 1 in the list"),
        (MACOS | {"system_prefixes": ["/usr/lib"]}, "wanted a directory with a slash at its end"),
    )
    def test_other_facts(self, facts: dict[str, object], problem: str) -> None:
        with self.assertRaisesRegex(RelocatableError, problem):
            self.read(facts)
        with self.assertRaisesRegex(RelocatableError, str(self.file)):
            target.read(self.file)


if __name__ == "__main__":
    absltest.main()
