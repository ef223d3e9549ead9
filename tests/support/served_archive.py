"""An archive on a loopback server, laid out as a test says, signed with a key of the test's own."""

import bz2
import dataclasses
import gzip
import hashlib
import lzma
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import zstandard

from support import deb_builder
from support.apt_archive import DATE, SIGNER
from support.mirror import Mirror

PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    ".zst": zstandard.ZstdCompressor().compress,
}


def package(
    name: str = "root", version: str = "1.0", architecture: str = "amd64", depends: str = ""
) -> bytes:
    """A package whose bytes dpkg takes."""
    with tempfile.TemporaryDirectory() as scratch:
        path = deb_builder.deb(
            Path(scratch) / "x.deb",
            [deb_builder.file(f"./usr/share/{name}", b"x")],
            name=name,
            version=version,
            architecture=architecture,
            more=f"Depends: {depends}\n" if depends else "",
        )
        return path.read_bytes()


def entry(path: str, data: bytes, digests: Iterable[str] = ("SHA256",), **fields: str) -> str:
    """What a Packages file says of a package.

    Args:
        path: Where it is.
        data: Its bytes.
        digests: Which ones it has.
        fields: What else it says, or instead; `Pre_Depends="x"` becomes `Pre-Depends: x`.
    """
    lines = {
        "Package": "root",
        "Version": "1.0",
        "Architecture": "amd64",
        **{key.replace("_", "-"): value for key, value in fields.items()},
        "Filename": path,
        "Size": str(len(data)),
        **{key: _digest(key, data) for key in digests},
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


@dataclasses.dataclass
class Served:
    """A suite of an archive.

    Attributes:
        mirror: The server.
        suite: Its directory below `dists/`; with a slash at its end, one below the root.
        indices: Index files, by path below the suite's directory.
        packages: Packages, by path below the archive's root.
        suffixes: How the indices are packed.
        digests: Which ones the Release file has.
        fields: Fields of the Release file beyond the usual ones, or instead of them; `None` leaves
            one out.
        missing: Indices that are listed, and not there.
    """

    mirror: Mirror
    indices: Mapping[str, str | bytes]
    packages: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    suite: str = "bookworm"
    suffixes: Iterable[str] = (".xz",)
    digests: Iterable[str] = ("SHA256",)
    fields: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    missing: Iterable[str] = ()

    @property
    def directory(self) -> str:
        """The suite's, on the server."""
        return f"/debian/{self.suite}" if self.suite[-1] == "/" else f"/debian/dists/{self.suite}/"

    def publish(self) -> None:
        """Puts it on the server."""
        listed: dict[str, bytes] = {}
        for name, text in self.indices.items():
            data = text if isinstance(text, bytes) else text.encode()
            # Unpacked, it is listed as in Debian's archive, and not there.
            listed[name] = data
            for suffix in self.suffixes:
                listed[name + suffix] = packed = PACK[suffix](data)
                if name + suffix not in self.missing:
                    self.mirror.files[f"{self.directory}{name}{suffix}"] = packed
        for path, data in self.packages.items():
            self.mirror.files[f"/debian/{path}"] = data
        text = self.release(listed)
        self.mirror.files[f"{self.directory}InRelease"] = SIGNER.clear_sign(text)

    def release(self, listed: Mapping[str, bytes]) -> str:
        """The Release file's text."""
        fields = {
            "Origin": "Debian",
            "Suite": "oldstable",
            "Codename": self.suite,
            "Date": DATE,
            "Architectures": "amd64 arm64",
            "Components": "main",
            **self.fields,
        }
        lines = [f"{key}: {value}" for key, value in fields.items() if value is not None]
        for kind in self.digests:
            lines.append(f"{kind}:")
            lines += [f" {_digest(kind, data)} {len(data)} {n}" for n, data in listed.items()]
        return "\n".join(lines) + "\n"


def _digest(kind: str, data: bytes) -> str:
    return hashlib.new(kind.lower().removesuffix("sum"), data).hexdigest()
