"""Packages with members in any order, and what dpkg-deb says to them."""

import bz2
import lzma
from pathlib import Path

import zstandard

from support import deb_builder as build

CONTROL = build.tar([build.file("./control", b"Package: x\nVersion: 1\nArchitecture: all\n")])
DATA = build.tar([build.file("./usr/x", b"x")])

MEMBERS = {
    "B": ("debian-binary", b"2.0\n"),
    "b": ("debian-binary", b"2.1\nmore\n"),
    "/": ("debian-binary/", b"2.0\n"),
    "3": ("debian-binary", b"3.0\n"),
    "0": ("debian-binary", b"2\n"),
    "n": ("debian-binary", b"2.0"),
    "j": ("debian-binary", b"2.0x\n"),
    "r": ("debian-binary", b"2.0\r\n"),
    "C": ("control.tar.xz", lzma.compress(CONTROL)),
    "c": ("control.tar", CONTROL),
    "Z": ("control.tar.zst", zstandard.compress(CONTROL)),
    "k": ("control.tar.bz2", bz2.compress(CONTROL)),
    "l": ("control.tar.lzma", lzma.compress(CONTROL, lzma.FORMAT_ALONE)),
    "t": ("control.tarx", CONTROL),
    "D": ("data.tar.xz", lzma.compress(DATA)),
    "d": ("data.tar", DATA),
    "L": ("data.tar.lzma", lzma.compress(DATA, lzma.FORMAT_ALONE)),
    "u": ("data.tar.foo", DATA),
    "_": ("_gpgorigin", b"signed"),
    "x": ("extra", b"any"),
    "e": ("", b"any"),
}
"""What can be in an archive, by a letter."""

TAKEN = [
    "BCD",
    "bCD",
    "/CD",
    "BcD",
    "BZD",
    "BCd",
    "BCL",
    "B_CD",
    "B_C_D_",
    "BCDD",
    "BCDd",
    "BCDC",
    "BCDx",
    "BCDB",
    "BCDe",
]
REFUSED = [
    "BDC",
    "BdCD",
    "BCCD",
    "BCcD",
    "_BCD",
    "CBD",
    "CD",
    "BC",
    "BD",
    "B",
    "BBCD",
    "BCBD",
    "BxCD",
    "BCxD",
    "BeCD",
    "BCeD",
    "B_D",
    "B_DC",
    "3CD",
    "0CD",
    "nCD",
    "jCD",
    "rCD",
    "BkD",
    "BlD",
    "BtD",
    "BCu",
]
"""Orders that dpkg-deb takes, or refuses; tests/integration/deb_dpkg_test.py asks it."""


def write(path: Path, order: str) -> None:
    """A .deb with these members, in this order."""
    path.write_bytes(build.ar([MEMBERS[letter] for letter in order]))
