"""A small apt archive, as the bytes of its files, signed with a key of its own."""

import dataclasses
import hashlib
import lzma

from pysequoia import ArmorKind, SignatureMode, Tsk, armor, sign

from relocatable.apt.download import AbsentError
from relocatable.apt.openpgp import Keyring
from relocatable.apt.trust import Trust
from relocatable.deb_lock import Source

SOURCE = Source("main", "bookworm", ("main",), ("https://mirror.invalid/debian",), "test.asc")
DATE = "Sat, 11 Jan 2025 10:16:37 UTC"


class Signer:
    """A key that is made now and never expires.

    Attributes:
        keyring: Its public part, in ASCII armor.
        fingerprint: Its certificate's, in upper case.
    """

    def __init__(self) -> None:
        self._key = Tsk.generate("A test's archive")
        certificate = self._key.extract_certificate()
        self.keyring = armor(bytes(certificate), ArmorKind.PublicKey).encode()
        self.fingerprint = certificate.fingerprint.upper()

    def clear_sign(self, text: str) -> bytes:
        """What InRelease is."""
        return sign(self._key.signer(), text.encode(), mode=SignatureMode.CLEAR)

    def detached(self, data: bytes) -> bytes:
        """What Release.gpg is."""
        return sign(self._key.signer(), data, mode=SignatureMode.DETACHED)


SIGNER = Signer()
TRUST = Trust(Keyring.parse(SIGNER.keyring, "test.asc"))


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


def source_stanza(name: str, version: str = "1", **fields: str) -> str:
    """A stanza of a Sources file, of a source package with two files."""
    directory = f"pool/main/{name}"
    stem = f"{name}_{version.partition(':')[2] or version}"
    lines = {
        "Package": name,
        "Version": version,
        "Directory": directory,
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }
    digests = [
        f" {hashlib.sha256(file.encode()).hexdigest()} 1000000 {file}\n"
        for file in (f"{stem}.tar.xz", f"{stem}.dsc")
    ]
    head = "".join(f"{key}: {value}\n" for key, value in lines.items())
    return head + "Checksums-Sha256:\n" + "".join(digests)


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
            raise AbsentError(f"{path}: HTTP Error 404: Not Found")
        data = self.files[path]
        return data if size is None else data[: size + 1]


def archive(**texts: str) -> FakeArchive:
    """An archive with a Packages file for each architecture: `archive(amd64=…, arm64=…)`."""
    return FakeArchive(release({f"main/binary-{a}/Packages": t for a, t in texts.items()}))


def release(texts: dict[str, str], **fields: str) -> dict[str, bytes]:
    """The files of an archive: InRelease, and a `.xz` of each of `texts`.

    Args:
        texts: Packages files by path below the suite's directory.
        fields: Fields of InRelease beyond the usual ones, or instead of them; `Valid_Until="x"`
            becomes `Valid-Until: x`.
    """
    indices = {}
    for name, text in texts.items():
        indices[name] = text.encode()
        indices[f"{name}.xz"] = lzma.compress(text.encode())
    files = {
        f"dists/bookworm/{name}": data for name, data in indices.items() if name.endswith(".xz")
    }
    files["dists/bookworm/InRelease"] = SIGNER.clear_sign(release_text(indices, **fields))
    return files


def release_text(indices: dict[str, bytes], **fields: str) -> str:
    """A Release file, without a signature.

    Args:
        indices: The bytes of what it lists, by path below the suite's directory.
        fields: As for `release`.
    """
    head = {
        "Origin": "Debian",
        "Suite": "oldstable",
        "Codename": "bookworm",
        "Date": DATE,
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }
    lines = [f"{key}: {value}" for key, value in head.items()]
    lines.append("SHA256:")
    for name, data in indices.items():
        lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}")
    return "\n".join(lines) + "\n"
