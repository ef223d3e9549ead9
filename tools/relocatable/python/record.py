"""RECORD: the list of an installed distribution's files, with the digest and the size of each.

Source: the specification "Recording installed projects" (PEP 376, PEP 627) and that of wheels
(PEP 427); the file is CSV with `,` and `"`.
"""

import base64
import csv
import hashlib
import hmac
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from relocatable.errors import RelocatableError

NAME = "RECORD"
SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""What stands beside a wheel's RECORD and is not listed in it."""
_ALGORITHMS = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a digest as `ALGORITHM=BASE64`, a size in bytes; empty where nothing is said."""

    digest: str = ""
    size: str = ""


def entry(data: bytes | memoryview) -> Entry:
    """Returns the line of a file with these bytes."""
    return Entry("sha256=" + _encode(hashlib.sha256(data).digest()), str(len(data)))


def parse(data: bytes, name: str) -> dict[str, Entry]:
    """Reads a RECORD.

    Raises:
        RelocatableError: if it is none; `name` stands in the message.
    """
    entries: dict[str, Entry] = {}
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RelocatableError(f"{name} is no RECORD: {error}") from error
    for row in filter(None, rows):
        if len(row) != 3 or not row[0] or row[0] in entries:
            raise RelocatableError(f"{name}: wanted PATH,DIGEST,SIZE once for each, found {row}")
        entries[row[0]] = Entry(row[1], row[2])
    return entries


def write(entries: Mapping[str, Entry]) -> bytes:
    """Returns a RECORD of these entries, sorted."""
    out = io.StringIO(newline="")
    rows: Iterable[list[str]] = (
        [path, found.digest, found.size] for path, found in sorted(entries.items())
    )
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def mismatch(wanted: Entry, data: bytes | memoryview) -> str | None:
    """Says how a file's bytes differ from its entry; None if they are what it says."""
    algorithm, _, digest = wanted.digest.partition("=")
    if algorithm not in _ALGORITHMS:
        return f"wanted a digest by one of {', '.join(_ALGORITHMS)}, found {wanted.digest!r}"
    found = _encode(hashlib.new(algorithm, data).digest())
    if not hmac.compare_digest(found.encode(), digest.rstrip("=").encode()):
        return f"wanted {wanted.digest}, found {algorithm}={found}"
    if wanted.size not in {"", str(len(data))}:
        return f"wanted {wanted.size} bytes, found {len(data)}"
    return None


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
