"""Archives as others publish them, on a loopback server: we do what apt does.

With `--apt`, the machine's apt is given each of them before us, and has to do the same: what it
takes, and what it asks the server for.
"""

import hashlib
import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from absl import flags
from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.download import Mirror
from relocatable.apt.packages import verify_packages
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Source
from relocatable.errors import RelocatableError
from support import mirror, real_apt
from support.apt_archive import SIGNER, TRUST
from support.mirror import Fault
from support.served_archive import Served, entry, package

_APT = flags.DEFINE_bool("apt", False, "Ask the machine's apt as well.")
_DISTS = "/debian/dists/bookworm"
_INDEX = "main/binary-amd64/Packages"
_ALL = "main/binary-all/Packages"
_PATH = "pool/main/root_1.0_amd64.deb"
_DATA = package()
# The way to a package.
_PLACES = (f"{_DISTS}/InRelease", f"{_DISTS}/{_INDEX}.xz", f"/debian/{_PATH}")


def _other(name: str, **fields: str) -> str:
    """What an index says of a package that nobody wants."""
    return entry(_PATH, _DATA, Package=name, **fields)


class DebsPublishedTest(parameterized.TestCase):
    """One archive each."""

    def setUp(self) -> None:
        super().setUp()
        self.mirror = mirror.Mirror()
        self.addCleanup(self.mirror.close)
        self.waited: list[float] = []
        self.said = io.StringIO()

    def serve(self, index: str | bytes = "", **how: Any) -> None:
        """Serves an archive with one package."""
        index = index or entry(_PATH, _DATA)
        Served(self.mirror, {_INDEX: index}, {_PATH: _DATA}, **how).publish()

    def apt(
        self, *versions: str, suite: str = "bookworm", components: str = "main", said: str = ""
    ) -> None:
        """Checks which versions apt downloads, if it is asked: one, or none."""
        if _APT.value:
            url, names = f"{self.mirror.url}/debian", components.split()
            found = real_apt.download(url, suite, names, SIGNER.keyring, "root")
            self.assertEqual(found.versions, versions, found.said)
            self.assertIn(said, found.said)

    def ours(
        self, suite: str = "bookworm", components: str = "main", **said: Any
    ) -> dict[str, str]:
        """Makes a lock, and downloads what is in it; from name and version to path."""
        url = f"{self.mirror.url}/debian"
        source = Source("main", suite, tuple(components.split()), (url,), "x.asc", **said)
        archives: dict[str, Archive] = {}
        self.waited.clear()

        def connect(source: Source) -> Archive:
            archives[source.name] = open_archive(source, source.urls, TRUST, self._mirror)
            return archives[source.name]

        lock = update(Declaration((source,), ("amd64",), ("root",)), connect)
        # What can't be written and read again is no lock.
        lock = deb_lock.parse(deb_lock.render(lock), "x")
        verify_packages(lock.packages, archives)
        return {f"{p.name} {p.version}": p.path for p in lock.packages}

    def _mirror(self, url: str) -> Mirror:
        return Mirror(url, self.said, wait=self.waited.append)

    def refused(self, message: str, **said: Any) -> None:
        """Checks that we refuse an archive."""
        with self.assertRaisesRegex(RelocatableError, message):
            self.ours(**said)

    def both_take_it(self, faults: Mapping[str, list[Fault]] | None = None) -> None:
        """Checks that both download the package, although `faults` happen to each."""
        for take in (lambda: self.apt("1.0"), self.ours):
            self.mirror.faults = {path: list(each) for path, each in (faults or {}).items()}
            self.mirror.ranges.clear()
            take()

    def both_fail(self, message: str, faults: Mapping[str, list[Fault]] | None = None) -> None:
        """Checks that neither does."""
        for take in (self.apt, lambda: self.refused(message)):
            self.mirror.faults = {path: list(each) for path, each in (faults or {}).items()}
            take()

    def both_ask_for(self, paths: list[str], *, indices: bool = False) -> None:
        """Checks what both ask the server for, of packages or of what leads to them."""
        for take in (lambda: self.apt("1.0"), self.ours) if _APT.value else (self.ours,):
            self.mirror.asked.clear()
            take()
            self.assertEqual(sorted(self.asked(indices=indices)), sorted(paths))

    def asked(self, *, indices: bool = False) -> list[str]:
        """The requests for packages, or for what leads to them."""
        return [path for path in self.mirror.asked if ("/dists/" in path) == indices]

    # What is asked for.

    @parameterized.parameters(
        ("pool/main/root_1.0_amd64.deb", "pool/main/root_1.0_amd64.deb"),
        ("pool/main/root_1%3a1.0_amd64.deb", "pool/main/root_1%253a1.0_amd64.deb"),
        ("pool/main/root_1%3A1.0_amd64.deb", "pool/main/root_1%253A1.0_amd64.deb"),
        ("pool/100%.deb", "pool/100%25.deb"),
        ("pool/a%2fb.deb", "pool/a%252fb.deb"),
        ("pool/root 1.0.deb", "pool/root%201.0.deb"),
        ("pool/root@1.0.deb", "pool/root@1.0.deb"),
        ("pool/libroot++_1.0+b1~rc1.deb", "pool/libroot%2b%2b_1.0%2bb1%7erc1.deb"),
        ("pool/root_1:1.0.deb", "pool/root_1:1.0.deb"),
        ("pool/ünï—.deb", "pool/%c3%bcn%c3%af%e2%80%94.deb"),
        ("pool/(root)!$&'*,;=.deb", "pool/(root)!$&'*,;=.deb"),
        ("pool//root.deb", "pool//root.deb"),
        ("/pool/root.deb", "/pool/root.deb"),
    )
    def test_a_name_of_a_file(self, path: str, asked: str) -> None:
        Served(self.mirror, {_INDEX: entry(path, _DATA)}, {path: _DATA}).publish()
        self.both_ask_for([f"/debian/{asked}"])
        self.assertEqual(self.ours(), {"root 1.0": path})

    @parameterized.parameters(
        # No URL may hold these (RFC 3986); apt sends them nevertheless, and servers differ.
        ("pool/[root].deb", "pool/%5broot%5d.deb"),
        ('pool/"<root>\\^`{|}.deb', "pool/%22%3croot%3e%5c%5e%60%7b%7c%7d.deb"),
        # Means nothing there; apt sends it.
        ("./pool/./root.deb", "pool/root.deb"),
    )
    def test_a_name_of_a_file_that_is_asked_for_in_other_words(self, path: str, asked: str) -> None:
        Served(self.mirror, {_INDEX: entry(path, _DATA)}, {path: _DATA}).publish()
        self.apt("1.0")
        self.mirror.files[f"/debian/{unquote(asked)}"] = _DATA
        self.mirror.asked.clear()
        self.ours()
        self.assertEqual(self.asked(), [f"/debian/{asked}"])

    @parameterized.parameters(("pool/root#1.deb", "%231"), ("pool/root?1.deb", "%3f1"))
    def test_a_name_of_a_file_that_apt_asks_for_as_if_it_were_a_url(
        self, path: str, escaped: str
    ) -> None:
        """It sends what a server takes for a fragment or a query; ours is what is meant."""
        Served(self.mirror, {_INDEX: entry(path, _DATA)}, {path: _DATA}).publish()
        self.apt()
        if _APT.value:
            self.assertEqual(self.asked(), [f"/debian/{path}"])
        self.mirror.asked.clear()
        self.ours()
        self.assertEqual(self.asked(), [f"/debian/pool/root{escaped}.deb"])

    @parameterized.parameters(
        "../root.deb", "pool/../../root.deb", "pool/..", "http://127.0.0.1/root.deb"
    )
    def test_a_name_of_a_file_that_leads_out_of_the_archive(self, path: str) -> None:
        """Here, we are stricter than apt."""
        Served(self.mirror, {_INDEX: entry(path, _DATA)}, {path: _DATA}).publish()
        self.refused(r"packages\[0\].path: wanted a .deb file's path in the archive, found ")
        self.assertEqual(self.asked(), [])

    @parameterized.parameters("SHA256", "SHA512")
    def test_an_index_by_its_hash(self, digest: str) -> None:
        self.serve(digests=(digest,), fields={"Acquire-By-Hash": "yes"})
        data = self.mirror.files.pop(_PLACES[1])
        name = hashlib.new(digest.lower(), data).hexdigest()
        path = f"{_DISTS}/main/binary-amd64/by-hash/{digest}/{name}"
        self.mirror.files[path] = data
        self.both_ask_for([_PLACES[0], path], indices=True)

    @parameterized.parameters(
        ({"Architectures": "all amd64"}, True),
        ({"Architectures": None}, True),
        ({"Architectures": "amd64"}, False),
        ({"Architectures": "all amd64", "No-Support-for-Architecture-all": "Packages"}, False),
    )
    def test_packages_for_all_architectures_in_an_index_of_their_own(
        self, fields: dict[str, str | None], read: bool
    ) -> None:
        data = package(architecture="all")
        indices = {_ALL: entry(_PATH, data, Architecture="all"), _INDEX: _other("lib")}
        Served(self.mirror, indices, {_PATH: data}, fields=fields).publish()
        if read:
            self.both_ask_for([*_PLACES[:2], f"{_DISTS}/{_ALL}.xz"], indices=True)
        else:
            self.both_fail("root: the sources have no root for amd64")
            self.assertNotIn(f"{_DISTS}/{_ALL}.xz", self.mirror.asked)

    def test_an_archive_of_nothing_but_packages_for_all_architectures(self) -> None:
        data = package(architecture="all")
        index = entry(_PATH, data, Architecture="all")
        Served(self.mirror, {_ALL: index}, {_PATH: data}, fields={"Architectures": "all"}).publish()
        self.both_take_it()

    @parameterized.parameters(".gz", ".bz2", ".lzma", ".xz", ".zst")
    def test_one_way_to_pack(self, suffix: str) -> None:
        self.serve(suffixes=(suffix,))
        self.both_take_it()

    @parameterized.parameters(
        ((".xz", ".gz"), ".xz"), ((".xz", ""), ".xz"), ((".gz", ".bz2"), ".bz2")
    )
    def test_a_way_to_pack_that_is_listed_and_not_there(
        self, suffixes: tuple[str, ...], missing: str
    ) -> None:
        self.serve(suffixes=suffixes, missing=(f"{_INDEX}{missing}",))
        self.both_take_it()

    def test_a_way_to_pack_that_can_not_be_had(self) -> None:
        self.serve(suffixes=(".xz", ".gz"))
        self.both_take_it({_PLACES[1]: [Fault(503)] * 4})

    # Which digests will do.

    @parameterized.parameters((("SHA512",),), (("SHA256", "SHA512"),), (("MD5Sum", "SHA256"),))
    def test_digests_of_a_release_file(self, digests: tuple[str, ...]) -> None:
        self.serve(digests=digests)
        self.both_take_it()

    @parameterized.parameters("SHA1", "MD5Sum")
    def test_digests_of_a_release_file_that_are_too_weak(self, digest: str) -> None:
        self.serve(digests=(digest,))
        self.both_fail(f"wanted a Release file with SHA256 or SHA512 digests, found {digest}")

    def test_digests_of_a_package(self) -> None:
        """A lock holds the SHA-256 of what the longer one was right for."""
        self.serve(entry(_PATH, _DATA, ("SHA512",)))
        self.both_take_it()

    @parameterized.parameters("SHA1", "MD5sum")
    def test_digests_of_a_package_that_are_too_weak(self, digest: str) -> None:
        self.serve(entry(_PATH, _DATA, (digest,)))
        self.both_fail("root 1.0: main: root: misses the field SHA256 or SHA512, in Packages")

    def test_a_package_that_is_not_what_its_longer_digest_says(self) -> None:
        self.serve(entry(_PATH, _DATA, ("SHA512",)))
        self.mirror.files[f"/debian/{_PATH}"] = _DATA[::-1]
        self.both_fail(f"{_PATH}: wanted [0-9]+ bytes with sha512 .*, found [0-9]+ with ")

    # What fails for the moment.

    @parameterized.parameters(408, 429, 500, 502, 503, 504, 599)
    def test_a_server_that_has_too_much_to_do(self, status: int) -> None:
        self.serve()
        self.both_take_it({_PLACES[1]: [Fault(status)]})
        self.assertEqual(self.waited, [1])

    @parameterized.parameters(400, 401, 403, 404, 410, 501)
    def test_a_server_that_says_no(self, status: int) -> None:
        self.serve()
        self.both_fail(f"Packages.xz: HTTP Error {status}", {_PLACES[1]: [Fault(status)]})
        self.assertEqual(self.waited, [])

    @parameterized.parameters(*_PLACES)
    def test_a_server_that_has_too_much_to_do_for_long(self, place: str) -> None:
        self.serve()
        self.both_take_it({place: [Fault(503)] * 3})
        self.assertEqual(self.waited, [1, 2, 4])
        self.both_fail(f"{place}: HTTP Error 503.* .tried 4 times", {place: [Fault(503)] * 4})
        self.assertEqual(self.waited, [1, 2, 4])

    @parameterized.product(place=_PLACES, resumes=(False, True))
    def test_a_connection_that_is_cut(self, place: str, resumes: bool) -> None:
        self.serve()
        self.mirror.resumes = resumes
        self.both_take_it({place: [Fault(sent=100)]})
        self.assertEqual("bytes=100-" in self.mirror.ranges, resumes)
        self.assertIn("the connection was cut after 100 of ", self.said.getvalue())

    def test_a_connection_that_is_always_cut(self) -> None:
        """It is told as that, and not as a mirror that is behind."""
        self.serve()
        self.both_fail(
            f"^http://[^ ]*{_INDEX}.xz: the connection was cut after 100 of [0-9]+ bytes "
            "[(]tried 4 times[)]$",
            {_PLACES[1]: [Fault(sent=100)] * 4},
        )

    # What a Release file calls its suite.

    @parameterized.parameters(
        ("bookworm", {"Suite": None, "Codename": None}, "-"),
        ("bookworm", {"Suite": "", "Codename": ""}, "-"),
        ("bookworm/vendor/7.0", {"Suite": "7.0", "Codename": None}, "7.0"),
        ("bookworm/vendor/7.0", {"Suite": "7.0", "Codename": "bookworm/vendor"}, "7.0"),
        ("buster/updates", {"Suite": "oldoldstable", "Codename": "buster"}, "buster"),
    )
    def test_another_name_of_the_suite(
        self, suite: str, fields: dict[str, str | None], name: str
    ) -> None:
        """Apt warns of some; who declares such a source says that it is meant."""
        self.serve(suite=suite, fields=fields)
        self.apt("1.0", suite=suite)
        self.assertEqual(self.ours(suite, release_suite=name), {"root 1.0": _PATH})
        self.refused(f"wanted suite {suite}, found .*if that is what is meant: ", suite=suite)
        self.refused("wanted suite sid, found ", suite=suite, release_suite="sid")

    # What an index has, beside what is wanted and of it.

    @parameterized.named_parameters(
        ("an_old_version_without_a_digest", entry(_PATH, _DATA, (), Version="0.9")),
        ("one_without_a_size", entry(_PATH, _DATA, Version="0.9").replace("Size", "Sixe")),
        ("one_without_a_file", entry(_PATH, _DATA, Version="0.9").replace("Filename", "Name")),
        ("one_for_a_better_processor", entry(_PATH, _DATA, Architecture="amd64v3", Version="2")),
        ("one_for_another_machine", entry(_PATH, _DATA, Architecture="arm64", Version="2")),
        ("another_without_a_version", _other("lib").replace("Version", "Worsion")),
        ("another_with_a_byte_of_latin_1", _other("lib", Maintainer="J\udcfcrgen")),
        ("another_with_a_name_that_is_none", _other("L_b")),
        ("another_that_depends_on_what_is_none", _other("lib", Depends="a_b (>= 1), Bar")),
    )
    def test_beside(self, text: str) -> None:
        self.serve(f"{entry(_PATH, _DATA)}\n{text}".encode(errors="surrogateescape"))
        self.both_take_it()

    @parameterized.parameters(
        ({"Maintainer": "J\udcfcrgen"},),
        ({"Recommends": "a_b, Bar, ${shlibs:Depends}, lib"},),
        ({"Suggests": "a_b"},),
        ({"Conflicts": "a_b, Bar (<< 1)"},),
        ({"Provides": "a_b"},),
        ({"Depends": "a_b | lib"},),
        ({"Depends": "lib, "},),
        ({"Source": "a b c"},),
        ({"Built-Using": "A_b (= 1)"},),
        ({"Priority": "high"},),
    )
    def test_fields_of_what_is_wanted(self, fields: dict[str, str]) -> None:
        lib = package("lib")
        text = f"{entry(_PATH, _DATA, **fields)}\n{entry('pool/lib.deb', lib, Package='lib')}"
        self.mirror.files["/debian/pool/lib.deb"] = lib
        self.serve(text.encode(errors="surrogateescape"))
        self.both_take_it()

    @parameterized.parameters(("\n", "\r\n"), ("\n\n", "\n \n\n"), ("Package", "PACKAGE"))
    def test_lines_as_others_write_them(self, old: str, new: str) -> None:
        self.serve(f"{entry(_PATH, _DATA)}\n{_other('lib')}".replace(old, new))
        self.both_take_it()

    def test_the_newest_is_what_is_wanted_and_named(self) -> None:
        """Nobody takes an older one instead."""
        self.serve(f"{entry(_PATH, _DATA)}\n{entry(_PATH, _DATA, (), Version='2')}")
        self.both_fail("root 2: main: root: misses the field SHA256 or SHA512, in Packages")

    def test_the_only_one_is_for_another_machine(self) -> None:
        self.serve(entry(_PATH, _DATA, Architecture="amd64v3"))
        self.both_fail("root: the sources have no root for amd64 .main has 1.0 for amd64v3.")

    def test_an_index_without_names(self) -> None:
        self.serve(f"Version: 1\n\n{entry(_PATH, _DATA)}")
        self.both_fail("main: wanted Package: in each stanza of Packages, found 'Version: 1")

    # What isn't there.

    def test_a_component_that_is_not_there(self) -> None:
        self.serve()
        self.apt(components="man", said="doesn't have the component 'man' (component misspelt")
        self.refused("wanted component man, its Release file lists main; ", components="man")

    def test_a_suite_that_is_not_there(self) -> None:
        self.serve()
        self.mirror.files["/debian/dists/"] = b'<a href="../">Up</a> <a href="bookworm/">x</a>'
        self.apt(suite="bookwrm", said="does not have a Release file")
        message = "InRelease: HTTP Error 404: Not Found; its dists/ has bookworm;"
        self.refused(message, suite="bookwrm")


if __name__ == "__main__":
    absltest.main()
