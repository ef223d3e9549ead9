"""Tests for `relocatable.elf.reader`."""

import struct

from absl.testing import absltest, parameterized

from relocatable import elf
from relocatable.errors import RelocatableError
from support.elf_builder import DF_1_PIE, EM_386, EM_AARCH64, ET_EXEC, ElfBuilder

_CLASSES = tuple((bits, little) for bits in (64, 32) for little in (True, False))


def read(data: bytes) -> elf.Elf:
    return elf.read(memoryview(data), "lib.so")


class ReadTest(parameterized.TestCase):
    """Files that are as they should be."""

    @parameterized.parameters(*_CLASSES)
    def test_a_library(self, bits: int, little: bool) -> None:
        data = ElfBuilder(
            bits=bits, little=little, needed=("libm.so.6", "libc.so.6"), rpath="/a", runpath="/b"
        ).build()
        found = read(data)
        self.assertEqual((found.bits, found.little), (bits, little))
        self.assertEqual(found.needed, ("libm.so.6", "libc.so.6"))
        self.assertEqual(found.soname, "libtiny.so.1")
        self.assertEqual((found.rpath, found.runpath), ("/a", "/b"))
        self.assertEqual(found.machine_name, "EM_X86_64")
        self.assertEqual(found.size, len(data))
        self.assertIsNone(found.interpreter)
        self.assertFalse(found.is_program)
        self.assertFalse(found.ignores_default_paths)

    @parameterized.parameters(*_CLASSES)
    def test_version_needs(self, bits: int, little: bool) -> None:
        versions = {"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.36"), "libm.so.6": ("GLIBC_2.29",)}
        data = ElfBuilder(bits=bits, little=little, versions=versions).build()
        self.assertEqual(elf.version_needs(read(data), memoryview(data)), versions)

    def test_no_version_needs(self) -> None:
        data = ElfBuilder(versions={}).build()
        self.assertEqual(elf.version_needs(read(data), memoryview(data)), {})

    @parameterized.parameters(True, False)
    def test_sections(self, present: bool) -> None:
        data = ElfBuilder(sections=present).build()
        found = elf.sections(read(data), memoryview(data))
        self.assertLen(found, 9 if present else 0)

    @parameterized.parameters(
        (ElfBuilder(interpreter="/lib/ld.so"), True),
        (ElfBuilder(type=ET_EXEC), True),
        (ElfBuilder(flags_1=DF_1_PIE), True),
        (ElfBuilder(flags_1=0x800), False),
    )
    def test_programs(self, builder: ElfBuilder, program: bool) -> None:
        found = read(builder.build())
        self.assertEqual(found.is_program, program)
        self.assertEqual(found.interpreter, builder.interpreter)
        self.assertEqual(found.ignores_default_paths, builder.flags_1 == 0x800)

    @parameterized.parameters((EM_386, "EM_386"), (EM_AARCH64, "EM_AARCH64"), (0x1234, "EM_4660"))
    def test_machine_names(self, machine: int, name: str) -> None:
        self.assertEqual(read(ElfBuilder(machine=machine).build()).machine_name, name)

    def test_strings_that_are_not_utf8(self) -> None:
        data = ElfBuilder(runpath="/lib/xy").build().replace(b"/lib/xy", b"/lib/\xff\xfe")
        self.assertEqual(read(data).runpath, "/lib/\udcff\udcfe")

    def test_a_long_string(self) -> None:
        path = ":".join(["$ORIGIN/" + "x" * 99] * 40)
        self.assertEqual(read(ElfBuilder(runpath=path).build()).runpath, path)

    def test_a_static_file(self) -> None:
        data = bytearray(ElfBuilder().build())
        struct.pack_into("<I", data, 64 + 2 * 56, 0)  # PT_DYNAMIC becomes PT_NULL.
        found = read(bytes(data))
        self.assertEqual(found.dynamic, ())
        self.assertEqual(found.needed, ())

    def test_is_elf(self) -> None:
        self.assertTrue(elf.is_elf(ElfBuilder().build()[:4]))
        self.assertTrue(elf.is_elf(memoryview(ElfBuilder().build())))
        for other in (b"", b"\x7fEL", b"#!/b", b"\xfe\xed\xfa\xcf"):
            self.assertFalse(elf.is_elf(other))


class DamagedTest(parameterized.TestCase):
    """Files that contradict themselves."""

    def assert_refused(self, message: str, data: bytes | bytearray) -> None:
        with self.assertRaises(RelocatableError) as caught:
            read(bytes(data))
        self.assertEqual(str(caught.exception), f"lib.so: {message}")

    @parameterized.parameters(b"", b"\x7fEL", b"!<arch>\n")
    def test_no_elf(self, data: bytes) -> None:
        self.assert_refused(f"not an ELF file: it starts with {data[:4]!r}", data)

    @parameterized.parameters(
        (slice(0, 5), "class and byte order should each be 1 or 2, found [2]"),
        (
            slice(0, 63),
            "ELF header should be 64 bytes at offset 0, but the file has 63 bytes; is it complete?",
        ),
        (
            slice(0, 200),
            (
                "program headers should be 224 bytes at offset 64, but the file has 200 bytes;"
                " is it complete?"
            ),
        ),
        (
            slice(0, 0x1000),
            (
                "loaded segment should be 304 bytes at offset 4096, but the file has 4096 bytes;"
                " is it complete?"
            ),
        ),
    )
    def test_a_file_that_is_cut_off(self, part: slice, message: str) -> None:
        self.assert_refused(f"damaged ELF file: {message}", ElfBuilder().build()[part])

    @parameterized.parameters(
        (4, "B", 3, "class and byte order should each be 1 or 2, found [3, 1]"),
        (5, "B", 0, "class and byte order should each be 1 or 2, found [2, 0]"),
        (54, "H", 32, "a program header should have 56 bytes, found 32"),
        (58, "H", 40, "a section header should have 64 bytes, found 40"),
        (
            32,
            "Q",
            (1 << 64) - 8,
            (
                "program headers should be 224 bytes at offset 18446744073709551608,"
                " but the file has 5064 bytes; is it complete?"
            ),
        ),
    )
    def test_wrong_headers(self, offset: int, kind: str, value: int, message: str) -> None:
        data = bytearray(ElfBuilder().build())
        struct.pack_into("<" + kind, data, offset, value)
        self.assert_refused(f"damaged ELF file: {message}", data)

    def test_too_many_segments(self) -> None:
        data = bytearray(ElfBuilder().build())
        struct.pack_into("<H", data, 56, 0xFFFF)
        self.assert_refused("ELF files with 65535 or more segments are not supported", data)

    def test_a_dynamic_section_without_end(self) -> None:
        data = bytearray(ElfBuilder(spare=0).build())
        found = read(bytes(data))
        end = found.dynamic_offset + len(found.dynamic) * 16
        struct.pack_into("<QQ", data, end, 24, 0)
        self.assert_refused("damaged ELF file: the dynamic section has no end (DT_NULL)", data)

    @parameterized.parameters(
        (5, 99, "the dynamic section should have DT_STRTAB and DT_STRSZ", True),
        (10, 99, "the dynamic section should have DT_STRTAB and DT_STRSZ", True),
        (
            5,
            1 << 63,
            "the string table (69 bytes at address 0x8000000000000000) is in no loaded segment",
            False,
        ),
        (
            10,
            1 << 63,
            "the string table (9223372036854775808 bytes at address 0x188) is in no loaded segment",
            False,
        ),
        (10, 3, "the string at 13 doesn't end within its table of 3 bytes", False),
        (
            14,
            1 << 63,
            "the string at 9223372036854775808 doesn't end within its table of 69 bytes",
            False,
        ),
    )
    def test_wrong_entries(self, tag: int, value: int, message: str, is_tag: bool) -> None:
        data = bytearray(ElfBuilder().build())
        found = read(bytes(data))
        index = next(i for i, entry in enumerate(found.dynamic) if entry.tag == tag)
        offset = found.dynamic_offset + index * 16 + (0 if is_tag else 8)
        struct.pack_into("<Q", data, offset, value)
        self.assert_refused(f"damaged ELF file: {message}", data)

    def test_version_needs_that_share_items(self) -> None:
        data = bytearray(ElfBuilder(versions={"a": ("V",), "b": ("V",)}).build())
        found = read(bytes(data))
        at = found.value(0x6FFFFFFE)
        assert at is not None
        for offset in range(at, at + 64, 32):
            struct.pack_into("<H", data, offset + 2, 0xFFFF)
        # Each list of the first library goes on in the next library's: 16 bytes a step, then 8.
        for offset in range(at, len(data) - 64, 16):
            if offset > at + 64:
                break
            struct.pack_into("<I", data, offset + 12, 4)
        with self.assertRaises(RelocatableError):
            elf.version_needs(read(bytes(data)), memoryview(bytes(data)))

    @parameterized.parameters((8, "version table should be"), (12, "doesn't end within its table"))
    def test_damaged_version_needs(self, field: int, message: str) -> None:
        data = bytearray(ElfBuilder().build())
        at = read(bytes(data)).value(0x6FFFFFFE)
        assert at is not None
        offset = at + (field if field == 8 else 4)
        struct.pack_into("<I", data, offset, 0xFFFFFFF0)
        with self.assertRaisesRegex(RelocatableError, f"^lib.so: damaged ELF file: .*{message}"):
            elf.version_needs(read(bytes(data)), memoryview(bytes(data)))

    def test_section_headers_past_the_end(self) -> None:
        data = bytearray(ElfBuilder().build())
        struct.pack_into("<Q", data, 40, len(data) - 8)
        found = read(bytes(data))
        with self.assertRaisesRegex(RelocatableError, "section headers should be 576 bytes"):
            elf.sections(found, memoryview(bytes(data)))


if __name__ == "__main__":
    absltest.main()
