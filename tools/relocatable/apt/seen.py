"""Which states of a lock's archives a source has to be newer than."""

from collections.abc import Sequence

from relocatable.deb_lock import Index, Lock, Source


def earlier_states(source: Source, declared: Sequence[Source], old: Lock) -> tuple[Index, ...]:
    """The states in a lock that are of the same archive as a source, or may be.

    A name is the user's own, and may be another today. So it is the same archive if the suite and
    either the name or a mirror are the same; and it may be if the suite is, and the other name is
    gone. Whether it is, `origin` tells when its Release file is read.

    Args:
        source: One of `declared`.
        declared: All sources that the lock is to have now.
        old: The lock before.
    """
    names = {each.name for each in declared}
    before = {each.name: each for each in old.declaration.sources}

    def may_be_same(other: Source) -> bool:
        # Who names another moment wants what was there then.
        if (other.suite, other.snapshot) != (source.suite, source.snapshot):
            return False
        same = other.name == source.name or not set(other.urls).isdisjoint(source.urls)
        return same or other.name not in names

    return tuple(
        index
        for index in old.indices
        if index.source in before and may_be_same(before[index.source])
    )
