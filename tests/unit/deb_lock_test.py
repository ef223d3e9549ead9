"""Tests for `relocatable.deb_lock`."""

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.deb_lock import Declaration, Index, Lock, Package, Promise, Source
from relocatable.errors import RelocatableError

_DIGEST = "0123456789abcdef" * 4


def _package(name: str, architecture: str, **changes: Any) -> Package:
    values: dict[str, Any] = {
        "version": "1:2.0~rc1+b1-3",
        "source": "main",
        "path": f"pool/main/x/{name}_2.0~rc1+b1-3_{architecture}.deb",
        "size": 1,
        "sha256": _DIGEST,
        "targets": (architecture,),
        "depends": (),
    }
    return Package(name, architecture, **{**values, **changes})


_LOCK = Lock(
    Declaration(
        sources=(
            Source("main", "bookworm", ("main",), ("https://mirror.invalid/debian",), "keys/a.asc"),
        ),
        architectures=("amd64", "arm64"),
        roots=("root",),
        exclude=("perl",),
    ),
    (Index("main", "Debian", "Sat, 11 Jul 2026 10:16:37 UTC", _DIGEST, ("0123456789" * 4,)),),
    (
        _package("data", "all", targets=("amd64", "arm64")),
        _package("libstdc++6", "amd64"),
        _package("root", "amd64", depends=("data", "libstdc++6")),
        _package("root", "arm64", depends=("data",)),
    ),
)


class RoundTripTest(absltest.TestCase):
    """Writing and reading."""

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.create_tempdir().full_path) / "x.lock.json"

    def test_what_is_written_is_read(self) -> None:
        deb_lock.write(_LOCK, self.path)
        self.assertEqual(deb_lock.read(self.path), _LOCK)

    def test_what_is_optional_is_written_if_it_says_something(self) -> None:
        said = dataclasses.replace(
            _LOCK,
            declaration=dataclasses.replace(
                _LOCK.declaration,
                sources=(
                    dataclasses.replace(
                        _LOCK.declaration.sources[0],
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
        plain, full = (json.loads(deb_lock.render(lock)) for lock in (_LOCK, said))
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
        content = json.loads(deb_lock.render(_LOCK))
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
        self.assertEqual([p.name for p in _LOCK.closure("arm64")], ["data", "root"])

    def test_nothing_is_written_if_it_would_not_be_read(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"path": "pool/../../etc/x.deb"}, "packages.0..path: wanted a .deb file's path"),
            ({"version": "1 2"}, "packages.0..version: wanted a Debian version"),
            ({"source": "other"}, "not written, the lock contradicts itself"),
        ]
        for changes, message in cases:
            broken = (dataclasses.replace(_LOCK.packages[0], **changes), *_LOCK.packages[1:])
            with self.assertRaisesRegex(RelocatableError, message):
                deb_lock.write(dataclasses.replace(_LOCK, packages=broken), self.path)
        self.assertEqual(list(self.path.parent.iterdir()), [])


def _update_declaration(change: Mapping[str, object], lock: Any) -> None:
    lock["declaration"].update(change)


class MalformedTest(parameterized.TestCase):
    """Values that are wrong by themselves."""

    def assert_refused(self, message: str, change: Callable[[Any], None]) -> None:
        content = json.loads(deb_lock.render(_LOCK))
        change(content)
        with self.assertRaises(RelocatableError) as caught:
            deb_lock.parse(json.dumps(content).encode(), "x.lock.json")
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
        ("path", "/pool/x.deb", 'wanted a .deb file\'s path in the archive, found "/pool/x.deb"'),
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

    def test_values_of_the_declaration(self) -> None:
        source = json.loads(deb_lock.render(_LOCK))["declaration"]["sources"][0]
        for key, value, message in (
            ("architectures", ["s390x"], '.architectures[0]: wanted amd64 or arm64, found "s390x"'),
            ("roots", [], ".roots: wanted at least 1 in the list, found []"),
            ("sources", [source] * 2, " wanted one source of each name, found ['main', 'main']"),
            ("suggests", True, " has the unknown key 'suggests'"),
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
        self.assert_refused("has the unknown key 'x'", lambda lock: lock.update(x=1))
        self.assert_refused(
            "packages[0] misses the key 'size'", lambda lock: lock["packages"][0].pop("size")
        )


class ContradictionsTest(parameterized.TestCase):
    """Values that are wrong together."""

    def assert_found(self, message: str, **changes: Any) -> None:
        self.assertIn(message, deb_lock.contradictions(dataclasses.replace(_LOCK, **changes)))

    def _with(self, number: int, **changes: Any) -> tuple[Package, ...]:
        packages = list(_LOCK.packages)
        packages[number] = dataclasses.replace(packages[number], **changes)
        return tuple(packages)

    def test_a_sound_lock(self) -> None:
        self.assertEqual(deb_lock.contradictions(_LOCK), [])

    def test_order_and_duplicates(self) -> None:
        message = "packages: wanted sorted by name and architecture, without duplicates"
        self.assert_found(message, packages=_LOCK.packages[::-1])
        self.assert_found(message, packages=(_LOCK.packages[0], *_LOCK.packages))

    def test_indices(self) -> None:
        self.assert_found(
            "indices: wanted one for each source of the declaration, in that order", indices=()
        )

    def test_two_packages_of_a_name(self) -> None:
        self.assert_found(
            "data: more than one package for amd64",
            packages=(_LOCK.packages[0], _package("data", "amd64"), *_LOCK.packages[1:]),
        )

    def test_a_root_without_a_package(self) -> None:
        declaration = dataclasses.replace(_LOCK.declaration, roots=("root", "libstdc++6"))
        self.assert_found(
            "libstdc++6: a root that is not among the packages for arm64", declaration=declaration
        )

    @parameterized.parameters(
        (3, {"depends": ("libstdc++6",)}, "root:arm64: depends on libstdc++6, which is not among"),
        (0, {"targets": ("amd64", "x")}, "data:all: target x is not an architecture of the decl"),
        (1, {"source": "x"}, "libstdc++6:amd64: source x is not in the declaration"),
        (1, {"targets": ("arm64",)}, "libstdc++6:amd64: wanted only its own architecture as"),
        (1, {"name": "perl"}, "perl:amd64: is excluded by the declaration"),
    )
    def test_a_package_that_strays(self, number: int, changes: Any, message: str) -> None:
        found = deb_lock.contradictions(
            dataclasses.replace(_LOCK, packages=self._with(number, **changes))
        )
        self.assertTrue(any(line.startswith(message) for line in found), found)

    def test_reading_tells_all_of_them(self) -> None:
        path = Path(self.create_tempdir().full_path) / "x.lock.json"
        path.write_bytes(deb_lock.render(dataclasses.replace(_LOCK, indices=(), packages=())))
        with self.assertRaisesRegex(
            RelocatableError,
            r"x.lock.json: contradicts itself \(run bazel run @rules_relocatable//tools:"
            r"update_deb_lock -- --lock=.*x.lock.json\):\n"
            r"  indices: .*\n  root: a root .* amd64\n  root: .* arm64",
        ):
            deb_lock.read(path)


if __name__ == "__main__":
    absltest.main()
