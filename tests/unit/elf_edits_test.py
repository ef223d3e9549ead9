"""Tests for each edit of `relocatable.elf.plan`; `elf_plan_test` has more of RUNPATH."""

import io
import struct
import zipfile
from typing import Any

from absl.testing import absltest, parameterized
from elftools.elf.elffile import ELFFile

from relocatable import elf
from relocatable.elf import Edit, Edits
from relocatable.errors import RelocatableError
from support.elf_builder import (
    DF_1_PIE,
    DT_SYMTAB,
    EM_AARCH64,
    ET_DYN,
    ET_EXEC,
    PT_INTERP,
    PT_LOAD,
    PT_NOTE,
    PT_PHDR,
    ElfBuilder,
)
from support.elf_meaning import expected, meaning, unsound

_CLASSES = tuple({"bits": bits, "little": little} for bits in (64, 32) for little in (True, False))
_LOADER = "/lib64/ld-linux-x86-64.so.2"


def read(data: bytes) -> elf.Elf:
    return elf.read(memoryview(data), "lib.so")


def plan(data: bytes, edits: Edits, page_size: int | None = None) -> elf.Plan:
    return elf.plan(read(data), memoryview(data), edits, page_size)


def keeping(data: bytes, edits: Edits) -> elf.Plan:
    """A plan that keeps what is appended."""
    return elf.plan(read(data), memoryview(data), edits, keep_payload=True)


def names_of_sections(data: bytes) -> list[str]:
    """The second opinion: what pyelftools calls the sections."""
    return [section.name for section in ELFFile(io.BytesIO(data)).iter_sections()]


class EditsTestCase(parameterized.TestCase):
    def assert_edited(self, data: bytes, edits: Edits, *log: Edit) -> bytes:
        """The edited file: as pyelftools wants it, sound, and with this log."""
        found = plan(data, edits)
        if log:
            self.assertEqual(found.log, log)
        edited = found.apply(data)
        self.assertEqual(meaning(edited), expected(meaning(data), edits))
        self.assertEqual([*unsound(edited)], [])
        self.assertEqual(plan(edited, edits), elf.Plan())
        return edited


class NeededTest(EditsTestCase):
    @parameterized.parameters(*_CLASSES)
    def test_add_replace_and_remove(self, **shape: Any) -> None:
        data = ElfBuilder(**shape, needed=("liba.so", "libc.so.6", "libm.so.6")).build()
        edited = self.assert_edited(
            data,
            Edits(
                add_needed=("libx.so", "liby.so"),
                replace_needed={"libc.so.6": "/opt/a/longer/path/libc.so.6", "other": "nothing"},
                remove_needed=("liba.so", "unknown"),
            ),
            Edit("needed", "liba.so", None),
            Edit("needed", "libc.so.6", "/opt/a/longer/path/libc.so.6"),
            Edit("needed", None, "libx.so"),
            Edit("needed", None, "liby.so"),
        )
        self.assertLen(edited, len(data))
        self.assertEqual(
            read(edited).needed,
            ("libx.so", "liby.so", "/opt/a/longer/path/libc.so.6", "libm.so.6"),
        )
        self.assertEqual(
            elf.version_needs(read(edited), memoryview(edited)),
            {"/opt/a/longer/path/libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.14")},
        )
        self.assertNotIn(b"liba.so", edited)

    def test_what_is_needed_already(self) -> None:
        data = ElfBuilder().build()
        for edits in (
            Edits(add_needed=("libc.so.6",)),
            Edits(replace_needed={"libc.so.6": "libc.so.6"}),
            Edits(remove_needed=("libm.so.6",)),
        ):
            self.assertEqual(plan(data, edits), elf.Plan())

    def test_names_that_change_places(self) -> None:
        data = ElfBuilder(needed=("a", "b"), versions={"a": ("V",), "b": ("W",)}).build()
        edited = self.assert_more(data, Edits(replace_needed={"a": "b", "b": "a"}))
        self.assertEqual(read(edited).needed, ("b", "a"))
        self.assertEqual(
            elf.version_needs(read(edited), memoryview(edited)), {"b": ("V",), "a": ("W",)}
        )

    def assert_more(self, data: bytes, edits: Edits) -> bytes:
        edited = plan(data, edits).apply(data)
        self.assertEqual([*unsound(edited)], [])
        return edited

    def test_version_requirements_of_a_library_that_is_not_needed_keep_its_name(self) -> None:
        data = ElfBuilder(needed=("liba.so",)).build()
        self.assertFalse(plan(data, Edits(replace_needed={"libc.so.6": "libd.so"})))

    def test_more_than_there_are_spare_entries(self) -> None:
        data = ElfBuilder(spare=2, symtab=True).build()
        names = tuple(f"lib{number}.so" for number in range(7))
        edited = self.assert_edited(data, Edits(add_needed=names))
        self.assertLess(len(edited) - len(data), 700)
        old, new = read(data), read(edited)
        self.assertEqual(new.dynamic_slots, len(new.dynamic) + 5)
        # Who has the old place by address finds what was there.
        size = old.dynamic_slots * 16
        self.assertEqual(
            edited[old.dynamic_offset : old.dynamic_offset + size],
            data[old.dynamic_offset : old.dynamic_offset + size],
        )
        self.assertEqual(_symbol(edited), _dynamic_address(new))
        self.assertEqual(_symbol(data), _dynamic_address(old))


class SonameTest(EditsTestCase):
    @parameterized.parameters("s", "libtiny.so.1", "lib" + "x" * 500 + ".so")
    def test_set(self, soname: str) -> None:
        for before in (None, "libtiny.so.1"):
            data = ElfBuilder(soname=before).build()
            log = [Edit("soname", before, soname)] if before != soname else []
            edited = self.assert_edited(data, Edits(soname=soname), *log)
            self.assertLen(edited, len(data))

    def test_remove(self) -> None:
        edited = self.assert_edited(
            ElfBuilder().build(), Edits(soname=None), Edit("soname", "libtiny.so.1", None)
        )
        self.assertNotIn(b"libtiny", edited)


class SearchPathTagTest(EditsTestCase):
    @parameterized.parameters(
        (None, None, "runpath"),
        ("/a", None, "rpath"),
        (None, "/a", "runpath"),
        ("/a", "/b", "runpath"),
    )
    def test_a_new_path_has_the_tag_of_the_old_one(
        self, rpath: str | None, runpath: str | None, tag: str
    ) -> None:
        data = ElfBuilder(rpath=rpath, runpath=runpath).build()
        found = read(self.assert_edited(data, Edits(search_path="/new")))
        self.assertEqual(
            (found.rpath, found.runpath).index("/new"), ("rpath", "runpath").index(tag)
        )

    def test_one_becomes_the_other(self) -> None:
        data = ElfBuilder(runpath="/a").build()
        edited = self.assert_edited(
            data,
            Edits(search_path_tag="rpath"),
            Edit("rpath", None, "/a"),
            Edit("runpath", "/a", None),
        )
        self.assertEqual(self.assert_edited(edited, Edits(search_path_tag="runpath")), data)

    def test_the_path_that_loaders_ignore_goes(self) -> None:
        data = ElfBuilder(rpath="/ignored", runpath="/a").build()
        self.assert_edited(
            data,
            Edits(search_path_tag="rpath"),
            Edit("rpath", "/ignored", "/a"),
            Edit("runpath", "/a", None),
        )

    def test_no_path_stays_none(self) -> None:
        self.assertFalse(plan(ElfBuilder().build(), Edits(search_path_tag="rpath")))


class InterpreterTest(EditsTestCase):
    @parameterized.parameters(*_CLASSES)
    def test_a_shorter_one_is_padded(self, **shape: Any) -> None:
        data = ElfBuilder(**shape, interpreter=_LOADER).build()
        edited = self.assert_edited(
            data, Edits(interpreter="/l"), Edit("interpreter", _LOADER, "/l")
        )
        self.assertEqual(read(edited).segments, read(data).segments)
        self.assertEqual(edited.count(b"/l\0" + bytes(len(_LOADER) - 2)), 1)
        self.assertEqual(self.assert_edited(edited, Edits(interpreter=_LOADER)), data)

    @parameterized.parameters(*_CLASSES)
    def test_a_longer_one_moves_into_padding(self, **shape: Any) -> None:
        for sections in (True, False):
            data = ElfBuilder(**shape, interpreter="/lib/ld.so", sections=sections).build()
            edited = self.assert_edited(data, Edits(interpreter=_LOADER))
            self.assertLen(edited, len(data))
            self.assertNotIn(b"/lib/ld.so", edited)
            longer = self.assert_edited(edited, Edits(interpreter=_LOADER + "/longer"))
            self.assertEqual(_segment(longer, PT_INTERP)[0], _segment(edited, PT_INTERP)[0])

    def test_a_longer_one_goes_to_a_new_segment(self) -> None:
        data = ElfBuilder(interpreter="/lib/ld.so", padding=False, type=ET_EXEC).build()
        edited = self.assert_edited(data, Edits(interpreter=_LOADER))
        self.assertBetween(len(edited) - len(data), len(_LOADER), 300)

    def test_a_file_without(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "^lib.so: no interpreter to replace: it is a shared object, which programs load$",
        ):
            plan(ElfBuilder().build(), Edits(interpreter="/x"))

    def test_what_no_kernel_accepts(self) -> None:
        data = ElfBuilder(interpreter="/lib/ld.so").build()
        self.assert_edited(data, Edits(interpreter="/" * 4095))
        with self.assertRaisesRegex(
            RelocatableError,
            "the path of an interpreter should have less than 4096 bytes, found 4096$",
        ):
            plan(data, Edits(interpreter="/" * 4096))


class StackTest(EditsTestCase):
    @parameterized.parameters((6, True, "no", "yes"), (7, False, "yes", "no"))
    def test_flags(self, flags: int, executable: bool, before: str, after: str) -> None:
        data = ElfBuilder(stack=flags).build()
        found = plan(data, Edits(executable_stack=executable))
        self.assertEqual([len(patch) for _, patch in found.patches], [1])
        self.assert_edited(
            data,
            Edits(executable_stack=executable),
            Edit("executable-stack", before, after),
        )
        self.assertFalse(plan(data, Edits(executable_stack=not executable)))

    @parameterized.product(executable=(True, False), interpreter=(None, _LOADER))
    def test_no_header(self, executable: bool, interpreter: str | None) -> None:
        data = ElfBuilder(stack=None, interpreter=interpreter).build()
        after = "yes" if executable else "no"
        self.assert_edited(
            data, Edits(executable_stack=executable), Edit("executable-stack", None, after)
        )

    def test_a_header_that_means_nothing_becomes_it(self) -> None:
        data = bytearray(ElfBuilder(build_id=b"12345678", stack=None).build())
        index = [part.type for part in read(bytes(data)).segments].index(PT_NOTE)
        struct.pack_into("<I", data, 64 + 56 * index, 0)
        edited = self.assert_edited(bytes(data), Edits(executable_stack=True))
        self.assertLen(edited, len(data))

    def test_an_object_file(self) -> None:
        data = bytearray(ElfBuilder().build())
        struct.pack_into("<H", data, 56, 0)
        with self.assertRaisesRegex(
            RelocatableError, "^lib.so: no stack to change: the file isn't linked$"
        ):
            plan(bytes(data), Edits(executable_stack=True))


class SmallEditsTest(EditsTestCase):
    @parameterized.parameters(*_CLASSES)
    def test_build_id(self, **shape: Any) -> None:
        for sections in (True, False):
            data = ElfBuilder(**shape, sections=sections, build_id=b"\x12\xab" * 10).build()
            edited = self.assert_edited(
                data, Edits(drop_build_id=True), Edit("build-id", "12ab" * 10, None)
            )
            self.assertEqual(meaning(edited)["build id"], [])
            self.assertLen(edited, len(data))

    def test_os_abi(self) -> None:
        data = ElfBuilder().build()
        self.assert_edited(data, Edits(os_abi=3), Edit("os-abi", "0", "3"))
        for wrong in (-1, 256):
            with self.assertRaisesRegex(
                RelocatableError, f"^lib.so: an OS ABI should be 0 to 255, found {wrong}$"
            ):
                plan(data, Edits(os_abi=wrong))

    @parameterized.parameters(0, DF_1_PIE)
    def test_no_default_libraries(self, flags: int) -> None:
        data = ElfBuilder(flags_1=flags).build()
        edited = self.assert_edited(
            data, Edits(no_default_libraries=True), Edit("no-default-libraries", None, "yes")
        )
        self.assertEqual(read(edited).flags_1, flags | 0x800)

    def test_debug_tag(self) -> None:
        self.assert_edited(
            ElfBuilder().build(), Edits(add_debug_tag=True), Edit("debug-tag", None, "yes")
        )


class VersionsTest(EditsTestCase):
    """Symbols that any version of will do."""

    @parameterized.parameters(*_CLASSES)
    def test_clear(self, **shape: Any) -> None:
        data = _versioned(**shape)
        found = plan(data, Edits(clear_symbol_versions=("malloc",)))
        self.assertEqual(
            found.log,
            (
                Edit("symbol-version", "malloc@GLIBC_2.2.5", "malloc"),
                Edit("required-version", "GLIBC_2.2.5 of libc.so.6", None),
            ),
        )
        edited = found.apply(data)
        self.assertEqual([*unsound(edited)], [])
        self.assertEqual(
            elf.version_needs(read(edited), memoryview(edited)),
            {"libc.so.6": ("GLIBC_2.14",), "libm.so.6": ("GLIBC_2.29",)},
        )
        more = plan(edited, Edits(clear_symbol_versions=("tiny", "sin", "unknown")))
        edited = more.apply(edited)
        self.assertEqual(elf.version_needs(read(edited), memoryview(edited)), {})
        self.assertIsNone(read(edited).value(0x6FFFFFFE))
        self.assertEqual([*unsound(edited)], [])
        self.assertFalse(plan(edited, Edits(clear_symbol_versions=("malloc", "tiny", "sin"))))

    def test_together_with_a_new_name(self) -> None:
        data = _versioned()
        edits = Edits(
            clear_symbol_versions=("malloc",), replace_needed={"libm.so.6": "libanother.so"}
        )
        edited = plan(data, edits).apply(data)
        self.assertEqual(
            elf.version_needs(read(edited), memoryview(edited)),
            {"libc.so.6": ("GLIBC_2.14",), "libanother.so": ("GLIBC_2.29",)},
        )

    def test_a_version_that_others_need_stays(self) -> None:
        data = _versioned(symbols=("malloc", "free"), indexes=(2, 2))
        found = plan(data, Edits(clear_symbol_versions=("malloc",)))
        self.assertEqual(found.log, (Edit("symbol-version", "malloc@GLIBC_2.2.5", "malloc"),))
        self.assertEqual([len(patch) for _, patch in found.patches], [1])

    def test_a_file_without_versions(self) -> None:
        data = ElfBuilder(versions={}).build()
        self.assertFalse(plan(data, Edits(clear_symbol_versions=("malloc",))))


class SegmentTest(EditsTestCase):
    """Where a new program header goes."""

    _EDITS = Edits(search_path="$ORIGIN/../lib")

    def test_program_headers_stay_and_the_interpreter_and_notes_leave(self) -> None:
        kinds: tuple[dict[str, Any], ...] = (
            {"type": ET_EXEC},
            {"bss": 1 << 30},
            {"bits": 32},
            {"sections": False, "bss": 9},
        )
        for kind in kinds:
            builder = ElfBuilder(
                interpreter=_LOADER, spare=0, build_id=bytes(20), symtab=True, **kind
            )
            data = builder.build()
            edited = self.assert_edited(data, self._EDITS)
            old, new = read(data), read(edited)
            with self.subTest(kind=kind):
                self.assertEqual(new.phoff, old.phoff)
                self.assertLen(new.segments, len(old.segments) + 1)
                self.assertGreaterEqual(_segment(edited, PT_INTERP)[0], len(data))
                size = len(new.segments) * (56 if new.bits == 64 else 32)
                self.assertEqual(_segment(edited, PT_PHDR), (new.phoff, size))
                self.assertLess(len(edited) - len(data), 1000)

    def test_a_library_gives_up_pt_phdr(self) -> None:
        data = bytearray(ElfBuilder(spare=0, build_id=bytes(20), lead=b"\1", bss=9).build())
        index = [part.type for part in read(bytes(data)).segments].index(PT_NOTE)
        struct.pack_into("<IIQQQQQQ", data, 64 + 56 * index, PT_PHDR, 4, 64, 64, 64, 280, 280, 8)
        edited = self.assert_edited(bytes(data), Edits(search_path="/x"))
        kinds = [part.type for part in read(edited).segments]
        self.assertNotIn(PT_PHDR, kinds)
        self.assertEqual(kinds.count(PT_LOAD), 3)
        self.assertEqual(read(edited).phoff, 64)

    @parameterized.product(_CLASSES, type=(ET_DYN, ET_EXEC), stack=(None, 6))
    def test_section_headers_right_behind_leave(self, **shape: Any) -> None:
        """Go's internal linker lays programs out so."""
        builder = ElfBuilder(
            interpreter=_LOADER, spare=0, build_id=bytes(20), bss=9, headers="front", **shape
        )
        data = builder.build()
        old = read(data)
        self.assertEqual(old.shoff, old.phoff + len(old.segments) * old.shape.phdr.size)
        edited = self.assert_edited(data, self._EDITS)
        new = read(edited)
        self.assertEqual(new.phoff, old.phoff)
        self.assertGreaterEqual(new.shoff, len(data))
        self.assertEqual(names_of_sections(edited), names_of_sections(data))
        # The room that they leave is enough for the next segment.
        again = self.assert_edited(edited, Edits(soname="x" * 50, executable_stack=True))
        self.assertEqual((read(again).phoff, read(again).shoff), (new.phoff, new.shoff))

    @parameterized.product(_CLASSES, size=tuple(range(1, 100, 7)))
    def test_the_first_section_header_is_no_padding(self, size: int, **shape: Any) -> None:
        """It is all zeros: behind the string table it looks like room."""
        data = ElfBuilder(headers="strings", **shape).build()
        edited = self.assert_edited(data, Edits(search_path="/" + "x" * size))
        self.assertEqual(names_of_sections(edited), names_of_sections(data))

    def test_a_section_of_zeros_right_behind_stays(self) -> None:
        data = ElfBuilder(interpreter=_LOADER, spare=0, lead=bytes(100)).build()
        self.assert_edited(data, self._EDITS)

    def test_a_table_of_zeros_that_only_the_dynamic_section_knows_stays(self) -> None:
        """A file without section headers, whose first symbol stands behind the program headers."""
        data = ElfBuilder(spare=0, sections=False, symbols=(), versions={}, needed=()).build()
        found = read(data)
        at = found.phoff + len(found.segments) * found.shape.phdr.size
        symbol = found.value(DT_SYMTAB) or 0
        self.assertGreater(symbol, at)
        # Let the table begin there, with as many empty symbols as fit.
        moved = bytearray(data)
        moved[at:symbol] = bytes(symbol - at)
        index = [entry.tag for entry in found.dynamic].index(DT_SYMTAB)
        struct.pack_into("<QQ", moved, found.dynamic_offset + 16 * index, DT_SYMTAB, at)
        edited = plan(bytes(moved), self._EDITS).apply(bytes(moved))
        self.assertEqual(edited[at:symbol], bytes(symbol - at))

    @parameterized.parameters(None, _LOADER)
    def test_headers_move_if_nothing_can_leave(self, interpreter: str | None) -> None:
        data = ElfBuilder(interpreter=interpreter, spare=0, lead=b"\1", bss=100).build()
        edited = self.assert_edited(data, self._EDITS)
        found = read(edited)
        self.assertGreaterEqual(found.phoff, len(data))
        # Loaders take the page after a segment for a part of it, and fill it with zeros.
        self.assertEqual(_segment(edited, PT_PHDR)[0], found.phoff)

    def test_page_size(self) -> None:
        data = ElfBuilder(spare=0).build()
        for wanted, align in ((None, 0x1000), (0x4000, 0x4000), (0x10000, 0x10000)):
            edited = plan(data, self._EDITS, wanted).apply(data)
            self.assertEqual(read(edited).segments[2].align, align)
            self.assertEqual([*unsound(edited)], [])
        arm = ElfBuilder(spare=0, machine=EM_AARCH64, page=0x10000).build()
        self.assertEqual(read(plan(arm, self._EDITS).apply(arm)).segments[2].align, 0x10000)

    @parameterized.parameters(0, 1, 0x800, 0x1001, -4096)
    def test_wrong_page_sizes(self, size: int) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            f"^lib.so: a page size should be a power of 2 and at least 4096, found {size}$",
        ):
            plan(ElfBuilder().build(), self._EDITS, size)


class PayloadTest(EditsTestCase):
    """Something that the headers don't know of is after the end of the ELF file."""

    @parameterized.parameters(b"PK\3\4", bytes(1 << 15) + b"CD001")
    def test_edits_in_place_leave_it_alone(self, payload: bytes) -> None:
        data = ElfBuilder(interpreter=_LOADER, payload=payload).build()
        edited = self.assert_edited(data, Edits(search_path="$ORIGIN"))
        self.assertLen(edited, len(data))
        self.assertEndsWith(edited.decode("latin-1"), payload.decode("latin-1"))

    @parameterized.parameters(True, False)
    def test_nothing_is_added_after_it(self, sections: bool) -> None:
        data = ElfBuilder(spare=0, payload=bytes(100) + b"PK\3\4", sections=sections).build()
        with self.assertRaisesRegex(
            RelocatableError,
            "^lib.so: no room inside, and nothing can be added at the end: 4 bytes that the ELF"
            " headers don't know of are there .*; edit the program before they are added, or with"
            " elf_edit --keep-payload$",
        ):
            plan(data, Edits(search_path="$ORIGIN"))

    @parameterized.product(
        _CLASSES,
        interpreter=(None, _LOADER),
        lead=(b"", b"\1"),
        sections=(True, False),
        headers=("end", "front"),
    )
    def test_it_moves_along_if_that_is_wanted(self, sections: bool, **shape: Any) -> None:
        """Found from the end (zip), and right behind the section headers (AppImage)."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as new:
            new.writestr("member", "text")
        payload = archive.getvalue()
        builder = ElfBuilder(spare=0, bss=9, payload=payload, sections=sections, **shape)
        data = builder.build()
        edits = Edits(search_path="/" + "x" * 300, add_needed=("liba.so",))
        found = keeping(data, edits)
        edited = found.apply(data)
        self.assertEqual(meaning(edited), expected(meaning(data), edits))
        self.assertEqual([*unsound(edited)], [])
        self.assertEqual(found.replaced and found.replaced[1], len(data) - len(payload))
        self.assertEqual(edited[-len(payload) :], payload)
        self.assertEqual((len(edited) - len(data)) % 0x1000, 0)
        with zipfile.ZipFile(io.BytesIO(edited)) as old:
            self.assertEqual(old.read("member"), b"text")
        if sections and builder.headers == "end":
            file = read(edited)
            end = file.shoff + len(elf.sections(file, memoryview(edited))) * file.shape.shdr.size
            self.assertEqual(edited[end:], payload)
        # Another edit has the rest of the page, and a longer one the next.
        again = keeping(edited, Edits(search_path="/" + "y" * 400))
        self.assertIsNone(again.replaced)
        longer = Edits(search_path="/" + "y" * 10_000)
        last = keeping(edited, longer).apply(edited)
        self.assertEqual([*unsound(last)], [])
        self.assertEqual(meaning(last), expected(meaning(edited), longer))
        self.assertEqual(last[-len(payload) :], payload)

    def test_nothing_moves_along_where_nothing_is_appended(self) -> None:
        data = ElfBuilder(spare=0).build()
        self.assertEqual(
            keeping(data, Edits(search_path="/x")), plan(data, Edits(search_path="/x"))
        )

    def test_zeros_are_none(self) -> None:
        data = ElfBuilder(spare=0, payload=bytes(1000)).build()
        self.assert_edited(data, Edits(search_path="$ORIGIN"))


class RefusedTest(parameterized.TestCase):
    @parameterized.parameters(
        (Edits(search_path=""), "a search path"),
        (Edits(soname="a\0"), "a soname"),
        (Edits(interpreter=""), "the path of an interpreter"),
        (Edits(add_needed=("a", "")), "the name of a library"),
        (Edits(replace_needed={"a": "\0"}), "the name of a library"),
    )
    def test_strings(self, edits: Edits, what: str) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            f"^lib.so: {what} should have at least one character and no NUL, found",
        ):
            plan(ElfBuilder(interpreter=_LOADER).build(), edits)

    @parameterized.parameters(
        Edits(search_path="a"),
        Edits(soname="a"),
        Edits(add_needed=("a",)),
        Edits(no_default_libraries=True),
        Edits(add_debug_tag=True),
    )
    def test_static_files(self, edits: Edits) -> None:
        for builder, reason in (
            (ElfBuilder(sections=False), "the file is linked statically"),
            (ElfBuilder(), "there is one, but no program header (PT_DYNAMIC) that loaders would"),
            (ElfBuilder(type=1), "it is an object file, which is not linked yet"),
            (ElfBuilder(type=4), "it is neither a program nor a shared object, but an ELF file of"),
        ):
            data = bytearray(builder.build())
            data[64 + 2 * 56] = 0
            with self.assertRaises(RelocatableError) as caught:
                plan(bytes(data), edits)
            self.assertStartsWith(
                str(caught.exception), f"lib.so: no dynamic section to edit: {reason}"
            )

    @parameterized.parameters(100_000, 1 << 40, (1 << 64) - 1)
    def test_a_section_that_leaves_the_file(self, size: int) -> None:
        data = bytearray(ElfBuilder(spare=0, symtab=True).build())
        header = read(bytes(data)).shoff + 10 * 64
        (offset,) = struct.unpack_from("<Q", data, header + 24)
        struct.pack_into("<Q", data, header + 32, size)
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            f"lib.so: damaged ELF file: section 10 should be {size} bytes at offset {offset}, but"
            f" the file has {len(data)} bytes; is it complete?",
        ):
            plan(bytes(data), Edits(search_path="/x"))

    def test_what_static_files_can_do_without(self) -> None:
        data = bytearray(ElfBuilder(build_id=bytes(range(1, 21))).build())
        data[64 + 2 * 56] = 0
        edits = Edits(
            search_path=None,
            soname=None,
            remove_needed=("a",),
            replace_needed={"a": "b"},
            clear_symbol_versions=("a",),
            executable_stack=True,
            drop_build_id=True,
            os_abi=3,
        )
        self.assertEqual(
            [edit.kind for edit in plan(bytes(data), edits).log],
            ["executable-stack", "os-abi", "build-id"],
        )


def _versioned(
    symbols: tuple[str, ...] = ("malloc", "tiny", "sin"),
    indexes: tuple[int, ...] = (2, 3, 4),
    **shape: Any,
) -> bytes:
    """A file with a symbol of each version."""
    builder = ElfBuilder(
        **shape,
        needed=("libc.so.6", "libm.so.6"),
        symbols=symbols,
        versions={"libc.so.6": ("GLIBC_2.2.5", "GLIBC_2.14"), "libm.so.6": ("GLIBC_2.29",)},
    )
    data = bytearray(builder.build())
    found = read(bytes(data))
    order = "<" if builder.little else ">"
    versym = found.value(0x6FFFFFF0)
    needs = found.value(0x6FFFFFFE)
    assert versym is not None
    assert needs is not None
    struct.pack_into(f"{order}{len(indexes)}H", data, versym + 2, *indexes)
    # The third version is that of the second library.
    struct.pack_into(f"{order}H", data, needs + 48 + 16 + 6, 4)
    return bytes(data)


def _segment(data: bytes, kind: int) -> tuple[int, int]:
    """File offset and size."""
    return next((part.offset, part.filesz) for part in read(data).segments if part.type == kind)


def _dynamic_address(found: elf.Elf) -> int:
    return next(
        part.vaddr
        for part in found.segments
        if part.offset == found.dynamic_offset and part.type == 2
    )


def _symbol(data: bytes) -> int:
    """The value of `_DYNAMIC`, the only symbol in .symtab."""
    table = next(part for part in elf.sections(read(data), memoryview(data)) if part.type == 2)
    (value,) = struct.unpack_from("<Q", data, table.offset + 24 + 8)
    return int(value)


if __name__ == "__main__":
    absltest.main()
