"""Tests for `relocatable.apt.update` and `relocatable.apt.changes`."""

import dataclasses
import functools
from typing import Any

from absl.testing import absltest

from relocatable import deb_lock
from relocatable.apt.archive import Archive
from relocatable.apt.changes import changes
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Lock, Promise
from relocatable.errors import RelocatableError
from support.apt_archive import SOURCE, TRUST, FakeArchive, archive, packages, release, stanza

_DECLARATION = Declaration((SOURCE,), ("amd64", "arm64"), ("root",))


def _update(amd64: str, arm64: str, **replaced: Any) -> Lock:
    files = archive(amd64=amd64, arm64=arm64)
    declaration = dataclasses.replace(_DECLARATION, **replaced)
    return update(declaration, lambda source: Archive(source, files, TRUST))


def _root(architecture: str, depends: str, version: str = "1") -> str:
    return stanza("root", version, architecture, Depends=depends)


class UpdateTest(absltest.TestCase):
    """From a declaration and an archive to a lock."""

    def test_a_package_for_all_architectures_is_one_entry(self) -> None:
        shared = stanza("data", architecture="all", Depends="a | b")
        lock = _update(
            packages(_root("amd64", "data, b"), shared, stanza("a"), stanza("b")),
            packages(_root("arm64", "data"), shared, stanza("a", architecture="arm64")),
        )
        self.assertEqual(
            [(str(p.key), p.targets, p.depends) for p in lock.packages],
            [
                ("a:arm64", ("arm64",), ()),
                ("b:amd64", ("amd64",), ()),
                ("data:all", ("amd64", "arm64"), ("a", "b")),
                ("root:amd64", ("amd64",), ("b", "data")),
                ("root:arm64", ("arm64",), ("data",)),
            ],
        )
        self.assertEqual(deb_lock.contradictions(lock), [])
        self.assertEqual(deb_lock.parse(deb_lock.render(lock), "x"), lock)

    def test_architectures_that_disagree(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "^data:all: is 1 for amd64, 2 for arm64; is the mirror being updated"
        ):
            _update(
                packages(_root("amd64", "data"), stanza("data", "1", "all")),
                packages(_root("arm64", "data"), stanza("data", "2", "all")),
            )

    def test_an_exclusion_that_nothing_asks_for(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "^exclude: nothing asks for b, c; drop it$"):
            _update(_root("amd64", "a"), _root("arm64", "a"), exclude=("a", "c", "b"))

    def test_promises(self) -> None:
        lock = _update(
            packages(_root("amd64", "a (>= 2), b"), stanza("b", Depends="a | c")),
            _root("arm64", "d"),
            exclude=("a", "d"),
        )
        self.assertEqual(
            lock.promises,
            (Promise("a", ("amd64",), ("a (>= 2)", "a | c")), Promise("d", ("arm64",), ("d",))),
        )

    def test_pins_and_recommends(self) -> None:
        text = packages(
            stanza("root", Recommends="a"), stanza("a", "1"), stanza("a", "2"), stanza("b")
        )
        lock = _update(text, "", architectures=("amd64",), pins=("a=1", "r*/main"), recommends=True)
        self.assertEqual([f"{p.name} {p.version}" for p in lock.packages], ["a 1", "root 1"])
        with self.assertRaisesRegex(
            RelocatableError, "^pin: nothing .* is called so: b=1, z/main$"
        ):
            _update(text, "", architectures=("amd64",), pins=("b=1", "r*=1", "z/main"))


class SourcesTest(absltest.TestCase):
    """Several sources, and flat ones."""

    def test_another_mirror_for_another_architecture(self) -> None:
        """Ubuntu's way: one suite, the ports elsewhere; both have what is for all."""
        shared = stanza("data", architecture="all")
        archives = {
            "main": archive(amd64=packages(_root("amd64", "data"), shared)),
            "ports": archive(arm64=packages(_root("arm64", "data"), shared)),
        }
        main = dataclasses.replace(SOURCE, architectures=("amd64",))
        ports = dataclasses.replace(SOURCE, name="ports", architectures=("arm64",))
        declaration = dataclasses.replace(_DECLARATION, sources=(main, ports))
        lock = update(declaration, lambda s: Archive(s, archives[s.name], TRUST))
        self.assertEqual(
            [(str(p.key), p.source, p.targets) for p in lock.packages],
            [
                ("data:all", "main", ("amd64", "arm64")),
                ("root:amd64", "main", ("amd64",)),
                ("root:arm64", "ports", ("arm64",)),
            ],
        )
        self.assertNotIn("arm64", " ".join(archives["main"].asked))
        with self.assertRaisesRegex(RelocatableError, "^source main: wanted architectures of the"):
            update(
                dataclasses.replace(declaration, architectures=("arm64",)),
                lambda s: Archive(s, archives[s.name], TRUST),
            )

    def test_two_sources_of_one_suite_name(self) -> None:
        archives = {
            "main": archive(amd64=packages(_root("amd64", "a"), stanza("a", "1"))),
            "vendor": archive(amd64=stanza("a", "2")),
        }
        for priority, version in ((500, "2"), (100, "1")):
            vendor = dataclasses.replace(SOURCE, name="vendor", priority=priority)
            declaration = Declaration((SOURCE, vendor), ("amd64",), ("root",))
            lock = update(declaration, lambda s: Archive(s, archives[s.name], TRUST))
            self.assertEqual(lock.packages[0].version, version)

    def test_flat_repositories(self) -> None:
        text = packages(
            stanza("root", Depends="a").replace("pool/main/", "./"),
            *(stanza("a", architecture=architecture) for architecture in ("amd64", "arm64")),
        )
        for suite, directory in (("./", "."), ("/", "."), ("debs/bookworm/", "debs/bookworm")):
            found = release({"Packages": text}, Codename="x").items()
            files = FakeArchive({p.replace("dists/bookworm", directory): d for p, d in found})
            source = dataclasses.replace(SOURCE, suite=suite, components=())
            declaration = Declaration((source,), ("amd64",), ("root",))
            lock = update(declaration, functools.partial(Archive, fetch=files, trust=TRUST))
            self.assertEqual(
                [p.path for p in lock.packages], ["pool/main/a_1_amd64.deb", "root_1_amd64.deb"]
            )
            self.assertEqual(deb_lock.parse(deb_lock.render(lock), "x"), lock)


class ChangesTest(absltest.TestCase):
    """What is said of two locks."""

    def _lock(self, *stanzas: str) -> Lock:
        return _update(packages(*stanzas), "", architectures=("amd64",))

    def test_a_new_lock(self) -> None:
        self.assertEqual(
            changes(None, self._lock(_root("amd64", ""))),
            ["root:amd64: added 1 (1.0 MB)", "amd64: 1 packages, 1.0 MB (+1.0 MB)"],
        )

    def test_nothing(self) -> None:
        lock = self._lock(_root("amd64", ""))
        self.assertEqual(changes(lock, lock), ["amd64: 1 packages, 1.0 MB (+0.0 MB)"])

    def test_another_source_of_the_name(self) -> None:
        old = self._lock(_root("amd64", ""))
        source = dataclasses.replace(SOURCE, mirrors=("https://a.invalid",), priority=100)
        declaration = dataclasses.replace(old.declaration, sources=(source,))
        self.assertEqual(
            changes(old, dataclasses.replace(old, declaration=declaration))[:2],
            [
                "main: mirrors https://a.invalid, was https://mirror.invalid/debian",
                "main: priority 100, was 500",
            ],
        )

    def test_every_kind(self) -> None:
        old = self._lock(
            _root("amd64", "up, down, gone, same"),
            stanza("up", "1"),
            stanza("down", "1:1"),
            stanza("gone"),
            stanza("same"),
        )
        bytes_changed = stanza("same").replace("SHA256: ", "SHA256: 0")[:-2] + "\n"
        new = self._lock(
            _root("amd64", "up, down, same, new"),
            stanza("up", "1.1").replace("1000000", "3500000"),
            stanza("down", "2"),
            stanza("new"),
            bytes_changed,
        )
        self.assertEqual(
            changes(old, new),
            [
                "down:amd64: downgraded 1:1 → 2 (+0.0 MB)",
                "gone:amd64: removed 1 (1.0 MB)",
                "new:amd64: added 1 (1.0 MB)",
                "same:amd64: other bytes under the same version 1 (+0.0 MB)",
                "up:amd64: upgraded 1 → 1.1 (+2.5 MB)",
                "amd64: 5 packages, 7.5 MB (+2.5 MB)",
            ],
        )


if __name__ == "__main__":
    absltest.main()
