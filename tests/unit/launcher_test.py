"""Tests of `relocatable.launcher`: what stands in a launcher's file, and the model of its work."""

import struct
from dataclasses import replace
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import launcher
from relocatable.errors import RelocatableError
from relocatable.launcher import ROOT, ROOT_WITHOUT_COLON, SELF, Settings

CAPACITY = 300
HEADER = struct.Struct("<16sHHHH")


def file(version: int = 1, size: int = 0, depth: int = 0, records: bytes = b"") -> bytes:
    """Makes bytes that look to the tools like a launcher: something, the block, something."""
    header = HEADER.pack(b"relocatable/exe\0", version, CAPACITY, size, depth)
    return b"\x7fELF before" + header + records.ljust(CAPACITY, b"\0") + b"after"


DIRECT = Settings(depth=1, program="libexec/tool")
BUNDLED = Settings(
    depth=1,
    program="libexec/lldb",
    loader="lib/ld-linux-aarch64.so.1",
    library_path=("lib", "libexec", "libexec/more", "."),
    arguments=("--root", ROOT, "a=b"),
    environment=(
        ("PYTHONHOME", ROOT_WITHOUT_COLON),
        ("LD_PRELOAD", None),
        ("EMPTY", ""),
        ("BOTH", f"{ROOT}/etc=x:{ROOT}"),
    ),
)


class FileTest(parameterized.TestCase):
    """What is written into a launcher's file and read from it."""

    @parameterized.parameters(
        DIRECT,
        BUNDLED,
        Settings(depth=0, program="tool"),
        Settings(depth=65535, program="tool"),
        Settings(depth=2, program="tool", loader="ld.so"),
        Settings(depth=2, program="a/b/tool", loader="ld.so", library_path=("lib",)),
        Settings(depth=1, program="tool", loader="ld.so", arguments=("--argv0", "--library-path")),
        Settings(depth=1, program="tool", arguments=("--inhibit-cache", "--argv0", "", "x")),
        Settings(depth=1, program="tool", loader="ld.so", argv0=SELF),
        Settings(depth=1, program="tool", argv0=f"{ROOT}/bin/x", arguments=("a",)),
        Settings(depth=1, program="tool", environment=(("P*", None), ("PX", "1"))),
        Settings(depth=1, program="ein Wörk\udcff", environment=(("Ä", "\udc80"), ("=B"[1:], "="))),
    )
    def test_what_is_patched_is_read(self, settings: Settings) -> None:
        patched = launcher.patch(file(), settings)
        self.assertLen(patched, len(file()))
        self.assertEqual(launcher.read(patched), settings)

    def test_all_else_stays(self) -> None:
        patched = launcher.patch(file(), BUNDLED)
        self.assertStartsWith(patched, b"\x7fELF before")
        self.assertEndsWith(patched, b"\0after")

    def test_a_patched_file_can_be_patched_again(self) -> None:
        again = launcher.patch(launcher.patch(file(), BUNDLED), DIRECT)
        self.assertEqual(again, launcher.patch(file(), DIRECT))

    def test_golden(self) -> None:
        """The C source reads these bytes; they change together, with the version."""
        records = (
            b"X\1/lib/ld-linux-aarch64.so.1\0"
            b"A\3\0A--inhibit-cache\0"
            b"A--library-path\0A$ORIGIN/../lib:$ORIGIN:$ORIGIN/more:$ORIGIN/..\0"
            b"A--argv0\0A\3\0A\1/libexec/lldb\0"
            b"A--root\0A\1\0Aa=b\0"
            b"SPYTHONHOME=\2\0ULD_PRELOAD\0SEMPTY=\0SBOTH=\1/etc=x:\1\0"
        )
        want = file(size=len(records), depth=1, records=records)
        self.assertEqual(launcher.patch(file(), BUNDLED), want)

    def test_is_launcher(self) -> None:
        self.assertTrue(launcher.is_launcher(file()))
        self.assertFalse(launcher.is_launcher(b"\x7fELF"))

    def test_settings_that_do_not_fit(self) -> None:
        frame = len(b"X\1/tool\0A\3\0A\0")
        fits = Settings(depth=1, program="tool", arguments=("x" * (CAPACITY - frame),))
        self.assertEqual(launcher.read(launcher.patch(file(), fits)), fits)
        larger = Settings(depth=1, program="tool", arguments=("x" * (CAPACITY - frame + 1),))
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "launcher: settings of 301 bytes for tool don't fit into 300: "
            "shorten arguments or variables",
        ):
            launcher.patch(file(), larger)

    @parameterized.parameters(
        (b"", "these bytes are not a launcher: no single settings block"),
        (b"\x7fELF", "these bytes are not a launcher: no single settings block"),
        (file() + file(), "these bytes are not a launcher: no single settings block"),
        (file()[:30], "the file is cut off in its settings"),
        (file()[:40], "the file is cut off in its settings"),
        (file()[:-6], "the file is cut off in its settings"),
        (
            file(version=2),
            (
                "settings have version 2, this tool knows 1: "
                "use the launcher and the tools of one release"
            ),
        ),
    )
    def test_no_launcher(self, data: bytes, message: str) -> None:
        for use in (launcher.read, lambda data: launcher.patch(data, DIRECT)):
            with self.assertRaisesWithLiteralMatch(RelocatableError, f"launcher: {message}"):
                use(data)

    @parameterized.parameters(
        (file(), "it has no settings yet"),
        (file(size=CAPACITY + 1), "damaged settings: size 301 of 300 is wrong"),
        (file(size=4, records=b"X\1/a"), "damaged settings: size 4 of 300 is wrong"),
        (file(size=3, records=b"X\1\0/a"), "damaged settings: size 3 of 300 is wrong"),
    )
    def test_damaged(self, data: bytes, message: str) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, f"launcher: {message}"):
            launcher.read(data)

    @parameterized.parameters(
        b"\0",
        b"X\1/a\0",  # without argv[0]
        b"A\3\0X\1/a\0",  # another order
        b"X\1/a\0A\3\0\0",
        b"X\1/a\0A\3\0Z\0",  # an unknown kind
        b"X\1/../a\0A\3\0",
        b"X/bin/sh\0A\3\0",
        b"X\1/a\0A\3\0SA=1\0SA=2\0",
        b"X\1/a\0A\3\0SA\0",
        b"X\1/ld\0A\3\0A--inhibit-cache\0A--argv0\0A\3\0",
        b"X\1/ld\0A\3\0A--inhibit-cache\0A--library-path\0A/lib\0A--argv0\0A\3\0A\1/a\0",
        b"X\1/ld\0A\3\0A--preload\0Ax\0A--argv0\0A\3\0A\1/a\0",
    )
    def test_records_that_no_settings_make(self, records: bytes) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "^launcher: damaged settings: .*patch writes$"
        ):
            launcher.read(file(size=len(records), depth=1, records=records))

    def test_each_cut_and_each_changed_byte_is_an_error_or_other_settings(self) -> None:
        """Never another exception."""
        patched = launcher.patch(file(), BUNDLED)
        for at in range(len(patched)):
            for data in (patched[:at], patched[:at] + bytes([patched[at] ^ 3]) + patched[at + 1 :]):
                try:
                    launcher.read(data)
                except RelocatableError as error:
                    self.assertStartsWith(str(error), "launcher: ")


class SettingsTest(parameterized.TestCase):
    """What can't be asked for."""

    @parameterized.parameters(
        ({"depth": -1}, "depth -1 is not between 0 and 65535"),
        ({"depth": 65536}, "depth 65536 is not between 0 and 65535"),
        ({"program": ""}, "'' is not a plain path relative to the dist's root"),
        ({"program": "."}, "'.' is the dist's root, not a file"),
        ({"program": "/bin/sh"}, "'/bin/sh' is not a plain path relative to the dist's root"),
        ({"program": "a/../../b"}, "'a/../../b' is not a plain path relative to the dist's root"),
        ({"program": "./a"}, "'./a' is not a plain path relative to the dist's root"),
        ({"program": "a\0b"}, r"'a\x00b' is not a plain path relative to the dist's root"),
        ({"loader": "../ld.so"}, "'../ld.so' is not a plain path relative to the dist's root"),
        ({"loader": ""}, "'' is not a plain path relative to the dist's root"),
        ({"library_path": ("lib",)}, "a library path needs a loader"),
        (
            {"loader": "ld.so", "library_path": ("a:b",)},
            "library path 'a:b' has a ':', which loaders interpret",
        ),
        ({"arguments": ("a\0",)}, r"'a\x00' has the byte 0, which settings can't hold"),
        ({"arguments": ("\2",)}, r"'\x02' has the byte 2, which settings can't hold"),
        ({"environment": (("A", "\3"),)}, r"'\x03' has the byte 3, which settings can't hold"),
        ({"environment": (("", "x"),)}, "'' can't be the name of a variable"),
        ({"environment": (("A=B", "x"),)}, "'A=B' can't be the name of a variable"),
        ({"environment": (("*", None),)}, "'*' can't be the name of a variable"),
        ({"environment": (("A*B", None),)}, "'A*B' can't be the name of a variable"),
        ({"environment": (("A*", "x"),)}, "'A*' can't be the name of a variable"),
        ({"argv0": "a\4"}, "'a\\x04' has the byte 4, which settings can't hold"),
        (
            {"environment": (("RELOCATABLE_RESTORE_A", None),)},
            "'RELOCATABLE_RESTORE_A' can't be the name of a variable",
        ),
        ({"environment": (("A", "x"), ("A", None))}, "variable A is given twice"),
    )
    def test_wrong(self, change: dict[str, object], message: str) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, f"launcher: {message}"):
            Settings(**({"depth": 1, "program": "tool"} | change))  # type: ignore[arg-type]


class CommandTest(parameterized.TestCase):
    """The model of what a launcher does."""

    def test_direct(self) -> None:
        got = launcher.command(DIRECT, "/opt/x y/bin/tool", ["tool", "-v", ""], {"A": "1"})
        want = launcher.Command("/opt/x y/libexec/tool", ("tool", "-v", ""), {"A": "1"})
        self.assertEqual(got, want)

    def test_through_a_loader(self) -> None:
        got = launcher.command(BUNDLED, "/opt/x/bin/lldb", ["./lldb", "core"], {"LD_PRELOAD": "p"})
        self.assertEqual(got.path, "/opt/x/lib/ld-linux-aarch64.so.1")
        self.assertEqual(
            got.argv,
            (
                "./lldb",
                "--inhibit-cache",
                "--library-path",
                "$ORIGIN/../lib:$ORIGIN:$ORIGIN/more:$ORIGIN/..",
                "--argv0",
                "./lldb",
                "/opt/x/libexec/lldb",
                "--root",
                "/opt/x",
                "a=b",
                "core",
            ),
        )
        self.assertEqual(
            got.environ,
            {
                "PYTHONHOME": "/opt/x",
                "RELOCATABLE_RESTORE_PYTHONHOME": "",
                "RELOCATABLE_RESTORE_LD_PRELOAD": "=p",
                "EMPTY": "",
                "RELOCATABLE_RESTORE_EMPTY": "",
                "BOTH": "/opt/x/etc=x:/opt/x",
                "RELOCATABLE_RESTORE_BOTH": "",
            },
        )

    def test_no_argv(self) -> None:
        for argv in ([], [""]):
            self.assertEqual(launcher.command(DIRECT, "/d/bin/t", argv, {}).argv, ("/d/bin/t",))

    def test_in_the_file_systems_root(self) -> None:
        settings = Settings(1, "bin/a", arguments=(ROOT, f"{ROOT}/b"), environment=(("A", ROOT),))
        got = launcher.command(settings, "/bin/tool", ["t"], {})
        self.assertEqual((got.path, got.argv[1:], got.environ["A"]), ("/bin/a", ("/", "/b"), "/"))

    def test_another_name_for_the_program(self) -> None:
        settings = replace(DIRECT, argv0=f"{ROOT}/bin/python")
        command = launcher.command(settings, "/d/bin/tool", ["x", "1"], {})
        self.assertEqual(command.argv[0], "/d/bin/python")

    def test_a_path_that_leads_to_it(self) -> None:
        directory = Path(self.create_tempdir().full_path).resolve()
        tool, link = directory / "tool", directory / "link"
        tool.touch()
        link.symlink_to("tool")
        settings = Settings(depth=0, program="p", argv0=SELF)
        for name, expected in (("foo", tool), ("/bin/sh", tool), (str(link), link)):
            command = launcher.command(settings, str(tool), [name], {})
            self.assertEqual(command.argv[0], str(expected))

    def test_variables_that_begin_alike(self) -> None:
        settings = Settings(depth=0, program="p", environment=(("PY*", None), ("PYB", "ours")))
        given = {"PYA": "1", "PYB": "2", "P": "3", "RELOCATABLE_RESTORE_Q": "=4"}
        self.assertEqual(
            launcher.command(settings, "/p", ["p"], given).environ,
            {
                "P": "3",
                "PYB": "ours",
                "Q": "4",
                "RELOCATABLE_RESTORE_PYA": "=1",
                "RELOCATABLE_RESTORE_PYB": "=2",
            },
        )

    def test_variables_for_children_as_well(self) -> None:
        settings = Settings(0, "p", inherited=(("A", f"{ROOT}/x"), ("B", "1")))
        self.assertEqual(
            launcher.command(settings, "/d/p", ["p"], {"A": "0"}).environ, {"A": "/d/x", "B": "1"}
        )
        again = launcher.command(DIRECT, "/e/bin/t", ["t"], {"A": "/d/x"})
        self.assertEqual(again.environ, {"A": "/d/x"})

    def test_a_locale_that_is_nowhere(self) -> None:
        lost = (("LOCPATH", f"{ROOT}/locale"), ("LC_ALL", "C.UTF-8"))
        settings = Settings(0, "p", lost=lost)
        chosen = {"LANG": "de_DE.UTF-8"}
        for there, changed in (("/nowhere", True), ("/usr/lib/locale/de_DE.utf8/LC_CTYPE", False)):
            got = launcher.command(
                settings, "/d/p", ["p"], chosen, there.__eq__, read=lambda _: b""
            ).environ
            self.assertEqual(got.get("LC_ALL"), "C.UTF-8" if changed else None)
            self.assertEqual(got.get("LOCPATH"), "/d/locale" if changed else None)
            self.assertEqual(f"{launcher.RESTORE}LC_ALL" in got, changed)

    def test_of_another_launchers_child(self) -> None:
        """It sees what the user had set, not what the outer launcher did."""
        outer = {"A": "outer", "RELOCATABLE_RESTORE_A": "", "RELOCATABLE_RESTORE_B": "=user"}
        plain = launcher.command(DIRECT, "/d/bin/t", ["t"], outer)
        self.assertEqual(plain.environ, {"B": "user"})
        settings = Settings(1, "tool", environment=(("A", "inner"), ("B", "inner"), ("C", None)))
        self.assertEqual(
            launcher.command(settings, "/d/bin/t", ["t"], outer).environ,
            {
                "A": "inner",
                "RELOCATABLE_RESTORE_A": "",
                "B": "inner",
                "RELOCATABLE_RESTORE_B": "=user",
            },
        )

    @parameterized.parameters("bin/lldb", "/lldb", "")
    def test_not_below_a_root(self, path: str) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, f"launcher: {path} does not lie 1 directories below a root"
        ):
            launcher.command(DIRECT, path, ["x"], {})

    def test_a_colon(self) -> None:
        self.assertEqual(
            launcher.command(DIRECT, "/a:b/bin/t", ["t"], {}).path, "/a:b/libexec/tool"
        )
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "launcher: /a:b has a ':', which libexec/lldb can't use"
        ):
            launcher.command(BUNDLED, "/a:b/bin/t", ["t"], {})


if __name__ == "__main__":
    absltest.main()
