"""Archives as others publish them, given to the machine's apt and to us: both have to do the same.

Each is on a loopback server; what the server was asked for is compared, too.
"""

import dataclasses
import io
from typing import Any
from urllib.parse import unquote

from absl.testing import absltest, parameterized

from relocatable import deb_lock
from relocatable.apt.archive import Archive, open_archive
from relocatable.apt.download import Mirror
from relocatable.apt.packages import verify_packages
from relocatable.apt.update import update
from relocatable.deb_lock import Declaration, Lock, Source
from support import mirror, real_apt
from support.apt_archive import SIGNER, TRUST
from support.served_archive import Served, entry, package

_INDEX = "main/binary-amd64/Packages"


@dataclasses.dataclass(frozen=True)
class Ours:
    """What a lock is made of.

    Attributes:
        lock: The lock.
        warnings: What was said while it was made.
    """

    lock: Lock
    warnings: tuple[str, ...]


class DebsBesideAptTest(parameterized.TestCase):
    """One archive each."""

    def setUp(self) -> None:
        super().setUp()
        self.mirror = mirror.Mirror()
        self.addCleanup(self.mirror.close)

    def ours(self, **said: Any) -> Ours:
        """Makes a lock, and downloads what is in it."""
        source = Source("main", "bookworm", ("main",), (f"{self.mirror.url}/debian",), "x.asc")
        source = dataclasses.replace(source, **said)
        archives: dict[str, Archive] = {}
        warnings: list[str] = []

        def connect(source: Source) -> Archive:
            archives[source.name] = open_archive(
                source,
                source.urls,
                TRUST,
                lambda url: Mirror(url, io.StringIO()),
                warnings.append,
            )
            return archives[source.name]

        lock = update(Declaration((source,), ("amd64",), ("root",)), connect)
        verify_packages(deb_lock.parse(deb_lock.render(lock), "x").packages, archives)
        return Ours(lock, tuple(warnings))

    def apt(self, suite: str = "bookworm", components: str = "main") -> real_apt.Downloaded:
        """What apt makes of the same."""
        url = f"{self.mirror.url}/debian"
        return real_apt.download(url, suite, components.split(), SIGNER.keyring, "root")

    def asked(self) -> list[str]:
        """The requests for packages since the last time."""
        found = [path for path in self.mirror.asked if "/dists/" not in path]
        self.mirror.asked.clear()
        return found

    @parameterized.parameters(
        "pool/main/root_1.0_amd64.deb",
        "pool/main/root_1%3a1.0_amd64.deb",
        "pool/main/root_1%3A1.0_amd64.deb",
        "pool/100%.deb",
        "pool/a%2fb.deb",
        "pool/root 1.0.deb",
        "pool/root@1.0.deb",
        "pool/libroot++_1.0+b1~rc1.deb",
        "pool/root_1:1.0.deb",
        "pool/ünï—.deb",
        "pool/(root)!$&'*,;=.deb",
        "pool//root.deb",
        "/pool/root.deb",
    )
    def test_a_name_of_a_file(self, path: str) -> None:
        data = package()
        Served(self.mirror, {_INDEX: entry(path, data)}, {path: data}).publish()
        self.assertEqual(self.apt().versions, ("1.0",))
        theirs = self.asked()
        self.assertEqual(self.ours().lock.packages[0].path, path)
        self.assertEqual(self.asked(), theirs)

    @parameterized.parameters(
        # No URL may hold these (RFC 3986); apt sends them nevertheless, and servers differ.
        "pool/[root].deb",
        'pool/"<root>\\^`{|}.deb',
        # Means nothing there; apt sends it.
        "./pool/./root.deb",
    )
    def test_a_name_of_a_file_that_is_asked_for_in_other_words(self, path: str) -> None:
        data = package()
        Served(self.mirror, {_INDEX: entry(path, data)}, {path: data}).publish()
        self.assertEqual(self.apt().versions, ("1.0",))
        theirs = [unquote(asked).replace("/./", "/") for asked in self.asked()]
        self.mirror.files[f"/debian/{path}".replace("/./", "/")] = data
        self.ours()
        self.assertEqual([unquote(asked) for asked in self.asked()], theirs)

    @parameterized.parameters(("pool/root#1.deb", "%231"), ("pool/root?1.deb", "%3f1"))
    def test_a_name_of_a_file_that_apt_asks_for_as_if_it_were_a_url(
        self, path: str, escaped: str
    ) -> None:
        """It sends what no server can tell from a fragment or a query; ours is what is meant."""
        data = package()
        Served(self.mirror, {_INDEX: entry(path, data)}, {path: data}).publish()
        self.apt()
        self.assertEqual(self.asked()[-1], f"/debian/{path}")
        self.ours()
        self.assertEqual(self.asked(), [f"/debian/pool/root{escaped}.deb"])


if __name__ == "__main__":
    absltest.main()
