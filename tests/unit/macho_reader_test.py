"""Tests for `relocatable.macho`'s readers, on files as linkers lay them out."""

from absl.testing import absltest, parameterized

from relocatable import macho
from relocatable.errors import RelocatableError
from support.macho_builder import (
    ARM64,
    ARM64E,
    BUNDLE,
    EXECUTE,
    I386,
    LAZY,
    LOAD,
    OBJECT,
    REEXPORT,
    UPWARD,
    WEAK,
    X86_64,
    MachOBuilder,
    universal,
)


def _read(data: bytes) -> macho.MachO:
    return macho.read(memoryview(data), "a.dylib")


class ReaderTest(parameterized.TestCase):
    def test_what_dyld_learns(self) -> None:
        file = _read(
            MachOBuilder(
                dylibs=((LOAD, "a"), (WEAK, "b"), (REEXPORT, "c"), (LAZY, "d"), (UPWARD, "e")),
                rpaths=("@loader_path/../lib", "/opt"),
                environment=("DYLD_A=b",),
            ).build()
        )
        self.assertEqual(file.architecture, "arm64")
        self.assertEqual(file.file_type, "DYLIB")
        self.assertEqual(file.install_name, "/install/lib/libtiny.dylib")
        self.assertEqual(
            [(dylib.kind, dylib.name) for dylib in file.dylibs],
            [("load", "a"), ("weak", "b"), ("reexport", "c"), ("lazy", "d"), ("upward", "e")],
        )
        self.assertEqual(file.rpaths, ("@loader_path/../lib", "/opt"))
        self.assertEqual(file.dyld_environment, ("DYLD_A=b",))
        self.assertEqual(macho.version_text(file.dylibs[0].current_version), "5.1")
        (build,) = file.builds
        self.assertEqual((build.platform, macho.version_text(build.minos)), ("macos", "11.0"))
        self.assertEqual(file.uuid, bytes(4) + b"\1\0\0\0\2\0\0\0\3\0\0\0")
        self.assertEqual(
            [segment.name for segment in file.segments], ["__TEXT", "__DATA", "__LINKEDIT"]
        )
        self.assertEqual(file.segments[0].sections[0].name, "__text")
        self.assertIsNone(file.signature)
        self.assertFalse(file.encrypted)

    @parameterized.parameters(
        (ARM64, "<", "arm64", 64),
        (ARM64E, "<", "arm64e", 64),
        (X86_64, "<", "x86_64", 64),
        (I386, "<", "i386", 32),
        ((18, 0), ">", "ppc", 32),
        ((0x0100_0012, 0), ">", "ppc64", 64),
    )
    def test_machines(self, cpu: tuple[int, int], order: str, name: str, bits: int) -> None:
        file = _read(MachOBuilder(cpu=cpu, order=order).build())
        self.assertEqual((file.architecture, file.shape.bits), (name, bits))
        self.assertEqual(file.install_name, "/install/lib/libtiny.dylib")

    def test_types(self) -> None:
        self.assertTrue(
            _read(MachOBuilder(type=EXECUTE, dylinker="/usr/lib/dyld").build()).is_program
        )
        self.assertTrue(_read(MachOBuilder(type=BUNDLE).build()).is_linked)
        self.assertFalse(_read(MachOBuilder(type=OBJECT).build()).is_linked)

    def test_an_encrypted_file_is_told(self) -> None:
        self.assertTrue(_read(MachOBuilder(encrypted=1).build()).encrypted)
        self.assertFalse(_read(MachOBuilder(encrypted=0).build()).encrypted)

    def test_names_may_have_any_bytes(self) -> None:
        file = _read(MachOBuilder(rpaths=("/caf\udce9",)).build())
        self.assertEqual(file.rpaths, ("/caf\udce9",))

    @parameterized.parameters(False, True)
    def test_universal(self, wide: bool) -> None:
        files = [(cpu, MachOBuilder(cpu=cpu).build()) for cpu in (X86_64, ARM64)]
        data = universal(files, wide=wide)
        self.assertTrue(macho.is_universal(data))
        found = macho.read_all(memoryview(data), "a")
        self.assertEqual([file.name for file in found], ["a (x86_64)", "a (arm64)"])

    def test_a_java_class_is_no_universal_file(self) -> None:
        self.assertFalse(macho.is_universal(b"\xca\xfe\xba\xbe\0\0\0\x34"))

    @parameterized.named_parameters(
        ("nothing", b"", "a.dylib: not a Mach-O file: it starts with b''"),
        ("an ELF file", b"\x7fELF", "a.dylib: not a Mach-O file: it starts with b'\\x7fELF'"),
        (
            "a header only",
            b"\xcf\xfa\xed\xfe",
            "a.dylib: damaged Mach-O file: header should be 32 bytes at offset 0, but the file has"
            " 4 bytes; is it complete?",
        ),
    )
    def test_what_is_none(self, data: bytes, message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            _read(data)
        self.assertEqual(str(caught.exception), message)

    def test_an_archive_in_a_universal_file(self) -> None:
        data = universal([(ARM64, b"!<arch>\n")])
        with self.assertRaisesRegex(RelocatableError, "archives of object files"):
            macho.read_all(memoryview(data), "a")

    def test_slices_that_overlap(self) -> None:
        data = bytearray(universal([(ARM64, MachOBuilder().build()), (X86_64, b"x" * 50)]))
        data[36:40] = data[16:20]
        with self.assertRaisesRegex(RelocatableError, "overlaps what ends at"):
            macho.slices(memoryview(data), "a")


if __name__ == "__main__":
    absltest.main()
