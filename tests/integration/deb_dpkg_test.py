"""Whose file is at a path that two packages have: held against what dpkg does with them."""

import itertools
import subprocess
from pathlib import Path

from absl.testing import absltest

from relocatable import content
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from support import deb_builder as build

_RELATIONS = (
    "",
    "old",
    "old (<< 2)",
    "old (<= 1.0-1)",
    "old (= 1.0-1)",
    "old (= 0:1.0-1)",
    "old (>= 1.0-1)",
    "old (>> 1.0-1)",
    "old (<< 1.0-1)",
    "old (<< 1.0-1+b1)",
    "other, old",
    "oldest",
    "old:any",
    "virtual",
)
_BACK = ("", "new", "new (<< 1)")


class DpkgTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.base = Path(self.create_tempdir().full_path)

    def test_replaces(self) -> None:
        cases = itertools.product(_RELATIONS, _BACK)
        for number, (forth, back) in enumerate(cases):
            old = self.package("old", back, "Provides: virtual\n")
            new = self.package("new", forth)
            for order in ((old, new), (new, old)):
                with self.subTest(forth=forth, back=back, first=order[0].name):
                    root = self.base / f"{order[0].name}{number}"
                    self.assertEqual(self.ours(order), self.theirs(order, root))

    def package(self, name: str, replaces: str, more: str = "") -> Path:
        fields = "Maintainer: x <x@x.invalid>\nDescription: x\n" + more
        return build.deb(
            self.base / f"{name}.deb",
            [
                build.special("./usr/", b"5"),
                build.special("./usr/bin/", b"5"),
                build.file("./usr/bin/x", name.encode()),
            ],
            name=name,
            more=fields + (f"Replaces: {replaces}\n" if replaces else ""),
        )

    def ours(self, order: tuple[Path, ...]) -> str:
        try:
            tree = extract(order, Selection(), "//:x", self.base, 1)
        except RelocatableError:
            return "refused"
        return content.read(tree.file("usr/bin/x").content).decode()

    def theirs(self, order: tuple[Path, ...], root: Path) -> str:
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/updates").mkdir()
        (root / "var/lib/dpkg/status").touch()
        command = ["dpkg", "--force-not-root", f"--root={root}", "--log=/dev/null", "--unpack"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        for package in order:
            run = subprocess.run(
                [*command, package], capture_output=True, text=True, env=environment, check=False
            )
            if run.returncode:
                self.assertIn("trying to overwrite", run.stderr)
                return "refused"
        return (root / "usr/bin/x").read_text()


if __name__ == "__main__":
    absltest.main()
