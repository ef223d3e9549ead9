"""Small .deb files, made byte by byte, sound or broken at will."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import zstandard

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def file(path: str, data: bytes = b"", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """An entry that is a regular file."""
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), mode
    return info, data


def special(
    path: str, kind: bytes, target: str = "", mode: int = 0o755
) -> tuple[tarfile.TarInfo, bytes]:
    """An entry that is anything else: a link, a directory, a device."""
    info = tarfile.TarInfo(path)
    info.type, info.linkname, info.mode = kind, target, mode
    return info, b""


def tar(entries: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A GNU tar archive, as dpkg-deb writes it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """An ar archive."""
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16b%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o644, len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def deb(
    path: Path,
    entries: Sequence[tuple[tarfile.TarInfo, bytes]],
    *,
    name: str = "example",
    version: str = "1.0-1",
    architecture: str = "amd64",
    compression: str = ".xz",
    more: str = "",
) -> Path:
    """Writes a package to `path`, with `more` lines in its control file; returns it."""
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{more}"
    compress = COMPRESSIONS[compression]
    path.write_bytes(
        ar(
            [
                ("debian-binary", b"2.0\n"),
                ("control.tar.xz", lzma.compress(tar([file("./control", control.encode())]))),
                ("data.tar" + compression, compress(tar(entries))),
            ]
        )
    )
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
