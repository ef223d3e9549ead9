"""Tests for `relocatable.apt.seen`."""

from absl.testing import absltest, parameterized

from relocatable.apt.seen import earlier_states
from relocatable.deb_lock import Declaration, Index, Lock, Source

_MIRROR = ("https://mirror.invalid/debian",)
_MOMENT = "20260131T000000Z"


def _source(name: str, suite: str = "x", mirrors: tuple[str, ...] = (), moment: str = "") -> Source:
    return Source(name, suite, ("main",), mirrors, "debian", snapshot=moment)


class EarlierStatesTest(parameterized.TestCase):
    """Which archives of a lock a source may be, by their names there."""

    @parameterized.named_parameters(
        ("the same name", _source("a"), "ab", "a"),
        ("another name", _source("c"), "", "ab"),
        ("another name, beside the old ones", _source("c"), "ab", ""),
        ("another name for a mirror that stays", _source("c", mirrors=_MIRROR), "ab", "b"),
        ("another suite", _source("a", "y"), "b", ""),
        ("another moment", _source("a", moment=_MOMENT), "b", ""),
    )
    def test_a_source(self, source: Source, kept: str, wanted: str) -> None:
        old = (_source("a"), _source("b", mirrors=_MIRROR), _source("c", "z"))
        indices = tuple(Index(each.name, "", "", "") for each in old)
        lock = Lock(Declaration(old, ("amd64",), ("root",)), indices, ())
        found = earlier_states(source, [source, *map(_source, kept)], lock)
        self.assertEqual("".join(index.source for index in found), wanted)


if __name__ == "__main__":
    absltest.main()
