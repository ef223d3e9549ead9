"""Makes or refreshes a lock file of Debian packages.

    bazel run @rules_relocatable//tools:update_deb_lock -- --lock=dist/lldb.lock.json

refreshes a lock from its own declaration. The other flags make a new lock, or replace that part of
the declaration of an existing one. See docs/debs.md.
"""

import os
import sys
from pathlib import Path

from absl import flags

from relocatable import cli, deb_lock
from relocatable.apt import sources
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.changes import changes
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Source

_LOCK = flags.DEFINE_string(
    "lock", None, "The lock file, from the workspace's root.", required=True
)
_SOURCE = flags.DEFINE_multi_string(
    "source", [], "NAME,SUITE,COMPONENT…,URL…: an archive, and its public mirrors."
)
_ROOT = flags.DEFINE_multi_string("root", [], "A package that is wanted.")
_ARCHITECTURE = flags.DEFINE_multi_string("architecture", [], "A Debian architecture.")
_EXCLUDE = flags.DEFINE_multi_string(
    "exclude", [], "A package that is not wanted, whatever depends on it."
)
_MIRROR = flags.DEFINE_multi_string(
    "mirror", [], "NAME=URL: where to fetch a source's indices from, this time."
)
_NOTHING = Declaration(sources=(), architectures=(), roots=())


def _main() -> None:
    # `bazel run` starts in the runfiles and says here where its user is.
    path = Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "")) / _LOCK.value
    old = deb_lock.parse(path.read_bytes(), _LOCK.value) if path.exists() else None
    origins = {index.source: index.origin for index in old.indices} if old else {}

    def connect(source: Source) -> Archive:
        urls = _mirrors(source.name) or [*sources.mirrors(source), *source.mirrors]
        archive = open_archive(source, urls, origins.get(source.name))
        print(f"{source.name}: {archive.index.origin} of {archive.index.date}", file=sys.stderr)
        return archive

    new = update(_declaration(old.declaration if old else _NOTHING), connect)
    deb_lock.write(new, path)
    print("\n".join(changes(old, new)))


def _declaration(old: Declaration) -> Declaration:
    return deb_lock.checked(
        Declaration(
            sources=tuple(_source(text) for text in _SOURCE.value) or old.sources,
            architectures=tuple(_ARCHITECTURE.value) or old.architectures,
            roots=tuple(_ROOT.value) or old.roots,
            exclude=tuple(_EXCLUDE.value) or old.exclude,
        )
    )


def _source(text: str) -> Source:
    name, suite, *rest = [*text.split(","), ""]
    urls = tuple(word for word in rest if "://" in word)
    return Source(name, suite, tuple(word for word in rest if word and word not in urls), urls)


def _mirrors(source: str) -> list[str]:
    pairs = [text.partition("=") for text in _MIRROR.value]
    return [url for name, _, url in pairs if name == source]


if __name__ == "__main__":
    cli.run(_main)
