"""The way from a declaration to packages: `bazel run @NAME//:update`, as its users go it.

Runs Bazel in a workspace of its own, against a signed archive of its own; one server for all tests.
"""

import base64
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from absl.testing import absltest

from support import consumer, deb_builder
from support.apt_archive import SIGNER, release
from support.mirror import Mirror

_LOCK = "debs.lock.json"
_UPDATE = "bazel run @my_debs//:update"
_START = {"declaration": {"architectures": ["amd64"], "roots": ["root"]}}
_MOMENT = "20260131T000000Z"

# A suite that this machine's apt does not have: its mirrors would be asked before ours.
_MODULE = """
bazel_dep(name = "other")
local_path_override(
    module_name = "other",
    path = "other",
)

debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "main",
    components = ["main"],
    keyring = "//keys:test.asc",
    mirrors = ["{mirror}/debian"],{more}
    suite = "nowhere",
)
debs.lock(
    name = "my_debs",
    lock = "//:debs.lock.json",
)
use_repo(debs, "my_debs", "other_debs")
"""

_OTHER = """module(name = "other")

bazel_dep(name = "rules_relocatable")

debs = use_extension("@rules_relocatable//rules:extensions.bzl", "debs")
debs.source(
    name = "main",
    allow_unsigned = True,
    components = ["main"],
    suite = "elsewhere",
)
debs.lock(
    name = "other_debs",
    lock = "//:other.lock.json",
)
"""

_BUILD = """load("@rules_relocatable//rules:defs.bzl", "deb_extract")

deb_extract(
    name = "tree",
    debs = ["@my_debs//:root_amd64"],
)

deb_extract(
    name = "library",
    debs = ["@my_debs//:lib_amd64"],
)
"""


def _dpkg_deb(*arguments: str) -> str:
    return subprocess.run(
        ["dpkg-deb", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout


class DebsHubTest(absltest.TestCase):
    mirror: Mirror
    base: Path
    module: str
    user: consumer.Consumer

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.base = Path(tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR")))
        cls.mirror = Mirror()
        cls.addClassCleanup(cls.mirror.close)
        cls.user = consumer.make(cls.base, "", _BUILD)
        cls.addClassCleanup(cls.user.close)
        for path, text in {
            "keys/BUILD.bazel": "",
            "keys/test.asc": SIGNER.keyring.decode(),
            "other/BUILD.bazel": "",
            "other/MODULE.bazel": _OTHER,
            "other/other.lock.json": json.dumps(_START),
        }.items():
            file = cls.user.directory / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        cls.module = (cls.user.directory / "MODULE.bazel").read_text(encoding="utf-8")

    def setUp(self) -> None:
        super().setUp()
        self.mirror.files.clear()
        self.mirror.wanted.clear()
        self.publish("1")
        self.declare()
        self.lock = self.user.directory / _LOCK
        self.lock.write_text(json.dumps(_START), encoding="utf-8")

    def declare(self, more: str = "", mirror: str = "") -> None:
        """Writes MODULE.bazel."""
        text = _MODULE.format(mirror=mirror or self.mirror.url, more=more and f"\n    {more},")
        (self.user.directory / "MODULE.bazel").write_text(self.module + text, encoding="utf-8")

    def publish(
        self,
        version: str,
        root: str = "/debian",
        architectures: tuple[str, ...] = ("amd64",),
        **fields: str,
    ) -> None:
        """Puts an archive on the mirror: a package `root`, and `lib` that it depends on."""
        index = {}
        for architecture in architectures:
            stanzas = [self.package(name, version, architecture, root) for name in ("root", "lib")]
            index[f"main/binary-{architecture}/Packages"] = "\n".join(stanzas)
        for path, data in release(index, Codename="nowhere", **fields).items():
            self.mirror.files[f"{root}/{path.replace('bookworm', 'nowhere')}"] = data

    def package(self, name: str, version: str, architecture: str, root: str) -> str:
        """Puts a package on the mirror; returns what an index says of it."""
        copyrights = {
            "root": deb_builder.file("./usr/share/doc/root/copyright", architecture.encode()),
            "lib": deb_builder.special("./usr/share/doc/lib", b"2", "root"),
        }
        deb = deb_builder.deb(
            self.base / f"{name}_{version}_{architecture}.deb",
            [deb_builder.file(f"./usr/share/{name}", os.urandom(99)), copyrights[name]],
            name=name,
            version=version,
            architecture=architecture,
        )
        path = f"pool/{deb.name}"
        self.mirror.files[f"{root}/{path}"] = deb.read_bytes()
        depends = "Depends: lib\n" if name == "root" else ""
        return (
            f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{depends}"
            f"Filename: {path}\nSize: {deb.stat().st_size}\n"
            f"SHA256: {deb_builder.sha256(deb)}\n"
        )

    def update(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the command that all messages name, from a subdirectory."""
        user = consumer.Consumer(self.user.directory / "keys", self.user.output_base)
        return user.bazel("run", "@my_debs//:update", "--", *flags, **environment)

    def assert_done(self, done: subprocess.CompletedProcess[str], *said: str) -> None:
        self.assertEqual(done.returncode, 0, done.stdout)
        for text in said:
            self.assertIn(text, done.stdout)

    def assert_not_built(self, message: str, target: str = "//:tree") -> None:
        """Checks that a build fails with what is wrong with the lock, and with the command."""
        done = self.user.bazel("build", target)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"@@//:{_LOCK}: {message}; run: {_UPDATE}\n", done.stdout)

    def test_from_a_declaration_to_packages(self) -> None:
        self.assert_not_built("is not made yet")
        self.assert_done(self.update(), "root:amd64: added 1 (0.0 MB)\n", "amd64: 2 packages")
        self.assert_done(self.user.bazel("build", "//:tree", "//:library"))
        with tarfile.open(self.user.directory / "bazel-bin/tree.tar") as tar:
            self.assertIn("usr/share/root", tar.getnames())
        self.assert_done(self.update("--check"), f"{_LOCK}: is what its declaration gives now\n")

        self.publish("2")
        checked = self.update("--check")
        self.assertEqual(checked.returncode, 1)
        self.assertIn("lib:amd64: upgraded 1 → 2 (+0.0 MB)\n", checked.stdout)
        self.assertEndsWith(checked.stdout, f"now (see above); run: {_UPDATE}\n")
        self.assert_done(self.update("--root=lib"), "root:amd64: removed 1")
        self.assert_done(self.user.bazel("build", "//:library"))

    def test_what_packages_say_of_themselves(self) -> None:
        self.publish("1", architectures=("amd64", "arm64"))
        declaration = {"architectures": ["amd64", "arm64"], "roots": ["root"]}
        self.lock.write_text(json.dumps({"declaration": declaration}), encoding="utf-8")
        self.assert_done(self.update())
        for target, architecture in (("root", "amd64"), ("root_arm64", "arm64")):
            deb = self.base / f"root_1_{architecture}.deb"
            data = self.built(f"@my_debs//:{target}.control")
            fields = json.loads(data)["fields"]
            for name in ("Package", "Version", "Architecture"):
                self.assertEqual(fields[name], _dpkg_deb("--field", str(deb), name).strip())
            unpacked = self.base / f"unpacked_{architecture}"
            _dpkg_deb("-x", str(deb), str(unpacked))
            self.assertEqual(
                self.built(f"@my_debs//:{target}.copyright"),
                (unpacked / "usr/share/doc/root/copyright").read_text(encoding="utf-8"),
            )
        refused = self.user.bazel("build", "@my_debs//:lib_arm64.copyright")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(
            "its copyright file is in another package: usr/share/doc/lib is a link to root; "
            "ask for that of root\n",
            refused.stdout,
        )

    def built(self, target: str) -> str:
        """Builds a target of one file; returns what is in it."""
        self.assert_done(self.user.bazel("build", target))
        said = self.user.bazel("cquery", "--output=files", target).stdout
        path = next(line for line in said.splitlines() if line.startswith("bazel-out/"))
        execution = self.user.bazel("info", "execution_root").stdout.splitlines()[-1]
        return (Path(execution) / path).read_text(encoding="utf-8")

    def test_a_declaration_that_was_edited(self) -> None:
        self.assert_done(self.update())
        lock = json.loads(self.lock.read_bytes())
        lock["declaration"]["architectures"].append("arm64")
        self.lock.write_text(json.dumps(lock), encoding="utf-8")
        self.assert_not_built("root is in the declaration, but not locked for arm64")
        lock["declaration"]["architectures"].remove("arm64")
        lock["declaration"]["exclude"] = ["lib"]
        self.lock.write_text(json.dumps(lock), encoding="utf-8")
        self.assert_not_built("lib is excluded, but locked")
        lock["declaration"]["exclude"].clear()
        lock["declaration"]["roots"].append("lib")
        self.lock.write_text(json.dumps(lock), encoding="utf-8")
        self.assert_done(self.update())

    def test_a_module_that_says_something_else(self) -> None:
        self.assert_done(self.update())
        self.declare("allow_expired = True")
        message = (
            'wanted debs.source(name = "main", allow_expired = True), as in MODULE.bazel, found '
            "allow_expired = False"
        )
        self.assert_not_built(message)
        self.assert_not_built(message, "@my_debs//:all")
        self.assert_done(self.update(), "main: allow_expired True, was False\n")
        self.assert_done(self.user.bazel("build", "//:tree"))

    def test_a_state_of_long_ago(self) -> None:
        self.declare(f'snapshot = "{_MOMENT}"', f"{self.mirror.url}/{{snapshot}}")
        self.publish("0.1", f"/{_MOMENT}/debian", Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC")
        self.assert_done(self.update(), "root:amd64: added 0.1")
        self.assertIn(f'"snapshot": "{_MOMENT}"', self.lock.read_text(encoding="utf-8"))
        self.mirror.asked.clear()
        self.assert_done(self.user.bazel("build", "//:tree"))
        self.assertEqual(self.mirror.asked, [f"/{_MOMENT}/debian/pool/root_0.1_amd64.deb"])

    def test_a_mirror_with_a_password(self) -> None:
        login = base64.b64encode(b"me:secret").decode()
        self.mirror.wanted.update(dict.fromkeys(self.mirror.files, f"Basic {login}"))
        refused = self.update()
        self.assertEqual(refused.returncode, 1)
        self.assertIn("InRelease: HTTP Error 401: Unauthorized", refused.stdout)
        netrc = self.create_tempfile(content="machine 127.0.0.1 login me password secret\n")
        self.assert_done(self.update(NETRC=netrc.full_path), "root:amd64: added 1")

    def test_what_can_be_said_in_one_place_only(self) -> None:
        refused = self.update("--keyring=main=debian")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("error: --keyring: the sources of this lock are in MODULE", refused.stdout)
        self.publish("1", Valid_Until="Sat, 18 Jan 2025 10:16:37 UTC")
        refused = self.update()
        self.assertEqual(refused.returncode, 1)
        self.assertIn('or say debs.source(name = "main", allow_expired = True)\n', refused.stdout)

    def test_a_module_that_is_wrong_by_itself(self) -> None:
        place = 'debs.source(name = "main") in consumer: '
        for more, message in (
            ("allow_unsigned = True", f"{place}wanted keyring or allow_unsigned, found both"),
            (
                f'snapshot = "{_MOMENT}"',
                f"{place}wanted snapshot, and {{snapshot}} in each of mirrors, or neither; found "
                f'snapshot "{_MOMENT}", mirror {self.mirror.url}/debian',
            ),
        ):
            self.declare(more)
            done = self.user.bazel("build", "//:tree")
            self.assertIn(f"Error in fail: {message}\n", done.stdout)

    def test_no_lock_file(self) -> None:
        self.lock.unlink()
        self.assertIn(
            f"Error in fail: @@//:{_LOCK}: wanted a lock, or the start of one, found no file: "
            'write into it {"declaration":{"architectures":["amd64","arm64"],"roots":["PACKAGE"]}}'
            f", and run: {_UPDATE}\n",
            self.user.bazel("build", "//:tree").stdout,
        )

    def test_the_lock_of_another_module(self) -> None:
        done = self.user.bazel("run", "@other_debs//:update")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stdout,
            r"Error in fail: @@other.*//:other\.lock\.json is a file of another module, which "
            r"can't be written from here: bazel run @other_debs//:update \(in the workspace of the "
            r"module other\)\n",
        )


if __name__ == "__main__":
    absltest.main()
