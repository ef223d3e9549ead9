"""What dyld makes of hand-made trees."""

from unittest import mock

from absl.testing import absltest, parameterized

from relocatable.closure import Closure, Kind, Options, RootKind, Rule, places, text, trace
from relocatable.errors import RelocatableError
from support.macho_builder import (
    ARM64,
    ARM64E,
    BUNDLE,
    EXECUTE,
    LAZY,
    REEXPORT,
    UPWARD,
    WEAK,
    X86_64,
    universal,
)
from support.macho_trees import SYSTEM, macho, program, tree


def meanings(closure: Closure, load: int = 0) -> dict[str, tuple[str | None, str | None]]:
    return {r.name: (r.found, r.rule) for r in closure.loads[load].resolutions}


def wrong(closure: Closure) -> list[str]:
    return [problem.text for problem in closure.problems() if problem.fatal]


class SearchTest(parameterized.TestCase):
    """Which of several files a name means."""

    @parameterized.parameters(
        ("@loader_path/../lib/liba.dylib", (), Rule.LOADER_PATH),
        ("@executable_path/../lib/liba.dylib", (), Rule.EXECUTABLE_PATH),
        ("@rpath/liba.dylib", ("@loader_path/../lib",), Rule.RUN_PATH),
        (
            "@rpath/liba.dylib",
            ("@loader_path/../nothing", "@executable_path/../lib/"),
            Rule.RUN_PATH,
        ),
        ("@rpath/lib/liba.dylib", ("@loader_path/..",), Rule.RUN_PATH),
        ("@rpath/liba.link.dylib", ("@loader_path/../lib",), Rule.RUN_PATH),
    )
    def test_found(self, name: str, rpaths: tuple[str, ...], rule: Rule) -> None:
        found = trace(
            tree(
                {
                    "bin/tool": program(name, SYSTEM, rpaths=rpaths),
                    "lib/liba.dylib": macho("@rpath/liba.dylib", SYSTEM),
                    "lib/liba.link.dylib": "liba.dylib",
                }
            )
        )
        self.assertEqual(
            meanings(found), {name: ("lib/liba.dylib", rule), SYSTEM: (None, Rule.HOST)}
        )
        self.assertEqual(found.loads[0].objects, ("bin/tool", "lib/liba.dylib"))
        self.assertEmpty(found.unneeded)
        self.assertEmpty(wrong(found))

    @parameterized.parameters(
        ("@rpath/liba.dylib", (), "and no LC_RPATH tells dyld where to look"),
        (
            "@rpath/liba.dylib",
            ("@loader_path", "/opt/lib"),
            "which is not in: bin (LC_RPATH '@loader_path' of bin/tool), /opt/lib (LC_RPATH of",
        ),
        ("/opt/homebrew/lib/liba.dylib", (), "which is a path outside of the tree"),
        ("/usr/lib/../local/lib/liba.dylib", (), "which is a path outside of the tree"),
        ("liba.dylib", (), "which is a path outside of the tree"),
        ("@loader_path/../../lib/liba.dylib", (), "which is not in: @loader_path/../../lib"),
        ("@loader_path/liba.dylib", (), "which is not in: bin (@loader_path"),
    )
    def test_missing(self, name: str, rpaths: tuple[str, ...], why: str) -> None:
        found = trace(tree({"bin/tool": program(name, rpaths=rpaths)}))
        self.assertStartsWith(wrong(found)[0], f"bin/tool needs {name}, {why}")
        self.assertLen(wrong(found), 1)

    def test_the_systems_by_a_run_path(self) -> None:
        made = tree({"bin/tool": program("@rpath/libswiftCore.dylib", rpaths=("/usr/lib/swift",))})
        self.assertEqual(meanings(trace(made)), {"@rpath/libswiftCore.dylib": (None, Rule.HOST)})

    def test_run_paths_of_all_that_led_there(self) -> None:
        files = {
            "bin/tool": program("@rpath/liba.dylib", rpaths=("@executable_path/../lib",)),
            "lib/liba.dylib": macho("@rpath/liba.dylib", "@rpath/libb.dylib"),
            "lib/libb.dylib": macho("@rpath/libb.dylib"),
            "own/libb.dylib": macho("@rpath/libb.dylib"),
        }
        found = trace(tree(files))
        self.assertEqual(found.loads[0].objects, ("bin/tool", "lib/liba.dylib", "lib/libb.dylib"))
        # Opened alone, nobody led there.
        self.assertEqual(found.unneeded, ("own/libb.dylib",))
        files["lib/liba.dylib"] = macho(
            "@rpath/liba.dylib", "@rpath/libb.dylib", rpaths=("@loader_path/../own",)
        )
        found = trace(tree(files))
        self.assertEqual(found.loads[0].objects, ("bin/tool", "lib/liba.dylib", "own/libb.dylib"))

    def test_what_is_loaded_comes_first_by_its_install_name(self) -> None:
        made = tree(
            {
                "bin/tool": program(
                    "@loader_path/one/libx.dylib", "@rpath/libx.dylib", rpaths=("@loader_path/two",)
                ),
                "bin/one/libx.dylib": macho("@rpath/libx.dylib"),
                "bin/two/libx.dylib": macho("@rpath/libx.dylib"),
            }
        )
        self.assertEqual(
            meanings(trace(made))["@rpath/libx.dylib"], ("bin/one/libx.dylib", Rule.LOADED)
        )

    def test_what_cannot_be_loaded_is_passed_over(self) -> None:
        made = tree(
            {
                "bin/tool": program(
                    "@rpath/libx.dylib",
                    rpaths=tuple(f"@loader_path/{name}" for name in "abcdef"),
                ),
                "bin/a/libx.dylib": macho("x", cpu=X86_64),
                "bin/b/libx.dylib": macho("x", cpu=ARM64E),
                "bin/c/libx.dylib": macho(None, file_type=BUNDLE),
                "bin/d/libx.dylib": b"text",
                "bin/e/libx.dylib": program(),
                "bin/f/libx.dylib": macho("x"),
            }
        )
        (load,) = (load for load in trace(made).loads if load.root.path == "bin/tool")
        (resolution,) = load.resolutions
        self.assertEqual(resolution.found, "bin/f/libx.dylib")
        self.assertLen(resolution.skipped, 5)
        del made.nodes["bin/f/libx.dylib"]
        (problem,) = (text for text in wrong(trace(made)) if text.startswith("bin/tool"))
        for why in (
            "bin/a/libx.dylib: it is for x86_64;",
            "bin/b/libx.dylib: it is for arm64e, which",
            "bin/c/libx.dylib: it is a plug-in, which only dlopen takes",
            "bin/d/libx.dylib: it is no Mach-O file",
            "bin/e/libx.dylib: it is a program",
        ):
            self.assertIn(why, problem)

    @parameterized.parameters(LAZY, REEXPORT, UPWARD)
    def test_other_kinds_are_followed(self, kind: int) -> None:
        made = tree(
            {
                "bin/tool": program("@loader_path/liba.dylib"),
                "bin/liba.dylib": macho("a", "@loader_path/libb.dylib", kind=kind),
                "bin/libb.dylib": macho("b"),
            }
        )
        self.assertLen(trace(made).loads[0].objects, 3)

    def test_weak_ones_may_be_missing(self) -> None:
        made = tree({"liba.dylib": macho("a", "@rpath/libgone.dylib", kind=WEAK)})
        found = trace(made)
        (problem,) = found.problems()
        self.assertEqual((problem.kind, problem.fatal), (Kind.MISSING_WEAK, False))
        self.assertIn("doubtful:\n  liba.dylib needs @rpath/libgone.dylib", text.summary(found))


class RootsTest(parameterized.TestCase):
    """What begins a load, and in what order all comes."""

    def test_first_all_names_then_what_those_need(self) -> None:
        made = tree(
            {
                "tool": program("@loader_path/a", "@loader_path/b"),
                "a": macho("a", "@loader_path/c"),
                "b": macho("b", "@loader_path/d"),
                "c": macho("c", "@loader_path/a", "@loader_path/e"),
                "d": macho("d", "@loader_path/e"),
                "e": macho("e"),
            }
        )
        self.assertEqual(trace(made).loads[0].objects, ("tool", "a", "b", "c", "e", "d"))

    def test_extension_modules(self) -> None:
        module = macho(
            None,
            "@rpath/libpython3.12.dylib",
            "@loader_path/.dylibs/libz.dylib",
            file_type=BUNDLE,
            symbols=("PyInit_fast",),
        )
        made = tree(
            {
                "bin/python3.12": program(
                    "@rpath/libpython3.12.dylib", rpaths=("@executable_path/../lib",)
                ),
                "lib/libpython3.12.dylib": macho("@rpath/libpython3.12.dylib"),
                "lib/x/fast.cpython-312-darwin.so": module,
                "lib/x/fast.abi3.so": "fast.cpython-312-darwin.so",
                "lib/x/slow.so": module,
                "lib/x/.dylibs/libz.dylib": macho("/DLC/x/libz.dylib"),
            }
        )
        found = trace(made)
        self.assertLen(wrong(found), 1)  # What is opened alone finds no libpython.
        kinds = [(load.root.kind, load.root.opened_as) for load in found.loads]
        self.assertEqual(
            kinds,
            [
                (RootKind.PROGRAM, "bin/python3.12"),
                (RootKind.MODULE, "lib/x/fast.abi3.so"),
                (RootKind.MODULE, "lib/x/fast.cpython-312-darwin.so"),
                (RootKind.ALONE, "lib/x/slow.so"),
            ],
        )

    def test_machines(self) -> None:
        made = tree(
            {
                "bin/tool": universal(
                    [
                        (X86_64, macho(None, "@loader_path/x", file_type=EXECUTE, cpu=X86_64)),
                        (ARM64, program("@loader_path/a")),
                    ]
                ),
                "bin/a": macho("a"),
                "bin/x": macho("x", cpu=X86_64),
            }
        )
        self.assertEqual(trace(made).loads[0].objects, ("bin/tool", "bin/a"))
        found = trace(made, Options(cpu="x86_64"))
        self.assertEqual(found.loads[0].objects, ("bin/tool", "bin/x"))

    def test_baseline(self) -> None:
        (baseline,) = trace(tree({"liba.dylib": macho("a")})).baselines
        self.assertEqual((baseline.family, baseline.version), ("macos", "11.0"))

    def test_damaged(self) -> None:
        made = tree({"liba.dylib": macho("a")[:200], "libb.dylib": macho("b")})
        self.assertRegex(wrong(trace(made))[0], "^liba.dylib: damaged Mach-O file: ")

    def test_an_attack(self) -> None:
        rpaths = tuple("@loader_path/" + "../a/" * 100 + str(number) for number in range(500))
        made = tree({"tool": program(*(f"@rpath/{n}" for n in range(3000)), rpaths=rpaths)})
        with (
            mock.patch.object(places, "_LIMIT", 1 << 12),  # The real one takes seconds.
            self.assertRaisesRegex(RelocatableError, "no real program does"),
        ):
            trace(made)

    def test_no_symbols(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "in ELF files only"):
            trace(tree({"liba.dylib": macho("a")}), Options(undefined=True))


if __name__ == "__main__":
    absltest.main()
