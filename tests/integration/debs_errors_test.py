"""What a user of `debs` sees when a lock, a mirror or a platform is not what it should be.

Runs Bazel in a workspace of its own, against a mirror of its own. All tests share one server.
"""

import base64
import dataclasses
import json
import lzma
import os
import re
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from absl.testing import absltest

from relocatable import deb_lock
from relocatable.deb_lock import Declaration, Index, Lock, Package, Source
from support import consumer, deb_builder
from support.apt_archive import packages, stanza
from support.mirror import Mirror

NAMES = (
    "changed",
    "good",
    "helped",
    "locked",
    "moved",
    "odd",
    "replaced",
    "truncated",
    "vanished",
)
# As apt asks for it: debs_published_test.
ODD = "pool//ma in/odd_1%3a1.0~@:#—_all.deb"
ODD_URL = "/debian/pool//ma%20in/odd_1%253a1.0%7e@:%23%e2%80%94_all.deb"
LOCK = "debs.lock.json"
UPDATE = "bazel run @my_debs//:update"

# A suite that this machine's apt does not have: its mirrors would be asked before ours.
MODULE = """
bazel_dep(name = "platforms", version = "0.0.10")

debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "test-archive",
    allow_unsigned = True,
    components = ["main"],
    mirrors = ["{mirror}/debian"],
    suite = "nowhere",
)
debs.source(
    name = "test-flat",
    allow_unsigned = True,
    mirrors = ["{mirror}/debian"],
    suite = "pool/main/",
)
debs.lock(
    name = "my_debs",
    lock = "//:debs.lock.json",
)
use_repo(debs, "my_debs")
"""

BUILD = """load("@rules_relocatable//rules:defs.bzl", "deb_extract")

[
    deb_extract(
        name = package,
        debs = ["@my_debs//:" + package + "_amd64"],
    )
    for package in [
        "changed",
        "flat",
        "good",
        "helped",
        "locked",
        "moved",
        "nothere",
        "odd",
        "replaced",
        "truncated",
        "vanished",
    ]
]

deb_extract(
    name = "both",
    debs = ["@my_debs//:both"],
)

[
    platform(
        name = "linux_" + cpu,
        constraint_values = [
            "@platforms//cpu:" + cpu,
            "@platforms//os:linux",
        ],
    )
    for cpu in ["aarch64", "x86_64"]
]

platform(
    name = "ppc64le",
    constraint_values = [
        "@platforms//cpu:ppc64le",
        "@platforms//os:linux",
    ],
)
"""


class DebsErrorsTest(absltest.TestCase):
    mirror: Mirror
    texts: Mapping[str, bytes]
    lock: Lock
    packages: dict[str, Package]
    user: consumer.Consumer

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cls.mirror = Mirror()
        cls.addClassCleanup(cls.mirror.close)
        # Bytes that were never seen: Bazel's download cache remembers the others by their digest.
        cls.texts = {name: os.urandom(16).hex().encode() for name in (*NAMES, "both", "flat")}
        cls.packages = {name: cls.publish(base, name) for name in NAMES}
        both = [cls.publish(base, "both", architecture) for architecture in ("amd64", "arm64")]
        source = Source("test-archive", "nowhere", ("main",), allow_unsigned=True)
        flat = Source("test-flat", "pool/main/", (), allow_unsigned=True)
        cls.packages["flat"] = dataclasses.replace(cls.publish(base, "flat"), source=flat.name)
        cls.lock = Lock(
            Declaration((source, flat), architectures=("amd64", "arm64"), roots=NAMES),
            (
                Index(source.name, "Test", "today", "0" * 64),
                Index(flat.name, "", "", "0" * 64),
            ),
            tuple(sorted((*both, *cls.packages.values()), key=lambda p: p.key)),
        )
        cls.user = consumer.make(base, MODULE.format(mirror=cls.mirror.url), BUILD)
        cls.addClassCleanup(cls.user.close)

    @classmethod
    def publish(cls, directory: Path, name: str, architecture: str = "all") -> Package:
        """Puts a package on the mirror; returns its entry of a lock."""
        entries = [deb_builder.file("./usr/share/text", cls.texts[name])]
        deb = deb_builder.deb(
            directory / f"{name}_1.0-1_{architecture}.deb",
            entries,
            name=name,
            architecture=architecture,
        )
        path = ODD if name == "odd" else f"pool/main/{deb.name}"
        if name == "truncated":
            deb.write_bytes(deb.read_bytes()[:-100])
        data = deb.read_bytes()
        cls.mirror.files[f"/debian/{path}"] = data
        return Package(
            name=name,
            architecture=architecture,
            version="1.0-1",
            source="test-archive",
            path=path,
            size=len(data),
            sha256=deb_builder.sha256(deb),
            targets=("amd64", "arm64") if architecture == "all" else (architecture,),
            depends=(),
        )

    def setUp(self) -> None:
        super().setUp()
        (self.user.directory / LOCK).write_bytes(deb_lock.render(self.lock))
        self.mirror.asked.clear()

    def url(self, name: str) -> str:
        return f"/debian/{self.packages[name].path}"

    def extracted(self, name: str) -> bytes:
        """What a built tree has in the one file of its package."""
        with tarfile.open(self.user.directory / f"bazel-bin/{name}.tar") as tar:
            file = tar.extractfile("usr/share/text")
            assert file is not None
            return file.read()

    def fails(self, *arguments: str) -> str:
        """Runs a build that is to fail; returns what Bazel said."""
        done = self.user.bazel("build", *arguments)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout

    def assert_not_extracted(self, name: str) -> None:
        """Checks that nothing is there but, maybe, the flags that Bazel wrote for the tool."""
        found = {path.name for path in self.user.directory.glob(f"bazel-bin/{name}.*")}
        self.assertEqual(found - {f"{name}.tar-0.params"}, set())

    def assert_not_fetched(self, said: str, package: Package, listed: str = "") -> None:
        self.assertIn(
            f"Error in fail: {package.name} 1.0-1 for all ({package.path}, {package.size} bytes, "
            f"sha256 {package.sha256}) could not be fetched from {self.mirror.url}/debian."
            f"{listed} If the archive has dropped this version, or has other bytes of it now, lock "
            f"the one that it has now (-- --check only says which): {UPDATE} ; if another mirror "
            f"has it: --repo_env=RELOCATABLE_DEB_MIRROR_TEST_ARCHIVE=URL\n",
            said,
        )
        self.assert_not_extracted(package.name)

    def test_a_good_package(self) -> None:
        done = self.user.bazel("build", "//:good")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.mirror.asked, [self.url("good")])
        self.assertEqual(self.extracted("good"), self.texts["good"])

    def test_a_package_of_a_flat_repository(self) -> None:
        done = self.user.bazel("build", "//:flat")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.mirror.asked, [self.url("flat")])

    def test_a_name_of_a_file_that_a_url_has_to_escape(self) -> None:
        done = self.user.bazel("build", "//:odd")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.mirror.asked, [ODD_URL])
        self.assertEqual(self.extracted("odd"), self.texts["odd"])
        # In its repository, a label can hold it.
        listed = self.user.bazel("cquery", "--output=files", "@my_debs//:odd")
        self.assertIn("/odd_1%3a1.0~%40%3a%23%e2%80%94_all.deb\n", listed.stdout)

    def test_bytes_that_are_not_those_of_the_lock(self) -> None:
        package = self.packages["changed"]
        self.mirror.files[self.url("changed")] += b"\n"
        said = self.fails("//:changed")
        self.assertIn("Checksum was ", said)
        self.assertIn(f"but wanted {package.sha256}", said)
        self.assert_not_fetched(said, package)

    def test_a_file_that_vanished(self) -> None:
        package = self.packages["vanished"]
        del self.mirror.files[self.url("vanished")]
        said = self.fails("//:vanished")
        self.assertIn("404 Not Found", said)
        self.assert_not_fetched(said, package)

    def test_a_file_that_the_archive_has_replaced(self) -> None:
        package = self.packages["replaced"]
        del self.mirror.files[self.url("replaced")]
        index = packages(stanza("replaced", "1:1.0-1+deb12u1", "all"), stanza("replaced", "9"))
        path = "/debian/dists/nowhere/main/binary-amd64/Packages.xz"
        self.mirror.files[path] = lzma.compress(index.encode())
        self.addCleanup(self.mirror.files.pop, path)
        listed = (
            f" What {self.mirror.url}/debian lists now (unverified) is replaced 1:1.0-1+deb12u1."
        )
        self.assert_not_fetched(self.fails("//:replaced"), package, listed)

    def test_a_package_that_is_truncated_in_the_archive_itself(self) -> None:
        said = self.fails("//:truncated")
        self.assertRegex(
            said,
            r"(?m)^error: //:truncated: external/.*/truncated_1\.0-1_all\.deb is truncated: a "
            r"member of \d+ bytes starts at offset \d+ of \d+$",
        )
        self.assertNotIn("Traceback", said)
        self.assert_not_extracted("truncated")

    def test_a_mirror_of_ones_own_is_asked_first(self) -> None:
        mine = f"/mine/{self.packages['moved'].path}"
        self.mirror.files[mine] = self.mirror.files[self.url("moved")]
        done = self.user.bazel(
            "build",
            f"--repo_env=RELOCATABLE_DEB_MIRROR_TEST_ARCHIVE={self.mirror.url}/mine/",
            "//:moved",
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.mirror.asked, [mine])
        self.assertEqual(self.extracted("moved"), self.texts["moved"])

    def test_only_what_a_platform_needs_is_fetched(self) -> None:
        for cpu, architecture in (("aarch64", "arm64"), ("x86_64", "amd64")):
            done = self.user.bazel("build", f"--platforms=//:linux_{cpu}", "//:both")
            self.assertEqual(done.returncode, 0, done.stdout)
            url = f"/debian/pool/main/both_1.0-1_{architecture}.deb"
            self.assertEqual(self.mirror.asked, [url])
            self.mirror.asked.clear()

    def test_a_mirror_with_a_password(self) -> None:
        login = base64.b64encode(b"me:secret").decode()
        self.mirror.wanted[self.url("locked")] = f"Basic {login}"
        netrc = self.create_tempfile(content="machine 127.0.0.1 login me password secret\n")
        self.assertIn("401 Unauthorized", self.fails("//:locked"))
        done = self.user.bazel("build", f"--repo_env=NETRC={netrc.full_path}", "//:locked")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.extracted("locked"), self.texts["locked"])

    def test_a_credential_helper(self) -> None:
        """A program of the user's, which Bazel asks: docs/debs.md says that it may be one."""
        login = base64.b64encode(b"me:secret").decode()
        self.mirror.wanted[self.url("helped")] = f"Basic {login}"
        helper = self.user.directory / "helper"
        answer = json.dumps({"headers": {"Authorization": [f"Basic {login}"]}})
        helper.write_text(f"#!/bin/sh\ncat > /dev/null\necho '{answer}'\n", encoding="utf-8")
        helper.chmod(0o755)
        self.assertIn("401 Unauthorized", self.fails("//:helped"))
        flag = "--credential_helper=127.0.0.1=%workspace%/helper"
        done = self.user.bazel("build", flag, "//:helped")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.extracted("helped"), self.texts["helped"])

    def test_a_platform_that_the_lock_has_nothing_for(self) -> None:
        said = self.fails("--platforms=//:ppc64le", "@my_debs//:good")
        self.assertIn(
            f"good is in @@//:{LOCK} for linux amd64 and linux arm64 only, and the target platform "
            "is none of these: build with --platforms=PLATFORM, name a target like :good_amd64, or "
            f"lock the architecture: {UPDATE}",
            said,
        )

    def test_a_package_that_is_not_in_the_lock(self) -> None:
        said = self.fails("//:nothere")
        # Bazel's own words; they name a file, which says what it means.
        match = re.search(
            r"/consumer/BUILD\.bazel:\d+:\d+: no such target '@@.*my_debs//:nothere_amd64': target "
            r"'nothere_amd64' not declared in package '' defined by (\S+) .*referenced by "
            r"'//:nothere'",
            said,
        )
        assert match is not None, said
        self.assertStartsWith(
            Path(match[1]).read_text(encoding="utf-8"),
            f'"The Debian packages of @@//:{LOCK}. Not listed here: not in the lock."\n',
        )

    def test_a_broken_lock(self) -> None:
        good = deb_lock.render(self.lock)
        strange = dataclasses.replace(self.lock.declaration, architectures=("ppc64el",))
        for data, problem in (
            (
                good.replace(b'"version": 1,', b'"version": 2,'),
                "wanted lock format 1, found 2; use the rules_relocatable that wrote it, or delete "
                "it and start anew\n",
            ),
            (
                deb_lock.render(dataclasses.replace(self.lock, declaration=strange)),
                'declaration.architectures[0]: wanted amd64 or arm64, found "ppc64el"; '
                "correct it, or restore it from version control\n",
            ),
            (
                b"<<<<<<< ours",
                'found a merge conflict in line 1 ("<<<<<<< ours"): take one side (git checkout '
                "--ours FILE, or --theirs), see to it that `declaration` says what you want, and "
                f"run: {UPDATE}\n",
            ),
        ):
            with self.subTest(problem):
                (self.user.directory / LOCK).write_bytes(data)
                said = self.fails("//:good")
                self.assertIn(f"Error in fail: @@//:{LOCK}: {problem}", said)


if __name__ == "__main__":
    absltest.main()
