"""Tests for `relocatable.apt.source_packages`."""

import dataclasses
import hashlib
import json
from typing import Any

from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.apt.archive import Archive
from relocatable.apt.changes import changes, differs
from relocatable.apt.source_packages import find, read_dsc, verify_sources
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Lock
from relocatable.errors import RelocatableError
from support.apt_archive import (
    SIGNER,
    SOURCE,
    TRUST,
    FakeArchive,
    packages,
    release,
    source_stanza,
    stanza,
)

_DECLARATION = Declaration((SOURCE,), ("amd64",), ("root",), with_source=("*",))
_BACKPORTS = dataclasses.replace(SOURCE, name="backports")
_ROOT = stanza("root", "1:2-1+b3", Depends="lib", Source="suite (1:2-1)")
_LIB = stanza("lib", Source="suite (1:2-1)", Built_Using="gcc-12 (= 12.2-1), gcc-12 (= 12.2-1)")
_SOURCES = packages(
    source_stanza("suite", "1:2-1"),
    source_stanza("suite", "1:2-2"),
    source_stanza("gcc-12", "12.2-1", Extra_Source_Only="yes"),
)


def _archive(binary: str = packages(_ROOT, _LIB), source: str | None = _SOURCES) -> FakeArchive:
    texts = {"main/binary-amd64/Packages": binary}
    return FakeArchive(
        release(texts if source is None else {**texts, "main/source/Sources": source})
    )


def _update(*archives: FakeArchive, **replaced: Any) -> Lock:
    found = dict(zip(("main", "backports"), archives, strict=False))
    declared = dataclasses.replace(_DECLARATION, **replaced)
    return update(declared, lambda source: Archive(source, found[source.name], TRUST))


class PinTest(parameterized.TestCase):
    """Which source packages are taken."""

    def test_the_version_that_it_was_built_from_and_what_it_was_built_using(self) -> None:
        lock = _update(_archive())
        self.assertEqual(
            [(str(p), p.source, p.packages) for p in lock.source_packages],
            [("gcc-12 12.2-1", "main", ("lib",)), ("suite 1:2-1", "main", ("lib", "root"))],
        )
        self.assertEqual(
            [file.path for file in lock.source_packages[1].files],
            ["pool/main/suite/suite_2-1.dsc", "pool/main/suite/suite_2-1.tar.xz"],
        )
        self.assertEqual(deb_lock.contradictions(lock), [])
        self.assertEqual(deb_lock.parse(deb_lock.render(lock), "x"), lock)

    def test_only_of_what_is_named(self) -> None:
        lock = _update(_archive(), with_source=("ro*t",))
        self.assertEqual(
            [(str(p), p.packages) for p in lock.source_packages], [("suite 1:2-1", ("root",))]
        )

    def test_nothing_is_asked_and_written_without(self) -> None:
        archive = _archive(source=None)
        lock = _update(archive, with_source=())
        self.assertEqual(lock.source_packages, ())
        self.assertNotIn("source_packages", json.loads(deb_lock.render(lock)))
        self.assertNotIn("with_source", json.loads(deb_lock.render(lock))["declaration"])

    def test_another_archive_may_have_it(self) -> None:
        main = _archive(source=source_stanza("suite", "1:2-1"))
        other = _archive(packages(), source_stanza("gcc-12", "12.2-1"))
        lock = _update(main, other, sources=(SOURCE, _BACKPORTS))
        self.assertEqual([p.source for p in lock.source_packages], ["backports", "main"])

    def test_the_archive_of_the_package_goes_first(self) -> None:
        lib = stanza("lib", "2")
        both = packages(source_stanza("root", "1"), source_stanza("lib", "2"))
        lock = _update(
            _archive(packages(stanza("root", Depends="lib")), both),
            _archive(packages(lib), both),
            sources=(SOURCE, _BACKPORTS),
        )
        self.assertEqual(
            [(p.name, p.source) for p in lock.source_packages],
            [("lib", "backports"), ("root", "main")],
        )

    @parameterized.parameters(
        (
            source_stanza("suite", "1:2-2"),
            "^source packages that the sources don't have; is a mirror being updated[?]\n"
            ".*source gcc-12 12.2-1 of lib 1: not in any Sources file\n"
            ".*source suite 1:2-1 of root 1:2-1[+]b3: not in any",
        ),
        (None, "dists/bookworm: its Release file lists no main/source/Sources"),
    )
    def test_a_source_that_is_not_there(self, sources: str | None, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            _update(_archive(source=sources))

    def test_a_name_that_is_none(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "^with_source: nothing .* so: rot$"):
            _update(_archive(), with_source=("root", "rot"))

    def test_what_changed(self) -> None:
        old, new = _update(_archive(), with_source=("root",)), _update(_archive())
        self.assertTrue(differs(old, new))
        self.assertIn("source gcc-12 12.2-1: added (2.0 MB)", changes(old, new))
        self.assertIn("source gcc-12 12.2-1: removed (2.0 MB)", changes(new, old))
        other = _update(_archive(source=_SOURCES.replace(" 1000000 ", " 1000001 ")))
        self.assertIn("source suite 1:2-1: other bytes under the same version", changes(new, other))


class ReadTest(parameterized.TestCase):
    """What is read of Sources and .dsc files, and what is refused."""

    @parameterized.parameters(
        ("Directory: pool", "Directory: ../../etc", "wanted a file's path in the archive"),
        ("Directory: pool", "Directory: http://evil", "wanted a file's path in the archive"),
        ("suite_2-1.dsc", "../suite_2-1.dsc", "wanted a file's path in the archive"),
        ("suite_2-1.dsc", "/suite_2-1.dsc", "wanted files of one directory"),
        ("suite_2-1.dsc", "more/suite_2-1.dsc", "wanted files of one directory"),
        ("suite_2-1.dsc", "suite_2-1.tar.gz", "wanted one .dsc file, found"),
        ("suite_2-1.dsc", "suite_2-1.tar.xz", "Checksums-Sha256: wanted each file once"),
        (" 1000000 ", " -1 ", "Checksums-Sha256: wanted a digest, a size and a path, found"),
        (
            "Checksums-Sha256",
            "Files",
            "main: source suite 1:2-1: misses the field Checksums-Sha256",
        ),
        ("Version: 1:2-1", "Version: \xff", "not in any Sources file"),
    )
    def test_lies(self, old: str, new: str, message: str) -> None:
        self.assertIn(old, _SOURCES)
        with self.assertRaisesRegex(RelocatableError, message):
            lock = _update(_archive(source=_SOURCES.replace(old, new, 2)))
            deb_lock.parse(deb_lock.render(lock), "x")
            problems = deb_lock.contradictions(lock)
            raise RelocatableError("\n".join(problems))

    def test_a_flat_repository(self) -> None:
        for directory, path in (("./", "a_1.dsc"), (".", "a_1.dsc"), ("./src/", "src/a_1.dsc")):
            data = source_stanza("a", "1", Directory=directory).encode()
            self.assertEqual(find({("a", "1")}, data, "x")["a", "1"][0].path, path)

    def test_bytes_that_are_no_text(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "^x: 'Package: a.* is not readable"):
            find({("a", "1")}, b"Package: a\nVersion: \xff\n", "x")

    def test_a_dsc_that_says_otherwise(self) -> None:
        digest = hashlib.sha256(b"suite_2-1.tar.xz").hexdigest()
        head = "Source: suite\nVersion: 1:2-1\nChecksums-Sha256:\n"
        good = f"{head} {digest} 1000000 suite_2-1.tar.xz\n"
        for text, message in (
            (good, ""),
            (SIGNER.clear_sign(good).decode(), ""),
            (good.replace("1:2-1", "1:2-2"), "wanted suite_2-1.tar.xz, found suite 1:2-2 of suite"),
            (good.replace("1000000", "1000001"), "or other digests of them"),
            ("Source: suite\n", "misses the field Checksums-Sha256"),
            ("\n", "is not readable"),
        ):
            data = text.encode()
            digest_now, old = hashlib.sha256(data).hexdigest(), hashlib.sha256(b"suite_2-1.dsc")
            sources = _SOURCES.replace(f"{old.hexdigest()} 1000000", f"{digest_now} {len(data)}", 1)
            files = _archive(source=sources)
            files.files["pool/main/suite/suite_2-1.dsc"] = data
            lock = _update(files, with_source=("root",))
            archives = {"main": Archive(SOURCE, files, TRUST)}
            if message:
                with self.assertRaisesRegex(RelocatableError, message):
                    verify_sources(lock.source_packages, archives)
            else:
                verify_sources(lock.source_packages, archives)
                self.assertEqual(read_dsc(data, "x")[:2], ("suite", "1:2-1"))


class LockTest(parameterized.TestCase):
    """Contradictions between source packages and the rest of a lock."""

    @parameterized.parameters(
        ({"name": "aaa"}, "source_packages: wanted sorted by name and version, without dupl"),
        ({"source": "gone"}, "source suite 1:2-1: source gone is not in the declaration"),
        ({"packages": ["gone"]}, "source suite 1:2-1: is of gone, whose source isn't wanted"),
        ({"packages": ["lib"]}, "root: wanted with its source, which isn't there"),
    )
    def test_contradictions(self, changed: dict[str, Any], message: str) -> None:
        lock = json.loads(deb_lock.render(_update(_archive())))
        lock["source_packages"][1].update(changed)
        found = deb_lock.contradictions(deb_lock.parse(json.dumps(lock).encode(), "x"))
        self.assertIn(message, "\n".join(found))


if __name__ == "__main__":
    absltest.main()
