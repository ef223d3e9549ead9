"""Reads a suite's Release file: which state of the archive it is, and its indices' digests."""

import dataclasses
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from debian.deb822 import Deb822

from relocatable.apt.openpgp import CLOCK
from relocatable.errors import RelocatableError

# Digest, size in bytes, path below the suite's directory.
_ENTRY = re.compile(r"([0-9a-f]{64})[ \t]+([0-9]{1,15})[ \t]+(\S+)")


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """What a Release file says of an index.

    Attributes:
        size: Bytes.
        sha256: Digest.
    """

    size: int
    sha256: str


@dataclasses.dataclass(frozen=True, slots=True)
class Release:
    """A Release file.

    Attributes:
        origin: The archive's own name for itself; may be empty.
        suites: What it calls the suite: its code name and its role.
        date: When this state was made, in the file's words and as a time; empty and `None` if it
            doesn't say.
        made: The time of `date`.
        valid_until: When it has to have been replaced, if it says so.
        by_hash: Whether indices also are where their digest is their name, so that they can be
            had while the archive is being updated.
        files: The indices by path below the suite's directory.
    """

    origin: str
    suites: tuple[str, ...]
    date: str
    made: datetime | None
    valid_until: datetime | None
    by_hash: bool
    files: dict[str, File]


def parse(data: bytes, place: str) -> Release:
    """Reads a Release file, without a signature around it.

    Args:
        data: The file's bytes.
        place: What error messages call it.

    Raises:
        RelocatableError: if it is none, or has no SHA-256 digests.
    """
    try:
        fields = Deb822(data.decode())
    except ValueError as error:
        raise RelocatableError(f"{place}: is not readable: {error}") from error
    if "SHA256" not in fields:
        found = ", ".join(key for key in ("MD5Sum", "SHA1") if key in fields) or "no digests"
        raise RelocatableError(f"{place}: wanted a Release file with SHA256 digests, found {found}")
    return Release(
        origin=fields.get("Origin", ""),
        suites=tuple(fields[key] for key in ("Codename", "Suite") if key in fields),
        date=fields.get("Date", ""),
        made=_time(fields, "Date", place),
        valid_until=_time(fields, "Valid-Until", place),
        by_hash=fields.get("Acquire-By-Hash", "") == "yes",
        files=dict(
            entry(line, f"{place}: SHA256")
            for line in fields["SHA256"].splitlines()
            if line.strip()
        ),
    )


def check_dates(
    release: Release, place: str, now: datetime, *, not_before: datetime | None, expired: str
) -> None:
    """Refuses a state of an archive that is not the newest one that there is, as far as dates tell.

    Args:
        release: The state.
        place: What error messages call its file.
        now: The time.
        not_before: When the state was made that was seen last; `None` if none was.
        expired: What to do if an expired one is wanted; empty if it is.

    Raises:
        RelocatableError: if it is from the future, expired, or older than what was seen last.
    """
    if not release.made:
        raise RelocatableError(
            f"{place}: has no Date, so that nothing tells an old state from a new"
        )
    if release.made > now + CLOCK:
        raise RelocatableError(
            f"{place}: is of {release.date}, now is {now:%Y-%m-%d %H:%M} UTC: "
            "is this machine's clock right?"
        )
    if expired and release.valid_until and release.valid_until <= now:
        raise RelocatableError(
            f"{place}: is of {release.date} and was valid until {release.valid_until:%Y-%m-%d}: "
            f"the mirror is behind, or keeps from you what is newer; ask another, or {expired}"
        )
    if not_before and release.made < not_before:
        raise RelocatableError(
            f"{place}: is of {release.date}, but the lock was made from that of "
            f"{not_before:%Y-%m-%d %H:%M} UTC: the mirror is behind, or takes you back to what had "
            "holes; ask another, or, to go back: --allow_downgrade"
        )


def time_of(text: str) -> datetime | None:
    """Reads the words of a date (RFC 5322); `None` if they are none."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _time(fields: Deb822, key: str, place: str) -> datetime | None:
    if key not in fields:
        return None
    moment = time_of(fields[key])
    if not moment:
        raise RelocatableError(f"{place}: {key}: wanted a date, found {fields[key]!r}")
    return moment


def entry(line: str, place: str) -> tuple[str, File]:
    """Reads a line of digest, size and name, as lists of files have it.

    Raises:
        RelocatableError: if it is none.
    """
    match = _ENTRY.fullmatch(line.strip())
    if not match:
        raise RelocatableError(f"{place}: wanted a digest, a size and a path, found {line!r}")
    return match[3], File(int(match[2]), match[1])
