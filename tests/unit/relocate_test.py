"""From layers to a dist: closure, RUNPATHs, launchers; and the verifier's view of the result."""

from dataclasses import replace
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import closure, content, elf, launcher, verify
from relocatable.content import CHUNK
from relocatable.errors import RelocatableError
from relocatable.layout import Layout
from relocatable.provenance import Edit, Origin, Package, Record
from relocatable.relocate import Libc, Request, Strip, relocate
from relocatable.target import Target
from relocatable.tree import File, Link, Tree
from relocatable.verify import Promise
from support.elf_builder import DF_1_PIE, EM_AARCH64, EM_X86_64, ElfBuilder
from support.elf_sections import Extra, Symbol, with_sections
from support.shared_object import DT_AUXILIARY, DT_FILTER, SharedObject

TARGET = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
SYSTEM = "usr/lib/x86_64-linux-gnu"
LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "linux_x86_64"
).read_bytes()


def record(package: str) -> Record:
    return Record(Origin(Package(package, "1", "amd64", "0" * 64), "x"))


def library(name: str, *needed: str, package: str = "p", **more: object) -> File:
    built = ElfBuilder(soname=name, needed=needed, versions={}, **more)  # type: ignore[arg-type]
    return File(built.build(), record(package))


def program(*needed: str, package: str = "p", **more: object) -> File:
    built = ElfBuilder(
        interpreter=f"/lib64/{TARGET.loader}",
        soname=None,
        needed=needed,
        versions={},
        **more,  # type: ignore[arg-type]
    )
    return File(built.build(), record(package), executable=True)


LOADER = replace(library(TARGET.loader, package="libc6"), executable=True)


def layer(**files: File | Link) -> Tree:
    tree = Tree()
    for path, file in files.items():
        tree.add(path, file)
    return tree


class RelocateTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.pool = Tree()
        self.pool.add(f"{SYSTEM}/{TARGET.loader}", LOADER)
        self.pool.add(f"{SYSTEM}/libc.so.6", library("libc.so.6", TARGET.loader, package="libc6"))
        self.pool.add(f"{SYSTEM}/libz.so.1.2", library("libz.so.1", "libc.so.6"))
        self.pool.add(f"{SYSTEM}/libz.so.1", Link("libz.so.1.2", record("p")))
        self.pool.add(f"{SYSTEM}/libunused.so", library("libunused.so"))
        self.layer = Tree()
        self.layer.add("bin/tool", program("libz.so.1", "libown.so", "libc.so.6"))
        self.layer.add("lib/libown.so", library("libown.so", "libz.so.1"))
        self.request = Request("//:x", TARGET, LAUNCHER)

    def relocate(self, **changes: object) -> Tree:
        request = Request("//:x", TARGET, LAUNCHER, **changes)  # type: ignore[arg-type]
        return relocate([self.layer], [self.pool], request)

    def runpath(self, tree: Tree, path: str) -> str | None:
        return elf.read(content.view(tree.file(path).content), path).runpath

    def test_what_is_needed_is_taken_and_nothing_else(self) -> None:
        tree = self.relocate()
        self.assertEqual(
            [path for path, node in tree if isinstance(node, File | Link)],
            [
                "bin/tool",
                f"lib/{TARGET.loader}",
                "lib/libc.so.6",
                "lib/libown.so",
                "lib/libz.so.1",
                "libexec/tool",
            ],
        )

    def test_what_needs_no_loader_gets_none(self) -> None:
        script = File(b"#!/bin/sh\n", record("p"), executable=True)
        self.layer = layer(**{"bin/script": script})
        self.assertNotIn(f"lib/{TARGET.loader}", self.relocate().nodes)
        self.pool = Tree()
        self.assertEqual(self.relocate().file("bin/script"), script)
        self.layer.add("lib/libown.so", library("libown.so"))
        with self.assertRaisesRegex(RelocatableError, f"//:x needs {TARGET.loader}"):
            self.relocate()

    def test_runpaths_lead_to_what_is_needed(self) -> None:
        tree = self.relocate()
        self.assertEqual(self.runpath(tree, "libexec/tool"), "$ORIGIN/../lib")
        self.assertEqual(self.runpath(tree, "lib/libown.so"), "$ORIGIN")
        self.assertIsNone(self.runpath(tree, "lib/libc.so.6"))
        self.assertEqual(
            tree.file("lib/libown.so").record.edits, (Edit("runpath", None, "$ORIGIN"),)
        )
        self.assertEmpty(verify.verify(tree, TARGET).problems)

    def test_launchers_stand_in_for_programs(self) -> None:
        settings = launcher.read(content.read(self.relocate().file("bin/tool").content))
        self.assertEqual(settings.program, "libexec/tool")
        self.assertEqual(settings.loader, f"lib/{TARGET.loader}")
        self.assertEqual(settings.library_path, ("lib",))
        self.assertEmpty(settings.environment)

    def test_scripts_are_launchers_too(self) -> None:
        tree = relocate([self.layer], [self.pool], Request("//:x", TARGET, None))
        self.assertEmpty(verify.verify(tree, TARGET).problems)
        root = closure.trace(tree).loads[0].root
        self.assertEqual((root.path, root.launchers), ("libexec/tool", ("bin/tool",)))
        self.assertEqual((root.loader, root.library_path), (f"lib/{TARGET.loader}", ("lib",)))

    def test_launchers_elsewhere(self) -> None:
        tree = self.relocate(launchers={"tool": "bin/tool"}, environment={"X": "{root}/share"})
        self.assertNotIn("bin/tool", tree.nodes)
        settings = launcher.read(content.read(tree.file("tool").content))
        self.assertEqual(settings.depth, 0)
        self.assertEqual(settings.environment, (("X", "{root}/share"),))
        with self.assertRaisesRegex(
            RelocatableError,
            "a is to start b, which is no program of the layers; these are: bin/tool",
        ):
            self.relocate(launchers={"a": "b"})

    def test_variables_that_children_see(self) -> None:
        tree = self.relocate(environment={"X": "1", "Y": "2"}, inherited=["Y"])
        settings = launcher.read(content.read(tree.file("bin/tool").content))
        self.assertEqual(settings.environment, (("X", "1"),))
        self.assertEqual(settings.inherited, (("Y", "2"),))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "env_inherited: wanted names of env (X, Y), found Z"
        ):
            self.relocate(environment={"X": "1", "Y": "2"}, inherited=["Z"])

    def test_layout(self) -> None:
        runtime = Tree()
        runtime.add("bin/python3.11", program("libpython3.11.so.1.0"))
        runtime.add("lib/libpython3.11.so.1.0", library("libpython3.11.so.1.0"))
        runtime.add("lib/python3.11/site-packages/app.py", File(b"", record("p")))
        request = replace(
            self.request,
            layout=Layout("app/lib", "app/bin/{name}-bin", "app/python"),
            launchers={"tool": "bin/tool"},
            python_programs={"run": "lib/python3.11/site-packages/app.py"},
            python_environment={"PYTHONHOME": "{root_without_colon}", "X": "1"},
        )
        tree = relocate([self.layer], [self.pool], request, [runtime])
        promise = Promise(libraries="app/lib")
        self.assertEmpty(verify.verify(tree, TARGET, promise).problems)
        self.assertEqual(
            [path for path, _ in tree.files()],
            [
                "app/bin/python3.11-bin",
                "app/bin/tool-bin",
                f"app/lib/{TARGET.loader}",
                "app/lib/libc.so.6",
                "app/lib/libz.so.1",
                "app/python/bin/python3.11",
                "app/python/lib/libpython3.11.so.1.0",
                "app/python/lib/python3.11/site-packages/app.py",
                "lib/libown.so",
                "run",
                "tool",
            ],
        )
        settings = launcher.read(content.read(tree.file("run").content))
        self.assertEqual(settings.program, "app/bin/python3.11-bin")
        self.assertEqual(settings.argv0, "{root}/app/python/bin/python3.11")
        main = "{root}/app/python/lib/python3.11/site-packages/app.py"
        self.assertEqual(settings.arguments, (main,))
        self.assertEqual(settings.environment, (("PYTHONHOME", None), ("X", "1")))

    def test_embedders_are_told_where_the_runtime_is(self) -> None:
        self.layer.add("bin/embeds", program("libpython3.11.so.1.0"))
        runtime = layer(**{"lib/libpython3.11.so.1.0": library("libpython3.11.so.1.0")})
        request = replace(
            self.request,
            layout=Layout(runtime="p"),
            python_environment={"PYTHONHOME": "{root_without_colon}"},
        )
        tree = relocate([self.layer], [self.pool], request, [runtime])
        settings = launcher.read(content.read(tree.file("bin/embeds").content))
        self.assertEqual(settings.environment, (("PYTHONHOME", "{root_without_colon}/p"),))
        self.assertEqual(self.runpath(tree, "libexec/embeds"), "$ORIGIN/../p/lib")

    def test_a_layout_that_leaves_a_launcher_no_place(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "programs = 'bin': .* bin/tool stays where it is"
        ):
            self.relocate(layout=Layout(programs="bin"))

    def test_a_python_program_without_an_interpreter(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "^run: a Python program wants an interpr"):
            self.relocate(python_programs={"run": "app.py"})

    def test_the_machines_libc_is_not_taken(self) -> None:
        target = replace(TARGET, system_libraries=("libc.so.6", TARGET.loader))
        request = Request("//:x", target, LAUNCHER, libc=Libc.HOST)
        tree = relocate([self.layer], [self.pool], request)
        paths = {path for path, _ in tree.files()}
        self.assertEqual(paths, {"bin/tool", "lib/libown.so", "lib/libz.so.1", "libexec/tool"})
        settings = launcher.read(content.read(tree.file("bin/tool").content))
        self.assertEqual((settings.loader, settings.library_path), (None, ()))

    def test_only_programs_that_load_libpython_are_told_its_home(self) -> None:
        self.layer.add("bin/embeds", program("libindirect.so"))
        self.layer.add("lib/libindirect.so", library("libindirect.so", "libpython3.11.so.1.0"))
        self.layer.add("lib/libpython3.11.so.1.0", library("libpython3.11.so.1.0"))
        tree = self.relocate(python_environment={"PYTHONHOME": "{root}"})
        found = {
            name: launcher.read(content.read(tree.file(f"bin/{name}").content)).environment
            for name in ("tool", "embeds")
        }
        self.assertEqual(found, {"tool": (), "embeds": (("PYTHONHOME", "{root}"),)})

    def test_two_names_of_one_library_are_one_file(self) -> None:
        self.layer.add("lib/libmore.so", library("libmore.so", "libz.so.1.2"))
        tree = self.relocate()
        self.assertEqual(tree.follow("lib/libz.so.1.2"), tree.follow("lib/libz.so.1"))

    @parameterized.parameters(
        (Strip.NONE, ()),
        (Strip.DEBUG, (Edit("sections", ".debug_info", None),)),
        (Strip.ALL, (Edit("sections", ".debug_info .symtab .strtab", None),)),
    )
    def test_strip(self, strip: Strip, edits: tuple[Edit, ...]) -> None:
        extra = [Extra(".debug_info", b"x" * 9000)]
        for name in ("bin/tool", "lib/libown.so"):
            file = self.layer.file(name)
            data = with_sections(content.read(file.content), extra, [Symbol("x", 0)])
            self.layer.nodes[name] = file.edited(data)
        object_file = with_sections(ElfBuilder(type=1, needed=()).build(), extra)
        self.layer.add("lib/crt1.o", File(object_file, record("p")))
        tree = self.relocate(strip=strip)
        for path, steps in (("libexec/tool", "$ORIGIN/../lib"), ("lib/libown.so", "$ORIGIN")):
            found = content.read(tree.file(path).content)
            self.assertEqual(b"x" * 9000 in found, strip is Strip.NONE)
            self.assertEqual(b".symtab" in found, strip is not Strip.ALL)
            self.assertEqual(self.runpath(tree, path), steps)
            self.assertEqual(tree.file(path).record.edits, (*edits, Edit("runpath", None, steps)))
        self.assertEqual(content.read(tree.file("lib/crt1.o").content), object_file)

    def test_everything_that_is_missing_is_named(self) -> None:
        self.layer.add("lib/a.so", library("a.so", "libmissing.so.1"))
        self.layer.add("lib/b.so", library("b.so", "libnone.so", machine=EM_AARCH64))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "the dist is not complete:\n"
            "  lib/a.so needs libmissing.so.1, which is in no layer and in none of the libraries\n"
            "  lib/b.so is for EM_AARCH64; linux_x86_64 is wanted; if it is data, waive"
            " foreign-machine",
        ):
            self.relocate()

    def test_a_choice_is_not_ours_to_make(self) -> None:
        self.pool.add("opt/a/libtwo.so", library("libtwo.so", package="one"))
        self.pool.add("opt/b/libtwo.so", library("libtwo.so", "libc.so.6", package="two"))
        self.layer.add("lib/a.so", library("a.so", "libtwo.so"))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "the dist is not complete: lib/a.so needs libtwo.so, and the libraries have 2 files of"
            " that name that differ:"
            " opt/a/libtwo.so (one 1 amd64), opt/b/libtwo.so (two 1 amd64). Leave out all but one:"
            " `exclude` of deb_extract names files of packages, `files` of file_tree those of a"
            " build",
        ):
            self.relocate()

    def test_equal_bytes_are_one_library(self) -> None:
        """As a cc_binary's shared library, beside it and under the data of a py_binary."""
        for tree in (self.pool, self.layer):
            for directory in "ab":
                name = "libtwo.so" if tree is self.pool else "libone.so"
                tree.add(f"opt/{directory}/{name}", library(name))
        self.pool.add("opt/c/libtwo.so.1", self.pool.file("opt/a/libtwo.so"))
        self.layer.add("lib/a.so", library("a.so", "libtwo.so", "libone.so", "libtwo.so.1"))
        tree = self.relocate()
        self.assertEqual(self.runpath(tree, "lib/a.so"), "$ORIGIN:$ORIGIN/../opt/a")
        self.assertEqual(tree.follow("lib/libtwo.so.1"), "lib/libtwo.so")
        self.assertEmpty(verify.verify(tree, TARGET).problems)


class LoadersAnswerTest(parameterized.TestCase):
    """What is picked is what the loader takes where the files come from; in the dist too."""

    def relocate(
        self, layers: dict[str, File | Link], pool: dict[str, File | Link] | None = None
    ) -> Tree:
        libraries = {f"lib/{TARGET.loader}": LOADER, **(pool or {})}
        request = Request("//:x", TARGET, LAUNCHER)
        return relocate([layer(**layers)], [layer(**libraries)], request)

    def meanings(self, tree: Tree) -> dict[tuple[str, str], str | None]:
        """What names mean in the programs of a dist that is right."""
        self.assertEmpty(verify.verify(tree, TARGET).problems)
        loads = closure.trace(tree).loads
        return {(r.by, r.name): r.found for load in loads for r in load.resolutions}

    @parameterized.parameters(
        # Inherited; of several steps; with tokens in each of their spellings.
        ({"rpath": "$ORIGIN/../a"}, {}, "a/libx.so"),
        ({"rpath": "$ORIGIN/../a:$ORIGIN/../b"}, {}, "a/libx.so"),
        ({"rpath": "${ORIGIN}/../b:$ORIGIN/../a"}, {}, "b/libx.so"),
        ({"rpath": "$ORIGIN/../a"}, {"rpath": "$ORIGIN/../b"}, "b/libx.so"),
        # A RUNPATH is its owner's alone, and keeps the RPATHs of others away.
        ({"rpath": "$ORIGIN/../a"}, {"runpath": "$ORIGIN/../b"}, "b/libx.so"),
        ({"runpath": "$ORIGIN/../a"}, {"rpath": "$ORIGIN:$ORIGIN/../b"}, "a/libx.so"),
        ({"runpath": "$ORIGIN/../a"}, {"runpath": "$ORIGIN/../$LIB"}, "lib64/libx.so"),
        ({"runpath": "$ORIGIN/../a"}, {"runpath": "$ORIGIN/../$PLATFORM"}, "x86_64/libx.so"),
    )
    def test_search_paths(
        self, of_program: dict[str, str], of_library: dict[str, str], expected: str
    ) -> None:
        layers: dict[str, File | Link] = {
            "bin/prog": program("liba.so", **of_program),
            "a/liba.so": library("liba.so", "libx.so", **of_library),
            "b/liba.so": Link("../a/liba.so", record("p")),
        }
        for directory in ("a", "b", "lib64", "x86_64"):  # All of them differ.
            layers[f"{directory}/libx.so"] = library("libx.so", spare=len(directory), runpath="")
        layers["b/libx.so"] = library("libx.so", spare=9)
        before = closure.trace(layer(**layers)).loads[0].resolutions
        self.assertIn(expected, {r.found for r in before if r.name == "libx.so"})
        found = self.meanings(self.relocate(layers))
        self.assertEqual(found["a/liba.so", "libx.so"], expected)

    def test_links_in_search_paths(self) -> None:
        """The RUNPATH leads to where the name is, which may be a link to elsewhere."""
        layers: dict[str, File | Link] = {
            "bin/prog": program("liba.so", runpath="$ORIGIN/../link"),
            "link": Link("a", record("p")),
            "a/liba.so": Link("../store/1.so", record("p")),
            "store/1.so": library("liba.so"),
            "b/liba.so": library("liba.so", spare=9),
        }
        tree = self.relocate(layers)
        self.assertEqual(self.meanings(tree)["libexec/prog", "liba.so"], "store/1.so")
        data = content.view(tree.file("libexec/prog").content)
        self.assertEqual(elf.read(data, "x").runpath, "$ORIGIN/../a")

    def test_filters(self) -> None:
        """What a filter names is loaded too; an auxiliary one may be missing."""
        filtering = SharedObject(soname="libf.so", filters=((DT_FILTER, "libx.so"),))
        auxiliary = SharedObject(soname="libg.so", filters=((DT_AUXILIARY, "libnone.so"),))
        layers: dict[str, File | Link] = {
            "lib/libf.so": File(filtering.build(), record("p")),
            "lib/libg.so": File(auxiliary.build(), record("p")),
        }
        tree = self.relocate(layers, {"lib/libx.so": library("libx.so")})
        self.assertEqual(self.meanings(tree)["lib/libf.so", "libx.so"], "lib/libx.so")

    def test_a_pool_is_searched_as_a_system_is(self) -> None:
        """What is taken has its own search path there, which is often absolute."""
        private = "usr/lib/x86_64-linux-gnu/private"
        pool: dict[str, File | Link] = {
            f"{SYSTEM}/liba.so": library("liba.so", "libx.so", runpath=f"/{private}"),
            f"{private}/libx.so": library("libx.so", "liby.so"),
            "opt/libx.so": library("libx.so", spare=9),
            f"{SYSTEM}/liby.so": library("liby.so"),
            "usr/lib/liby.so": library("liby.so", spare=9),
        }
        tree = self.relocate({"bin/prog": program("liba.so")}, pool)
        self.assertEqual(self.meanings(tree)["lib/liba.so", "libx.so"], "lib/libx.so")
        for name, came in (("libx.so", private), ("liby.so", SYSTEM)):
            file = pool[f"{came}/{name}"]
            assert isinstance(file, File)
            found = content.read(tree.file(f"lib/{name}").content)
            self.assertEqual(len(found), len(content.read(file.content)))

    def test_two_of_one_name_from_the_pool(self) -> None:
        pool: dict[str, File | Link] = {
            f"{SYSTEM}/libx.so": library("libx.so"),
            "opt/libx.so": library("libx.so", spare=9),
            f"{SYSTEM}/liba.so": library("liba.so", "libx.so", runpath="/opt"),
        }
        with self.assertRaisesRegex(
            RelocatableError,
            "lib/liba.so needs libx.so, and others need another file of that name: lib/libx.so"
            r" \(p 1 amd64\), opt/libx.so \(p 1 amd64\). Leave out all but one:",
        ):
            self.relocate({"bin/prog": program("libx.so", "liba.so")}, pool)

    def test_one_runpath_can_not_say_two_things(self) -> None:
        layers: dict[str, File | Link] = {
            "bin/p": program("liba.so", rpath="$ORIGIN/../lib:$ORIGIN/../a"),
            "bin/q": program("liba.so", rpath="$ORIGIN/../lib:$ORIGIN/../b"),
            "lib/liba.so": library("liba.so", "libx.so"),
            "a/libx.so": library("libx.so"),
            "b/libx.so": library("libx.so"),
        }
        self.assertEqual(
            self.meanings(self.relocate(layers))["lib/liba.so", "libx.so"], "a/libx.so"
        )
        layers["b/libx.so"] = library("libx.so", spare=9)
        with self.assertRaisesRegex(
            RelocatableError,
            "lib/liba.so needs libx.so, which is a/libx.so when bin/p is started and b/libx.so when"
            " bin/q is; they differ, and in a dist one is for both. Leave out all but one:",
        ):
            self.relocate(layers)

    def test_what_launchers_name_comes_first(self) -> None:
        """An RPATH comes before the library path, and the RUNPATH that replaces it after that."""
        layers: dict[str, File | Link] = {
            "bin/p": program("libx.so", rpath="$ORIGIN/../a"),
            "a/libx.so": library("libx.so"),
            "lib/libx.so": library("libx.so"),
        }
        self.relocate(layers)
        layers["lib/libx.so"] = library("libx.so", spare=9)
        with self.assertRaisesRegex(
            RelocatableError,
            "bin/p needs libx.so, which is a/libx.so where it comes from, and would be lib/libx.so"
            " in the dist, as launchers name lib first; they differ. Leave out all but one:",
        ):
            self.relocate(layers)

    def test_a_name_that_is_a_path(self) -> None:
        layers: dict[str, File | Link] = {
            "bin/p": program("$ORIGIN/../a/libx.so"),
            "a/libx.so": library("libx.so"),
        }
        self.assertEmpty(verify.verify(self.relocate(layers), TARGET).problems)
        layers["bin/p"] = program("$ORIGIN/../a/liby.so", "/opt/libx.so")
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "the dist is not complete:\n"
            "  bin/p needs $ORIGIN/../a/liby.so, a path to nothing\n"
            "  bin/p needs /opt/libx.so, a path to nothing",
        ):
            self.relocate(layers)


class LayersWithLibcTest(parameterized.TestCase):
    """The loader and its C library may come in a layer, where the package has them."""

    LIBC = "usr/lib/x86_64-linux-gnu"

    def layers(self) -> Tree:
        needs = ("libm.so.6",)
        libc = library("libc.so.6", TARGET.loader, interpreter=f"/lib64/{TARGET.loader}")
        files: dict[str, File | Link] = {
            "bin/tool": program(*needs),
            f"{self.LIBC}/{TARGET.loader}": LOADER,
            f"{self.LIBC}/libc.so.6": replace(libc, record=record("libc6"), executable=True),
            f"{self.LIBC}/libm.so.6": library("libm.so.6", "libc.so.6", package="libc6"),
            f"{self.LIBC}/gconv/X.so": library("X.so", "libc.so.6", package="libc6"),
            f"lib64/{TARGET.loader}": Link(f"../{self.LIBC}/{TARGET.loader}", record("libc6")),
            "usr/bin/ld.so": Link(f"../../lib64/{TARGET.loader}", record("libc6")),
            "lib/libz.so": library("libz.so"),
        }
        return layer(**files)

    def test_launchers_start_the_loader_where_it_is(self) -> None:
        tree = relocate([self.layers()], [], Request("//:x", TARGET, LAUNCHER))
        self.assertEmpty(verify.verify(tree, TARGET).problems)
        launchers = [path for path, file in tree.files() if verify.files.is_launcher(file)]
        self.assertEqual(launchers, ["bin/tool"])
        settings = launcher.read(content.read(tree.file("bin/tool").content))
        self.assertEqual(settings.loader, f"{self.LIBC}/{TARGET.loader}")
        self.assertEqual(settings.library_path, ("lib", self.LIBC))
        for name in (TARGET.loader, "libm.so.6", "gconv/X.so"):
            self.assertEmpty(tree.file(f"{self.LIBC}/{name}").record.edits, name)
        found = {load.root.path: load for load in closure.trace(tree).loads}
        self.assertContainsSubset(
            {f"{self.LIBC}/{name}" for name in ("libm.so.6", "libc.so.6", TARGET.loader)},
            found["libexec/tool"].objects,
        )

    def test_others_from_where_the_loader_is_from(self) -> None:
        """As in a file_tree of a whole system: who needs more than launchers tell is led there."""
        layers = self.layers()
        layers.nodes["bin/tool"] = program("liby.so", package="libc6")
        layers.add("opt/liby.so", library("liby.so", "libc.so.6", package="libc6"))
        tree = relocate([layers], [], Request("//:x", TARGET, LAUNCHER))
        self.assertEmpty(verify.verify(tree, TARGET).problems)

    def test_no_library_directory(self) -> None:
        layers = self.layers()
        del layers.nodes["lib/libz.so"]
        del layers.nodes["lib"]
        tree = relocate([layers], [], Request("//:x", TARGET, LAUNCHER))
        self.assertEmpty(verify.verify(tree, TARGET).problems)
        settings = launcher.read(content.read(tree.file("bin/tool").content))
        self.assertEqual(settings.library_path, (self.LIBC,))

    def test_a_merged_usr(self) -> None:
        """With base-files, lib is a link; what is taken from the pool goes where it leads."""
        layers = self.layers()
        del layers.nodes["lib/libz.so"]
        layers.nodes["lib"] = Link("usr/lib", record("base-files"))
        layers.nodes["bin/tool"] = program("libm.so.6", "liby.so")
        pool = layer(**{"lib/liby.so": library("liby.so")})
        tree = relocate([layers], [pool], Request("//:x", TARGET, LAUNCHER))
        self.assertEmpty(verify.verify(tree, TARGET).problems)
        self.assertIn("usr/lib/liby.so", tree.nodes)
        settings = launcher.read(content.read(tree.file("bin/tool").content))
        self.assertEqual(settings.library_path, ("usr/lib", self.LIBC))


class VerifyTest(parameterized.TestCase):
    @parameterized.parameters(*range(-20, 3))
    def test_a_path_of_the_machine_between_two_pieces(self, offset: int) -> None:
        before = b"a\n" * (CHUNK // 2)
        before = before[: offset % CHUNK] if offset < 0 else before + b" " * offset
        tree = Tree()
        tree.add("leak", File(before + b" /build/c-X1y2z3/c-1", record("p")))
        tree.add("none", File(before + b"x/build/c-X1y2z3/c-1", record("p")))
        line = before.count(b"\n") + 1
        (problem,) = verify.verify(tree, TARGET).problems
        self.assertStartsWith(problem, f"leak (p 1 amd64), line {line}, names a path")

    @parameterized.parameters(
        ("x", Link("../y", record("p")), "link x (p 1 amd64) -> ../y: x leaves the tree"),
        (
            "x",
            Link("y", record("p")),
            "link x (p 1 amd64) -> y: x leads to y, which does not exist",
        ),
        (
            "x",
            File(b"a\nb /build/reproducible-path/c-1", record("p")),
            "x (p 1 amd64), line 2, names a path of the machine",
        ),
        (
            "x",
            File(b"/build/c-X1y2z3/c-1", record("p")),
            "x (p 1 amd64), line 1, names a path of the machine",
        ),
        ("x.so", library("x.so", "y.so"), "x.so needs y.so, which is in none of"),
        (
            "x.so",
            library("x.so", machine=EM_AARCH64),
            "x.so (p 1 amd64) is for EM_AARCH64; linux_x86_64 is",
        ),
        (
            "x.so",
            library("x.so", runpath="/usr/lib"),
            "x.so (p 1 amd64) has '/usr/lib' in its RUNPATH; $ORIGIN",
        ),
        (
            "x.so",
            library("x.so", runpath="$ORIGIN:"),
            "x.so (p 1 amd64) has '' in its RUNPATH; $ORIGIN",
        ),
        (
            "x.so",
            library("x.so", runpath="$ORIGIN/.."),
            "x.so (p 1 amd64) has '$ORIGIN/..' in its RUNPATH",
        ),
        (
            "x.so",
            library("x.so", rpath="$ORIGIN"),
            "x.so (p 1 amd64) has an RPATH ($ORIGIN); a RUNPATH is",
        ),
        (
            "x",
            File(LAUNCHER, record("p"), executable=True),
            "launcher x (p 1 amd64): launcher: it has no settings yet",
        ),
    )
    def test_each_broken_promise(self, path: str, node: File | Link, message: str) -> None:
        (problem,) = verify.verify(layer(**{path: node}), TARGET).problems
        self.assertStartsWith(problem, message)

    def test_on_the_machines_libc(self) -> None:
        """Each symbol that is too new is told, with the file and the package that want it."""
        tree = Tree()
        user = SharedObject(
            needed=("libc.so.6",),
            requires=(("libc.so.6", "GLIBC_2.4"), ("libc.so.6", "GLIBC_2.28")),
        )
        tree.add("lib/user.so", File(user.build(), record("p")))
        host = frozenset({"libc.so.6", "libm.so.6"})
        for limit, wanted in (
            (None, []),
            ("2.28", []),
            (
                "2.27",
                [
                    "min_glibc: 2.28 is the lowest that is possible, 2.27 is wanted. Newer than"
                    " that are required\n    2.28: lib/user.so (p 1 amd64) for the loader"
                ],
            ),
        ):
            found = verify.verify(tree, TARGET, Promise(host, limit)).problems
            self.assertLen(found, len(wanted))
            for problem, start in zip(found, wanted, strict=True):
                self.assertStartsWith(problem, start)
        tree.add("lib/libm.so.6", library("libm.so.6"))
        tree.add("bin/x", program("libc.so.6"))
        found = verify.verify(tree, TARGET, Promise(host)).problems
        self.assertIn(
            "lib/libm.so.6 (p 1 amd64) is part of the C library, which is left to the machine; "
            "exclude it",
            found,
        )

    def test_the_lowest_version_that_is_possible(self) -> None:
        """It comes first; then what is in the way, by version, and not without end."""
        tree = Tree()
        for number in range(40):
            needs = (("libc.so.6", "GLIBC_2.34"), ("libc.so.6", "GLIBC_2.9"))
            user = SharedObject(needed=("libc.so.6",), requires=needs[: 1 + number % 2])
            tree.add(f"lib/{number:02}.so", File(user.build(), record("p")))
        user = SharedObject(needed=("libc.so.6",), wants={"f": ("libc.so.6", "GLIBC_2.4")})
        tree.add("lib/f.so", File(user.build(), record("q")))
        promise = Promise(frozenset({"libc.so.6"}), "2.3")
        (problem,) = verify.verify(tree, TARGET, promise).problems
        lines = problem.split("\n")
        self.assertEqual(
            lines[0],
            "min_glibc: 2.34 is the lowest that is possible, 2.3 is wanted. Newer than that are"
            " required",
        )
        versions = [line.split()[0] for line in lines[1:]]
        self.assertEqual(versions, ["2.34:", "2.9:", "2.4:"])
        self.assertEndsWith(lines[1], "; and 35 more files")
        self.assertEndsWith(lines[2], "; and 15 more files")
        self.assertEqual(lines[3], "    2.4: lib/f.so (q 1 amd64) for f")

    def test_another_loader(self) -> None:
        data = ElfBuilder(
            interpreter="/nix/store/x/ld-linux-x86-64.so.2", soname=None, needed=(), versions={}
        ).build()
        tree = layer(x=File(data, record("p")))
        (problem,) = verify.verify(tree, TARGET, Promise(frozenset({"libc.so.6"}))).problems
        self.assertEqual(
            problem,
            "x (p 1 amd64) asks for the loader /nix/store/x/ld-linux-x86-64.so.2; machines of"
            " linux_x86_64 have ld-linux-x86-64.so.2 in /lib or /lib64",
        )

    def test_each_program_is_started_by_the_dists_loader(self) -> None:
        """By a loader for it, through a launcher, with modes that let a kernel execute them."""
        tree = layer(**{"bin/x": program("libz.so.1"), "bin/y": program()})
        pool = layer(**{"lib/libz.so.1": library("libz.so.1"), f"lib/{TARGET.loader}": LOADER})
        for libc, host in ((Libc.BUNDLED, ()), (Libc.HOST, ("libc.so.6", TARGET.loader))):
            target = replace(TARGET, system_libraries=host)
            made = relocate([tree], [pool], Request("//:x", target, LAUNCHER, libc=libc))
            promise = Promise(frozenset(host))
            self.assertEmpty(verify.verify(made, TARGET, promise).problems)
            for path in ("bin/x", "libexec/y"):
                made.nodes[path] = replace(made.file(path), executable=False)
            found = verify.verify(made, TARGET, promise).problems
            launchers = "@rules_relocatable//toolchains/launcher:linux_x86_64"
            mode = "may not be executed (mode 0644; 0755 is wanted)"
            expected = [f"launcher bin/x ({launchers}) {mode}"]
            if libc is Libc.HOST:
                expected.append(f"launcher bin/y ({launchers}): libexec/y {mode}")
            self.assertEqual(found, expected)
            del made.nodes["bin/y"]
            found = verify.verify(made, TARGET, promise).problems
            expected[1:] = []
            if libc is Libc.BUNDLED:
                expected.append(
                    f"libexec/y (p 1 amd64) asks for the loader /lib64/{TARGET.loader} of the"
                    " machine; a launcher that starts it by the dist's own is wanted"
                )
            self.assertEqual(found, expected)

    def test_programs_and_libraries_of_another_c_library(self) -> None:
        asked = "/lib/ld-musl-x86_64.so.1"
        made = ElfBuilder(interpreter=asked, soname=None, needed=("libc.so",), versions={})
        musl = File(made.build(), record("p"), executable=True)
        tree = layer(**{"bin/x": musl, "lib/module.so": library("module.so", "libc.so")})
        pool = layer(**{"lib/libc.so": library("libc.so"), f"lib/{TARGET.loader}": LOADER})
        found = verify.verify(relocate([tree], [pool], Request("//:x", TARGET, LAUNCHER)), TARGET)
        self.assertEqual(
            found.problems,
            [
                "lib/module.so (p 1 amd64) needs libc.so, a C library that is not glibc; what is"
                " for glibc is wanted",
                f"libexec/x asks for the loader {asked} (PT_INTERP), but bin/x starts it by"
                f" lib/{TARGET.loader}, which belongs to another C library",
            ],
        )

    def test_what_loads_itself_stays(self) -> None:
        """A static-pie program has a dynamic section, and needs neither launcher nor loader."""
        made = ElfBuilder(soname=None, needed=(), versions={}, flags_1=DF_1_PIE)
        tree = layer(**{"bin/x": File(made.build(), record("p"), executable=True)})
        dist = relocate([tree], [], Request("//:x", TARGET, LAUNCHER))
        self.assertEqual([path for path, _ in dist.files()], ["bin/x"])
        self.assertEmpty(verify.verify(dist, TARGET).problems)

    @parameterized.parameters(
        # Of real packages.
        "-fdebug-prefix-map=/build/python3.11-jfBLBo/python3.11-3.11.2=.",
        "-I/build/reproducible-path/glibc-2.36/build-tree",
        "'/build/vim-h3Xq1R/vim-9.0.1378/src'",
        "/build/emacs-kqxzvw/emacs-28.2+1/debian",
        "built in /build/qtbase-opensource-src-QV6t9b/",
        # Of pbuilder: source and version are the package's own.
        "/build/source+x-2.0~rc1/y",
    )
    def test_where_debian_builds(self, text: str) -> None:
        package = Package("p", "1", "amd64", "0" * 64, "source+x", "1:2.0~rc1-3")
        debian = File(text.encode(), Record(Origin(package, "x")))
        (problem,) = verify.verify(layer(x=debian), TARGET).problems
        self.assertIn("names a path of the machine that built it (/build/", problem)
        # What others say of /build may be an example.
        other = File(text.encode(), Record(Origin("//:x", "x")))
        self.assertEmpty(verify.verify(layer(x=other), TARGET).problems)

    @parameterized.parameters(
        "/home/me/.cache/bazel/_bazel_me/0123456789abcdef0123456789abcdef/external/x",
        "/srv/0123456789abcdef0123456789abcdef/sandbox/linux-sandbox/7/x",
        "/out/sandbox/processwrapper-sandbox/17/execroot/ws",
        "/base/execroot/my_ws/bazel-out/k8-opt/bin/x",
        "/base/execroot/_main",
        "x=/base/execroot/__main__ y",
    )
    def test_where_bazel_builds(self, text: str) -> None:
        (problem,) = verify.verify(
            layer(x=File(text.encode(), Record(Origin("//:x", "x")))), TARGET
        ).problems
        self.assertIn("names a path of the machine that built it (/", problem)

    @parameterized.parameters(
        # Of vim, cmake, numpy, Emacs and CPython; and what else one writes of builds.
        "au BufNewFile,BufRead */build/conf/*.conf setf bitbake",
        "${NDK}/build/cmake/android.toolchain.cmake",
        "Generated by Tools/build/generate_token.py",
        "pkgdir=/build/arm-linux-gnueabi/sysroot/usr/lib/python3.7/site-packages/numpy/core",
        "GObject-WARNING **: /build/buildd/glib2.0-2.14.5/gobject/gsignal.c:1741",
        "see /build/linux-x86_64/bin and /build/my-source/x",
        "caches are below ~/.cache/bazel/",
        "it contains /execroot/ and /execroot/_main_or_not",
    )
    def test_what_is_no_place_of_a_build(self, text: str) -> None:
        self.assertEmpty(verify.verify(layer(x=File(text.encode(), record("p"))), TARGET).problems)

    def test_linkage(self) -> None:
        """What is there must also have the versions that are required of it."""
        tree = Tree()
        versions = SharedObject(soname="libc.so.6", provides=("GLIBC_2.4",))
        user = SharedObject(needed=("libc.so.6",), requires=(("libc.so.6", "GLIBC_2.5"),))
        tree.add("lib/libc.so.6", File(versions.build(), record("p")))
        tree.add("lib/user.so", File(user.build(), record("p")))
        report = verify.verify(tree, TARGET)
        self.assertEqual(
            report.problems,
            ["lib/libc.so.6: version `GLIBC_2.5' not found (required by lib/user.so)"],
        )
        self.assertEqual(report.requires, {"GLIBC": "2.5"})
        self.assertEqual(report.unneeded, ("lib/libc.so.6", "lib/user.so"))


if __name__ == "__main__":
    absltest.main()
