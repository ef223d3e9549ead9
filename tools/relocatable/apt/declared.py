"""A lock's sources: from the MODULE.bazel that uses it, or from flags, or as the lock has them."""

import dataclasses
from collections.abc import Mapping

from relocatable import deb_lock
from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError

_ONCE = frozenset(("priority", "release_suite", "snapshot"))


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What flags say of sources.

    Attributes:
        module: All that MODULE.bazel declares, as JSON in the words of a lock; empty for a lock
            that no module has a repository for.
        sources: Each an archive: `NAME,SUITE,COMPONENT…,URL…`.
        keyrings: Whose signatures are good, by the source's name.
        unsigned: Names of sources that nobody signs.
        expired: Names of sources that are an old state on purpose.
    """

    module: str = ""
    sources: tuple[str, ...] = ()
    keyrings: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unsigned: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()

    def over(self, old: tuple[Source, ...]) -> tuple[Source, ...]:
        """The sources that a lock is to have now.

        Args:
            old: Those that it has.

        Raises:
            RelocatableError: if the flags contradict MODULE.bazel, or can't be understood.
        """
        if self.module:
            self._check_nothing_else()
            return deb_lock.sources(self.module.encode(), "--module")
        given = tuple(map(parse, self.sources)) or old
        names = [source.name for source in given]
        for name in (*self.keyrings, *self.unsigned, *self.expired):
            if name not in names:
                raise RelocatableError(f"{name}: wanted a source, there are {', '.join(names)}")
        before = {source.name: source for source in old}
        return tuple(self._trusted(source, before.get(source.name, source)) for source in given)

    def _check_nothing_else(self) -> None:
        """Two places that say of whom to believe would be one too many."""
        for flag, said in (
            ("source", self.sources),
            ("keyring", self.keyrings),
            ("allow_unsigned", self.unsigned),
            ("allow_expired", self.expired),
        ):
            if said:
                raise RelocatableError(
                    f"--{flag}: the sources of this lock are in MODULE.bazel: change its "
                    "debs.source, and run this again without the flag"
                )

    def _trusted(self, source: Source, old: Source) -> Source:
        """A source with what the flags say of whom to believe, or else what the lock said."""
        name = source.name
        keyring, unsigned = old.keyring, old.allow_unsigned
        # One takes the place of the other.
        if name in self.keyrings or name in self.unsigned:
            keyring, unsigned = self.keyrings.get(name, ""), name in self.unsigned
        return dataclasses.replace(
            source,
            keyring=keyring,
            allow_unsigned=unsigned,
            allow_expired=old.allow_expired or name in self.expired,
        )


def parse(text: str) -> Source:
    """Reads `NAME,SUITE,COMPONENT…,URL…`, amid which options may stand.

    Raises:
        RelocatableError: if an option is none that there is.
    """
    name, suite, *rest = [*text.split(","), ""]
    urls = tuple(word for word in rest if "://" in word)
    options = [word.partition("=") for word in rest if "=" in word and word not in urls]
    keys = [key for key, _, _ in options if key != "architecture"]
    given = {key: value for key, _, value in options}
    priority = given.get("priority", str(deb_lock.PRIORITY))
    if not _ONCE.issuperset(keys) or len(set(keys)) != len(keys) or not priority.isdecimal():
        raise RelocatableError(
            f"--source={text}: wanted NAME,SUITE,COMPONENT…,URL…, and of options "
            "architecture=ARCHITECTURE, one priority=NUMBER, one snapshot=MOMENT and one "
            "release_suite=SUITE"
        )
    return Source(
        name,
        suite,
        tuple(word for word in rest if word and word not in urls and "=" not in word),
        urls,
        architectures=tuple(value for key, _, value in options if key == "architecture"),
        priority=int(priority),
        snapshot=given.get("snapshot", ""),
        release_suite=given.get("release_suite", ""),
    )
