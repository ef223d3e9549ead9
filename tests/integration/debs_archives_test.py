"""Runs `update_deb_lock` against archives that are laid out as Debian's, Ubuntu's and vendors' are.

Each is on a loopback server, with packages of a few bytes, signed with a key of the test's own.
"""

import gzip
import hashlib
import json
import lzma
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from absl.testing import absltest

from support.apt_archive import SIGNER, packages, release_text, source_stanza, stanza
from support.mirror import Mirror

_TOOL = Path("tools/update_deb_lock").resolve()
_PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lzma.compress,
}


class DebsArchivesTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mirror = Mirror()
        self.addCleanup(self.mirror.close)
        self.workspace = Path(self.create_tempdir().full_path)
        (self.workspace / "test.asc").write_bytes(SIGNER.keyring)

    def _publish(
        self,
        directory: str,
        indices: dict[str, str],
        suffixes: tuple[str, ...] = ("", ".xz"),
        *,
        by_hash: bool = False,
        detached: bool = False,
        **fields: str,
    ) -> None:
        """Puts a suite on the server; what isn't served unpacked is listed all the same."""
        listed = {name: text.encode() for name, text in indices.items()}
        listed |= {n + s: _PACK[s](data) for n, data in listed.items() for s in suffixes}
        for name, data in listed.items():
            parent = f"/{directory}/{name}".rpartition("/")[0]
            digest = hashlib.sha256(data).hexdigest()
            path = f"{parent}/by-hash/SHA256/{digest}" if by_hash else f"/{directory}/{name}"
            if name.endswith(tuple(filter(None, suffixes))) or "" in suffixes:
                self.mirror.files[path] = data
        more = {"Acquire-By-Hash": "yes"} if by_hash else {}
        text = release_text(listed, **fields, **more)
        if detached:
            self.mirror.files[f"/{directory}/Release"] = text.encode()
            self.mirror.files[f"/{directory}/Release.gpg"] = SIGNER.detached(text.encode())
        else:
            self.mirror.files[f"/{directory}/InRelease"] = SIGNER.clear_sign(text)

    def _lock(self, sources: dict[str, str], *flags: str) -> dict[tuple[str, str], str]:
        """From name and architecture of each package to its version and source.

        Args:
            sources: By name: suite, components and options, then the path of the archive's root.
            flags: What else is wanted.
        """
        declared = []
        for name, text in sources.items():
            rest, _, root = text.rpartition(",")
            declared.append(f"--source={name},{rest},{self.mirror.url}/{root}")
            declared.append(f"--keyring={name}=test.asc")
        done = subprocess.run(
            [_TOOL, "--lock=x.lock.json", "--root=root", *declared, *flags],
            env={**os.environ, "BUILD_WORKSPACE_DIRECTORY": str(self.workspace)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.lock = json.loads((self.workspace / "x.lock.json").read_bytes())
        return {
            (p["name"], p["architecture"]): f"{p['version']} {p['source']}"
            for p in self.lock["packages"]
        }

    def test_ubuntu(self) -> None:
        """Another server for what isn't amd64, several components, a suite that has two pockets."""
        for root, architecture in (("ubuntu", "amd64"), ("ubuntu-ports", "arm64")):
            for suite, version in (("noble", "1"), ("noble-updates", "1ubuntu0.1")):
                self._publish(
                    f"{root}/dists/{suite}",
                    {
                        f"main/binary-{architecture}/Packages": stanza(
                            "root", version, architecture, Depends="lib"
                        ),
                        f"universe/binary-{architecture}/Packages": packages(
                            *([stanza("lib", "2", architecture)] if suite == "noble" else [])
                        ),
                        "main/source/Sources": source_stanza("root", version),
                        "universe/source/Sources": source_stanza("lib", "2"),
                    },
                    (".gz", ".xz"),
                    by_hash=True,
                    Origin="Ubuntu",
                    Codename="noble",
                    Suite=suite,
                )
        sources = {
            f"{suite}{end}": f"{suite},main,universe,architecture={architecture},{root}"
            for suite in ("noble", "noble-updates")
            for end, architecture, root in (
                ("", "amd64", "ubuntu"),
                ("-ports", "arm64", "ubuntu-ports"),
            )
        }
        found = self._lock(
            sources, "--architecture=amd64", "--architecture=arm64", "--with_source=*"
        )
        self.assertEqual(
            found,
            {
                ("lib", "amd64"): "2 noble",
                ("lib", "arm64"): "2 noble-ports",
                ("root", "amd64"): "1ubuntu0.1 noble-updates",
                ("root", "arm64"): "1ubuntu0.1 noble-updates-ports",
            },
        )
        self.assertEqual(
            [(p["name"], p["version"], p["source"]) for p in self.lock["source_packages"]],
            [("lib", "2", "noble"), ("root", "1ubuntu0.1", "noble-updates")],
        )

    def test_a_vendor_beside_debian(self) -> None:
        """As LLVM's, with only `.gz`; here, its suite has the same name as another."""
        self._publish(
            "debian/dists/bookworm",
            {"main/binary-amd64/Packages": packages(stanza("lib", "2"), stanza("tool", "1"))},
        )
        self._publish(
            "vendor/bookworm/dists/bookworm",
            {"main/binary-amd64/Packages": stanza("root", "19~+2024", Depends="lib, tool (>= 1)")},
            (".gz",),
            Origin="LLVM",
            Codename="bookworm",
            Suite="bookworm",
        )
        found = self._lock(
            {"main": "bookworm,main,debian", "vendor": "bookworm,main,vendor/bookworm"},
            "--architecture=amd64",
        )
        self.assertEqual(found["root", "amd64"], "19~+2024 vendor")
        self.assertEqual(found["lib", "amd64"], "2 main")
        self.assertEqual([index["origin"] for index in self.lock["indices"]], ["Debian", "LLVM"])

    def test_a_flat_repository_of_a_vendor(self) -> None:
        """One index for all architectures, a detached signature, no name of a suite."""
        binaries = [stanza("root", "3", a) for a in ("amd64", "arm64", "riscv64")]
        self._publish(
            "vendor/.",
            {
                "Packages": packages(*(text.replace("pool/main/", "./") for text in binaries)),
                "Sources": source_stanza("root", "3", Directory="."),
            },
            ("", ".gz"),
            detached=True,
            Origin="Vendor",
            Codename="",
            Suite="",
        )
        found = self._lock(
            {"vendor": "./,vendor"},
            "--architecture=amd64",
            "--architecture=arm64",
            "--with_source=root",
        )
        self.assertEqual(found, {("root", "amd64"): "3 vendor", ("root", "arm64"): "3 vendor"})
        self.assertEqual(
            [file["path"] for file in self.lock["source_packages"][0]["files"]],
            ["root_3.dsc", "root_3.tar.xz"],
        )

    def test_backports_and_security(self) -> None:
        """Backports only where they are asked for, with what only they have; security always."""
        for suite, names, version in (
            ("bookworm", ("root", "tool", "lib"), "1"),
            ("bookworm-security", ("lib",), "1+deb12u1"),
            ("bookworm-backports", ("root", "tool", "lib", "new"), "2~bpo12+1"),
        ):
            depends = {"root": "tool, lib", "tool": "lib" if version[0] == "1" else "lib, new"}
            self._publish(
                f"debian/dists/{suite}",
                {
                    "main/binary-amd64/Packages": packages(
                        *(stanza(n, version, Depends=depends.get(n, "")) for n in names)
                    )
                },
                Codename=suite,
                Suite=suite.replace("bookworm", "oldstable"),
                NotAutomatic="yes",
            )
        sources = {
            "main": "bookworm,main,debian",
            "security": "bookworm-security,main,debian",
            "backports": "bookworm-backports,main,priority=100,debian",
        }
        old = {("root", "amd64"): "1 main", ("tool", "amd64"): "1 main"}
        lib = {("lib", "amd64"): "1+deb12u1 security"}
        self.assertEqual(self._lock(sources, "--architecture=amd64"), old | lib)
        self.assertEqual(
            self._lock(sources, "--architecture=amd64", "--pin=tool/backports"),
            old | lib | {(name, "amd64"): "2~bpo12+1 backports" for name in ("tool", "new")},
        )


if __name__ == "__main__":
    absltest.main()
