"""Tests for `relocatable.deb_package.control`: what a control block may say, and its text."""

import json
from typing import Any

from absl.testing import absltest, parameterized
from debian.deb822 import Packages

from relocatable.deb_package import control
from relocatable.deb_package.control import Control
from relocatable.errors import RelocatableError
from relocatable.strict_json import Reader
from relocatable.target import Target

X86_64 = Target("linux_x86_64", 62, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
SOUND: dict[str, Any] = {
    "package": "tool",
    "version": "1:2.0~rc1-3",
    "maintainer": "Jo Doe <jo@example.com>",
    "description": "a tool\nThat does\n\nthis.",
    "architecture_all": False,
    "section": "utils",
    "priority": "optional",
    "homepage": "",
    "relations": {name: [] for name in control.RELATIONS},
    "fields": {},
}


def read(**changed: Any) -> Control:
    data = json.dumps(SOUND | changed).encode()
    return control.read(Reader.parse(data, "control"), X86_64)


def related(field: str, *texts: str) -> Control:
    return read(relations=SOUND["relations"] | {field: list(texts)})


class ControlTest(parameterized.TestCase):
    def test_text(self) -> None:
        made = related("Depends", "libc6 (>= 2.36) | musl", "python3:any", "xz (<<2~)")
        text = made.text(12, ("yy", "python3:any"))
        self.assertEqual(
            text.decode(),
            "Package: tool\nVersion: 1:2.0~rc1-3\nArchitecture: amd64\n"
            "Maintainer: Jo Doe <jo@example.com>\nInstalled-Size: 12\n"
            "Depends: libc6 (>= 2.36) | musl, python3:any, xz (<<2~), yy\n"
            "Section: utils\nPriority: optional\n"
            "Description: a tool\n That does\n .\n this.\n",
        )
        # A second opinion.
        self.assertLen(Packages(text).relations["depends"], 4)

    def test_all_architectures(self) -> None:
        self.assertEqual(read(architecture_all=True).architecture, "all")

    def test_further_fields(self) -> None:
        text = read(fields={"Multi-Arch": "foreign"}, homepage="https://example.com").text(1)
        self.assertIn(b"\nHomepage: https://example.com\nMulti-Arch: foreign\n", text)

    @parameterized.parameters(
        ("package", "Tool", r'wanted a package name \(Policy 5.6.1\), found "Tool"'),
        ("package", "t", 'found "t"'),
        ("version", "1_0", 'wanted a Debian version, found "1_0"'),
        ("version", "rc1", 'found "rc1"'),
        ("maintainer", "Jo Doe", 'wanted NAME <ADDRESS>, found "Jo Doe"'),
        ("description", "", "starts with its synopsis"),
        ("description", "x" * 80, "less than 80 characters"),
        ("section", "U/t/i/l", "wanted a section"),
        ("priority", "high", "wanted a priority"),
        ("fields", {"Section": "x"}, "the field Section is not for `fields`"),
        ("fields", {"a b": "x"}, "wanted the name of a field, found 'a b'"),
        ("fields", {"X": "a\nEvil: b"}, "wanted one line"),
    )
    def test_what_policy_forbids(self, key: str, value: object, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            read(**{key: value})

    @parameterized.parameters(
        "",
        "libc6 >= 2.36",
        "libc6 (> 2.36)",
        "libc6 (>= x y)",
        "libc6, musl",
        "Libc6",
        "libc6 (>= 2.36",
        "libc6 [amd64]",
        "libc6 <!nocheck>",
        "libc6 |",
        "libc6:Any",
        "${shlibs:Depends}",
    )
    def test_what_is_no_relation(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "wanted"):
            related("Depends", text)

    def test_other_machines(self) -> None:
        other = Target("sun", 2, "ld.so.1", "sparc-solaris", 8192)
        with self.assertRaisesRegex(RelocatableError, "that of sun is 'sparc-solaris'"):
            control.architecture(other)


if __name__ == "__main__":
    absltest.main()
