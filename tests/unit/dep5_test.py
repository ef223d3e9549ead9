"""The licence that a machine-readable copyright declares, and where there is doubt."""

from absl.testing import absltest, parameterized

from relocatable.licenses import dep5

FORMAT = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"


def files(pattern: str, license_: str) -> str:
    return f"\nFiles: {pattern}\nCopyright: someone\nLicense: {license_}\n"


class Dep5Test(parameterized.TestCase):
    @parameterized.parameters(
        ("GPL-2+", "GPL-2.0-or-later"),
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1+ or Expat", "LGPL-2.1-or-later OR MIT"),
        ("BSD-3-clause and Zlib", "BSD-3-Clause AND Zlib"),
        ("MIT", ""),
        ("GPL", ""),
        ("GPL-9", ""),
        ("GPL-2+ with Autoconf exception", ""),
        ("public-domain", ""),
        ("GPL-2, Expat", ""),
        ("or", ""),
        ("", ""),
    )
    def test_synopses(self, synopsis: str, expected: str) -> None:
        self.assertEqual(dep5.expression(synopsis), expected)

    @parameterized.parameters(
        ("", files("*", "Expat") + files("debian/*", "Expat"), "MIT"),
        ("", files("*", "Expat") + files("debian/*", "GPL-2+"), ""),
        ("License: GPL-2+\n", files("*", "Expat") + files("x", "GPL-2+"), "GPL-2.0-or-later"),
        ("License: own\n text", files("*", "Expat"), ""),
        ("", "", ""),
        ("", "\nFiles: *\nCopyright: someone\n", ""),
    )
    def test_documents(self, header: str, rest: str, expected: str) -> None:
        document = f"{FORMAT}\n{header}{rest}"
        self.assertEqual(dep5.declared(document.encode()), expected)

    @parameterized.parameters(FORMAT, FORMAT[:-1], FORMAT.replace("https", "http"), FORMAT + " ")
    def test_formats(self, first: str) -> None:
        self.assertEqual(dep5.declared((first + "\n" + files("*", "Zlib")).encode()), "Zlib")

    @parameterized.parameters(
        b"",
        b"\n",
        b"This is zlib.\nLicense: Zlib\n",
        b"Format: of my own\n",
        b"\xff\xfe",
        FORMAT.encode() + b"\n\xff",
        FORMAT.encode() + b"\nno field\n\n" + files("*", "Zlib").encode(),
    )
    def test_other_texts(self, data: bytes) -> None:
        self.assertEqual(dep5.declared(data), "")


if __name__ == "__main__":
    absltest.main()
