"""Damaged packages, and what has to hold for what is made of them.

Damage is done inside: to the tar archives and the control file as they are when decompressed, with
checksums made right again more often than not, since what a checksum finds is found early.
"""

import random
import tarfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from relocatable import content, deb, deb_copyright
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from relocatable.tree import Link, Tree, check_path, link_destination
from support import deb_builder as build

_WORDS: Final = (
    b"",
    b"\0",
    b"\n",
    b" ",
    b"../",
    b"/",
    b"-1",
    b"99999999999",
    b"\xff" * 12,
    b"\x80" + b"\0" * 7 + b"\x40\0\0\0",
    b"GNU.sparse.map=",
    b"GNU.sparse.size=",
    b"Replaces: ",
    b"Package: ",
    b"(<< ",
    b"update-alternatives --install ",
    b"dpkg-divert --add ",
    "é".encode(),
)
_TYPES: Final = b"0123456LKSxgXND\0"
_FIELDS: Final = ((0, 100), (100, 8), (124, 12), (157, 100), (257, 8), (345, 155), (386, 110))
"""Of a tar header, offsets and sizes: name, mode, size, link, magic, prefix, sparse map."""
SIZE_LIMIT: Final = 1 << 31
"""Bytes that what comes of one package may say it has."""


class Package(NamedTuple):
    """The two archives of a package, not compressed."""

    control: bytes
    data: bytes

    def write(self, path: Path) -> None:
        """Makes a .deb of them."""
        members = [("debian-binary", b"2.0\n"), ("control.tar", self.control)]
        path.write_bytes(build.ar([*members, ("data.tar", self.data)]))


def damaged(package: Package, chance: random.Random) -> Package:
    """Returns `package` with some damage to one of its archives."""
    if chance.random() < 0.4:
        return package._replace(control=_damaged(package.control, chance))
    return package._replace(data=_damaged(package.data, chance))


def outcome(path: Path, scratch: Path) -> str:
    """Unpacks the .deb at `path` in all of our ways; returns what became of it.

    Raises:
        AssertionError: if what came of it leaves the tree or is beyond a limit.
    """
    results = []
    licenses = Tree()
    packages: list[dict[str, Any]] = []
    try:
        deb_copyright.read(path, scratch)
        results.append("copyright")
    except RelocatableError:
        pass
    try:
        deb.control(path, scratch)
        results.append("control")
        tree = extract(
            [path], Selection(), "//:x", scratch, 1, licenses=licenses, packages=packages
        )
    except RelocatableError:
        return " ".join(results) or "refused"
    assert len(packages) == 1
    for each in (tree, licenses):
        _check(each)
    return "tree"


def _check(tree: Tree) -> None:
    total = 0
    for path, node in tree:
        check_path(path)
        if isinstance(node, Link):
            link_destination(path, node.target)
    for _, file in tree.files():
        total += content.size(file.content)
        for piece in content.pieces(file.content):
            assert piece is not None
            break
    assert total <= SIZE_LIMIT, total


def _damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        kind = chance.random()
        if kind < 0.6:
            _damage_header(changed, chance)
        elif kind < 0.8:
            at = chance.randrange(len(changed) + 1)
            changed[at : at + chance.choice((0, 1, 3, 12))] = chance.choice(_WORDS)
        elif kind < 0.9:
            del changed[chance.randrange(len(changed) + 1) :]
        else:
            # A block twice, or in another place.
            at, to = (chance.randrange(len(changed) // 512 + 1) * 512 for _ in range(2))
            changed[to:to] = changed[at : at + 512 * chance.choice((1, 1, 2, 5))]
    return bytes(changed)


def _damage_header(data: bytearray, chance: random.Random) -> None:
    headers = [at for at in range(0, len(data) - 511, 512) if data[at + 257 : at + 262] == b"ustar"]
    if not headers:
        return
    at = chance.choice(headers)
    if chance.random() < 0.4:
        data[at + 156] = chance.choice(_TYPES)
    else:
        offset, size = chance.choice(_FIELDS)
        start = at + offset + chance.choice((0, 0, chance.randrange(size)))
        word = chance.choice(_WORDS)[: at + offset + size - start]
        data[start : start + len(word)] = word
    if chance.random() < 0.8:
        data[at + 148 : at + 156] = b" " * 8
        data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + tarfile.BLOCKSIZE])
