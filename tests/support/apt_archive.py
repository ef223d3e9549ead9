"""A small apt archive, as the bytes of its files."""

import dataclasses
import hashlib
import lzma

from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError

SOURCE = Source("main", "bookworm", ("main",), ("https://mirror.invalid/debian",))


def stanza(name: str, version: str = "1", architecture: str = "amd64", **fields: str) -> str:
    """A stanza of a Packages file; `Pre_Depends="x"` becomes `Pre-Depends: x`."""
    digest = hashlib.sha256(f"{name} {version} {architecture}".encode()).hexdigest()
    path = f"pool/main/{name}_{version.partition(':')[2] or version}_{architecture}.deb"
    lines = {
        "Package": name,
        "Version": version,
        "Architecture": architecture,
        **{key.replace("_", "-"): value for key, value in fields.items()},
        "Filename": path,
        "Size": "1000000",
        "SHA256": digest,
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def packages(*stanzas: str) -> str:
    """A Packages file."""
    return "\n".join(stanzas)


@dataclasses.dataclass
class FakeArchive:
    """Serves files from memory.

    Attributes:
        files: The archive's files by path; a test changes them to tell lies.
        asked: The paths that were asked for, in order.
    """

    files: dict[str, bytes]
    asked: list[str] = dataclasses.field(default_factory=list)

    def __call__(self, path: str, size: int | None) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise RelocatableError(f"{path}: HTTP Error 404: Not Found")
        data = self.files[path]
        return data if size is None else data[: size + 1]


def archive(**texts: str) -> FakeArchive:
    """An archive with a Packages file for each architecture: `archive(amd64=…, arm64=…)`."""
    return FakeArchive(release({f"main/binary-{a}/Packages": t for a, t in texts.items()}))


def release(texts: dict[str, str], **fields: str) -> dict[str, bytes]:
    """The files of an archive: InRelease, and a `.xz` of each of `texts`.

    Args:
        texts: Packages files by path below the suite's directory.
        fields: Fields of InRelease beyond the usual ones, or instead of them.
    """
    head = {
        "Origin": "Debian",
        "Suite": "oldstable",
        "Codename": "bookworm",
        "Date": "Sat, 11 Jul 2026 10:16:37 UTC",
        **fields,
    }
    lines = [f"{key}: {value}" for key, value in head.items()]
    lines.append("SHA256:")
    files = {}
    for name, text in texts.items():
        plain, packed = text.encode(), lzma.compress(text.encode())
        files[f"dists/bookworm/{name}.xz"] = packed
        for path, data in ((name, plain), (f"{name}.xz", packed)):
            lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}")
    files["dists/bookworm/InRelease"] = signed("\n".join(lines))
    return files


def signed(text: str) -> bytes:
    """The outer form of a clear-signed file."""
    return (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
        f"{text}\n"
        "-----BEGIN PGP SIGNATURE-----\n\nabcd\n-----END PGP SIGNATURE-----\n"
    ).encode()
