"""Tests for the command `macho_edit`: options, files, directories, what is printed."""

import io
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import macho, macho_edit
from relocatable.errors import RelocatableError
from support.macho_builder import ARM64, OBJECT, X86_64, MachOBuilder, universal


class CommandTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path)
        self.path = self.directory / "libtiny.dylib"
        self.path.write_bytes(MachOBuilder(rpaths=("/a", "/b")).build())

    def run_with(self, *arguments: str | Path) -> str:
        out = io.StringIO()
        self.assertEqual(macho_edit.run([str(word) for word in arguments], out, out), 0)
        return out.getvalue()

    def read(self, path: Path | None = None) -> macho.MachO:
        path = path or self.path
        data = memoryview(path.read_bytes())
        file = macho.read(data, path.name)
        if file.signature is not None:
            self.assertEqual(macho.verify_signature(file, data), [])
        return file

    @parameterized.parameters(
        (("-add_rpath", "/c"), ("/a", "/b", "/c")),
        (("-prepend_rpath", "/c"), ("/c", "/a", "/b")),
        (("-delete_rpath", "/a"), ("/b",)),
        (("-rpath", "/a", "/c"), ("/c", "/b")),
        (("-delete_all_rpaths",), ()),
        (("-delete_all_rpaths", "-add_rpath", "/a"), ("/a",)),
        (("-delete_rpath", "/a", "-rpath", "/b", "/x", "-add_rpath", "/c"), ("/x", "/c")),
    )
    def test_run_paths(self, options: tuple[str, ...], wanted: tuple[str, ...]) -> None:
        self.run_with(*options, self.path)
        self.assertEqual(self.read().rpaths, wanted)

    def test_names(self) -> None:
        system = "/usr/lib/libSystem.B.dylib"
        self.run_with("-id", "@rpath/x", "-change", system, "@rpath/s", self.path)
        file = self.read()
        self.assertEqual((file.install_name, file.dylibs[0].name), ("@rpath/x", "@rpath/s"))

    @parameterized.parameters(
        (("-delete_rpath", "/c"), "no run path /c; it has /a, /b"),
        (("-rpath", "/c", "/d"), "no run path /c; it has /a, /b"),
        (("-add_rpath", "/a"), "has the run path /a already"),
        (("-rpath", "/a", "/b"), "run paths should each be there once"),
        (("-add_rpath", "/c", "-add_rpath", "/c"), "more than one option is about it"),
        (("-delete_all_rpaths", "-delete_rpath", "/a"), "contradict each other"),
        (("--extract", "x86_64"), "should have x86_64, found arm64"),
        (("--merge",), "--merge takes --output FILE"),
        (("--nonsense",), "unrecognized arguments: --nonsense; --help lists the options"),
    )
    def test_what_cannot_be_is_an_error_and_writes_nothing(
        self, options: tuple[str, ...], message: str
    ) -> None:
        before = self.path.read_bytes()
        with self.assertRaisesRegex(RelocatableError, message):
            self.run_with(*options, self.path)
        self.assertEqual(self.path.read_bytes(), before)
        self.assertLen(list(self.directory.iterdir()), 1)

    def test_a_directory(self) -> None:
        (self.directory / "object.o").write_bytes(MachOBuilder(type=OBJECT).build())
        (self.directory / "Text.class").write_bytes(b"\xca\xfe\xba\xbe\0\0\0\x34")
        self.run_with("-delete_rpath", "/a", "-delete_rpath", "/z", self.directory)
        self.assertEqual(self.read().rpaths, ("/b",))
        self.assertEqual(
            (self.directory / "object.o").read_bytes(), MachOBuilder(type=OBJECT).build()
        )

    def test_output_and_mode(self) -> None:
        self.path.chmod(0o751)
        output = self.directory / "new"
        before = self.path.read_bytes()
        self.run_with("--sign", "--output", output, self.path)
        self.assertEqual(self.path.read_bytes(), before)
        self.assertEqual(output.stat().st_mode & 0o777, 0o751)
        self.assertIsNotNone(self.read(output).signature)

    def test_sign_verify_and_remove(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "should have a signature, found none"):
            self.run_with("--verify", self.path)
        self.run_with("--sign", "--identifier", "org.example", self.path)
        self.run_with("--verify", self.path)
        self.assertIn("linker-signed, identifier org.example", self.run_with("--print", self.path))
        data = bytearray(self.path.read_bytes())
        data[0x4000] ^= 1
        self.path.write_bytes(data)
        with self.assertRaisesRegex(RelocatableError, "1 of 9 pages have another hash"):
            self.run_with("--verify", self.path)
        self.run_with("--remove-signature", self.path)
        self.assertIsNone(self.read().signature)

    def test_strip(self) -> None:
        told = self.run_with("--strip-local", "--debug", self.path)
        self.assertIn("symbols: 10 -> 5", told)
        self.assertNotIn(b"/build/secret", self.path.read_bytes())

    def test_print(self) -> None:
        self.assertEqual(
            self.run_with("--print", self.path),
            f"""{self.path}
  type          DYLIB, arm64
  size          33,040 bytes
  built for     macos 11.0, SDK 14.5
  UUID          00000000010000000200000003000000
  install name  /install/lib/libtiny.dylib
  run paths     /a
                /b
  libraries     /usr/lib/libSystem.B.dylib
  signature     none
""",
        )

    def test_merge_and_extract(self) -> None:
        other = self.directory / "x86_64.dylib"
        other.write_bytes(MachOBuilder(cpu=X86_64).build())
        both = self.directory / "both.dylib"
        self.run_with("--merge", "--output", both, self.path, other)
        found = macho.slices(memoryview(both.read_bytes()), "both")
        self.assertEqual([one.architecture for one in found], ["x86_64", "arm64"])
        self.run_with("-id", "@rpath/x", both)
        alone = self.directory / "alone.dylib"
        self.run_with("--extract", "arm64", "--output", alone, both)
        self.assertEqual(self.read(alone).install_name, "@rpath/x")
        self.assertEqual(self.read(alone).rpaths, ("/a", "/b"))

    def test_run_paths_of_each_architecture(self) -> None:
        files = [
            (cpu, MachOBuilder(cpu=cpu, rpaths=rpaths).build())
            for cpu, rpaths in ((X86_64, ("/a",)), (ARM64, ("/a", "/b")))
        ]
        self.path.write_bytes(universal(files))
        self.run_with("-add_rpath", "/c", self.path)
        found = macho.read_all(memoryview(self.path.read_bytes()), "a")
        self.assertEqual([file.rpaths for file in found], [("/a", "/c"), ("/a", "/b", "/c")])


if __name__ == "__main__":
    absltest.main()
