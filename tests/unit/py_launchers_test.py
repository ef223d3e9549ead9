"""What launchers do for Python: interpreters, embedders, console scripts; seen in a whole dist."""

from dataclasses import replace
from pathlib import Path

from absl.testing import absltest

from relocatable import content, elf, launcher
from relocatable.launcher import Settings
from relocatable.policies import Policies, Policy
from relocatable.provenance import Origin, Record
from relocatable.python import launchers, record, scripts
from relocatable.relocate import Request, relocate
from relocatable.target import ObjectFormat, Target
from relocatable.tree import File, Tree
from support.elf_builder import EM_X86_64, ElfBuilder

TARGET = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "linux_x86_64"
).read_bytes()
RECORD = Record(Origin("//:x", "x"))
LIBPYTHON = "libpython3.11.so.1.0"
ENVIRONMENT = {"PYTHONHOME": "{root_without_colon}", "PYTHONNOUSERSITE": "1", "PYTHONPATH": None}


def program(*needed: str) -> File:
    built = ElfBuilder(
        interpreter=f"/lib64/{TARGET.loader}", soname=None, needed=needed, versions={}
    )
    return File(built.build(), RECORD, executable=True)


def library(name: str) -> File:
    data = ElfBuilder(soname=name, needed=(), versions={}).build()
    return File(data, Record(Origin(f"//:{name}", name)))


class LaunchersTest(absltest.TestCase):
    tree: Tree
    told: Tree

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        layer, pool = Tree(), Tree()
        pool.add(f"usr/lib/{TARGET.loader}", library(TARGET.loader))
        layer.add(f"lib/{LIBPYTHON}", library(LIBPYTHON))
        layer.add("bin/python3.11", program())
        layer.add("bin/debugger", program(LIBPYTHON))
        layer.add("bin/tool", program())
        text = scripts.header("python3.11").encode() + b"print(1)\n"
        layer.add("bin/script", File(text, RECORD, executable=True))
        other = scripts.header("python3.12").encode()
        layer.add("bin/other", File(other, RECORD, executable=True))
        entries = {
            path: record.entry(content.view(layer.file(path.removeprefix("../../../")).content))
            for path in ("../../../bin/script", "../../../bin/tool")
        }
        layer.add(
            "lib/python3.11/site-packages/demo-1.dist-info/RECORD",
            File(record.write(entries), RECORD),
        )
        pool.add("usr/lib/locale/C.utf8/LC_CTYPE", File(b"", RECORD))
        request = Request("//:x", TARGET, LAUNCHER, python_environment=ENVIRONMENT)
        cls.tree = relocate([layer], [pool], request)
        request = replace(
            request,
            environment={"FOO": "bar", "TCL_LIBRARY": f"{launcher.ROOT}/tcl", "PYTHONPATH": "x"},
            inherited=["TCL_LIBRARY"],
            policies=Policies(locales=Policy.BUNDLED, ca_certificates=Policy.SEARCH),
        )
        cls.told = relocate([layer], [pool], request)

    def settings(self, path: str, told: bool = False) -> Settings:
        tree = self.told if told else self.tree
        return launcher.read(content.read(tree.file(path).content))

    def test_what_holds_for_the_program(self) -> None:
        """What Python alone reads is taken back as it starts, as it is unless said otherwise."""
        for path, kept in (
            ("bin/python3.11", "FOO:LC_ALL:LOCPATH:SSL_CERT_FILE"),
            ("bin/script", "FOO:LC_ALL:LOCPATH:SSL_CERT_FILE"),
            ("bin/debugger", "FOO:SSL_CERT_FILE"),
            ("bin/tool", None),
        ):
            settings = self.settings(path, told=True)
            environment = dict(settings.environment)
            self.assertEqual(environment.get(launcher.KEPT), kept, path)
            self.assertEqual(environment["FOO"], "bar")
            self.assertNotIn("TCL_LIBRARY", environment)
            self.assertEqual(settings.inherited, (("TCL_LIBRARY", f"{launcher.ROOT}/tcl"),))
            self.assertNotIn(launcher.KEPT, dict(self.settings(path).environment))

    def test_an_interpreter_finds_its_home_itself(self) -> None:
        settings = self.settings("bin/python3.11")
        self.assertEqual(settings.argv0, launcher.SELF)
        self.assertEqual(
            dict(settings.environment),
            {"PYTHONHOME": None, "PYTHONNOUSERSITE": "1", "PYTHONPATH": None},
        )

    def test_an_embedder_is_told(self) -> None:
        settings = self.settings("bin/debugger")
        self.assertIsNone(settings.argv0)
        self.assertEqual(dict(settings.environment), ENVIRONMENT)
        self.assertEqual(settings.in_c, (("LC_CTYPE", "C.UTF-8"),))

    def test_other_programs_are_left_alone(self) -> None:
        settings = self.settings("bin/tool")
        self.assertEqual((settings.argv0, settings.environment), (None, ()))

    def test_a_console_script(self) -> None:
        settings = self.settings("bin/script")
        self.assertEqual(settings.program, "libexec/python3.11")
        self.assertEqual(settings.argv0, "{root}/bin/python3.11")
        self.assertEqual(settings.arguments, ("{root}/libexec/script",))
        self.assertEqual(dict(settings.environment)["PYTHONHOME"], None)
        self.assertEndsWith(content.read(self.tree.file("libexec/script").content), b"print(1)\n")

    def test_a_script_whose_interpreter_is_not_there_stays(self) -> None:
        self.assertStartsWith(content.read(self.tree.file("bin/other").content), b"#!/bin/sh\n")

    def test_the_record_is_true(self) -> None:
        path = "lib/python3.11/site-packages/demo-1.dist-info/RECORD"
        entries = record.parse(content.read(self.tree.file(path).content), path)
        found = {
            f"../../../{name}": record.entry(content.view(self.tree.file(name).content))
            for name in ("bin/script", "bin/tool", "libexec/script", "libexec/tool")
        }
        self.assertEqual(entries, found)


class LibrariesTest(absltest.TestCase):
    def test_two_packages_with_other_libraries_of_one_name(self) -> None:
        layer, pool = Tree(), Tree()
        pool.add(f"usr/lib/{TARGET.loader}", library(TARGET.loader))
        for name in ("one", "two"):
            needs = ElfBuilder(
                soname=None, needed=("libx.so",), rpath=f"$ORIGIN/../{name}.libs", versions={}
            )
            layer.add(f"site-packages/{name}/_{name}.so", File(needs.build(), RECORD))
            private = ElfBuilder(soname="libx.so", needed=(), versions={}, code=name.encode())
            layer.add(f"site-packages/{name}.libs/libx.so", File(private.build(), RECORD))
        tree = relocate([layer], [pool], Request("//:x", TARGET, LAUNCHER))
        for name in ("one", "two"):
            path = f"site-packages/{name}/_{name}.so"
            found = elf.read(content.view(tree.file(path).content), path)
            self.assertEqual((found.runpath, found.rpath), (f"$ORIGIN/../{name}.libs", None))


class EmbedderTest(absltest.TestCase):
    def test_the_characters_of_each_system(self) -> None:
        mac = replace(TARGET, object_format=ObjectFormat.MACH_O)
        for target, locale in ((TARGET, "C.UTF-8"), (mac, "UTF-8")):
            found = launchers.embedder({"PYTHONHOME": "{root}"}, target)
            self.assertEqual(found.in_c, (("LC_CTYPE", locale),))


if __name__ == "__main__":
    absltest.main()
