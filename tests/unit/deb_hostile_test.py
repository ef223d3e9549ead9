"""Damaged packages: each is unpacked or refused with a message, soon, and within bounds."""

import random
import resource
import tarfile
import time
from collections import Counter
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable import deb_licenses, deb_members
from relocatable.content import Store
from relocatable.decompress import Growing
from support import deb_builder as build
from support.deb_mutations import SIZE_LIMIT, Package, damaged, outcome

_CASES = flags.DEFINE_integer("cases", 600, "How many, of each kind.")
_SEED = flags.DEFINE_integer("seed", 1, "For the damage.")
_DEBS = flags.DEFINE_multi_string("deb", [], "Packages to damage, instead of small ones of ours.")

SECONDS = 10
"""For one package; all but a few take milliseconds."""
MEMORY = 600 << 20
"""Bytes of the whole process."""


class DebHostileTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)

    def packages(self) -> list[Package]:
        if _DEBS.value:
            return [self.package(Path(path)) for path in _DEBS.value]
        return [Package(CONTROL, data) for data in DATA]

    def package(self, path: Path) -> Package:
        archives = [
            Growing(member.name, member.data, self.directory).at(0, SIZE_LIMIT)
            for member in deb_members.members(Store(path))
        ]
        return Package(*archives)

    def test_damaged_packages(self) -> None:
        chance = random.Random(_SEED.value)  # noqa: S311
        seen: Counter[str] = Counter()
        path = self.directory / "x.deb"
        slowest = 0.0
        packages = self.packages()
        for number in range(_CASES.value):
            package = damaged(packages[number % len(packages)], chance)
            package.write(path)
            start = time.monotonic()
            try:
                seen[outcome(path, self.directory)] += 1
            except Exception as error:
                raise AssertionError(f"case {number} of seed {_SEED.value}") from error
            slowest = max(slowest, time.monotonic() - start)
            self.assertEqual(list(self.directory.iterdir()), [path])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        print(f"{_CASES.value} packages: {dict(seen)}, slowest {slowest:.2f} s, {peak >> 20} MiB")
        self.assertLess(slowest, SECONDS)
        self.assertLess(peak, MEMORY)

    def test_damaged_containers(self) -> None:
        """The .deb itself: all bytes of its ar headers, and of what is compressed in it."""
        chance = random.Random(_SEED.value)  # noqa: S311
        path = self.directory / "x.deb"
        seen: Counter[str] = Counter()
        for compression in build.COMPRESSIONS:
            build.deb(path, [build.file("./a", b"a" * 5000)], compression=compression)
            good = path.read_bytes()
            for _ in range(_CASES.value // 6):
                bad = bytearray(good)
                for _ in range(chance.randint(1, 3)):
                    bad[chance.randrange(len(bad))] = chance.randrange(256)
                path.write_bytes(bad[: chance.choice((len(bad), chance.randrange(len(bad))))])
                seen[outcome(path, self.directory)] += 1
        print(f"{seen.total()} containers: {dict(seen)}")
        self.assertNotEmpty(seen)


CONTROL = build.tar(
    [
        build.file(
            "./control",
            b"Package: x\nVersion: 1\nArchitecture: all\nReplaces: y (<< 2), z\n"
            b"Description: x\n y\n .\n z\n",
        ),
        build.file("./conffiles", b"/etc/x\n"),
        build.file("./triggers", b"interest /usr/x\n"),
        build.file(
            "./postinst",
            b"#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/a a /usr/bin/b 5 \\\n"
            b"  --slave /c c /d\ndpkg-divert --add --divert '/usr/b.old' /usr/b\n",
            0o755,
        ),
    ]
)
_DOC = f"./{deb_licenses.DOCUMENTATION}/x"
DATA = [
    build.tar(
        [
            build.special("./", tarfile.DIRTYPE),
            build.special("./usr", tarfile.DIRTYPE),
            build.file("./etc/x", b"x"),
            build.file("./usr/bin/b", b"b" * 700, 0o755),
            build.special("./usr/bin/c", tarfile.LNKTYPE, "./usr/bin/b"),
            build.special("./lib/d", tarfile.SYMTYPE, "../usr/bin/b"),
            build.file(f"./{'long/' * 30}name", b"n"),
            build.file(f"{_DOC}/copyright", b"free"),
        ]
    ),
    *(build.sparse(form, "./s", 9000, [(0, b"a" * 512), (5120, b"b")]) for form in ("S", "0.0")),
    *(build.sparse(form, "./s", 9000, [(0, b"a" * 512), (5120, b"b")]) for form in ("0.1", "1.0")),
]

if __name__ == "__main__":
    absltest.main()
