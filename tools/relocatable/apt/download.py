"""Gets files from an archive over http, and shows how far it is.

What fails for the moment is tried again, as apt does it: after one second, two and four, and from
where the connection ended, if the server can.
"""

import base64
import dataclasses
import netrc
import socket
import ssl
import string
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException, InvalidURL
from pathlib import Path
from typing import TextIO

from relocatable.errors import RelocatableError, printable

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 60
# A file of unknown size is an InRelease: some hundred KB.
_LARGEST_UNKNOWN = 1 << 24
# What a URL's path may hold (RFC 3986, 3.3), but for what apt escapes all the same: some servers
# take a `+` for a space.
_URL = frozenset(string.ascii_letters + string.digits + "-._/:@!$&'()*,;=")
# Seconds before each further try.
_DELAYS = (1.0, 2.0, 4.0)
# A server that wants more than this many seconds (Retry-After) is given up: another may be there.
_LONGEST_DELAY = 60.0
# Of a server that has too much to do or is being restarted; those of apt.
_PASSING = frozenset((408, 429, 500, 502, 503, 504, 599))


class NotFetchedError(RelocatableError):
    """A server didn't give what it was asked for; another one may."""


class AbsentError(NotFetchedError):
    """A server answers that it doesn't give a file."""


class _PassingError(Exception):
    """It may work the next time.

    Attributes:
        delay: Seconds that the server wants to have first; `None` if it says nothing.
        connection: Whether there was no answer at all.
    """

    def __init__(self, text: str, delay: float | None = None, *, connection: bool = False) -> None:
        super().__init__(text)
        self.delay = delay
        self.connection = connection


@dataclasses.dataclass(slots=True)
class _Part:
    """What there is of a file.

    Attributes:
        data: Its first bytes.
        state: What tells the file's state from others of it (RFC 9110, 13.1.5); empty if nothing
            does, so that a further try is for all of it.
    """

    data: bytearray = dataclasses.field(default_factory=bytearray)
    state: str = ""


class Mirror:
    """An archive at a URL.

    Attributes:
        url: The archive's root.
    """

    def __init__(
        self,
        url: str,
        progress: TextIO = sys.stderr,
        logins: netrc.netrc | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._progress = progress
        self._wait = wait
        self._authorization = _basic(self.url, logins) if logins else ""
        # Nobody answers: each file would have to wait for that again.
        self._silent = False

    def __call__(self, path: str, size: int | None = None) -> bytes:
        """Gives the bytes of a file below the root; at most one more than `size` is read.

        Raises:
            AbsentError: if the server says that it is not there, or not for us.
            NotFetchedError: if it can't be had; the message holds the URL and the reason.
        """
        url = f"{self.url}/{url_path(path)}"
        part = _Part()
        tries = 0
        while True:
            try:
                self._get(url, size, part)
            except _PassingError as error:
                delay = _DELAYS[tries] if tries < len(_DELAYS) and not self._silent else None
                tries += 1
                if delay is None or (error.delay or 0) > _LONGEST_DELAY:
                    self._silent |= error.connection
                    raise NotFetchedError(f"{url}: {_tried(error, tries)}") from error
                delay = max(delay, error.delay or 0)
                said = printable(f"{url}: {error}; again in {delay:.0f} s")
                print(said, file=self._progress)
                self._wait(delay)
            else:
                self._show(url, len(part.data), size, end="\n")
                return bytes(part.data)

    def _get(self, url: str, size: int | None, part: _Part) -> None:
        """Reads what is missing of a file.

        Raises:
            _PassingError: if another try may help; `part` has what is there.
            NotFetchedError: if none will.
        """
        request = urllib.request.Request(url, headers={"User-Agent": "rules_relocatable"})  # noqa: S310
        if self._authorization:
            # Not for those that a redirect leads to.
            request.add_unredirected_header("Authorization", self._authorization)
        if part.data and part.state:
            request.add_header("Range", f"bytes={len(part.data)}-")
            request.add_header("If-Range", part.state)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                if not _continues(answer.headers, len(part.data)):
                    part.data.clear()
                part.state = _state(answer.headers)
                self._read(url, size, part, answer.read, _length(answer.headers))
        except urllib.error.HTTPError as error:
            if error.code in _PASSING:
                raise _PassingError(str(error), _retry_after(error.headers)) from error
            raise AbsentError(f"{url}: {error}") from error
        except InvalidURL as error:
            raise NotFetchedError(f"{url}: {error}") from error
        except HTTPException as error:
            raise _PassingError(f"{_ended(part, None)}{_by_way_of(url)}") from error
        except OSError as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            said = f"{error}{_by_way_of(url)}"
            if isinstance(reason, OSError) and _passes(reason):
                raise _PassingError(said, connection=not part.data) from error
            absent = isinstance(reason, FileNotFoundError)
            raise (AbsentError if absent else NotFetchedError)(f"{url}: {said}") from error

    def _read(
        self,
        url: str,
        size: int | None,
        part: _Part,
        read: Callable[[int], bytes],
        length: int | None,
    ) -> None:
        """Adds what a server sends to `part`: `length` bytes, if it says how many."""
        largest = _LARGEST_UNKNOWN if size is None else size
        wanted = size if length is None else len(part.data) + length
        while len(part.data) <= largest:
            chunk = read(_CHUNK)
            if not chunk:
                break
            part.data += chunk
            self._show(url, len(part.data), size)
        if len(part.data) <= largest and len(part.data) < (wanted or 0):
            raise _PassingError(_ended(part, wanted))

    def _show(self, url: str, done: int, size: int | None, end: str = "") -> None:
        if not self._progress.isatty():
            if end:
                print(f"{url}: {megabytes(done)}", file=self._progress)
            return
        share = f" {min(100 * done // size, 100):3d} %" if size else ""
        # Back to the line's start, and erase what was there (ECMA-48 EL).
        print(f"\r\x1b[K{url}: {megabytes(done)}{share}", end=end, file=self._progress, flush=True)


def _tried(error: _PassingError, tries: int) -> str:
    if (error.delay or 0) > _LONGEST_DELAY:
        return f"{error}; it wants to be asked again in {error.delay:.0f} s"
    return f"{error} (tried {tries} times)" if tries > 1 else str(error)


def _ended(part: _Part, wanted: int | None) -> str:
    of = f" of {wanted}" if wanted else ""
    return f"the connection was cut after {len(part.data)}{of} bytes"


def _continues(headers: Message, start: int) -> bool:
    """Says whether an answer is what follows the first `start` bytes (RFC 9110, 14.4)."""
    return (headers["Content-Range"] or "").startswith(f"bytes {start}-")


def _state(headers: Message) -> str:
    """What If-Range takes: an entity tag that is not weak, or else a date."""
    tag = headers["ETag"] or ""
    return tag if tag and not tag.startswith("W/") else headers["Last-Modified"] or ""


def _length(headers: Message) -> int | None:
    text = headers["Content-Length"] or ""
    chunked = "Transfer-Encoding" in headers
    return int(text) if text.isascii() and text.isdecimal() and not chunked else None


def _retry_after(headers: Message) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3)."""
    text = (headers["Retry-After"] or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _passes(error: OSError) -> bool:
    """Says whether an error of the network may be gone in a second."""
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return isinstance(error, ConnectionError | TimeoutError | ssl.SSLEOFError)


def url_path(path: str) -> str:
    """A file's path as a URL has it: as apt asks for it, and with what no URL may hold escaped.

    `rules/private/archive_path.bzl` does the same.

    Args:
        path: The name on the archive's disk: a `%` in it is a `%`.
    """
    return "".join(c if c in _URL else "".join(f"%{b:02x}" for b in c.encode()) for c in path)


def read_logins(path: Path) -> netrc.netrc | None:
    """Reads the user's names and passwords, as curl and Bazel do; `None` if there is no such file.

    Raises:
        RelocatableError: if it is no netrc file.
    """
    if not path.is_file():
        return None
    try:
        return netrc.netrc(str(path))
    except (netrc.NetrcParseError, UnicodeDecodeError) as error:
        raise RelocatableError(f"{path}: is no netrc file: {error}") from error


def _basic(url: str, logins: netrc.netrc) -> str:
    """What RFC 7617 calls for at a URL's host; empty if there is no password for it."""
    found = logins.authenticators(urllib.parse.urlsplit(url).hostname or "")
    if not found:
        return ""
    return "Basic " + base64.b64encode(f"{found[0]}:{found[2]}".encode()).decode()


def _by_way_of(url: str) -> str:
    """Which proxy was asked instead of a server: a failure to connect is that one's."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return ""
    # Without a password.
    shown = proxy.rpartition("@")[2] if "@" in proxy else proxy
    return (
        f" (asked by way of the proxy {shown}, which {parts.scheme}_proxy names; no_proxy takes "
        "hosts off it)"
    )


def megabytes(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB"
