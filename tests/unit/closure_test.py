"""What a loader makes of hand-made trees; the integration test of this name asks real ones."""

import json
import struct
from dataclasses import replace
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import launcher
from relocatable.closure import Closure, Kind, Options, RootKind, Rule, text, trace
from relocatable.closure.tokens import expand, split
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Link, Tree
from support.elf_builder import DF_1_PIE, EM_AARCH64, ET_EXEC
from support.shared_object import DF_1_NODEFLIB, DT_AUXILIARY, DT_FILTER, SharedObject, program

LOADER = "ld-linux-x86-64.so.2"
RECORD = Record(Origin("//:x", "x"))
LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "linux_x86_64"
).read_bytes()


def library(soname: str | None = None, *needed: str, **more: object) -> SharedObject:
    return SharedObject(soname=soname, needed=needed, **more)  # type: ignore[arg-type]


def tree(files: dict[str, SharedObject | bytes | str]) -> Tree:
    """A tree of objects, of other files (bytes) and of links (text)."""
    made = Tree()
    for path, node in files.items():
        if isinstance(node, str):
            made.add(path, Link(node, RECORD))
        else:
            data = node if isinstance(node, bytes) else node.build()
            made.add(path, File(data, RECORD, executable=True))
    return made


def started(path: str, loader: str | None = f"lib/{LOADER}", *, depth: int = 1) -> bytes:
    """A launcher, `depth` directories deep, that starts the program at `path` with lib."""
    libraries = () if loader is None else ("lib",)
    return launcher.patch(LAUNCHER, launcher.Settings(depth, path, loader, libraries))


def meanings(
    closure: Closure, load: int = 0
) -> dict[tuple[str, str], tuple[str | None, str | None]]:
    """What each (object, name) of a load means: file and rule."""
    return {(r.by, r.name): (r.found, r.rule) for r in closure.loads[load].resolutions}


def wrong(closure: Closure) -> list[str]:
    return [problem.text for problem in closure.problems() if problem.fatal]


class TokensTest(parameterized.TestCase):
    @parameterized.parameters(
        ("$ORIGIN/../lib", "/o/../lib"),
        ("${ORIGIN}x", "/ox"),
        ("a$LIB:${LIB}", "alib64:lib64"),
        ("$ORIGINAL/$ORIGIN_/$HOME/${ORIGIN/$", "$ORIGINAL/$ORIGIN_/$HOME/${ORIGIN/$"),
        ("$$ORIGIN", "$/o"),
        ("x/$PLATFORM", None),
        ("", ""),
    )
    def test_expand(self, path: str, expected: str | None) -> None:
        values = {"ORIGIN": "/o", "LIB": "lib64", "PLATFORM": None}
        self.assertEqual(expand(path, values), expected)

    def test_split(self) -> None:
        self.assertEqual(split("a::b:a"), ("a", "", "b"))
        self.assertEqual(split(""), ())


class SearchTest(parameterized.TestCase):
    """Which of several files a name means."""

    def search(
        self, files: dict[str, SharedObject | bytes | str], options: Options | None = None
    ) -> dict[tuple[str, str], tuple[str | None, str | None]]:
        closure = trace(tree(files), options)
        self.assertEqual(closure.loads[0].root.kind, RootKind.PROGRAM)
        return meanings(closure)

    def test_rpath_is_inherited(self) -> None:
        found = self.search(
            {
                "bin/p": program(needed=("a.so",), rpath="$ORIGIN/../a:$ORIGIN/../b"),
                "a/a.so": library("a.so", "b.so", rpath="/nowhere:$ORIGIN/own"),
                "b/b.so": library("b.so", "c.so"),
                "a/own/c.so": library("c.so"),
                "b/c.so": library("c.so"),
            }
        )
        self.assertEqual(found["a/a.so", "b.so"], ("b/b.so", Rule.RPATH))
        self.assertEqual(found["b/b.so", "c.so"], ("a/own/c.so", Rule.RPATH))

    def test_runpath_is_not_inherited_and_disables_rpath(self) -> None:
        found = self.search(
            {
                "bin/p": program(needed=("a.so",), rpath="$ORIGIN/../x", runpath="$ORIGIN/../a"),
                "a/a.so": library("a.so", "b.so"),
                "a/b.so": library("b.so"),
                "x/a.so": library("a.so"),
                "x/b.so": library("b.so"),
            }
        )
        self.assertEqual(found["bin/p", "a.so"], ("a/a.so", Rule.RUNPATH))
        self.assertEqual(found["a/a.so", "b.so"], (None, None))

    def test_runpath_keeps_the_rpath_of_others_away(self) -> None:
        found = self.search(
            {
                "bin/p": program(needed=("a.so",), rpath="$ORIGIN/../x"),
                "x/a.so": library("a.so", "b.so", runpath=""),
                "x/b.so": library("b.so"),
            }
        )
        self.assertEqual(found["x/a.so", "b.so"], (None, None))

    def test_library_path_comes_between(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            "bin/p": started("libexec/p"),
            "libexec/p": program(needed=("a.so", "b.so"), rpath="$ORIGIN/../r"),
            "r/a.so": library("a.so"),
            "lib/a.so": library("a.so"),
            "lib/b.so": library("b.so", "c.so", runpath="$ORIGIN/../r"),
            "lib/c.so": library("c.so"),
            "r/c.so": library("c.so"),
            f"lib/{LOADER}": library(LOADER),
        }
        found = self.search(files)
        self.assertEqual(found["libexec/p", "a.so"], ("r/a.so", Rule.RPATH))
        self.assertEqual(found["libexec/p", "b.so"], ("lib/b.so", Rule.LIBRARY_PATH))
        self.assertEqual(found["lib/b.so", "c.so"], ("lib/c.so", Rule.LIBRARY_PATH))

    def test_tokens(self) -> None:
        found = self.search(
            {
                "bin/p": program(
                    needed=("a.so", "b$PLATFORM.so"), runpath="${ORIGIN}/../$LIB:$ORIGIN/$PLATFORM"
                ),
                "lib64/a.so": library("a.so"),
                "bin/x86_64/bx86_64.so": library(),
            }
        )
        self.assertEqual(found["bin/p", "a.so"][0], "lib64/a.so")
        self.assertEqual(found["bin/p", "b$PLATFORM.so"][0], "bin/x86_64/bx86_64.so")

    def test_the_loader_tells_what_lib_means(self) -> None:
        found = self.search(
            {
                "bin/p": started("libexec/p"),
                "libexec/p": program(needed=("a.so",), runpath="$ORIGIN/../$LIB"),
                "lib/multi/a.so": library("a.so"),
                f"lib/{LOADER}": library(LOADER).build() + b"/lib/multi/\0/usr/lib/multi/\0/lib/\0",
            }
        )
        self.assertEqual(found["libexec/p", "a.so"][0], "lib/multi/a.so")

    def test_loaded_by_soname_or_by_the_name_that_was_asked_for(self) -> None:
        found = self.search(
            {
                "bin/p": program(needed=("a-1.so", "b.so"), rpath="$ORIGIN"),
                "bin/a-1.so": library("a.so"),
                "bin/b.so": library("b.so", "a.so", "a-1.so", "p"),
                "bin/a.so": library("a.so"),
            }
        )
        self.assertEqual(found["bin/b.so", "a.so"], ("bin/a-1.so", Rule.LOADED))
        self.assertEqual(found["bin/b.so", "a-1.so"], ("bin/a-1.so", Rule.LOADED))
        self.assertEqual(found["bin/b.so", "p"], (None, Rule.RPATH))  # A program can't be loaded.

    def test_links(self) -> None:
        """Two links to one file are one object; $ORIGIN is where the first of them lies."""
        closure = trace(
            tree(
                {
                    "bin/p": program(needed=("a.so", "b.so"), rpath="$ORIGIN/../lib"),
                    "lib/a.so": "../store/x.so",
                    "lib/b.so": "../store/x.so",
                    "store/x.so": library(None, "c.so", runpath="$ORIGIN"),
                    "lib/c.so": library("c.so"),
                    "store/c.so": library("c.so"),
                }
            )
        )
        self.assertEqual(closure.loads[0].objects, ("bin/p", "store/x.so", "lib/c.so"))
        self.assertEqual(closure.unneeded, ("store/c.so",))

    def test_foreign_files_are_passed_over(self) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(
                        needed=("a.so", "b.so"), runpath="$ORIGIN/x:$ORIGIN/y:$ORIGIN"
                    ),
                    "bin/x/a.so": library("a.so", bits=32),
                    "bin/y/a.so": library("a.so", machine=EM_AARCH64),
                    "bin/a.so": library("a.so"),
                    "bin/x/b.so": library("b.so", machine=EM_AARCH64),
                }
            )
        )
        resolution = closure.loads[0].resolutions[0]
        self.assertEqual(resolution.found, "bin/a.so")
        self.assertEqual(resolution.skipped, ("bin/x/a.so", "bin/y/a.so"))
        self.assertEqual(
            wrong(closure),
            [
                "bin/p needs b.so, which is in none of: bin/x (RUNPATH '$ORIGIN/x' of bin/p), "
                "bin/y (RUNPATH '$ORIGIN/y' of bin/p), bin (RUNPATH '$ORIGIN' of bin/p); "
                "bin/x/b.so: it is for EM_AARCH64"
            ],
        )

    @parameterized.parameters(
        (b"#!/bin/sh\n" * 9, "it is no ELF file"),
        (b"\x7fELF\2\1", "damaged ELF file: class and byte order"),
        (library("a.so", little=False), "it has another byte order"),
        (library("a.so", flags_1=DF_1_PIE), "it is a program"),
        (library("a.so", type=ET_EXEC), "it is a program"),
        (library("a.so", type=1), "it is neither a program nor a shared object"),
    )
    def test_a_loader_gives_up_on(self, node: SharedObject | bytes, why: str) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(needed=("a.so",), runpath="$ORIGIN:$ORIGIN/x"),
                    "bin/a.so": node,
                    "bin/x/a.so": library("a.so"),
                }
            )
        )
        problem = closure.loads[0].problems[0]
        self.assertEqual(problem.kind, Kind.UNUSABLE)
        self.assertStartsWith(
            problem.text, f"bin/p needs a.so, but bin/a.so can't be loaded: {why}"
        )

    def test_a_name_with_a_slash_is_a_path(self) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(
                        needed=("$ORIGIN/../lib/a.so", "/lib/b.so", "$ORIGIN/c.so", "x/d.so")
                    ),
                    "lib/a.so": library("a.so"),
                    "lib/b.so": library("b.so"),
                }
            )
        )
        resolution = closure.loads[0].resolutions[0]
        self.assertEqual((resolution.found, resolution.rule), ("lib/a.so", Rule.PATH))
        self.assertEqual(
            wrong(closure),
            [
                "bin/p needs /lib/b.so, which is a path outside of the tree",
                "bin/p needs $ORIGIN/c.so, but bin/c.so is not there",
                "bin/p needs x/d.so, which is a path outside of the tree",
            ],
        )

    @parameterized.parameters(
        (None, "lib/a.so", 2),
        ("x86-64-v2", "lib/a.so", 2),
        ("x86-64-v3", "lib/glibc-hwcaps/x86-64-v3/a.so", 1),
        ("x86-64-v4", "lib/glibc-hwcaps/x86-64-v4/a.so", 0),
    )
    def test_processors(self, cpu: str | None, expected: str, better: int) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(needed=("a.so",), runpath="$ORIGIN/../lib"),
                    "lib/a.so": library("a.so"),
                    "lib/glibc-hwcaps/x86-64-v3/a.so": library("a.so"),
                    "lib/glibc-hwcaps/x86-64-v4/a.so": library("a.so"),
                }
            ),
            Options(cpu=cpu),
        )
        resolution = closure.loads[0].resolutions[0]
        self.assertEqual(resolution.found, expected)
        self.assertLen(resolution.better, better)
        self.assertLen(closure.unneeded, 2 - better)

    def test_unknown_processor(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "no processor level 'i486'; these are: x86"):
            trace(Tree(), Options(cpu="i486"))

    def test_a_whole_system(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            "bin/p": program(needed=("a.so", "b.so", LOADER), runpath="/opt"),
            f"lib64/{LOADER}": library(LOADER).build() + b"/lib/m/\0/usr/lib/m/\0/lib/\0",
            "opt/a.so": library("a.so", "b.so", flags_1=DF_1_NODEFLIB),
            "usr/lib/m/b.so": library("b.so"),
        }
        whole = Options(whole_system=True)
        found = self.search(files, whole)
        self.assertEqual(found["bin/p", "a.so"], ("opt/a.so", Rule.RUNPATH))
        self.assertEqual(found["bin/p", "b.so"], ("usr/lib/m/b.so", Rule.DEFAULT))
        self.assertEqual(found["bin/p", LOADER], (f"lib64/{LOADER}", Rule.LOADED))
        files["bin/p"] = program(needed=("a.so",), runpath="/opt")
        self.assertEqual(self.search(files, whole)["opt/a.so", "b.so"], (None, None))
        self.assertEqual(self.search(files)["bin/p", "a.so"], (None, None))

    def test_a_whole_system_with_links_for_directories(self) -> None:
        """As since Debian 12: lib -> usr/lib; and a default and a search directory are links."""
        loader = library(LOADER).build() + b"/lib/m/\0/usr/lib/m/\0/lib/\0"
        files: dict[str, SharedObject | bytes | str] = {
            "bin": "usr/bin",
            "lib": "usr/lib",
            "lib64": "usr/lib64",
            f"usr/lib64/{LOADER}": f"../lib/m/{LOADER}",
            "usr/bin/p": program(needed=("a.so", "b.so", "c.so"), runpath="/srv/$LIB/../libs"),
            "usr/lib/m": "../../opt/m",
            f"opt/m/{LOADER}": loader,
            "opt/m/a.so": library("a.so"),
            "srv/lib": "../opt/m",
            "opt/libs": "other",
            "opt/other/b.so": library("b.so"),
            "usr/lib/c.so": "c.so.1",
            "usr/lib/c.so.1": library("c.so"),
        }
        closure = trace(tree(files), Options(whole_system=True, lib="lib"))
        self.assertEqual(
            meanings(closure),
            {
                ("usr/bin/p", "a.so"): ("opt/m/a.so", Rule.DEFAULT),
                ("usr/bin/p", "b.so"): ("opt/other/b.so", Rule.RUNPATH),
                ("usr/bin/p", "c.so"): ("usr/lib/c.so.1", Rule.DEFAULT),
            },
        )
        self.assertEqual(closure.loads[0].root.loader, f"opt/m/{LOADER}")

    def test_the_host_has_its_loader_and_what_is_left_to_it(self) -> None:
        found = self.search(
            {"bin/p": program(needed=(LOADER, "libc.so.6", "a.so"))},
            Options(host=frozenset({"libc.so.6"})),
        )
        self.assertEqual(found["bin/p", LOADER], (None, Rule.HOST))
        self.assertEqual(found["bin/p", "libc.so.6"], (None, Rule.HOST))
        self.assertEqual(found["bin/p", "a.so"], (None, None))

    def test_filters(self) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(
                        filters=((DT_AUXILIARY, "a.so"), (DT_FILTER, "b.so")), runpath="$ORIGIN"
                    ),
                    "bin/b.so": library("b.so"),
                }
            )
        )
        self.assertEqual(closure.loads[0].objects, ("bin/p", "bin/b.so"))
        self.assertEmpty(wrong(closure))

    def test_empty_steps_and_directories_above_the_tree_are_outside(self) -> None:
        closure = trace(
            tree(
                {
                    "p": program(needed=("a.so", "b.so"), runpath=":$ORIGIN/..:.:$ORIGINa"),
                    "a.so": library("a.so"),
                    "a/b.so": library("b.so"),
                }
            )
        )
        self.assertEqual({found for found, _ in meanings(closure).values()}, {None})
        self.assertStartsWith(
            wrong(closure)[0], "p needs a.so, which is in none of: the current directory (RUNPATH"
        )


class VersionsTest(absltest.TestCase):
    def closure(self, *libraries: SharedObject, **more: object) -> Closure:
        names = [library.soname or "" for library in libraries]
        files = {f"bin/{name}": made for name, made in zip(names, libraries, strict=True)}
        main = program(needed=tuple(names), runpath="$ORIGIN", **more)
        return trace(tree({"bin/p": main, **files}))

    def test_a_version_that_is_not_there(self) -> None:
        closure = self.closure(
            library("a.so", provides=("A_1", "A_2")),
            requires=(("a.so", "A_1"), ("a.so", "A_3"), ("a.so", "?A_4")),
        )
        self.assertEqual(wrong(closure), ["bin/a.so: version `A_3' not found (required by bin/p)"])

    def test_a_library_without_versions(self) -> None:
        closure = self.closure(library("a.so"), requires=(("a.so", "A_1"), ("a.so", "A_2")))
        self.assertEmpty(wrong(closure))
        (problem,) = closure.problems()
        self.assertEqual(problem.kind, Kind.UNVERSIONED)
        self.assertEqual(
            problem.text, "bin/a.so: no version information available (required by bin/p)"
        )

    def test_a_name_that_nothing_was_asked_for_by(self) -> None:
        """As after replacing a NEEDED entry without its version requirements: ld.so asserts."""
        closure = trace(
            tree(
                {
                    "bin/p": program(
                        needed=("a-1.so",), requires=(("a.so", "A_1"),), runpath="$ORIGIN"
                    ),
                    "bin/a-1.so": library("a.so", provides=("A_1",)),
                }
            )
        )
        self.assertEqual(
            wrong(closure),
            ["bin/p requires A_1 of a.so, but needs nothing of that name; the loader stops there"],
        )

    def test_of_what_is_missing_nothing_is_required(self) -> None:
        closure = trace(tree({"bin/p": program(needed=("a.so",), requires=(("a.so", "A_1"),))}))
        self.assertEqual(
            wrong(closure), ["bin/p needs a.so, and nothing tells the loader where to look"]
        )

    def test_baselines(self) -> None:
        closure = self.closure(
            library(
                "libc.so.6", provides=("GLIBC_2.9", "GLIBC_2.36", "GLIBC_2.40", "GLIBC_PRIVATE")
            ),
            library(
                "libm.so.6",
                requires=(("libc.so.6", "GLIBC_2.40"), ("libc.so.6", "GLIBC_PRIVATE")),
            ),
            library(
                "a.so",
                wants={"f": ("libc.so.6", "GLIBC_2.36"), "g": ("libc.so.6", "GLIBC_2.9")},
                requires=(("libc.so.6", "?GLIBC_2.40"),),
            ),
            library("b.so", requires=(("libc.so.6", "GLIBC_ABI_DT_RELR"), ("a.so", "A_1"))),
        )
        (baseline,) = closure.baselines
        self.assertEqual((baseline.family, baseline.version), ("GLIBC", "2.36"))
        self.assertEqual(baseline.library, "libc.so.6")
        self.assertEqual(baseline.users, {"bin/a.so": ("f",), "bin/b.so": ()})


class LoadersTest(parameterized.TestCase):
    """Whether what starts a program is the loader that it asks for."""

    @parameterized.parameters(
        "/lib64/ld-linux-x86-64.so.2",
        "/nix/store/x/ld-linux-x86-64.so.2",
        "/lib64/ld-lsb-x86-64.so.3",
        "/lib/ld-2.31.so",
    )
    def test_glibcs_loader_by_any_of_its_names(self, asked: str) -> None:
        self.assertEmpty(self.wrong(program(interpreter=asked), library(LOADER)))

    @parameterized.parameters(
        ("/lib/ld-musl-x86_64.so.1",),
        ("/system/bin/linker64",),
        ("/lib/ld64-uClibc.so.0",),
    )
    def test_a_program_of_another_c_library(self, asked: str) -> None:
        """One line, and none of what glibc's loader would make of it further on."""
        made = program(interpreter=asked, needed=("libc.so", "none.so"))
        self.assertEqual(
            self.wrong(made, library(LOADER)),
            [
                f"libexec/p asks for the loader {asked} (PT_INTERP), but bin/p starts it by"
                f" lib/{LOADER}, which belongs to another C library"
            ],
        )

    @parameterized.parameters(
        (library(LOADER, machine=EM_AARCH64), "that is for EM_AARCH64 with 64 bits, where the"),
        (library(LOADER, bits=32), "that is for EM_X86_64 with 32 bits, where the program"),
        (b"#!/bin/sh", "that is no ELF file"),
        (b"\x7fELF\2\1", "that can't be executed: damaged ELF file: class and byte order"),
        (library("libc.so.6", interpreter=f"/lib64/{LOADER}"), "that is no loader, but a program"),
        (program(), "that is no loader, but a program or library that wants one itself"),
        (library(LOADER, type=ET_EXEC), "that is no loader, but a program or library"),
        (library("ld-musl-x86_64.so.1"), None),
    )
    def test_what_is_no_loader_for_it(self, made: SharedObject | bytes, why: str | None) -> None:
        (found,) = self.wrong(program(), made)
        wanted = f"libexec/p: bin/p starts it by lib/{LOADER}, and {why}"
        if why is None:
            wanted = f"libexec/p asks for the loader /lib64/{LOADER} (PT_INTERP), but bin/p starts"
        self.assertStartsWith(found, wanted)

    def test_a_loader_that_may_not_be_executed(self) -> None:
        made = self.tree(program(), library(LOADER))
        path = f"lib/{LOADER}"
        made.nodes[path] = replace(made.file(path), executable=False)
        (found,) = wrong(trace(made))
        self.assertEndsWith(found, "and that may not be executed (mode 0644; 0755 is wanted)")

    def test_a_program_without_a_loader(self) -> None:
        made = tree({"bin/p": program(interpreter=None, needed=("a.so",)), "bin/a.so": library()})
        self.assertEqual(
            wrong(trace(made)),
            ["bin/p needs libraries, but names no loader (PT_INTERP) to load them"],
        )

    def test_a_system_without_the_loader(self) -> None:
        whole = Options(whole_system=True)
        self.assertEqual(
            wrong(trace(tree({"bin/p": program()}), whole)),
            [f"bin/p asks for the loader /lib64/{LOADER}, which is not there"],
        )

    def test_programs_that_load_themselves_and_libraries_that_start(self) -> None:
        """static-pie is nobody's business; libc.so.6, which prints its version, is a library."""
        libc = library("libc.so.6", interpreter=f"/lib64/{LOADER}")
        closure = trace(tree({"bin/p": program(interpreter=None), "lib/libc.so.6": libc}))
        self.assertEmpty(closure.problems())
        self.assertEqual([load.root.path for load in closure.loads], ["lib/libc.so.6"])
        named = trace(tree({"bin/p": program(soname="p")}))  # A program may well have a soname.
        self.assertEqual([load.root.kind for load in named.loads], [RootKind.PROGRAM])

    def test_a_system_of_musls_is_not_wrong(self) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(interpreter="/lib/ld-musl-x86_64.so.1", needed=("x.so",)),
                    "lib/ld-musl-x86_64.so.1": library(None),
                    "usr/lib/libc.musl-x86_64.so.1": "../../lib/ld-musl-x86_64.so.1",
                    "usr/lib/x.so": library("x.so", "libc.musl-x86_64.so.1", "y.so"),
                }
            ),
            Options(whole_system=True),
        )
        self.assertEmpty(wrong(closure))
        self.assertIn(
            "wrong: nothing\ndoubtful: nothing\nnot glibc's, so not looked into:\n"
            "  bin/p asks for the loader /lib/ld-musl-x86_64.so.1, which is not glibc's\n"
            "  usr/lib/x.so needs libc.musl-x86_64.so.1, a C library that is not glibc\n",
            text.summary(closure),
        )

    def tree(self, started_program: SharedObject, loader: SharedObject | bytes) -> Tree:
        return tree(
            {"bin/p": started("libexec/p"), "libexec/p": started_program, f"lib/{LOADER}": loader}
        )

    def wrong(self, started_program: SharedObject, loader: SharedObject | bytes) -> list[str]:
        closure = trace(self.tree(started_program, loader))
        return [problem.text for problem in closure.loads[0].problems]


class RootsTest(absltest.TestCase):
    def test_launchers(self) -> None:
        """Wherever in the tree the dist begins, and however many start one program."""
        closure = trace(
            tree(
                {
                    "top/bin/p": started("libexec/p"),
                    "top/q": started("libexec/p", depth=0),
                    "top/r": started("libexec/r", None, depth=0),
                    "top/libexec/p": program(needed=("a.so",)),
                    "top/libexec/r": program(),
                    "top/lib/a.so": library("a.so"),
                    f"top/lib/{LOADER}": library(LOADER),
                }
            )
        )
        found = {load.root.path: load.root for load in closure.loads}
        self.assertEqual(found["top/libexec/p"].launchers, ("top/bin/p", "top/q"))
        self.assertEqual(found["top/libexec/p"].library_path, ("top/lib",))
        self.assertEqual(found["top/libexec/p"].loader, f"top/lib/{LOADER}")
        self.assertIsNone(found["top/libexec/r"].loader)
        self.assertEmpty(wrong(closure))
        self.assertEmpty(closure.unneeded)

    def test_a_launcher_that_starts_nothing(self) -> None:
        closure = trace(tree({"bin/p": started("libexec/p")}))
        self.assertEqual(
            wrong(closure), ["bin/p: libexec/p leads to libexec, which does not exist"]
        )

    def test_files_that_can_not_be_read(self) -> None:
        closure = trace(tree({"x.so": library("x.so").build()[:40]}))
        (problem,) = wrong(closure)
        self.assertStartsWith(problem, "x.so: damaged ELF file: ELF header should be 64 bytes")

    def test_one_damaged_file_hides_no_other(self) -> None:
        damaged = program(defines={"f": ""}, needed=("a.so",), runpath="$ORIGIN").build()
        table = damaged.index(struct.pack("<4I", 3, 1, 1, 0))
        damaged = damaged[:table] + struct.pack("<4I", 3, 1, 1 << 30, 0) + damaged[table + 16 :]
        found = wrong(trace(tree({"p": damaged, "a.so": library("a.so", "b.so")})))
        self.assertLen(found, 2)
        self.assertStartsWith(found[0], "a.so needs b.so, and nothing tells")
        self.assertStartsWith(found[1], "p: damaged ELF file: hash table should be 4 bytes at")

    def test_modules_are_opened_by_python(self) -> None:
        closure = trace(
            tree(
                {
                    "bin/p": program(needed=("libpython3.so",), rpath="$ORIGIN/../lib"),
                    "bin/q": program(needed=("a.so",), rpath="$ORIGIN/../lib"),
                    "bin/r": program(needed=("libpython3.so",), rpath="$ORIGIN/../lib"),
                    "lib/libpython3.so": library("libpython3.so", "a.so", rpath="$ORIGIN/py"),
                    "lib/a.so": library("a.so"),
                    "lib/b.so": library("b.so"),
                    "lib/py/b.so": library("b.so"),  # Of no use: the RPATH of the caller.
                    "site/_m.cpython-311-x86_64-linux-gnu.so": library(
                        None, "a.so", "b.so", defines={"PyInit__m": ""}
                    ),
                    "site/alias.so": "_m.cpython-311-x86_64-linux-gnu.so",
                    "site/also.so": "../lib/self.so",
                    "lib/self.so": library("self.so", defines={"PyInit_also": ""}),
                    "site/other.so": library("other.so", defines={"f": ""}),
                }
            )
        )
        modules = [load for load in closure.loads if load.root.kind is RootKind.MODULE]
        self.assertEqual(
            [(load.root.opened_as, load.root.program) for load in modules],
            [
                ("site/_m.cpython-311-x86_64-linux-gnu.so", "bin/p"),
                ("site/also.so", "bin/p"),  # As in bin/r, which has loaded the same.
            ],
        )
        found = {r.name: (r.found, r.rule) for r in modules[0].resolutions}
        self.assertEqual(
            found, {"a.so": ("lib/a.so", Rule.LOADED), "b.so": ("lib/b.so", Rule.RPATH)}
        )
        self.assertEqual(modules[1].objects, ("lib/self.so",))
        self.assertEqual(closure.unneeded, ("lib/py/b.so", "site/other.so"))

    def test_python_in_the_program_itself(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            "bin/python": program(defines={"PyModule_Create2": ""}, rpath="$ORIGIN/../lib"),
            "lib/_m.so": library(None, "b.so", defines={"PyInit__m": ""}),
            "lib/b.so": library("b.so"),
        }
        self.assertEqual(
            meanings(trace(tree(files)), 1), {("lib/_m.so", "b.so"): ("lib/b.so", Rule.RPATH)}
        )

    def test_what_nothing_needs_is_opened_alone(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            "lib/a.so": library("a.so", "b.so", "c.so", runpath="$ORIGIN"),
            "lib/b.so": library("b.so"),
        }
        closure = trace(tree(files))
        self.assertEqual({load.root.kind for load in closure.loads}, {RootKind.ALONE})
        self.assertEqual(closure.unneeded, ("lib/a.so", "lib/b.so"))
        self.assertEqual(
            wrong(closure),
            ["lib/a.so needs c.so, which is in none of: lib (RUNPATH '$ORIGIN' of lib/a.so)"],
        )
        files["more/c.so"] = library("c.so")
        self.assertEmpty(wrong(trace(tree(files), Options(library_path=("more",)))))

    def test_a_module_without_python_is_opened_alone(self) -> None:
        closure = trace(tree({"m.so": library(None, defines={"PyInit_m": ""})}))
        self.assertEqual([load.root.kind for load in closure.loads], [RootKind.ALONE])


class UndefinedTest(absltest.TestCase):
    def test_undefined_symbols(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            "bin/p": program(
                needed=("libpython3.so",),
                runpath="$ORIGIN",
                defines={"hook": ""},
                wants={"f": None},
            ),
            "bin/libpython3.so": library(
                "libpython3.so", defines={"f": "V_1"}, wants={"hook": None, "?gone": None}
            ),
            "bin/m.so": library(
                None, defines={"PyInit_m": ""}, wants={"f": None, "x": None, "y": None}
            ),
        }
        closure = trace(tree(files), Options(undefined=True))
        self.assertEqual(
            [(problem.kind, problem.text) for problem in closure.problems()],
            [(Kind.UNDEFINED, "bin/m.so wants symbols that nothing defines: x, y")],
        )
        self.assertEmpty(wrong(closure))


class HostileTest(absltest.TestCase):
    def test_circles(self) -> None:
        closure = trace(
            tree(
                {
                    "p": program(needed=("a.so",), rpath="$ORIGIN"),
                    "a.so": library("a.so", "b.so", "a.so"),
                    "b.so": library("b.so", "a.so"),
                    "x.so": "y.so",
                    "y.so": "x.so",
                }
            )
        )
        self.assertEmpty(wrong(closure))

    def test_too_many_places(self) -> None:
        """Many names, each to be looked for in many directories, would take very long."""
        path = ":".join(f"$ORIGIN/{i}" for i in range(3000))
        names = tuple(f"{i}.so" for i in range(3000))
        with self.assertRaisesRegex(
            RelocatableError, "make a loader look into more than 1048576 places; no real program"
        ):
            trace(tree({"p": program(needed=names, runpath=path)}))

    def test_many_programs_and_modules(self) -> None:
        files: dict[str, SharedObject | bytes | str] = {
            f"p{i}": program(defines={"PyModule_Create2": ""}, rpath=f"$ORIGIN/{i}")
            for i in range(200)
        }
        files |= {f"m{i}.so": library(None, defines={f"PyInit_m{i}": ""}) for i in range(200)}
        for i in range(200):
            files[f"{i}/x"] = b""
        closure = trace(tree(files))
        self.assertLen(closure.loads, 200 + 200 * 200)


class TextTest(absltest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.closure = trace(
            tree(
                {
                    "bin/p": started("libexec/p"),
                    f"lib/{LOADER}": library(LOADER),
                    "libexec/p": program(needed=("a.so", "c.so")),
                    "lib/a.so": library("a.so", "b.so"),
                    "lib/b.so": library(
                        "b.so", "c.so", "libc.so.6", wants={"f": ("libc.so.6", "GLIBC_2.4")}
                    ),
                    "lib/c.so": library("c.so", "a.so"),
                    "lib/unused.so": library("unused.so", "a.so"),
                }
            ),
            Options(host=frozenset({"libc.so.6"})),
        )

    def test_summary(self) -> None:
        self.assertEqual(
            text.summary(self.closure),
            "programs: 1, Python extension modules: 0, opened alone: 1\n"
            f"  bin/p starts libexec/p by lib/{LOADER}: 5 objects\n"
            "wrong: nothing\n"
            "doubtful: nothing\n"
            "left to the host:\n"
            "  libc.so.6, for lib/b.so\n"
            "for newer processors: nothing\n"
            "never needed:\n"
            "  lib/unused.so\n"
            "needed at least:\n"
            "  GLIBC 2.4 of libc.so.6, for lib/b.so (f)\n",
        )

    def test_why(self) -> None:
        self.assertEqual(
            text.why(self.closure, "b.so"),
            f"bin/p starts libexec/p by lib/{LOADER}\n"
            "  libexec/p needs a.so: lib/a.so, lib (library path)\n"
            "  lib/a.so needs b.so: lib/b.so, lib (library path)\n"
            "lib/unused.so, if something opens it\n"
            "  lib/unused.so needs a.so: lib/a.so, lib (library path)\n"
            "  lib/a.so needs b.so: lib/b.so, lib (library path)\n",
        )
        self.assertEqual(
            text.why(self.closure, "lib/unused.so"),
            "lib/unused.so, if something opens it\n  is lib/unused.so itself\n",
        )
        with self.assertRaisesRegex(RelocatableError, "nothing needs x.so, and there is no such"):
            text.why(self.closure, "x.so")

    def test_listing(self) -> None:
        lines = text.listing(self.closure).splitlines()
        self.assertIn("  lib/b.so needs c.so: lib/c.so, already loaded", lines)
        self.assertIn("  lib/b.so needs libc.so.6: left to the host", lines)

    def test_json(self) -> None:
        found = json.loads(text.document(self.closure))
        self.assertEqual(found["format"], 1)
        self.assertEqual(found["unneeded"], ["lib/unused.so"])
        self.assertEqual(found["loads"][0]["root"]["launchers"], ["bin/p"])
        self.assertEqual(
            found["loads"][0]["resolutions"][0],
            {
                "name": "a.so",
                "by": "libexec/p",
                "found": "lib/a.so",
                "rule": "library path",
                "place": {"directory": "lib", "text": "lib", "rule": "library path", "of": None},
                "skipped": [],
                "better": [],
            },
        )


if __name__ == "__main__":
    absltest.main()
