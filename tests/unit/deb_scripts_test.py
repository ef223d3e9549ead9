"""Tests for `relocatable.deb_package.scripts`: what dpkg runs, from the package's contents."""

from absl.testing import absltest, parameterized

from relocatable.deb_package import scripts
from relocatable.deb_package.scripts import Modules
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import shared
from relocatable.python.shared import Package
from relocatable.tree import File, Tree

RECORD = Record(Origin("//:x", "x"))
DEMO = Modules("demo", "1.0", "/usr", ("3.11", "3.13"))
POSTINST = b"#!/bin/sh\nset -e\npython-byte-compile-package demo --version 1.0\n"


def tree(prefix: str) -> Tree:
    modules = Tree()
    modules.add("demo.py", File(b"", RECORD))
    package = Package("demo", "1.0", "site-packages")
    shared_tree = shared.combine(package, [modules], {}, ["3.11", "3.13"], "//:demo")
    made = Tree()
    for path, node in shared_tree:
        made.add(f"{prefix}{path}", node)
    return made


class ScriptsTest(parameterized.TestCase):
    @parameterized.parameters(("usr/", "/usr"), ("opt/demo/", "/opt/demo"))
    def test_modules_are_found(self, inside: str, prefix: str) -> None:
        (found,) = scripts.found(tree(inside))
        self.assertEqual(found, Modules("demo", "1.0", prefix, ("3.11", "3.13")))

    def test_nothing_to_compile(self) -> None:
        self.assertEqual(scripts.made(scripts.found(Tree()), {}), {})

    def test_a_line_for_each(self) -> None:
        made = scripts.made([DEMO], {})
        self.assertEqual(made.keys(), {"postinst", "prerm", "triggers"})
        self.assertEqual(made["postinst"], POSTINST)
        self.assertIn(b" demo --version 1.0 --remove\n", made["prerm"])
        self.assertEqual(
            made["triggers"],
            b"interest-noawait /usr/bin/python3.11\ninterest-noawait /usr/bin/python3.13\n",
        )

    def test_another_prefix(self) -> None:
        made = scripts.made([Modules("demo", "1.0", "/opt/demo", ("3.11",))], {})
        self.assertIn(b" demo --version 1.0 --prefix /opt/demo\n", made["postinst"])
        self.assertIn(b"interest-noawait /opt/demo/bin/python3.11\n", made["triggers"])

    def test_a_users_own(self) -> None:
        own = {"postinst": b"#!/bin/sh\nset -e\n#DEBHELPER#\n", "postrm": b"#!/bin/sh\n"}
        made = scripts.made([DEMO], own)
        self.assertEqual(made["postinst"], POSTINST)
        self.assertEqual(made["postrm"], own["postrm"])
        self.assertEqual(scripts.made([], own)["postinst"], b"#!/bin/sh\nset -e\n\n")

    def test_a_users_own_without_the_line(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "postinst: wanted a line #DEBHELPER#"):
            scripts.made([DEMO], {"postinst": b"#!/bin/sh\n# not #DEBHELPER#\n"})

    def test_an_unknown_name(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "wanted one of preinst, .* found 'control'"):
            scripts.made([], {"control": b""})


if __name__ == "__main__":
    absltest.main()
