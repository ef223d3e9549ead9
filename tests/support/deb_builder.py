"""Small .deb files, made byte by byte, sound or broken at will."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

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


def sparse(form: str, path: str, size: int, parts: Sequence[tuple[int, bytes]]) -> bytes:
    """A tar archive of a file of `size` bytes with `parts` (offset, data) and holes between them.

    Args:
        form: Of GNU tar: "S" for its old one, or what it calls `--sparse-version`.
        path: Of the file.
        size: With its holes.
        parts: In order; at most four.

    Source: the GNU tar manual, "Storing Sparse Files".
    """
    info, data = tarfile.TarInfo(path), b"".join(part for _, part in parts)
    sizes = [(offset, len(part)) for offset, part in parts]
    numbers = [str(number) for pair in sizes for number in pair]
    fields = [("GNU.sparse.name", path), ("GNU.sparse.numblocks", str(len(parts)))]
    if form == "S":
        info.type, info.size = tarfile.GNUTYPE_SPARSE, len(data)
        header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
        header[386:482] = b"".join(b"%011o\0" % int(n) for n in numbers).ljust(96, b"\0")
        header[483:495] = b"%011o\0" % size
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        return bytes(header) + _padded(data) + bytes(1024)
    if form == "1.0":
        fields += [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]
        fields.append(("GNU.sparse.realsize", str(size)))
        data = _padded("\n".join([str(len(parts)), *numbers, ""]).encode()) + data
    elif form == "0.1":
        fields += [("GNU.sparse.size", str(size)), ("GNU.sparse.map", ",".join(numbers))]
    else:
        fields.append(("GNU.sparse.size", str(size)))
        for offset, length in sizes:
            fields.append(("GNU.sparse.offset", str(offset)))
            fields.append(("GNU.sparse.numbytes", str(length)))
    records = b"".join(_record(f"{key}={value}\n") for key, value in fields)
    extended, info.size = tarfile.TarInfo("./PaxHeaders/x"), len(data)
    extended.type, extended.size = tarfile.XHDTYPE, len(records)
    headers = [each.tobuf(tarfile.USTAR_FORMAT) for each in (extended, info)]
    return headers[0] + _padded(records) + headers[1] + _padded(data) + bytes(1024)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % tarfile.BLOCKSIZE)


def _record(text: str) -> bytes:
    """Of pax: the length in front counts itself, too."""
    length = len(text) + 1
    while len(f"{length} {text}") != length:
        length += 1
    return f"{length} {text}".encode()


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """An ar archive."""
    out = b"!<arch>\n"
    for name, data in members:
        out += b"%-16b%-12d%-6d%-6d%-8o%-10d`\n" % (name.encode(), 0, 0, 0, 0o644, len(data))
        out += data + b"\n" * (len(data) % 2)
    return out


def deb(
    path: Path,
    entries: Sequence[tuple[tarfile.TarInfo, bytes]] | bytes,
    *,
    name: str = "example",
    version: str = "1.0-1",
    architecture: str = "amd64",
    compression: str = ".xz",
    more: str = "",
    control_files: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Writes a package to `path`; returns it.

    Args:
        path: Where it goes.
        entries: Of its data archive, or that archive.
        name: As all that follow, a field of its control file.
        version: See there.
        architecture: See there.
        compression: Of the data archive.
        more: Lines of the control file.
        control_files: Other files beside it, by name.
    """
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{more}"
    compress = COMPRESSIONS[compression]
    controls = [file("./control", control.encode())] + [
        file(f"./{name}", text.encode(), 0o755) for name, text in control_files.items()
    ]
    path.write_bytes(
        ar(
            [
                ("debian-binary", b"2.0\n"),
                ("control.tar.xz", lzma.compress(tar(controls))),
                (
                    "data.tar" + compression,
                    compress(entries if isinstance(entries, bytes) else tar(entries)),
                ),
            ]
        )
    )
    return path


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
