"""Tests for `relocatable.deb_lock`: files of locks, good and malformed."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.deb_lock import Declaration, Lock, Promise, Source
from relocatable.deb_lock.words import DEB_PATH
from relocatable.errors import RelocatableError
from support.lock_example import LOCK

# tests/analysis/debs/archive_path_test.bzl has the same.
PATHS = (
    "x.deb",
    "pool/main/f/foo/foo_1%3a2.0~rc1+b1_amd64.deb",
    "pool//x.deb",
    "/pool/x.deb",
    "pool/a b@c#d:e?f.deb",
    "pool/ünï—.deb",
)


class RoundTripTest(absltest.TestCase):
    """Writing and reading."""

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.create_tempdir().full_path) / "x.lock.json"

    def test_what_is_written_is_read(self) -> None:
        deb_lock.write(LOCK, self.path)
        self.assertEqual(deb_lock.read(self.path), LOCK)

    def test_what_is_optional_is_written_if_it_says_something(self) -> None:
        said = dataclasses.replace(
            LOCK,
            declaration=dataclasses.replace(
                LOCK.declaration,
                sources=(
                    dataclasses.replace(
                        LOCK.declaration.sources[0],
                        mirrors=("https://mirror.invalid/{snapshot}",),
                        architectures=("amd64",),
                        priority=100,
                        snapshot="20260131T000000Z",
                    ),
                ),
                pins=("lib*/main", "root=1:2.0~rc1+b1-3"),
                recommends=True,
            ),
            promises=(Promise("perl", ("amd64",), ("perl (>= 5.36)", "perl:any | awk")),),
        )
        sources = ("architectures", "priority", "snapshot")
        optional = (*sources, "pins", "recommends", "promises")
        plain, full = (json.loads(deb_lock.render(lock)) for lock in (LOCK, said))
        for lock, there in ((plain, False), (full, True)):
            keys = lock.keys() | lock["declaration"].keys() - {"architectures"}
            keys |= lock["declaration"]["sources"][0].keys()
            self.assertEqual({key: key in keys for key in optional}, dict.fromkeys(optional, there))
        deb_lock.write(said, self.path)
        self.assertEqual(deb_lock.read(self.path), said)
        text = self.path.read_text(encoding="utf-8")
        self.assertTrue(text.startswith('{\n  "version": 1,\n  "declaration": {\n'))
        self.assertTrue(text.endswith("}\n"))

    def test_a_mirror_at_a_moment(self) -> None:
        url = "https://mirror.invalid/{snapshot}/debian"
        source = Source("main", "x", ("main",), (url,), "debian", snapshot="20260131T000000Z")
        self.assertEqual(source.urls, ("https://mirror.invalid/20260131T000000Z/debian",))

    def test_what_a_person_starts_with(self) -> None:
        data = b'{"declaration": {"architectures": ["amd64"], "roots": ["root"]}}'
        started = deb_lock.parse(data, "x.lock.json")
        self.assertEqual(started, Lock(Declaration((), ("amd64",), ("root",)), (), ()))
        with self.assertRaisesRegex(RelocatableError, r"sources: wanted at least 1 in the list"):
            deb_lock.checked(started.declaration)

    def test_a_lock_of_earlier_days_says_of_nobody_that_he_is_believed(self) -> None:
        content = json.loads(deb_lock.render(LOCK))
        for key in ("keyring", "allow_unsigned", "allow_expired"):
            del content["declaration"]["sources"][0][key]
        old = deb_lock.parse(json.dumps(content).encode(), "x.lock.json")
        wanted = (
            r"main: wanted a keyring \(--keyring=main=FILE\) or allow_unsigned "
            r"\(--allow_unsigned=main\), found neither"
        )
        with self.assertRaisesRegex(RelocatableError, f"^declaration: {wanted}$"):
            deb_lock.checked(old.declaration)
        with self.assertRaisesRegex(RelocatableError, wanted):
            deb_lock.write(old, self.path)

    def test_the_closure_of_an_architecture(self) -> None:
        self.assertEqual([p.name for p in LOCK.closure("arm64")], ["data", "root"])

    def test_nothing_is_written_if_it_would_not_be_read(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"path": "pool/../../etc/x.deb"}, "packages.0..path: wanted a .deb file's path"),
            ({"version": "1 2"}, "packages.0..version: wanted a Debian version"),
            ({"source": "other"}, "not written, the lock contradicts itself"),
        ]
        for changes, message in cases:
            broken = (dataclasses.replace(LOCK.packages[0], **changes), *LOCK.packages[1:])
            with self.assertRaisesRegex(RelocatableError, message):
                deb_lock.write(dataclasses.replace(LOCK, packages=broken), self.path)
        self.assertEqual(list(self.path.parent.iterdir()), [])


def _update_declaration(change: Mapping[str, object], lock: Any) -> None:
    lock["declaration"].update(change)


class MalformedTest(parameterized.TestCase):
    """Values that are wrong by themselves."""

    def assert_refused(self, message: str, change: Callable[[Any], None]) -> None:
        content = json.loads(deb_lock.render(LOCK))
        change(content)
        with self.assertRaises(RelocatableError) as caught:
            deb_lock.parse(json.dumps(content, ensure_ascii=False).encode(), "x.lock.json")
        self.assertEqual(str(caught.exception), f"x.lock.json: {message}")

    def test_another_format(self) -> None:
        self.assert_refused(
            "wanted lock format 1, found 2; "
            "use the rules_relocatable that wrote it, or delete it and start anew",
            lambda lock: lock.update(version=2, whatever="that has"),
        )

    @parameterized.parameters(
        ("version", "1_2", 'wanted a Debian version, found "1_2"'),
        ("name", "A", 'wanted a package name, found "A"'),
        ("architecture", "mips", 'wanted all, amd64 or arm64, found "mips"'),
        ("path", "a/../x.deb", 'wanted a .deb file\'s path in the archive, found "a/../x.deb"'),
        ("path", "a/./x.deb", 'wanted a .deb file\'s path in the archive, found "a/./x.deb"'),
        ("path", "ht://x.deb", 'wanted a .deb file\'s path in the archive, found "ht://x.deb"'),
        ("path", "a/.deb", 'wanted a .deb file\'s path in the archive, found "a/.deb"'),
        ("path", "x.deb/", 'wanted a .deb file\'s path in the archive, found "x.deb/"'),
        ("path", "a\x9bx.deb", 'wanted a .deb file\'s path in the archive, found "a\x9bx.deb"'),
        ("path", "a/.x.deb", 'wanted a .deb file\'s path in the archive, found "a/.x.deb"'),
        ("path", "a/x.tar", 'wanted a .deb file\'s path in the archive, found "a/x.tar"'),
        ("sha256", "ABC", 'wanted 64 hexadecimal digits, found "ABC"'),
        ("size", 0, "wanted a positive integer, found 0"),
        ("targets", [], "wanted at least 1 in the list, found []"),
        ("depends", "x", 'wanted a list, found "x"'),
    )
    def test_a_value_of_a_package(self, key: str, value: object, message: str) -> None:
        self.assert_refused(
            f"packages[2].{key}: {message}", lambda lock: lock["packages"][2].update({key: value})
        )

    @parameterized.parameters("a\x1bx.deb", "\ud800.deb")
    def test_a_path_that_json_has_only_as_an_escape(self, path: str) -> None:
        self.assertIsNone(DEB_PATH.pattern.fullmatch(path))

    @parameterized.parameters(*PATHS)
    def test_a_path_of_an_archive_as_others_lay_it_out(self, path: str) -> None:
        packages = (dataclasses.replace(LOCK.packages[0], path=path), *LOCK.packages[1:])
        lock = dataclasses.replace(LOCK, packages=packages)
        self.assertEqual(deb_lock.parse(deb_lock.render(lock), "x"), lock)

    def test_values_of_the_declaration(self) -> None:
        source = json.loads(deb_lock.render(LOCK))["declaration"]["sources"][0]
        for key, value, message in (
            ("architectures", ["s390x"], '.architectures[0]: wanted amd64 or arm64, found "s390x"'),
            ("roots", [], ".roots: wanted at least 1 in the list, found []"),
            ("sources", [source] * 2, " wanted one source of each name, found ['main', 'main']"),
            (
                "suggests",
                True,
                " has the unknown key 'suggests'; there are architectures, exclude, pins, "
                "recommends, roots, sources, with_source",
            ),
            (
                "recomends",
                True,
                " has the unknown key 'recomends'; is 'recommends' meant?; there are "
                "architectures, exclude, pins, recommends, roots, sources, with_source",
            ),
            ("recommends", 1, ".recommends: wanted true or false, found 1"),
            (
                "pins",
                ["a=b c"],
                '.pins[0]: wanted package=version or package/source, found "a=b c"',
            ),
            ("pins", ["a"], '.pins[0]: wanted package=version or package/source, found "a"'),
            (
                "sources",
                [{**source, "priority": 0}],
                ".sources[0].priority: wanted a positive integer, found 0",
            ),
            (
                "sources",
                [{**source, "components": []}],
                ".sources[0]: wanted components, or a suite with a slash at its end, which is a "
                "flat repository without them; found suite bookworm, components none",
            ),
            (
                "sources",
                [{**source, "suite": "x/"}],
                ".sources[0]: wanted components, or a suite with a slash at its end, which is a "
                "flat repository without them; found suite x/, components main",
            ),
            (
                "sources",
                [{**source, "suite": "../"}],
                ".sources[0].suite: wanted a suite, or a flat repository's directory with a slash "
                'at its end, found "../"',
            ),
            (
                "sources",
                [{**source, "mirrors": ["ftp://x"]}],
                '.sources[0].mirrors[0]: wanted an http or https URL, found "ftp://x"',
            ),
            (
                "sources",
                [{**source, "keyring": "../keys.asc"}],
                ".sources[0].keyring: wanted a keyring's path in the workspace, or its name, "
                'found "../keys.asc"',
            ),
            (
                "sources",
                [{**source, "allow_expired": 1}],
                ".sources[0].allow_expired: wanted true or false, found 1",
            ),
            (
                "sources",
                [{**source, "allow_unsigned": True}],
                ".sources[0]: wanted a keyring or allow_unsigned, found both",
            ),
            (
                "sources",
                [{**source, "snapshot": "yesterday"}],
                '.sources[0].snapshot: wanted a moment like 20260131T000000Z, found "yesterday"',
            ),
            (
                "sources",
                [{**source, "snapshot": "20260131T000000Z"}],
                ".sources[0]: wanted snapshot, and {snapshot} in each of mirrors, or neither; "
                "found snapshot 20260131T000000Z, mirrors https://mirror.invalid/debian",
            ),
        ):
            change = {key: value}
            self.assert_refused(
                f"declaration{message}", functools.partial(_update_declaration, change)
            )

    def test_missing_and_unknown_keys(self) -> None:
        self.assert_refused("misses the key 'indices'", lambda lock: lock.pop("indices"))
        self.assert_refused(
            "has the unknown key 'x'; there are declaration, indices, packages, promises, "
            "source_packages, version",
            lambda lock: lock.update(x=1),
        )
        self.assert_refused(
            "packages[0] misses the key 'size'", lambda lock: lock["packages"][0].pop("size")
        )

    def test_a_misspelt_key(self) -> None:
        def misspell(lock: Any) -> None:
            lock["declaration"]["root"] = lock["declaration"].pop("roots")

        self.assert_refused(
            "declaration misses the key 'roots'; 'root' is there: is that how it is meant?",
            misspell,
        )
        self.assert_refused(
            "wanted a JSON object with a version, or with a declaration alone, found the keys "
            "['declaration', 'indices', 'packages']",
            lambda lock: lock.pop("version"),
        )

    @parameterized.parameters(
        (b" \n", "wanted a lock, or the start of one, found an empty file: write into it {"),
        (
            b"{\n<<<<<<< HEAD\n",
            "found a merge conflict in line 2: take one side (git checkout --ours x.lock.json, or "
            "--theirs), see to it that `declaration` says what you want, and run this again",
        ),
        (b'{"version": "\xff"}', "wanted UTF-8: 'utf-8' codec can't decode byte 0xff"),
        (b"\xef\xbb\xbf{}", "wanted a JSON object, found a byte order mark before it"),
        (b'{"version": "\\u00e9"}', "wanted characters as they are, found the escape \\u; correct"),
        (b'{"version": "\\\\\\""}', "version: wanted a positive integer, found "),
        (b'{"version": 1, "version": 1}', "wanted a JSON object: the key 'version' stands twice"),
    )
    def test_a_file_that_is_none(self, data: bytes, message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            deb_lock.parse(data, "x.lock.json")
        self.assertStartsWith(str(caught.exception), f"x.lock.json: {message}")


if __name__ == "__main__":
    absltest.main()
