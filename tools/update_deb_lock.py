"""Makes, refreshes or checks a lock file of Debian packages.

    bazel run @rules_relocatable//tools:update_deb_lock -- --lock=dist/lldb.lock.json

refreshes a lock from its own declaration. The other flags make a new lock, or replace that part of
the declaration of an existing one; with --check, nothing is written. See docs/debs.md.
"""

import dataclasses
import os
import sys
from pathlib import Path

from absl import flags

from relocatable import cli, deb_lock
from relocatable.apt import sources
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.changes import changes, differs
from relocatable.apt.download import Mirror, read_logins
from relocatable.apt.keyrings import keyring
from relocatable.apt.packages import verify_packages
from relocatable.apt.release import time_of
from relocatable.apt.trust import Trust
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Lock, Source
from relocatable.errors import RelocatableError, printable

_LOCK = flags.DEFINE_string(
    "lock", None, "The lock file, from the workspace's root.", required=True
)
_SOURCE = flags.DEFINE_multi_string(
    "source",
    [],
    "NAME,SUITE,COMPONENT…,URL…: an archive, and its public mirrors. Among them may be "
    "priority=NUMBER and architecture=ARCHITECTURE.",
)
_ROOT = flags.DEFINE_multi_string("root", [], "A package that is wanted.")
_ARCHITECTURE = flags.DEFINE_multi_string("architecture", [], "A Debian architecture.")
_EXCLUDE = flags.DEFINE_multi_string(
    "exclude", [], "A package that is not wanted, whatever depends on it."
)
_PIN = flags.DEFINE_multi_string(
    "pin", [], "PACKAGE=VERSION or PACKAGE/SOURCE: what a package has to be of; * is anything."
)
_RECOMMENDS = flags.DEFINE_bool(
    "recommends", None, "Whether what packages recommend comes along, where it can."
)
_MIRROR = flags.DEFINE_multi_string(
    "mirror", [], "NAME=URL: where to fetch a source's indices from, this time."
)
_KEYRING = flags.DEFINE_multi_string(
    "keyring", [], "NAME=FILE: the keys that sign a source; `debian` is the name of Debian's."
)
_ALLOW_UNSIGNED = flags.DEFINE_multi_string(
    "allow_unsigned", [], "NAME: a source that nobody signs; the lock says so."
)
_ALLOW_EXPIRED = flags.DEFINE_multi_string(
    "allow_expired", [], "NAME: a source that is an old state on purpose; the lock says so."
)
_ALLOW_DOWNGRADE = flags.DEFINE_bool(
    "allow_downgrade", False, "This time, take a state that is older than the lock's."
)
_CHECK = flags.DEFINE_bool(
    "check", False, "Write nothing; fail if the lock isn't what refreshing it would give."
)
_VERIFY_PACKAGES = flags.DEFINE_bool(
    "verify_packages",
    False,
    "Also download what is new (all, with --check), and compare it with its index.",
)
_NOTHING = Declaration(sources=(), architectures=(), roots=())


def _main() -> None:
    # `bazel run` starts in the runfiles and says here where its user is.
    workspace = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", ""))
    path = workspace / _LOCK.value
    old = deb_lock.parse(path.read_bytes(), _LOCK.value) if path.exists() else None
    archives: dict[str, Archive] = {}

    logins = read_logins(Path(os.environ.get("NETRC") or Path.home() / ".netrc"))

    def mirror(url: str) -> Mirror:
        return Mirror(url, logins=logins)

    def connect(source: Source) -> Archive:
        urls = _mirrors(source.name) or [*sources.mirrors(source), *source.mirrors]
        archive = open_archive(source, urls, _trust(source, workspace, old), mirror, _say)
        if source.allow_unsigned:
            _say(f"warning: {source.name}: nobody's signature is wanted (allow_unsigned)")
        by = ", ".join(archive.index.signed_by) or "nobody"
        _say(f"{source.name}: {archive.index.origin} of {archive.index.date}, signed by {by}")
        archives[source.name] = archive
        return archive

    new = update(_declaration(old.declaration if old else _NOTHING), connect)
    deb_lock.check(new, Path(_LOCK.value))
    if _VERIFY_PACKAGES.value:
        known = {package.sha256 for package in old.packages} if old and not _CHECK.value else set()
        verify_packages((p for p in new.packages if p.sha256 not in known), archives)
    if not _CHECK.value:
        deb_lock.write(new, path)
        print("\n".join(changes(old, new)))
    elif old is None or differs(old, new):
        print("\n".join(changes(old, new)))
        raise RelocatableError(
            f"{_LOCK.value}: is not what its declaration gives now (see above); "
            f"run: {deb_lock.UPDATE}{_LOCK.value}"
        )
    else:
        print(f"{_LOCK.value}: is what its declaration gives now")


def _trust(source: Source, workspace: Path, old: Lock | None) -> Trust:
    """Whom to believe about a source: its keyring, and what the lock says was seen last."""
    trust = Trust(keyring(source, workspace))
    suites = {before.name: before.suite for before in old.declaration.sources} if old else {}
    seen = {index.source: index for index in old.indices} if old else {}
    # Another suite of the same name starts anew.
    if source.name not in seen or suites.get(source.name) != source.suite:
        return trust
    index = seen[source.name]
    since = None if _ALLOW_DOWNGRADE.value else time_of(index.date)
    return dataclasses.replace(trust, origin=index.origin, not_before=since)


def _declaration(old: Declaration) -> Declaration:
    given = tuple(_source(text) for text in _SOURCE.value) or old.sources
    return deb_lock.checked(
        Declaration(
            sources=_with_trust(given, {source.name: source for source in old.sources}),
            architectures=tuple(_ARCHITECTURE.value) or old.architectures,
            roots=tuple(_ROOT.value) or old.roots,
            exclude=tuple(_EXCLUDE.value) or old.exclude,
            pins=tuple(_PIN.value) or old.pins,
            recommends=old.recommends if _RECOMMENDS.value is None else _RECOMMENDS.value,
        )
    )


def _with_trust(given: tuple[Source, ...], old: dict[str, Source]) -> tuple[Source, ...]:
    """Sources with what the flags say of whom to believe, or else what the lock said."""
    keyrings = cli.pairs("keyring", _KEYRING.value)
    for name in (*keyrings, *_ALLOW_UNSIGNED.value, *_ALLOW_EXPIRED.value):
        if name not in {source.name for source in given}:
            raise RelocatableError(
                f"{name}: wanted a source, there are {', '.join(source.name for source in given)}"
            )
    return tuple(_trusted(source, keyrings, old.get(source.name, source)) for source in given)


def _trusted(source: Source, keyrings: dict[str, str], old: Source) -> Source:
    name = source.name
    keyring_file, unsigned = old.keyring, old.allow_unsigned
    # One takes the place of the other.
    if name in keyrings or name in _ALLOW_UNSIGNED.value:
        keyring_file, unsigned = keyrings.get(name, ""), name in _ALLOW_UNSIGNED.value
    return dataclasses.replace(
        source,
        keyring=keyring_file,
        allow_unsigned=unsigned,
        allow_expired=old.allow_expired or name in _ALLOW_EXPIRED.value,
    )


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _source(text: str) -> Source:
    name, suite, *rest = [*text.split(","), ""]
    urls = tuple(word for word in rest if "://" in word)
    options = [word.partition("=") for word in rest if "=" in word and word not in urls]
    unknown = {key for key, _, _ in options} - {"architecture", "priority"}
    priorities = [value for key, _, value in options if key == "priority"]
    if unknown or len(priorities) > 1 or not all(map(str.isdecimal, priorities)):
        raise RelocatableError(
            f"--source={text}: wanted NAME,SUITE,COMPONENT…,URL…, "
            "and of options architecture=ARCHITECTURE and one priority=NUMBER"
        )
    return Source(
        name,
        suite,
        tuple(word for word in rest if word and word not in urls and "=" not in word),
        urls,
        architectures=tuple(value for key, _, value in options if key == "architecture"),
        priority=int(priorities[0]) if priorities else deb_lock.PRIORITY,
    )


def _mirrors(source: str) -> list[str]:
    pairs = [text.partition("=") for text in _MIRROR.value]
    return [url for name, _, url in pairs if name == source]


if __name__ == "__main__":
    cli.run(_main)
