"""Checksums in the form that `sha256sum --check` reads."""

import hashlib
import re
from pathlib import Path

from relocatable.errors import RelocatableError
from relocatable.output import whole

_LINE = re.compile(r"([0-9a-f]{64})  [^\n]+\n")


def write(file: Path, checksum: Path) -> None:
    """Writes the SHA-256 of `file` to `checksum`."""
    with file.open("rb") as data:
        digest = hashlib.file_digest(data, "sha256").hexdigest()
    with whole(checksum) as out:
        out.write(f"{digest}  {file.name}\n".encode())


def read(checksum: Path) -> str:
    """Returns the digest in `checksum`, in hex.

    Raises:
        RelocatableError: if `write` has not made it.
    """
    text = checksum.read_text(errors="replace")
    if not (match := _LINE.fullmatch(text)):
        raise RelocatableError(f"{checksum}: a line of sha256sum is wanted, found {text[:80]!r}")
    return match[1]
