"""What has to hold of a source's Release file before anything in it is believed."""

import dataclasses
import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from relocatable.apt.download import AbsentError
from relocatable.apt.openpgp import Keyring, Signed
from relocatable.apt.release import Release, check_dates, parse, time_of
from relocatable.deb_lock import NAMELESS, Index, Source
from relocatable.errors import RelocatableError

# In the page that a server makes of a directory.
_LINK = re.compile(rb'href="([0-9A-Za-z][0-9A-Za-z._+~-]{0,60})/"')
# More don't help to see which one was meant.
_MOST_SUITES = 40


class Fetch(Protocol):
    """Gets a file below an archive's root."""

    def __call__(self, path: str, size: int | None) -> bytes:
        """Gives the file's bytes.

        Args:
            path: Path below the archive's root.
            size: Bytes that the file has, if known: more are not read.

        Raises:
            AbsentError: if it is not there.
            RelocatableError: if it can't be had for another reason.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe, and since when.

    Attributes:
        keyring: The keys of which one has to have signed; `None` if the source is `allow_unsigned`.
        now: The time.
        origin: What the archive called itself last time: on a machine whose apt has several
            archives with such a suite, this tells them apart. `None` if it is new.
        seen: States that were seen before; of those that have the same origin as what is read now,
            none may be newer. None stands for a state that may be of any date.
        in_module: Whether MODULE.bazel says what is allowed of a source, or else flags do.
    """

    keyring: Keyring | None
    now: datetime = dataclasses.field(default_factory=lambda: datetime.now(UTC))
    origin: str | None = None
    seen: tuple[Index, ...] = ()
    in_module: bool = False

    def say(self, what: str, value: str, source: Source) -> str:
        """How to give a source an attribute, as messages advise to."""
        if self.in_module:
            return f'debs.source(name = "{source.name}", {what} = "{value}")'
        return f"--source={source.name},…,{what}={value}"

    def allow(self, what: str, source: Source) -> str:
        """How to say that something of a source is all right, as messages advise to."""
        if self.in_module:
            return f'debs.source(name = "{source.name}", {what} = True)'
        return f"--{what}={source.name}"


def open_release(
    source: Source, directory: str, fetch: Fetch, trust: Trust
) -> tuple[Release, Index]:
    """Gets a source's Release file and verifies its signature, its name and its dates.

    Args:
        source: What is wanted.
        directory: Where the file is, below the archive's root.
        fetch: Gets a file of the archive.
        trust: Whom to believe.

    Returns:
        The file, and what a lock says of it.

    Raises:
        RelocatableError: if there is none, or it is not to be believed.
    """
    place, data, signed = _signed(source, directory, fetch, trust)
    release = parse(signed.text, place)
    _check_name(source, release, place, trust)
    # A moment of old was meant to be replaced by now.
    wanted = source.allow_expired or source.snapshot
    expired = "" if wanted else f"say {trust.allow('allow_expired', source)}"
    if release.made or trust.keyring:
        not_before = _latest(index for index in trust.seen if index.origin == release.origin)
        check_dates(release, place, trust.now, not_before=not_before, expired=expired)
    return release, Index(
        source=source.name,
        origin=release.origin,
        date=release.date,
        sha256=hashlib.sha256(data).hexdigest(),
        signed_by=signed.signers,
    )


def _latest(seen: Iterable[Index]) -> datetime | None:
    """When the newest of some states was made."""
    return max(filter(None, (time_of(index.date) for index in seen)), default=None)


def _signed(
    source: Source, directory: str, fetch: Fetch, trust: Trust
) -> tuple[str, bytes, Signed]:
    """The file's path, its bytes, and what of them is signed."""
    plain, inline = f"{directory}/Release", f"{directory}/InRelease"
    if not trust.keyring:
        return _unsigned(source, plain, inline, fetch)
    allow = trust.allow("allow_unsigned", source)
    try:
        data = fetch(inline, None)
    except AbsentError as absent:
        data = _or_raise(absent, source, fetch, plain)
        try:
            signature = fetch(f"{plain}.gpg", None)
        except AbsentError as error:
            raise RelocatableError(
                f"{plain}: is not signed: {absent}; {error}; if it never is, and you trust the "
                f"network and the mirror: {allow}"
            ) from error
        return plain, data, trust.keyring.detached(data, signature, f"{plain}.gpg", trust.now)
    return inline, data, trust.keyring.clear_signed(data, inline, trust.now)


def _unsigned(source: Source, plain: str, inline: str, fetch: Fetch) -> tuple[str, bytes, Signed]:
    """The same where no signature is wanted, although there may be one."""
    try:
        place, data = plain, fetch(plain, None)
    except AbsentError as absent:
        place, data = inline, _or_raise(absent, source, fetch, inline)
    return place, data, Signed(data, ())


def _or_raise(absent: AbsentError, source: Source, fetch: Fetch, path: str) -> bytes:
    """Gets a file; without it, the first one's absence is what is told, and what there is."""
    try:
        return fetch(path, None)
    except AbsentError:
        there = "" if source.flat else _suites(fetch)
        raise AbsentError(f"{absent}{there}") from None


def _suites(fetch: Fetch) -> str:
    """Which suites there are, in words, if the server shows the directory that they are in."""
    try:
        page = fetch("dists/", None)
    except RelocatableError:
        return ""
    names = {name.decode() for name in _LINK.findall(page)}
    return f"; its dists/ has {', '.join(sorted(names)[:_MOST_SUITES])}" if names else ""


def _check_name(source: Source, release: Release, place: str, trust: Trust) -> None:
    # A signed Release of another suite is another archive's truth. A flat repository's has none.
    wanted = source.release_suite or source.suite
    names = release.suites or (NAMELESS,)
    if wanted not in names and (source.release_suite or not source.flat):
        found = " and ".join(release.suites) or "none"
        meant = trust.say("release_suite", names[0], source)
        raise RelocatableError(
            f"{place}: wanted suite {wanted}, found {found}; if that is what is meant: {meant}"
        )
    if trust.origin not in {None, release.origin}:
        raise RelocatableError(f"{place}: wanted origin {trust.origin}, found {release.origin}")
