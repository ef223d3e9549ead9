"""What is at the paths of packages, also of two at one: held against what dpkg makes of them."""

import itertools
import subprocess
from pathlib import Path

from absl.testing import absltest

from relocatable import content
from relocatable.deb_tree import Selection, extract
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, Link
from support import deb_builder as build
from support import deb_orders

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
# How dpkg says that it doesn't take a package.
_REFUSED = "trying to overwrite|co-install|unable to create|cannot (create|open)"

_FIELDS = "Maintainer: x <x@x.invalid>\nDescription: x\n"
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

    def test_two_architectures(self) -> None:
        for data in (b"shared", b"of arm64"):
            packages = (self.library("amd64", b"shared"), self.library("arm64", data))
            for order in (packages, packages[::-1]):
                with self.subTest(data=data, first=order[0].name):
                    root = Path(self.create_tempdir().full_path)
                    theirs = self.paths(root) if self.unpacked(order, root) else None
                    self.assertEqual(theirs is not None, data == b"shared")
                    self.assertEqual(self.our_paths(order), theirs)

    def test_hard_links_and_long_names(self) -> None:
        name, target = "n" * 200, "/".join(["d" * 150] * 3)
        for number, compression in enumerate(build.COMPRESSIONS):
            package = build.deb(
                self.base / f"long{number}.deb",
                [
                    build.special("./usr/", b"5"),
                    build.special("./usr/share/", b"5"),
                    build.file("./usr/share/one", b"content"),
                    build.special("./usr/share/two", b"1", "./usr/share/one"),
                    build.file(f"./usr/share/{name}", b"long"),
                    build.special(f"./usr/share/{name}.two", b"1", f"./usr/share/{name}"),
                    build.special(f"./usr/share/{name}.link", b"2", name),
                    build.special("./usr/share/deep", b"2", target),
                ],
                more=_FIELDS,
                compression=compression,
            )
            with self.subTest(compression=compression):
                root = self.base / f"long{number}"
                subprocess.run(["dpkg-deb", "-x", package, root], check=True)
                self.assertEqual(self.our_paths((package,)), self.paths(root))
                self.assertLen(self.paths(root), 6)

    def test_links_to_directories(self) -> None:
        """Files below another package's link, and links where directories are."""
        real = [build.special("./usr/real/", b"5"), build.file("./usr/real/x", b"x")]
        link = [*real, build.special("./usr/l", b"2", "real")]
        below = [build.special("./usr/l/", b"5"), build.file("./usr/l/y", b"y")]
        relative = [build.special("./usr/l/", b"5"), build.special("./usr/l/y", b"2", "../z")]
        for number, parts in enumerate(
            (
                [link, below],
                [below, link],
                [link, relative],
                [[build.special("./usr/l", b"2", "nothing")], below],
                [[*link, *below]],
                [[*real, *below, build.special("./usr/l", b"2", "real")]],
                [[*link, build.file("./usr/l/y", b"y")]],
                [[build.file("./usr/x", b"1"), build.file("./usr/x", b"2")]],
            )
        ):
            with self.subTest(number=number):
                root = self.base / f"links{number}"
                order = tuple(
                    build.deb(
                        self.base / f"links{number}_{name}.deb",
                        [build.special("./usr/", b"5"), *entries],
                        name=name,
                        more=_FIELDS,
                    )
                    for name, entries in zip(("first", "second"), parts, strict=False)
                )
                theirs = self.paths(root) if self.unpacked(order, root) else None
                self.assertEqual(self.our_paths(order), theirs)

    def test_a_link_over_a_file_of_the_same_package(self) -> None:
        """The last one wins, as for `dpkg-deb -x` and dpkg 1.21; newer dpkgs refuse it."""
        package = build.deb(
            self.base / "twice.deb",
            [
                build.special("./usr/", b"5"),
                build.file("./usr/x", b"1"),
                build.special("./usr/x", b"2", "2"),
            ],
            more=_FIELDS,
        )
        root = self.base / "twice"
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        self.assertEqual(self.our_paths((package,)), self.paths(root))
        self.assertEqual(self.paths(root), {"usr/x": "2"})

    def test_hard_links_to_links(self) -> None:
        """As `dpkg-deb -x` takes them; dpkg itself does only if the link is there already."""
        package = build.deb(
            self.base / "hard.deb",
            [
                build.special("./usr/", b"5"),
                build.special("./usr/a", b"2", "b"),
                build.special("./usr/c", b"1", "./usr/a"),
            ],
            more=_FIELDS,
        )
        root = self.base / "hard"
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
        self.assertEqual(self.our_paths((package,)), self.paths(root))
        self.assertEqual(self.paths(root), {"usr/a": "b", "usr/c": "b"})

    def test_order_of_members(self) -> None:
        """`dpkg-deb` takes what we take, and refuses what we refuse."""
        for order in deb_orders.TAKEN + deb_orders.REFUSED:
            with self.subTest(order=order):
                path = self.base / "order.deb"
                deb_orders.write(path, order)
                runs = [
                    subprocess.run(
                        ["dpkg-deb", command, path], capture_output=True, check=False
                    ).returncode
                    for command in ("--field", "--fsys-tarfile")
                ]
                self.assertEqual(not any(runs), order in deb_orders.TAKEN)

    def library(self, architecture: str, shared: bytes) -> Path:
        """A package whose files are of its architecture, but for one."""
        return build.deb(
            self.base / f"library_{architecture}.deb",
            [
                build.special("./usr/", b"5"),
                build.special(f"./usr/{architecture}/", b"5"),
                build.file(f"./usr/{architecture}/x", architecture.encode()),
                build.special(f"./usr/{architecture}/y", b"1", f"./usr/{architecture}/x"),
                build.file("./usr/shared", shared),
            ],
            name="library",
            architecture=architecture,
            more=_FIELDS + "Multi-Arch: same\n",
        )

    def our_paths(self, packages: tuple[Path, ...]) -> dict[str, str] | None:
        """Contents of files and targets of links by path, or nothing if they are refused."""
        try:
            tree = extract(packages, Selection(), "//:x", self.base, 1)
        except RelocatableError:
            return None
        return {
            path: node.target if isinstance(node, Link) else content.read(node.content).decode()
            for path, node in tree.nodes.items()
            if not isinstance(node, Directory)
        }

    def paths(self, root: Path) -> dict[str, str]:
        """The same, of what dpkg has unpacked."""
        return {
            path.relative_to(root).as_posix(): (
                str(path.readlink()) if path.is_symlink() else path.read_text()
            )
            for path in (root / "usr").rglob("*")
            if path.is_symlink() or path.is_file()
        }

    def package(self, name: str, replaces: str, more: str = "") -> Path:
        return build.deb(
            self.base / f"{name}.deb",
            [
                build.special("./usr/", b"5"),
                build.special("./usr/bin/", b"5"),
                build.file("./usr/bin/x", name.encode()),
            ],
            name=name,
            more=_FIELDS + more + (f"Replaces: {replaces}\n" if replaces else ""),
        )

    def ours(self, order: tuple[Path, ...]) -> str:
        try:
            tree = extract(order, Selection(), "//:x", self.base, 1)
        except RelocatableError:
            return "refused"
        return content.read(tree.file("usr/bin/x").content).decode()

    def theirs(self, order: tuple[Path, ...], root: Path) -> str:
        return (root / "usr/bin/x").read_text() if self.unpacked(order, root) else "refused"

    def unpacked(self, order: tuple[Path, ...], root: Path) -> bool:
        """Has dpkg unpack packages into an empty root; says whether it did all of them."""
        (root / "var/lib/dpkg/info").mkdir(parents=True)
        (root / "var/lib/dpkg/updates").mkdir()
        (root / "var/lib/dpkg/status").touch()
        (root / "var/lib/dpkg/arch").write_text("amd64\narm64\n")
        command = ["dpkg", "--force-not-root", f"--root={root}", "--log=/dev/null", "--unpack"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        for package in order:
            run = subprocess.run(
                [*command, package], capture_output=True, text=True, env=environment, check=False
            )
            if run.returncode:
                self.assertRegex(run.stderr, _REFUSED)
                return False
        return True


if __name__ == "__main__":
    absltest.main()
