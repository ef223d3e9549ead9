"""What programs open by name when they run: whether that is the machine's, or the dist's own.

The C library looks for character sets (gconv), locales and name services (NSS) at absolute paths,
and OpenSSL for certificates. None of these shows in an ELF file.
"""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from relocatable import content
from relocatable.elf import Edits, Elf
from relocatable.errors import RelocatableError
from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON
from relocatable.provenance import Edit
from relocatable.tree import File, Link, Node, Tree

_LIBC = "libc.so.6"
_GCONV = re.compile(r"(?:.*/)?(gconv/.+)")
# A list of where modules are, made by the machine's administrator; it is ignored beside GCONV_PATH.
_GCONV_CACHE = "gconv/gconv-modules.cache"
_LOCALE = re.compile(r"(?:.*/)?(locale/(?P<name>[^/]+)/LC_\w+(?:/.+)?)")
_UTF8 = "C.utf8"  # As it is spelt in names of files.
_CERTIFICATE = re.compile(r"(?:.*/)?ca-certificates/.+\.crt")
_CERTIFICATES = "ssl/cert.pem"
_CERTIFICATES_VARIABLE = "SSL_CERT_FILE"
# The certificates of a machine in one file, where distributions have them: Debian, Arch and Alpine;
# Fedora and Red Hat; SUSE; Alpine and BSD.
_ON_MACHINES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class Policy(enum.Enum):
    """Whose it is."""

    HOST = "host"
    """What the library finds on the machine by itself."""
    SEARCH = "search"
    """The machine's, looked for where distributions have it."""
    BUNDLED = "bundled"
    """The dist's own."""


@dataclass(frozen=True, slots=True)
class Policies:
    """A policy for each.

    Attributes:
        nss: Services that names of users and hosts are looked up with. Those of the dist are what
            its C library has built in (files and DNS) and whatever `libnss_*.so` is in a layer.
        gconv: Modules for character sets; a few are built in.
        locales: Locales other than C.
        ca_certificates: Certificates that OpenSSL and GnuTLS trust.
    """

    nss: Policy = Policy.BUNDLED
    gconv: Policy = Policy.HOST
    locales: Policy = Policy.HOST
    ca_certificates: Policy = Policy.HOST

    def check(self, *, own_libc: bool) -> None:
        """Raises RelocatableError for what can't be had without a C library of the dist's own."""
        for each in fields(self):
            policy = getattr(self, each.name)
            if policy is Policy.SEARCH and each.name != "ca_certificates":
                raise RelocatableError(f"{each.name}: wanted host or bundled, found search")
            of_libc = each.name in {"gconv", "locales"}
            if of_libc and policy is Policy.BUNDLED and not own_libc:
                raise RelocatableError(
                    f'{each.name} = "bundled" wants libc = "bundled": they belong to a C library'
                )


DEFAULT = Policies()


@dataclass(frozen=True, slots=True)
class Variables:
    """What launchers set for the policies' sake; see `launcher.Settings`."""

    environment: tuple[tuple[str, str], ...] = ()
    in_c: tuple[tuple[str, str], ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def take(tree: Tree, pool: Tree, policies: Policies, directory: str) -> Variables:
    """Adds to `tree` what is bundled, out of `pool`, and says what programs have to be told.

    Args:
        tree: The dist.
        pool: What its libraries are taken from.
        policies: What is wanted.
        directory: Where libraries are in the tree; the data goes below it.

    Raises:
        RelocatableError: if something that is to be bundled is not in the pool.
    """
    environment: list[tuple[str, str]] = []
    in_c: list[tuple[str, str]] = []
    lost: list[tuple[str, str]] = []
    files: list[tuple[str, str]] = []
    # Both are lists that are split at ':'.
    place = f"{ROOT_WITHOUT_COLON}/{directory}"
    if policies.gconv is Policy.BUNDLED:
        _take_gconv(tree, pool, directory)
        environment.append(("GCONV_PATH", f"{place}/gconv"))
    if policies.locales is Policy.BUNDLED:
        names = _take_locales(tree, pool, directory)
        only_c = all(name.partition(".")[0] == "C" for name in names)
        told = ("LOCPATH", f"{place}/locale")
        # With LOCPATH, no archive of the machine's is read: not for who has chosen a locale of it.
        (in_c if only_c else environment).append(told)
        if only_c:
            lost.append(told)
        if _UTF8 in names:
            lost.append(("LC_ALL", "C.UTF-8"))
    if policies.ca_certificates is Policy.BUNDLED:
        tree.add(f"{directory}/{_CERTIFICATES}", _certificates(pool))
        files.append((_CERTIFICATES_VARIABLE, f"{ROOT}/{directory}/{_CERTIFICATES}"))
    elif policies.ca_certificates is Policy.SEARCH:
        files += [(_CERTIFICATES_VARIABLE, path) for path in _ON_MACHINES]
    return Variables(tuple(environment), tuple(in_c), tuple(lost), tuple(files))


def edits(elf: Elf, policies: Policies) -> Edits | None:
    """What to change in a file of the dist; None for nothing.

    The C library opens name services by their bare names: in the directories that it has been
    given, and then in the loader's own, those of the machine.
    """
    if elf.soname == _LIBC and policies.nss is Policy.BUNDLED:
        return Edits(no_default_libraries=True)
    return None


def _take_gconv(tree: Tree, pool: Tree, directory: str) -> None:
    taken = set(_taken(tree, pool, _GCONV, directory))
    if f"{directory}/gconv/gconv-modules" not in taken:
        raise RelocatableError(
            'gconv = "bundled": no gconv/gconv-modules is in the libraries; let them include '
            '"usr/lib/*-linux-gnu/gconv" of libc6 and, from Debian 13 on, libc-gconv-modules-extra'
        )


def _take_locales(tree: Tree, pool: Tree, directory: str) -> set[str]:
    taken = _taken(tree, pool, _LOCALE, directory)
    names = {path.removeprefix(f"{directory}/locale/").partition("/")[0] for path in taken}
    if not names:
        raise RelocatableError(
            'locales = "bundled": no locale/NAME/LC_* is in the libraries; let them include '
            '"usr/lib/locale" of libc-bin (C.utf8) or locales-all'
        )
    return names


def _taken(tree: Tree, pool: Tree, pattern: re.Pattern[str], directory: str) -> Iterator[str]:
    """Adds what matches; yields the paths."""
    node: Node
    for path, node in pool:
        match = pattern.fullmatch(path)
        if match is None or match[1] == _GCONV_CACHE or not isinstance(node, File | Link):
            continue
        there = f"{directory}/{match[1]}"
        tree.add(there, node)
        yield there


def _certificates(pool: Tree) -> File:
    """All certificates in one file: that is what programs are told."""
    found = [file for path, file in pool.files() if _CERTIFICATE.fullmatch(path)]
    if not found:
        raise RelocatableError(
            'ca_certificates = "bundled": no ca-certificates/*.crt is in the libraries; let them '
            'include "usr/share/ca-certificates" of the package ca-certificates'
        )
    texts = (content.read(file.content).rstrip() + b"\n" for file in found)
    return found[0].edited(b"".join(texts), Edit("certificates", None, f"{len(found)} in one file"))
