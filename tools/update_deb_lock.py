"""Makes, refreshes or checks a lock file of Debian packages.

    bazel run @my_debs//:update

makes or refreshes the lock that `debs.lock(name = "my_debs")` in MODULE.bazel names, from what its
`declaration` wants and the sources that MODULE.bazel declares. For a lock that no module uses:

    bazel run @rules_relocatable//tools:update_deb_lock -- --lock=debs.lock.json

The other flags replace a part of the declaration; with --check, nothing is written. docs/debs.md
has the rest.
"""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from relocatable import cli, deb_lock
from relocatable.apt import sources
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.changes import changes, differs
from relocatable.apt.declared import Said
from relocatable.apt.download import Mirror, read_logins
from relocatable.apt.keyrings import keyring
from relocatable.apt.packages import verify_packages
from relocatable.apt.seen import earlier_states
from relocatable.apt.source_packages import verify_sources
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
    "priority=NUMBER, architecture=ARCHITECTURE, snapshot=MOMENT and release_suite=SUITE.",
)
_MODULE = flags.DEFINE_string(
    "module", "", "What MODULE.bazel says of the sources; the target :update gives this."
)
_HUB = flags.DEFINE_string(
    "hub", "", "The repository that the lock is used through; the target :update gives this."
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
_WITH_SOURCE = flags.DEFINE_multi_string(
    "with_source", [], "A package whose source package is pinned with it; * is anything."
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
    declaration = _declaration(old)
    archives: dict[str, Archive] = {}

    logins = read_logins(Path(os.environ.get("NETRC") or Path.home() / ".netrc"))

    def mirror(url: str) -> Mirror:
        return Mirror(url, logins=logins)

    def connect(source: Source) -> Archive:
        urls = _mirrors(source.name) or [*sources.mirrors(source), *source.urls]
        trust = _trust(source, declaration.sources, workspace, old)
        archive = open_archive(source, urls, trust, mirror, _say)
        if source.allow_unsigned:
            _say(f"warning: {source.name}: nobody's signature is wanted (allow_unsigned)")
        by = ", ".join(archive.index.signed_by) or "nobody"
        _say(f"{source.name}: {archive.index.origin} of {archive.index.date}, signed by {by}")
        archives[source.name] = archive
        return archive

    new = update(declaration, connect)
    deb_lock.check(new, Path(_LOCK.value))
    if _VERIFY_PACKAGES.value:
        known = {package.sha256 for package in old.packages} if old and not _CHECK.value else set()
        verify_packages((p for p in new.packages if p.sha256 not in known), archives)
        seen = old.source_packages if old and not _CHECK.value else ()
        verify_sources((p for p in new.source_packages if p not in seen), archives)
    if not _CHECK.value:
        deb_lock.write(new, path)
        print("\n".join(changes(old, new)))
    elif old is None or differs(old, new):
        # Before what is said on stderr about it, into whatever both go.
        print("\n".join(changes(old, new)), flush=True)
        raise RelocatableError(
            f"{_LOCK.value}: is not what its declaration gives now (see above); run: {_command()}"
        )
    else:
        print(f"{_LOCK.value}: is what its declaration gives now")


def _command() -> str:
    """The command that makes the lock, for who reads our messages."""
    return f"bazel run @{_HUB.value}//:update" if _HUB.value else f"{deb_lock.UPDATE}{_LOCK.value}"


def _trust(source: Source, declared: Sequence[Source], workspace: Path, old: Lock | None) -> Trust:
    """Whom to believe about a source: its keyring, and what the lock says was seen last."""
    trust = Trust(keyring(source, workspace), in_module=bool(_MODULE.value))
    if not old:
        return trust
    # Another suite of the same name starts anew.
    suites = {(before.name, before.suite) for before in old.declaration.sources}
    same = (source.name, source.suite) in suites
    origins = [index.origin for index in old.indices if same and index.source == source.name]
    seen = () if _ALLOW_DOWNGRADE.value else earlier_states(source, declared, old)
    return dataclasses.replace(trust, origin=next(iter(origins), None), seen=seen)


def _declaration(lock: Lock | None) -> Declaration:
    old = lock.declaration if lock else _NOTHING
    if not (lock or (_ROOT.value and _ARCHITECTURE.value)):
        raise RelocatableError(
            f"{_LOCK.value}: wanted a lock file, or the start of one, found none: write into it "
            f"{deb_lock.START}, or give --architecture and --root"
        )
    said = Said(
        _MODULE.value,
        tuple(_SOURCE.value),
        cli.pairs("keyring", _KEYRING.value),
        tuple(_ALLOW_UNSIGNED.value),
        tuple(_ALLOW_EXPIRED.value),
    )
    return deb_lock.checked(
        Declaration(
            sources=said.over(old.sources),
            architectures=tuple(_ARCHITECTURE.value) or old.architectures,
            roots=tuple(_ROOT.value) or old.roots,
            exclude=tuple(_EXCLUDE.value) or old.exclude,
            pins=tuple(_PIN.value) or old.pins,
            recommends=old.recommends if _RECOMMENDS.value is None else _RECOMMENDS.value,
            with_source=tuple(_WITH_SOURCE.value) or old.with_source,
        )
    )


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _mirrors(source: str) -> list[str]:
    pairs = [text.partition("=") for text in _MIRROR.value]
    return [url for name, _, url in pairs if name == source]


if __name__ == "__main__":
    cli.run(_main)
