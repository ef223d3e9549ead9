"""Reads a suite's Release file: which state of the archive it is, and its indices' digests."""

import dataclasses
import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from debian.deb822 import Deb822

from relocatable.apt.openpgp import CLOCK
from relocatable.errors import RelocatableError

# Digest, size in bytes, path below the suite's directory.
_ENTRY = re.compile(r"([0-9a-f]+)[ \t]+([0-9]{1,15})[ \t]+(\S+)")
# Kinds of digests that nobody can forge a file to, and how long they are in hexadecimal. Where an
# archive has both, the first is enough.
DIGESTS = {"SHA256": 64, "SHA512": 128}
_LISTED = re.compile(r"(.+)/binary-([a-z0-9-]+)/Packages(?:\.[a-z0-9]+)?")


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    """What a Release file says of an index, or an index of a package.

    Attributes:
        size: Bytes.
        digest: Digest, in hexadecimal.
        kind: Of digest: SHA256 or SHA512.
    """

    size: int
    digest: str
    kind: str = "SHA256"

    def differs(self, data: bytes) -> str:
        """What is wrong with a file's bytes, in words; nothing if they are these."""
        kind = self.kind.lower()
        found = hashlib.new(kind, data).hexdigest()
        if (len(data), found) == (self.size, self.digest):
            return ""
        count = f"more than {self.size}" if len(data) > self.size else str(len(data))
        return f"wanted {self.size} bytes with {kind} {self.digest}, found {count} with {found}"


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
        all_apart: Whether what is for all architectures has an index of its own that has to be
            read, too (`Architectures: all …`, and no `No-Support-for-Architecture-all`).
    """

    origin: str
    suites: tuple[str, ...]
    date: str
    made: datetime | None
    valid_until: datetime | None
    by_hash: bool
    files: dict[str, File]
    all_apart: bool = True

    @property
    def offers(self) -> dict[str, list[str]]:
        """The architectures that there are Packages files for, by component, both sorted."""
        found: dict[str, set[str]] = {}
        for match in filter(None, map(_LISTED.fullmatch, self.files)):
            found.setdefault(match[1], set()).add(match[2])
        return {component: sorted(found[component]) for component in sorted(found)}


def parse(data: bytes, place: str) -> Release:
    """Reads a Release file, without a signature around it.

    Args:
        data: The file's bytes.
        place: What error messages call it.

    Raises:
        RelocatableError: if it is none, or has no digests that are good enough.
    """
    # What is not UTF-8 is in words for people: a description, a name.
    fields = Deb822(data.decode(errors="replace"))
    kind = next((kind for kind in DIGESTS if kind in fields), "")
    if not kind:
        found = ", ".join(key for key in ("MD5Sum", "SHA1") if key in fields) or "no digests"
        raise RelocatableError(
            f"{place}: wanted a Release file with SHA256 or SHA512 digests, found {found}"
        )
    apart = fields.get("No-Support-for-Architecture-all", "") != "Packages"
    return Release(
        origin=fields.get("Origin", ""),
        suites=tuple(fields[key] for key in ("Codename", "Suite") if fields.get(key)),
        date=fields.get("Date", ""),
        made=_time(fields, "Date", place),
        valid_until=_time(fields, "Valid-Until", place),
        by_hash=fields.get("Acquire-By-Hash", "") == "yes",
        files=dict(
            entry(line, f"{place}: {kind}", kind)
            for line in fields[kind].splitlines()
            if line.strip()
        ),
        all_apart=apart and "all" in fields.get("Architectures", "all").split(),
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


def entry(line: str, place: str, kind: str = "SHA256") -> tuple[str, File]:
    """Reads a line of digest, size and name, as lists of files have it.

    Args:
        line: The line.
        place: What error messages call the list.
        kind: Of digest: SHA256 or SHA512.

    Raises:
        RelocatableError: if it is none.
    """
    match = _ENTRY.fullmatch(line.strip())
    if not match or len(match[1]) != DIGESTS[kind]:
        raise RelocatableError(f"{place}: wanted a digest, a size and a path, found {line!r}")
    return match[3], File(int(match[2]), match[1], kind)
