"""Every lie that a mirror can tell to `update_deb_lock`, each with the message that refuses it.

The archive is real, if small: packages, indices and a Release file that is signed with a key of the
test's own, on a loopback server. Each test changes it in one way.
"""

import hashlib
import json
import lzma
import os
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from absl.testing import absltest, parameterized

from support import deb_builder
from support.apt_archive import SIGNER, Signer, release_text
from support.mirror import Mirror
from support.openpgp_cases import CASES

_TOOL = Path("tools/update_deb_lock").resolve()
_DISTS = "/debian/dists/bookworm"
_INDEX = "main/binary-amd64/Packages"
_SOURCES = "main/source/Sources"
_POOL = "pool/main"


def _date(days: float) -> str:
    """A date so many days from now, as a Release file has it."""
    return format_datetime(datetime.now(UTC) + timedelta(days=days))


class Archive:
    """An archive on a loopback server, whose state a test changes before `publish`.

    Attributes:
        fields: Fields of the Release file, beyond the usual ones or instead of them.
        packages: Its index.
        sources: Its index of source packages.
    """

    def __init__(self, mirror: Mirror, scratch: Path) -> None:
        self.files = mirror.files
        self.fields = {"Date": _date(-1)}
        self.debs = {
            name: self._build(scratch, name) for name in ("root_1.0_amd64", "lib_2.0_amd64")
        }
        self.packages = self.index()
        self.sources = self._source_index()
        self.publish()

    @staticmethod
    def _build(scratch: Path, name: str) -> bytes:
        package, version, architecture = name.split("_")
        path = deb_builder.deb(
            scratch / f"{name}.deb",
            [deb_builder.file(f"./usr/share/{package}", os.urandom(99))],
            name=package,
            version=version,
            architecture=architecture,
        )
        return path.read_bytes()

    def index(self) -> bytes:
        """What the packages are, in the words of a Packages file."""
        stanzas = []
        for name, data in self.debs.items():
            self.files[f"/debian/{_POOL}/{name}.deb"] = data
            package, version, architecture = name.split("_")
            depends = "Depends: lib\n" if package == "root" else ""
            stanzas.append(
                f"Package: {package}\nVersion: {version}\nArchitecture: {architecture}\n{depends}"
                f"Filename: {_POOL}/{name}.deb\nSize: {len(data)}\n"
                f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
            )
        return "\n".join(stanzas).encode()

    def _source_index(self) -> bytes:
        """What `root` was built from, in the words of a Sources file."""
        digest = hashlib.sha256(b"the archive").hexdigest()
        tar = f" {digest} 11 root_1.0.tar.xz\n"
        dsc = f"Source: root\nVersion: 1.0\nChecksums-Sha256:\n{tar}".encode()
        self.files[f"/debian/{_POOL}/root_1.0.dsc"] = dsc
        return (
            f"Package: root\nVersion: 1.0\nDirectory: {_POOL}\nChecksums-Sha256:\n{tar}"
            f" {hashlib.sha256(dsc).hexdigest()} {len(dsc)} root_1.0.dsc\n"
        ).encode()

    def release(self) -> str:
        """The Release file's text; what it lists is put on the server."""
        indices = {_INDEX: self.packages, _SOURCES: self.sources}
        indices |= {f"{name}.xz": lzma.compress(data) for name, data in indices.items()}
        for name, data in indices.items():
            if name.endswith(".xz"):
                self.files[f"{_DISTS}/{name}"] = data
        return release_text(indices, **self.fields)

    def publish(self, sign: Callable[[str], bytes] = SIGNER.clear_sign) -> None:
        """Makes the index and the Release file anew."""
        self.files[f"{_DISTS}/InRelease"] = sign(self.release())


def _change(path: str, old: bytes, new: bytes) -> Callable[[Archive], None]:
    """A lie: a file on the server is another, but what lists it is not."""

    def lie(archive: Archive) -> None:
        assert old in archive.files[path]
        archive.files[path] = archive.files[path].replace(old, new, 1)

    return lie


def _cut(path: str) -> Callable[[Archive], None]:
    def lie(archive: Archive) -> None:
        archive.files[path] = archive.files[path][:-9]

    return lie


def _drop(path: str) -> Callable[[Archive], None]:
    def lie(archive: Archive) -> None:
        del archive.files[path]

    return lie


def _fields(**changes: str) -> Callable[[Archive], None]:
    """A lie that is signed: the Release file says something else of itself."""

    def lie(archive: Archive) -> None:
        archive.fields.update(changes)
        archive.publish()

    return lie


def _index(old: bytes, new: bytes) -> Callable[[Archive], None]:
    """A lie that is signed: the index says something else of a package."""

    def lie(archive: Archive) -> None:
        assert old in archive.packages
        archive.packages = archive.packages.replace(old, new, 1)
        archive.publish()

    return lie


def _unsigned(archive: Archive) -> None:
    del archive.files[f"{_DISTS}/InRelease"]
    archive.files[f"{_DISTS}/Release"] = archive.release().encode()


def _bare(archive: Archive) -> None:
    archive.files[f"{_DISTS}/InRelease"] = archive.release().encode()


def _by_another_key(archive: Archive) -> None:
    archive.publish(Signer().clear_sign)


def _around_another(archive: Archive) -> None:
    """A genuine signature that an unsigned Release file stands in front of."""
    genuine = archive.files[f"{_DISTS}/InRelease"]
    archive.files[f"{_DISTS}/InRelease"] = archive.release().encode() + b"\n" + genuine


def _bomb(archive: Archive) -> None:
    """An index that is a hundred times what the signed file says, with the right packed digest."""
    packed = lzma.compress(archive.packages + b"\n" * (1 << 25))
    archive.files[f"{_DISTS}/{_INDEX}.xz"] = packed
    text = release_text({_INDEX: archive.packages, f"{_INDEX}.xz": packed}, **archive.fields)
    archive.files[f"{_DISTS}/InRelease"] = SIGNER.clear_sign(text)


def _bomb_of_sources(archive: Archive) -> None:
    truth = archive.sources
    archive.sources = truth + b"\n" * (1 << 25)
    text = archive.release()
    whole = f"{hashlib.sha256(archive.sources).hexdigest()} {len(archive.sources)} "
    text = text.replace(whole, f"{hashlib.sha256(truth).hexdigest()} {len(truth)} ")
    archive.files[f"{_DISTS}/InRelease"] = SIGNER.clear_sign(text)


def _source_index(old: bytes, new: bytes) -> Callable[[Archive], None]:
    """A lie that is signed: the index says something else of a source package."""

    def lie(archive: Archive) -> None:
        assert old in archive.sources
        archive.sources = archive.sources.replace(old, new, 1)
        archive.publish()

    return lie


def _endless(archive: Archive) -> None:
    archive.files[f"{_DISTS}/{_INDEX}.xz"] += bytes(1 << 25)


def _swap(name: str) -> Callable[[Archive], None]:
    """A lie that is signed: the index has the right digest of the wrong package."""

    def lie(archive: Archive) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            archive.debs["lib_2.0_amd64"] = Archive._build(Path(scratch), name)
        archive.packages = archive.index()
        archive.publish()

    return lie


_LIB = f"/debian/{_POOL}/lib_2.0_amd64.deb"
_SOURCES_XZ = f"dists/bookworm/{_SOURCES}.xz"
_DSC = f"/debian/{_POOL}/root_1.0.dsc"
_XZ = f"dists/bookworm/{_INDEX}.xz"
_MIRROR = "http://127.0.0.1:[0-9]+/debian"
_KEY = "[0-9A-F]{40}"

_LIES = {
    "unsigned": (
        _unsigned,
        "dists/bookworm/Release: is not signed: .*InRelease: HTTP Error 404: .*"
        "Release.gpg: HTTP Error 404: Not Found; if it never is, and you trust the network and the "
        "mirror: --allow_unsigned=main",
    ),
    "no signature in InRelease": (_bare, "InRelease: is not signed: wanted a line -----BEGIN PGP"),
    "signed by another key": (
        _by_another_key,
        f"InRelease: signed [0-9-]{{10}} by {_KEY}: that key is not in keys/test.asc",
    ),
    "signed text changed": (
        _change(f"{_DISTS}/InRelease", b"Origin: Debian", b"Origin: Devian"),
        f"InRelease: signed [0-9-]{{10}} by {_KEY}: it is not a signature of these bytes",
    ),
    "signature cut off": (
        _cut(f"{_DISTS}/InRelease"),
        "InRelease: the signature is broken: ",
    ),
    "text before what is signed": (_around_another, "InRelease: is not signed: wanted a line"),
    "another suite": (
        _fields(Codename="trixie", Suite="stable"),
        "InRelease: wanted suite bookworm, found trixie and stable",
    ),
    "another archive": (_fields(Origin="Evil"), "InRelease: wanted origin Debian, found Evil"),
    "words for the terminal": (
        _fields(Origin="\x1b[2JEvil"),
        r"InRelease: wanted origin Debian, found \\x1b\[2JEvil",
    ),
    "a stale state": (
        _fields(Valid_Until=_date(-0.1)),
        "InRelease: is of .* and was valid until .*: the mirror is behind, or keeps from you what "
        "is newer; ask another, or say --allow_expired=main",
    ),
    "a state before that of the lock": (
        _fields(Date=_date(-9)),
        "InRelease: is of .*, but the lock was made from that of .*: the mirror is behind, or "
        "takes you back to what had holes; ask another, or, to go back: --allow_downgrade",
    ),
    "the future": (
        _fields(Date=_date(2)),
        "InRelease: is of .*, now is .* UTC: is this machine's clock right?",
    ),
    "no date": (_fields(Date=""), "InRelease: Date: wanted a date, found ''"),
    "an index with other bytes": (
        _change(f"{_DISTS}/{_INDEX}.xz", b"7z", b"8z"),
        f"{_XZ}: wanted [0-9]+ bytes with sha256 .*, found [0-9]+ with [0-9a-f]{{64}}; is the",
    ),
    "an index that is cut off": (_cut(f"{_DISTS}/{_INDEX}.xz"), f"{_XZ}: wanted [0-9]+ bytes with"),
    "an index that does not end": (_endless, f"{_XZ}: wanted .* bytes .*, found more than [0-9]+ "),
    "an index that is not there": (
        _drop(f"{_DISTS}/{_INDEX}.xz"),
        f"{_MIRROR}/{_XZ}: HTTP Error 404: Not Found",
    ),
    "an index that unpacks to more": (_bomb, f"{_XZ}: wanted [0-9]+ bytes unpacked, found more"),
    "a package outside of the archive": (
        _index(b"Filename: pool/", b"Filename: ../../etc/"),
        r"packages\[1\].path: wanted a .deb file's path in the archive, found \"../../etc/m",
    ),
    "a package at another server": (
        _index(b"Filename: pool/", b"Filename: http://evil.invalid/"),
        r"packages\[1\].path: wanted a .deb file's path in the archive, found \"http://evil",
    ),
    "a package without a digest": (
        _index(b"SHA256: ", b"SHA1: "),
        "root 1.0: main: root: misses the field SHA256 or SHA512, in Packages",
    ),
    "a package with a digest that is too short": (
        _index(b"SHA256: ", b"SHA512: "),
        "root 1.0: main: root: SHA512: wanted 128 hexadecimal digits, found ",
    ),
    "a package of another architecture": (
        _index(b"Architecture: amd64", b"Architecture: arm64"),
        "root: the sources have no root for amd64 .main has 1.0 for arm64.",
    ),
    "a package with other bytes": (
        _change(_LIB, b"debian-binary", b"debian-binarx"),
        f"lib:amd64: {_POOL}/lib_2.0_amd64.deb: wanted [0-9]+ bytes with sha256 .*, found [0-9]+ ",
    ),
    "a package that is cut off": (
        _cut(_LIB),
        f"lib:amd64: {_POOL}/lib_2.0_amd64.deb: wanted [0-9]+ bytes with sha256 .*, found [0-9]+ ",
    ),
    "a package that is not there": (_drop(_LIB), f"lib:amd64: {_MIRROR}/.*: HTTP Error 404: Not"),
    "a package of another name": (
        _swap("evil_2.0_amd64"),
        "lib:amd64: .*: wanted version 2.0, found evil:amd64 2.0",
    ),
    "a package of another version": (
        _swap("lib_1.0_amd64"),
        "lib:amd64: .*: wanted version 2.0, found lib:amd64 1.0",
    ),
    "a package for another architecture": (
        _swap("lib_2.0_arm64"),
        "lib:amd64: .*: wanted version 2.0, found lib:arm64 2.0",
    ),
    "an index of sources with other bytes": (
        _change(f"{_DISTS}/{_SOURCES}.xz", b"7z", b"8z"),
        f"{_SOURCES_XZ}: wanted [0-9]+ bytes with sha256 .*, found [0-9]+ with [0-9a-f]{{64}}; is",
    ),
    "an index of sources that is cut off": (
        _cut(f"{_DISTS}/{_SOURCES}.xz"),
        f"{_SOURCES_XZ}: wanted [0-9]+ bytes with",
    ),
    "an index of sources that is not there": (
        _drop(f"{_DISTS}/{_SOURCES}.xz"),
        f"{_MIRROR}/{_SOURCES_XZ}: HTTP Error 404: Not Found",
    ),
    "an index of sources that unpacks to more": (
        _bomb_of_sources,
        f"{_SOURCES_XZ}: wanted [0-9]+ bytes unpacked, found more",
    ),
    "a source outside of the archive": (
        _source_index(b"Directory: pool/", b"Directory: ../../etc/"),
        r"files\[0\].path: wanted a file's path in the archive, found \"../../etc/m",
    ),
    "a file of a source outside of its directory": (
        _source_index(b" root_1.0.tar.xz", b" ../../etc/root_1.0.tar.xz"),
        r"files\[0\].path: wanted a file's path in the archive, found \"pool/main/../../etc",
    ),
    "a source of another version": (
        _source_index(b"Version: 1.0", b"Version: 1.1"),
        "source root 1.0 of root 1.0: not in any Sources file",
    ),
    "a source without digests": (
        _source_index(b"Checksums-Sha256", b"Files"),
        "source root 1.0: misses the field Checksums-Sha256",
    ),
    "a source that is not what its .dsc says": (
        _source_index(b" 11 root", b" 12 root"),
        "source root 1.0: pool/main/root_1.0.dsc: wanted root_1.0.tar.xz, found root 1.0 of",
    ),
    "a .dsc with other bytes": (
        _change(_DSC, b"Source: root", b"Source: evil"),
        "source root 1.0: pool/main/root_1.0.dsc: wanted [0-9]+ bytes with sha256",
    ),
}


class DebsLiesTest(parameterized.TestCase):
    """Each lie by itself, after a lock was made from the truth."""

    made: bytes

    def setUp(self) -> None:
        super().setUp()
        self.mirror = Mirror()
        self.addCleanup(self.mirror.close)
        self.archive = Archive(self.mirror, Path(self.create_tempdir().full_path))
        self.workspace = Path(self.create_tempdir().full_path)
        self.lock = self.workspace / "debs.lock.json"
        self.keyring = self.workspace / "keys/test.asc"
        self.keyring.parent.mkdir()
        self.keyring.write_bytes(SIGNER.keyring)

    def _update(self, *flags: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [_TOOL, "--lock=debs.lock.json", f"--mirror=main={self.mirror.url}/debian", *flags],
            env={**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(self.workspace)},
            capture_output=True,
            text=True,
            check=False,
        )

    def _make(self, *flags: str) -> None:
        made = self._update(
            "--source=main,bookworm,main",
            "--architecture=amd64",
            "--root=root",
            "--with_source=root",
            *flags,
        )
        self.assertEqual(made.returncode, 0, made.stderr)

    def assert_refused(self, message: str, *flags: str) -> None:
        before = self.lock.read_bytes()
        refused = self._update("--verify_packages", *flags)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertRegex(refused.stderr.splitlines()[-1], f"^error: .*{message}")
        self.assertNotIn("Traceback", refused.stderr)
        self.assertEqual(self.lock.read_bytes(), before)

    @parameterized.parameters(*_LIES)
    def test_a_lie(self, name: str) -> None:
        lie, message = _LIES[name]
        self._make("--keyring=main=keys/test.asc")
        lie(self.archive)
        # All packages are looked at, and nothing would be written anyway.
        self.assert_refused(message, "--check")

    @parameterized.parameters(
        ("expired-key", "that key expired 2020-12-31"),
        ("revoked", "that key is revoked"),
        ("expired-signature", "the signature expired 2020-06-02"),
        ("weak-hash", "made with SHA-1, which is too weak"),
    )
    def test_a_key_that_is_not_good_any_more(self, name: str, message: str) -> None:
        self._make("--keyring=main=keys/test.asc")
        self.keyring.write_bytes(CASES[name].keyring)
        self.archive.files[f"{_DISTS}/InRelease"] = CASES[name].message
        self.assert_refused(f"InRelease: signed 2020-06-01 by {_KEY}: {message}")

    def test_the_truth(self) -> None:
        self._make("--keyring=main=keys/test.asc", "--verify_packages")
        checked = self._update("--check", "--verify_packages")
        self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_what_was_allowed_is_in_the_lock(self) -> None:
        _unsigned(self.archive)
        self._make("--allow_unsigned=main")
        text = self.lock.read_text(encoding="utf-8")
        self.assertIn('"allow_unsigned": true', text)
        self.assertIn('"signed_by": []', text)
        again = self._update()
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("warning: main: nobody's signature is wanted (allow_unsigned)", again.stderr)
        # From here on, it has to be signed; whoever reads the lock's changes sees that too.
        self.archive.publish()
        signed = self._update("--keyring=main=keys/test.asc")
        self.assertEqual(
            signed.stdout.splitlines()[:2],
            [
                "main: keyring keys/test.asc, was allow_unsigned",
                f"main: signed by {SIGNER.fingerprint}, was nobody",
            ],
        )

    def test_another_order_of_sources_forgets_nothing(self) -> None:
        self._make("--keyring=main=keys/test.asc")
        lock = json.loads(self.lock.read_bytes())
        other = {**lock["declaration"]["sources"][0], "name": "other"}
        lock["declaration"]["sources"].insert(0, other)
        self.lock.write_text(json.dumps(lock), encoding="utf-8")
        self.archive.fields["Date"] = _date(-9)
        self.archive.publish()
        self.assert_refused(
            "source main .*the lock was made from that of",
            f"--mirror=other={self.mirror.url}/debian",
        )

    def test_a_source_by_another_name_forgets_nothing(self) -> None:
        self._make("--keyring=main=keys/test.asc")
        renamed = (
            "--source=other,bookworm,main",
            "--keyring=other=keys/test.asc",
            f"--mirror=other={self.mirror.url}/debian",
        )
        self.archive.fields["Date"] = _date(-9)
        self.archive.publish()
        self.assert_refused("source other .*the lock was made from that of", *renamed)
        back = self._update("--allow_downgrade", *renamed)
        self.assertEqual(back.returncode, 0, back.stderr)

    def test_the_way_back_has_to_be_said(self) -> None:
        self._make("--keyring=main=keys/test.asc")
        self.archive.fields["Date"] = _date(-9)
        self.archive.publish()
        back = self._update("--allow_downgrade")
        self.assertEqual(back.returncode, 0, back.stderr)

    def test_a_mirror_that_lies_is_passed_over(self) -> None:
        good = Mirror()
        self.addCleanup(good.close)
        good.files.update(self.archive.files)
        _by_another_key(self.archive)
        made = self._update(
            "--source=main,bookworm,main",
            "--architecture=amd64",
            "--root=root",
            "--keyring=main=keys/test.asc",
            f"--mirror=main={good.url}/debian",
        )
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertRegex(
            made.stderr, f"main: passed over a mirror: {self.mirror.url}/debian: .*that key is not"
        )


if __name__ == "__main__":
    absltest.main()
