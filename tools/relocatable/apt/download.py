"""Gets files from an archive over http, and shows how far it is."""

import base64
import netrc
import string
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TextIO

from relocatable.errors import RelocatableError

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 60
# A file of unknown size is an InRelease: some hundred KB.
_LARGEST_UNKNOWN = 1 << 24
# What a URL's path may hold (RFC 3986, 3.3), but for what apt escapes all the same: some servers
# take a `+` for a space.
_URL = frozenset(string.ascii_letters + string.digits + "-._/:@!$&'()*,;=")


class NotFetchedError(RelocatableError):
    """A server didn't give what it was asked for; another one may."""


class Mirror:
    """An archive at a URL.

    Attributes:
        url: The archive's root.
    """

    def __init__(
        self, url: str, progress: TextIO = sys.stderr, logins: netrc.netrc | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._progress = progress
        self._authorization = _basic(self.url, logins) if logins else ""

    def __call__(self, path: str, size: int | None = None) -> bytes:
        """Gives the bytes of a file below the root; at most one more than `size` is read.

        Raises:
            RelocatableError: if it can't be had; the message holds the URL and the reason.
        """
        url = f"{self.url}/{url_path(path)}"
        request = urllib.request.Request(url, headers={"User-Agent": "rules_relocatable"})  # noqa: S310
        if self._authorization:
            # Not for those that a redirect leads to.
            request.add_unredirected_header("Authorization", self._authorization)
        largest = _LARGEST_UNKNOWN if size is None else size
        data = bytearray()
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
                while len(data) <= largest and (chunk := answer.read(_CHUNK)):
                    data += chunk
                    self._show(url, len(data), size)
        except (OSError, HTTPException) as error:
            raise NotFetchedError(f"{url}: {error}{_by_way_of(url, error)}") from error
        self._show(url, len(data), size, end="\n")
        return bytes(data)

    def _show(self, url: str, done: int, size: int | None, end: str = "") -> None:
        if not self._progress.isatty():
            if end:
                print(f"{url}: {megabytes(done)}", file=self._progress)
            return
        share = f" {min(100 * done // size, 100):3d} %" if size else ""
        # Back to the line's start, and erase what was there (ECMA-48 EL).
        print(f"\r\x1b[K{url}: {megabytes(done)}{share}", end=end, file=self._progress, flush=True)


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


def _by_way_of(url: str, error: Exception) -> str:
    """Which proxy was asked instead of a server: a failure to connect is that one's."""
    parts = urllib.parse.urlsplit(url)
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    if not proxy or isinstance(error, urllib.error.HTTPError):
        return ""
    if urllib.request.proxy_bypass(parts.hostname or ""):
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
