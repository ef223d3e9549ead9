"""Tests for `relocatable.apt.declared`."""

import dataclasses
import json
from typing import Any

from absl.testing import absltest, parameterized

from relocatable.apt.declared import Said, parse
from relocatable.deb_lock import Source
from relocatable.errors import RelocatableError

_OLD = Source("main", "bookworm", ("main",), (), "keys/a.asc", allow_expired=True)
_MODULE = json.dumps({"sources": [{"name": "main", "suite": "trixie", "components": ["main"]}]})


class SaidTest(parameterized.TestCase):
    """Which of the lock, flags and MODULE.bazel counts."""

    def test_without_flags_the_lock(self) -> None:
        self.assertEqual(Said().over((_OLD,)), (_OLD,))

    def test_a_source_keeps_whom_it_believes(self) -> None:
        said = Said(sources=("main,trixie,main",))
        self.assertEqual(said.over((_OLD,)), (dataclasses.replace(_OLD, suite="trixie"),))

    def test_a_keyring_and_no_signature_exclude_each_other(self) -> None:
        unsigned = dataclasses.replace(_OLD, keyring="", allow_unsigned=True)
        self.assertEqual(Said(unsigned=("main",)).over((_OLD,)), (unsigned,))
        self.assertEqual(Said(keyrings={"main": "keys/a.asc"}).over((unsigned,)), (_OLD,))

    def test_a_name_that_no_source_has(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "^x: wanted a source, there are main$"):
            Said(expired=("x",)).over((_OLD,))

    def test_a_module_says_all(self) -> None:
        self.assertEqual(Said(_MODULE).over((_OLD,)), (Source("main", "trixie", ("main",)),))

    @parameterized.parameters(
        ("source", {"sources": ("main,x,main",)}),
        ("keyring", {"keyrings": {"main": "debian"}}),
        ("allow_unsigned", {"unsigned": ("main",)}),
        ("allow_expired", {"expired": ("main",)}),
    )
    def test_flags_beside_a_module(self, flag: str, values: dict[str, Any]) -> None:
        with self.assertRaisesRegex(
            RelocatableError, f"^--{flag}: the sources of this lock are in MODULE.bazel: change its"
        ):
            Said(_MODULE, **values).over((_OLD,))


class ParseTest(parameterized.TestCase):
    """Sources as flags."""

    def test_all_of_it(self) -> None:
        text = "old,bookworm,main,contrib,priority=9,architecture=arm64,snapshot=x,https://a/b=c"
        self.assertEqual(
            parse(text),
            Source(
                "old",
                "bookworm",
                ("main", "contrib"),
                ("https://a/b=c",),
                architectures=("arm64",),
                priority=9,
                snapshot="x",
            ),
        )

    def test_a_flat_repository(self) -> None:
        self.assertEqual(
            parse("a,./,https://a.example"), Source("a", "./", (), ("https://a.example",))
        )

    @parameterized.parameters("x=1", "priority=x", "priority=1,priority=1", "snapshot=a,snapshot=b")
    def test_an_option_that_is_none(self, options: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "wanted NAME,SUITE,COMPONENT…,URL…, and of"):
            parse(f"a,b,{options}")


if __name__ == "__main__":
    absltest.main()
