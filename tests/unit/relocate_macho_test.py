"""From layers to a dist for macOS; and the verifier's view of the result."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import content, launcher
from relocatable import macho as machos
from relocatable.errors import RelocatableError
from relocatable.layout import Layout
from relocatable.macho import MachO
from relocatable.policies import Policies, Policy
from relocatable.relocate import Libc, Request, Strip, relocate
from relocatable.tree import Tree
from relocatable.verify import verify
from support.macho_builder import (
    ARM64,
    BUNDLE,
    LOCALS,
    STABS,
    WEAK,
    X86_64,
    MachOBuilder,
    universal,
)
from support.macho_trees import ARM, INTEL, SYSTEM, macho, program, signed, tree

LAUNCHER = (
    Path(__file__).absolute().parents[2] / "toolchains" / "launcher" / "macos_arm64"
).read_bytes()
REQUEST = Request("//:x", ARM, LAUNCHER, libc=Libc.HOST)


def dist(
    layer: Mapping[str, bytes | str],
    pool: Mapping[str, bytes | str] | None = None,
    request: Request = REQUEST,
) -> Tree:
    """A dist that keeps the contract."""
    made = relocate([tree(layer)], [tree(pool or {})], request)
    found = verify(made, request.target).problems
    if found:
        raise AssertionError(found)
    return made


def read(made: Tree, path: str) -> MachO:
    return machos.read(content.view(made.file(path).content), path)


def loads(made: Tree, path: str) -> list[str]:
    return [dylib.name for dylib in read(made, path).dylibs if dylib.name != SYSTEM]


def library(name: str, *needed: str, rpaths: tuple[str, ...] = ()) -> bytes:
    return signed(macho(name, *needed, SYSTEM, rpaths=rpaths))


class NamesTest(parameterized.TestCase):
    @parameterized.parameters(
        "/opt/homebrew/opt/z/lib/libz.1.dylib",
        "/usr/local/lib/libz.1.dylib",
        "/install/lib/libz.1.dylib",
        "@rpath/libz.1.dylib",
        "libz.1.dylib",
    )
    def test_libraries_are_followed_by_the_files_name(self, name: str) -> None:
        made = dist(
            {
                "bin/tool": program(name),
                "bin/deep/er/other": program(name),
                "plugins/p.so": signed(macho(None, name, file_type=BUNDLE)),
            },
            {
                "lib/libz.1.2.dylib": library(
                    "/opt/homebrew/lib/libz.1.dylib", "/opt/lib/libm.dylib"
                ),
                "lib/libz.1.dylib": "libz.1.2.dylib",
                "lib/libm.dylib": library("/opt/lib/libm.dylib"),
                "lib/libunused.dylib": library("u"),
            },
        )
        self.assertNotIn("lib/libunused.dylib", made.nodes)
        self.assertEqual(read(made, "lib/libz.1.dylib").install_name, "@rpath/libz.1.dylib")
        for path, rpath in {
            "libexec/tool": "@executable_path/../lib",
            "libexec/other": "@executable_path/../lib",
            "plugins/p.so": "@loader_path/../lib",
        }.items():
            self.assertEqual(loads(made, path), ["@rpath/libz.1.dylib"])
            self.assertEqual(read(made, path).rpaths, (rpath,))
        self.assertEqual(read(made, "lib/libz.1.dylib").rpaths, ("@loader_path",))

    def test_an_application(self) -> None:
        layout = Layout(libraries="Frameworks", programs="MacOS/{name}-bin")
        made = dist(
            {"MacOS/app": program("/install/lib/libpython3.12.dylib")},
            {"lib/libpython3.12.dylib": library("/install/lib/libpython3.12.dylib")},
            replace(REQUEST, layout=layout, launchers={"app": "MacOS/app"}),
        )
        app = read(made, "MacOS/app-bin")
        self.assertEqual(app.rpaths, ("@executable_path/../Frameworks",))
        self.assertEqual(loads(made, "MacOS/app-bin"), ["@rpath/libpython3.12.dylib"])

    def test_what_leads_there_already_stays_and_its_signature_too(self) -> None:
        files = {
            "lib/p/m.so": signed(
                macho(None, "@loader_path/.dylibs/libz.dylib", SYSTEM, file_type=BUNDLE)
            ),
            "lib/p/n.so": signed(
                macho(
                    None,
                    "@rpath/libz.dylib",
                    "@rpath/libswiftCore.dylib",
                    rpaths=("@loader_path/.dylibs", "/usr/lib/swift"),
                    file_type=BUNDLE,
                )
            ),
            "lib/p/.dylibs/libz.dylib": library("@rpath/libz.dylib"),
        }
        made = dist(files)
        for path, data in files.items():
            self.assertEqual(content.read(made.file(path).content), data)
            self.assertEmpty(made.file(path).record.edits)

    def test_names_are_each_for_one_library(self) -> None:
        """Delocated wheels: each has its own, and what is loaded first must not be both."""
        files: dict[str, bytes | str] = {}
        for package in ("p", "q"):
            files[f"lib/{package}/m.so"] = signed(
                macho(None, "@rpath/libz.dylib", rpaths=("@loader_path/.dylibs",), file_type=BUNDLE)
            )
            files[f"lib/{package}/.dylibs/libz.dylib"] = library(f"/DLC/{package}/libz.dylib")
        made = dist(files)
        self.assertEqual(read(made, "lib/p/.dylibs/libz.dylib").install_name, "@rpath/libz.dylib")
        self.assertEqual(
            read(made, "lib/q/.dylibs/libz.dylib").install_name,
            "@rpath/lib/q/.dylibs/libz.dylib",
        )
        self.assertEqual(loads(made, "lib/p/m.so"), ["@rpath/libz.dylib"])
        self.assertEqual(loads(made, "lib/q/m.so"), ["@loader_path/.dylibs/libz.dylib"])

    def test_run_paths_that_lead_nowhere_go(self) -> None:
        made = dist(
            {
                "lib/a/liba.dylib": signed(
                    macho(
                        "@rpath/liba.dylib",
                        rpaths=(
                            "/Users/builder/lib",
                            "@loader_path/../../..",
                            "@executable_path/../Frameworks",
                            "@loader_path/../b",
                            "@loader_path/../gone",
                            "@loader_path/../b",
                        ),
                    )
                ),
                "lib/b/x": b"",
            }
        )
        self.assertEqual(read(made, "lib/a/liba.dylib").rpaths, ("@loader_path/../b",))

    def test_a_program_that_moves_takes_its_paths_along(self) -> None:
        made = dist(
            {
                "app/bin/tool": program(
                    "@executable_path/libb.dylib",
                    "@rpath/liba.dylib",
                    rpaths=("@loader_path/../lib",),
                ),
                "app/bin/libb.dylib": library(
                    "/x/libb.dylib", "@executable_path/../lib/libc.dylib"
                ),
                "app/lib/liba.dylib": library("@rpath/liba.dylib"),
                "app/lib/libc.dylib": library("@rpath/libc.dylib"),
            }
        )
        self.assertEqual(
            read(made, "libexec/tool").rpaths,
            ("@executable_path/../app/lib", "@executable_path/../app/bin"),
        )
        self.assertEqual(loads(made, "app/bin/libb.dylib"), ["@rpath/libc.dylib"])
        self.assertEqual(read(made, "app/bin/libb.dylib").rpaths, ("@loader_path/../lib",))

    def test_weak_libraries_may_be_nowhere(self) -> None:
        name = "/opt/lib/libgone.dylib"
        made = dist({"lib/liba.dylib": signed(macho("@rpath/liba.dylib", name, kind=WEAK))})
        self.assertEqual(loads(made, "lib/liba.dylib"), ["@rpath/libgone.dylib"])

    def test_frameworks_and_bundles_stay_whole(self) -> None:
        inside = "X.app/Contents"
        framework = "F.framework/Versions/A/F"
        made = dist(
            {
                f"{inside}/MacOS/X": signed(program(f"@executable_path/../Frameworks/{framework}")),
                f"{inside}/Frameworks/{framework}": library(f"@rpath/{framework}"),
                f"{inside}/Frameworks/F.framework/Versions/Current": "A",
                "lib/libuser.dylib": library("@rpath/libuser.dylib", f"@rpath/{framework}"),
            }
        )
        self.assertTrue(read(made, f"{inside}/MacOS/X").is_program)
        self.assertEmpty(made.file(f"{inside}/MacOS/X").record.edits)
        self.assertLen(loads(made, "lib/libuser.dylib"), 1)


class FilesTest(parameterized.TestCase):
    def both(self, name: str = "@rpath/liba.dylib") -> bytes:
        return universal(
            [
                (X86_64, signed(macho(name, SYSTEM, cpu=X86_64))),
                (ARM64, signed(macho(name, SYSTEM))),
            ]
        )

    @parameterized.parameters((ARM, ARM64), (INTEL, X86_64))
    def test_thin(self, target: object, cpu: tuple[int, int]) -> None:
        request = replace(REQUEST, target=target)  # type: ignore[arg-type]
        made = dist({"lib/liba.dylib": self.both()}, request=request)
        self.assertEqual(read(made, "lib/liba.dylib").cpu, cpu[0])
        (edit,) = made.file("lib/liba.dylib").record.edits
        self.assertEqual((edit.what, edit.before), ("architectures", "x86_64, arm64"))

    def test_universal(self) -> None:
        data = self.both("/opt/liba.dylib")
        made = dist({"lib/liba.dylib": data}, request=replace(REQUEST, universal=True))
        found = machos.read_all(content.view(made.file("lib/liba.dylib").content), "a")
        self.assertEqual([x.install_name for x in found], ["@rpath/liba.dylib"] * 2)
        stays = dist({"lib/liba.dylib": self.both()}, request=replace(REQUEST, universal=True))
        self.assertEmpty(stays.file("lib/liba.dylib").record.edits)

    def test_what_is_not_signed_is_signed(self) -> None:
        made = dist({"lib/liba.dylib": macho("@rpath/liba.dylib", SYSTEM)})
        self.assertIsNotNone(read(made, "lib/liba.dylib").signature)

    @parameterized.parameters((Strip.DEBUG, LOCALS), (Strip.ALL, LOCALS[1:]))
    def test_strip(self, strip: Strip, left: object) -> None:
        data = signed(MachOBuilder(install_name="@rpath/liba.dylib").build())
        made = dist({"lib/liba.dylib": data}, request=replace(REQUEST, strip=strip))
        (edit, *_) = made.file("lib/liba.dylib").record.edits
        self.assertEqual((edit.what, edit.before), ("symbols", "10"))
        stripped = content.read(made.file("lib/liba.dylib").content)
        self.assertNotIn(STABS[0].name, stripped)

    def test_launchers(self) -> None:
        made = dist({"bin/tool": program(SYSTEM)}, request=replace(REQUEST, environment={"A": "1"}))
        data = memoryview(content.read(made.file("bin/tool").content))
        settings = launcher.read(bytes(data))
        self.assertEqual((settings.program, settings.loader), ("libexec/tool", None))
        self.assertEmpty(machos.verify_signature(machos.read(data, "t"), data))


class RefusedTest(absltest.TestCase):
    def test_bundled(self) -> None:
        with self.assertRaisesRegex(RelocatableError, 'libc: wanted "host", .* found "bundled"'):
            dist({"a": program()}, request=replace(REQUEST, libc=Libc.BUNDLED))
        policies = Policies(gconv=Policy.BUNDLED, locales=Policy.BUNDLED)
        with self.assertRaisesRegex(RelocatableError, 'gconv: wanted "host"(?s:.*)locales: wanted'):
            dist({"a": program()}, request=replace(REQUEST, policies=policies))

    def test_missing(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "bin/tool needs /opt/lib/libz.dylib, and libz.dylib is in no",
        ):
            dist({"bin/tool": program("/opt/lib/libz.dylib")})

    def test_two(self) -> None:
        files = {f"{place}/libz.dylib": library(f"@rpath/{place}") for place in "ab"}
        with self.assertRaisesRegex(RelocatableError, "2 files of that name that differ: a/libz"):
            dist({"bin/tool": program("libz.dylib"), **files})

    def test_machine(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "bin/tool is for x86_64; macos_arm64 is"):
            dist({"bin/tool": macho(None, file_type=2, cpu=X86_64)})

    def test_a_framework_of_no_layer(self) -> None:
        name = "@rpath/F.framework/Versions/A/F"
        with self.assertRaisesRegex(RelocatableError, "F.framework/Versions/A/F is in no layer"):
            dist({"bin/tool": program(name)})


if __name__ == "__main__":
    absltest.main()
