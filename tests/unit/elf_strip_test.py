"""Tests for `relocatable.elf.strip`, with pyelftools as the second opinion."""

import io
import random
from collections.abc import Callable
from typing import Any

from absl.testing import absltest, parameterized
from elftools.elf.elffile import ELFFile

from relocatable import content, elf
from relocatable.content import Spliced
from relocatable.elf import NotStrippableError, StripPlan
from relocatable.errors import RelocatableError
from support.elf_builder import EM_386, EM_AARCH64, EM_X86_64, ElfBuilder
from support.elf_sections import (
    SHF_ALLOC,
    SHF_COMPRESSED,
    SHF_GROUP,
    SHF_INFO_LINK,
    SHN_ABS,
    SHN_XINDEX,
    SHT_GROUP,
    SHT_NOBITS,
    SHT_NOTE,
    SHT_RELA,
    SHT_STRTAB,
    SHT_SYMTAB_SHNDX,
    STT_FILE,
    STT_SECTION,
    Extra,
    Layout,
    Symbol,
    with_sections,
    with_segment,
)

_SHAPES: tuple[dict[str, Any], ...] = (
    {"bits": 64, "little": True, "machine": EM_X86_64, "page": 0x1000},
    {"bits": 64, "little": False, "machine": EM_AARCH64, "page": 0x10000},
    {"bits": 32, "little": True, "machine": EM_386, "page": 0x1000},
    {"bits": 32, "little": False, "machine": 20, "page": 0x10000},
)
_EXTRA = (
    Extra(".comment", b"compiler\0" * 3),
    Extra(".debug_info", b"info" * 2000, flags=SHF_COMPRESSED),
    Extra(".zdebug_line", b"ZLIB" + bytes(100)),
    Extra(".gdb_index", bytes(10)),
    Extra(".gnu_debugaltlink", b"/else/where\0"),
    Extra(".stab", bytes(12), link=".stabstr"),
    Extra(".stabstr", b"\0stab\0", SHT_STRTAB),
    Extra(".gnu_debuglink", b"x.debug\0" + bytes(4), align=4),
)
_SYMBOLS = (
    Symbol("main.c", SHN_ABS, STT_FILE),
    Symbol("", ".text", STT_SECTION),
    Symbol("in_debug", ".debug_info"),
    Symbol("helper", ".text"),
    Symbol("magic", SHN_ABS),
    Symbol("api", ".text", is_global=True),
    Symbol("wanted", 0, is_global=True),
)


def built(**shape: Any) -> bytes:
    return ElfBuilder(code=shape.pop("code", b"\xc3" * 100), bss=64, **shape).build()


def plan_of(file: bytes, *, debug_only: bool = False) -> StripPlan:
    data = memoryview(file)
    return elf.plan_strip(elf.read(data, "x.so"), data, debug_only=debug_only)


def stripped(file: bytes, *, debug_only: bool = False) -> bytes:
    return plan_of(file, debug_only=debug_only).apply(file)


def seen(file: bytes) -> Any:
    """The second opinion, an ELFFile."""
    return ELFFile(io.BytesIO(file))


def names(file: bytes) -> list[str]:
    return [section.name for section in seen(file).iter_sections()]


def symbols(file: bytes, table: str = ".symtab") -> list[tuple[str, str | int]]:
    """Name, and name of the section, of each symbol."""
    parsed = seen(file)
    found: list[tuple[str, str | int]] = []
    extended = next((s for s in parsed.iter_sections() if s["sh_type"] == "SHT_SYMTAB_SHNDX"), None)
    for index, symbol in enumerate(parsed.get_section_by_name(table).iter_symbols()):
        section = symbol["st_shndx"]
        if section in ("SHN_XINDEX", SHN_XINDEX) and extended is not None:
            section = extended.get_section_index(index)
        if isinstance(section, int):
            section = parsed.get_section(section).name
        found.append((symbol.name, section))
    return found


def references(file: bytes) -> dict[str, tuple[str, str | int]]:
    """For each section the names of those that `sh_link` and, if it is one, `sh_info` mean."""
    parsed = seen(file)
    return {
        section.name: (
            parsed.get_section(section["sh_link"]).name,
            parsed.get_section(section["sh_info"]).name
            if section["sh_type"] in ("SHT_REL", "SHT_RELA")
            else section["sh_info"],
        )
        for section in parsed.iter_sections()
    }


def loaded(file: bytes) -> list[bytes]:
    """The bytes of each segment behind the headers, which is what a program sees."""
    parsed = seen(file)
    headers = parsed["e_ehsize"] + parsed["e_phnum"] * parsed["e_phentsize"]
    return [
        file[max(segment["p_offset"], headers) : segment["p_offset"] + segment["p_filesz"]]
        for segment in parsed.iter_segments()
    ]


class StripTest(parameterized.TestCase):
    @parameterized.product(_SHAPES, first=(False, True), interpreter=(None, "/lib/ld.so"))
    def test_debug_information_goes_and_symbols_stay(
        self, first: bool, interpreter: str | None, **shape: Any
    ) -> None:
        plain = built(**shape, interpreter=interpreter)
        file = with_sections(plain, _EXTRA, _SYMBOLS, first=first)
        result = stripped(file, debug_only=True)
        self.assertCountEqual(
            names(result),
            [
                *names(plain),
                *(".comment", ".gnu_debugaltlink", ".gnu_debuglink", ".symtab", ".strtab"),
            ],
        )
        self.assertEqual(
            symbols(result),
            [
                ("", "SHN_UNDEF"),
                *(("helper", ".text"), ("magic", "SHN_ABS")),
                *(("api", ".text"), ("wanted", "SHN_UNDEF")),
            ],
        )
        self.assertEqual(
            seen(result).get_section_by_name(".strtab").data(), b"\0helper\0magic\0api\0wanted\0"
        )
        before = references(file)
        self.assertEqual(
            references(result),
            {name: before[name] for name in names(result)} | {".symtab": (".strtab", 3)},
        )
        self.assertEqual(loaded(result), loaded(file))
        self.assertFalse(plan_of(result, debug_only=True))
        self.assertLess(len(result), len(file) - 8000)

    @parameterized.product(_SHAPES, first=(False, True))
    def test_all_that_is_not_loaded_goes(self, first: bool, **shape: Any) -> None:
        plain = built(**shape)
        file = with_sections(plain, _EXTRA, _SYMBOLS, first=first)
        result = stripped(file)
        kept = [".comment", ".gnu_debugaltlink", ".gnu_debuglink"]
        self.assertCountEqual(names(result), [*names(plain), *kept])
        for extra in _EXTRA:
            if extra.name in kept:
                section = seen(result).get_section_by_name(extra.name)
                self.assertEqual(section.data(), extra.content)
                self.assertEqual(section["sh_offset"] % extra.align, 0)
        self.assertEqual(loaded(result), loaded(file))
        self.assertFalse(plan_of(result))
        self.assertEqual(elf.read(memoryview(result), "x").needed, ("libc.so.6",))

    def test_the_bytes_are_those_of_a_splice(self) -> None:
        file = with_sections(built(), _EXTRA, _SYMBOLS)
        for debug_only in (False, True):
            plan = plan_of(file, debug_only=debug_only)
            self.assertEqual(content.read(Spliced.of(file, plan.parts)), plan.apply(file))
            self.assertLen(plan.apply(file), plan.size)

    def test_what_is_large_is_not_copied(self) -> None:
        large = bytes(range(256)) * 1000
        file = with_sections(built(code=large), (Extra(".notes", large), *_EXTRA), _SYMBOLS)
        plan = plan_of(file, debug_only=True)
        self.assertLess(sum(len(part) for part in plan.parts if isinstance(part, bytes)), 12_000)
        self.assertLen([part for part in plan.parts if isinstance(part, tuple)], 1)

    def test_the_log(self) -> None:
        file = with_sections(built(), _EXTRA, _SYMBOLS)
        gone = ".debug_info .zdebug_line .gdb_index .stab .stabstr"
        self.assertEqual(
            plan_of(file, debug_only=True).log,
            (elf.Edit("sections", gone, None), elf.Edit("symbols", "8", "5")),
        )
        self.assertEqual(
            plan_of(file).log, (elf.Edit("sections", gone + " .symtab .strtab", None),)
        )

    def test_nothing_to_strip(self) -> None:
        for file in (built(), built(sections=False), with_sections(built(), _EXTRA[:1])):
            for debug_only in (False, True):
                plan = plan_of(file, debug_only=debug_only)
                self.assertFalse(plan)
                self.assertEmpty(plan.log)
                self.assertEqual(plan.apply(file), file)

    def test_file_names_alone_are_worth_a_new_table(self) -> None:
        file = with_sections(built(), (), _SYMBOLS[:2] + _SYMBOLS[3:])
        plan = plan_of(file, debug_only=True)
        self.assertEqual(plan.log, (elf.Edit("symbols", "7", "5"),))
        self.assertEqual(names(plan.apply(file)), names(file))

    @parameterized.product(_SHAPES, debug_only=(False, True))
    def test_section_headers_among_what_is_loaded_stay_there(
        self, debug_only: bool, **shape: Any
    ) -> None:
        file = built(headers="front", symtab=True, interpreter="/lib/ld.so", **shape)
        layout = Layout.of(file)
        # Let the last section before the names be one that goes.
        at = seen(file)["e_shoff"] + names(file).index(".shstrtab") * layout.shdr.size
        debug = file.replace(b".symtab\0.strtab\0", b".debug_\0.debug_\0")
        self.assertNotEqual(debug, file)
        result = stripped(debug, debug_only=debug_only)
        self.assertEqual(seen(result)["e_shoff"], seen(file)["e_shoff"])
        self.assertLess(len(result), len(file))
        self.assertNotIn(".debug_", names(result))
        self.assertEqual(result[at : at + layout.shdr.size], bytes(layout.shdr.size))
        data = memoryview(result)
        edited = elf.plan_runpath(elf.read(data, "x"), data, "/" + "x" * 5000).apply(result)
        self.assertEqual(names(edited), names(result))

    def test_edits_after_it(self) -> None:
        result = stripped(with_sections(built(), _EXTRA, _SYMBOLS), debug_only=True)
        data = memoryview(result)
        edited = elf.plan_runpath(elf.read(data, "x"), data, "$ORIGIN/../lib").apply(result)
        self.assertEqual(elf.read(memoryview(edited), "x").runpath, "$ORIGIN/../lib")
        self.assertEqual(names(edited), names(result))
        self.assertEqual(symbols(edited), symbols(result))


class NumbersTest(parameterized.TestCase):
    """What counts on the numbers of sections and symbols."""

    @parameterized.product(_SHAPES, debug_only=(False, True))
    def test_dynamic_symbols(self, debug_only: bool, **shape: Any) -> None:
        file = bytearray(with_sections(built(**shape), _EXTRA, first=True))
        parsed = seen(bytes(file))
        dynsym = parsed.get_section_by_name(".dynsym")
        at = dynsym["sh_offset"] + dynsym["sh_entsize"]
        layout = Layout.of(file)
        text = parsed.get_section_index(".text")
        file[at : at + dynsym["sh_entsize"]] = layout.symbol(1, 0x12, text, 0)
        at += dynsym["sh_entsize"]  # And one whose section nobody knows.
        file[at : at + dynsym["sh_entsize"]] = layout.symbol(2, 0x12, 1000, 0)
        plan = plan_of(bytes(file), debug_only=debug_only)
        result = seen(plan.apply(bytes(file))).get_section_by_name(".dynsym")
        moved = seen(plan.apply(bytes(file))).get_section_index(".text")
        self.assertLess(moved, text)
        self.assertEqual([s["st_shndx"] for s in result.iter_symbols()][1:], [moved, 1000])
        self.assertEqual(plan.log[-1], elf.Edit("section numbers of dynamic symbols", None, None))

    @parameterized.parameters(True, False)
    def test_relocations(self, debug_only: bool) -> None:
        extra = (
            *_EXTRA,
            Extra(".rela.text", bytes(24), SHT_RELA, SHF_INFO_LINK, ".symtab", ".text", 8, 24),
            Extra(".rela.debug", bytes(24), SHT_RELA, 0, ".symtab", ".debug_info", 8, 24),
        )
        file = with_sections(built(), extra, _SYMBOLS)
        result = stripped(file, debug_only=debug_only)
        self.assertNotIn(".rela.debug", names(result))
        if debug_only:
            self.assertEqual(references(result)[".rela.text"], (".symtab", ".text"))
            # Relocations name symbols by their numbers, so none goes.
            expected = symbols(file)
            expected[3] = ("in_debug", "SHN_UNDEF")
            self.assertEqual(symbols(result), expected)
        else:
            self.assertNotIn(".rela.text", names(result))

    @parameterized.parameters(True, False)
    def test_groups(self, debug_only: bool) -> None:
        members = (".member", ".debug_info")
        group = Extra(*(".group", b"\1\0\0\0", SHT_GROUP, 0, ".symtab", 1, 4, 4), members=members)
        extra = (*_EXTRA, group, Extra(".member", b"m", flags=SHF_GROUP))
        result = stripped(with_sections(built(), extra, _SYMBOLS), debug_only=debug_only)
        member = seen(result).get_section_by_name(".member")
        self.assertEqual(bool(member["sh_flags"] & SHF_GROUP), debug_only)
        if debug_only:
            number = seen(result).get_section_index(".member")
            found = seen(result).get_section_by_name(".group").data()
            self.assertEqual(found, b"\1\0\0\0" + number.to_bytes(4, "little"))
        else:
            self.assertNotIn(".group", names(result))

    @parameterized.parameters(False, True)
    def test_one_table_for_all_names(self, debug_only: bool) -> None:
        file = with_sections(built(), _EXTRA, _SYMBOLS, shared_names=True)
        result = stripped(file, debug_only=debug_only)
        table = seen(result).get_section_by_name(".shstrtab").data()
        self.assertEqual(b"helper" in table, debug_only)
        self.assertNotIn(b".debug_info", table)
        if debug_only:
            self.assertEqual(symbols(result)[1:3], [("helper", ".text"), ("magic", "SHN_ABS")])

    def test_a_table_of_names_that_others_use_stays(self) -> None:
        extra = (*_EXTRA, Extra(".unknown", b"?", type=0x60000001, link=".strtab"))
        file = with_sections(built(), extra, _SYMBOLS)
        for debug_only in (False, True):
            result = stripped(file, debug_only=debug_only)
            self.assertEqual(
                seen(result).get_section_by_name(".strtab").data(),
                seen(file).get_section_by_name(".strtab").data(),
            )

    @parameterized.parameters((65_270, 300), (20, 65_300))
    def test_more_sections_than_a_symbol_can_name(self, kept: int, debug: int) -> None:
        extra = [
            *(Extra(f".debug{index}", b"x") for index in range(debug)),
            *(Extra(f".kept{index}") for index in range(kept)),
        ]
        last = extra[-1].name
        section_symbols = (Symbol("far", last), Symbol("near", ".text"))
        file = with_sections(built(), extra, section_symbols, first=True)
        self.assertEqual(symbols(file)[1:], [("far", last), ("near", ".text")])
        result = stripped(file, debug_only=True)
        self.assertEqual(symbols(result)[1:], [("far", last), ("near", ".text")])
        data = memoryview(result)
        kinds = [header.type for header in elf.sections(elf.read(data, "x"), data)]
        self.assertEqual(SHT_SYMTAB_SHNDX in kinds, kept >= 65_270)


class AppendedSegmentTest(parameterized.TestCase):
    """Files whose last segment is behind their symbols, as patchelf leaves them."""

    def test_it_moves_by_pages(self) -> None:
        for page, moved in ((0x1000, 0x2000), (0x2000, 0x2000)):
            file = with_segment(
                with_sections(built(), _EXTRA, _SYMBOLS), b"appended" * 100, 0x800000, page=page
            )
            result = stripped(file)
            before, after = (
                next(s for s in seen(f).iter_segments() if s["p_vaddr"] == 0x800000)
                for f in (file, result)
            )
            self.assertEqual(after["p_offset"] % page, 0)
            self.assertGreaterEqual(before["p_offset"] - after["p_offset"], moved)
            self.assertEqual(after.data(), b"appended" * 100)
            self.assertEqual(loaded(result), loaded(file))
            self.assertNotIn(b"infoinfo", result)

    def test_program_headers_of_a_program_stay(self) -> None:
        for interpreter in (None, "/lib/ld.so"):
            file = with_sections(built(interpreter=interpreter), _EXTRA, _SYMBOLS)
            parsed = seen(file)
            size = parsed["e_phnum"] * parsed["e_phentsize"]
            appended = bytearray(with_segment(file, bytes(size), 0x800000))
            appended[-size:] = appended[64 : 64 + size]
            appended[32:40] = (len(appended) - size).to_bytes(8, "little")
            plan = plan_of(bytes(appended))
            if interpreter is not None:
                self.assertFalse(plan)  # Nothing would be won.
                continue
            result = plan.apply(bytes(appended))
            self.assertEqual(names(result), names(stripped(file)))
            self.assertEqual(seen(result)["e_phoff"] % 0x1000, 0)
            self.assertLess(seen(result)["e_phoff"], len(appended) - size)
            elf.read(memoryview(result), "x")


class RefusalTest(parameterized.TestCase):
    def test_object_files(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            NotStrippableError,
            "x.so: only programs and shared objects can be stripped, and the type of this ELF file"
            " is 1",
        ):
            plan_of(with_sections(built(type=1), _EXTRA))

    def test_files_with_nothing_but_debug_information(self) -> None:
        file = bytearray(with_sections(built(), _EXTRA))
        layout = Layout.of(file)
        shoff, shnum = layout.ehdr.unpack_from(file, 16)[5], layout.ehdr.unpack_from(file, 16)[11]
        for index in range(shnum):
            at = shoff + index * layout.shdr.size
            row = list(layout.shdr.unpack_from(file, at))
            if row[2] & SHF_ALLOC:
                row[1] = SHT_NOTE if index == 1 else SHT_NOBITS
                layout.shdr.pack_into(file, at, *row)
        with self.assertRaisesWithLiteralMatch(
            NotStrippableError,
            "x.so: can't be stripped, because debug information is all it has",
        ):
            plan_of(bytes(file))

    def test_programs_that_something_is_appended_to(self) -> None:
        file = with_sections(built(), _EXTRA)
        for padding in (0, 3 << 20):
            payload = bytes(padding) + b"payload"
            with self.assertRaisesWithLiteralMatch(
                NotStrippableError,
                "x.so: can't be stripped, because something else follows the ELF file: that ends"
                f" at {len(file)}, and there are {len(file) + len(payload)} bytes;"
                " elf_edit --keep-payload moves it along",
            ):
                plan_of(file + payload)
        self.assertEqual(stripped(file + bytes(100)), stripped(file))

    @parameterized.product(_SHAPES, debug_only=(False, True), headers=("end", "front"))
    def test_what_is_appended_moves_along_if_that_is_wanted(
        self, debug_only: bool, **shape: Any
    ) -> None:
        payload = b"PK" + bytes(100) + b"end"
        file = with_sections(built(**shape), _EXTRA, _SYMBOLS)
        data = memoryview(file + payload)
        found = elf.read(data, "x.so")
        plan = elf.plan_strip(found, data, debug_only=debug_only, keep_payload=True)
        kept = plan.apply(data)
        wanted = stripped(file, debug_only=debug_only)
        self.assertEqual(names(kept), names(wanted))
        self.assertEqual(loaded(kept), loaded(wanted))
        self.assertEqual(plan.size, len(kept))
        self.assertEqual((len(data) - len(kept)) % 0x1000, 0)
        parsed = seen(kept)
        end = parsed["e_shoff"] + parsed["e_shnum"] * parsed["e_shentsize"]
        self.assertEqual(kept[end:], payload)
        again = memoryview(kept)
        plan = elf.plan_strip(
            elf.read(again, "x.so"), again, debug_only=debug_only, keep_payload=True
        )
        self.assertFalse(plan)


def _section(of: str, **changes: int) -> Callable[[bytes], bytes]:
    """Changes fields of a section's header."""
    fields = ("name", "type", "flags", "addr", "offset", "size", "link", "info", "align", "entry")

    def change(file: bytes) -> bytes:
        out = bytearray(file)
        layout = Layout.of(file)
        at = seen(file)["e_shoff"] + names(file).index(of) * layout.shdr.size
        row = list(layout.shdr.unpack_from(out, at))
        for field, value in changes.items():
            row[fields.index(field)] = value
        layout.shdr.pack_into(out, at, *row)
        return bytes(out)

    return change


def _bytes(name: str, offset: int, new: bytes) -> Callable[[bytes], bytes]:
    """Changes bytes of a section."""

    def change(file: bytes) -> bytes:
        at = seen(file).get_section_by_name(name)["sh_offset"] + offset
        return file[:at] + new + file[at + len(new) :]

    return change


class DamagedTest(parameterized.TestCase):
    @parameterized.parameters(
        (_section(".debug_info", size=1 << 40), "section 11 should be 1099511627776 bytes at"),
        (_section(".comment", link=99), "section 10 refers to section 99, but there are 21"),
        (_section(".rela.dyn", info=1000), "section 6 refers to section 1000, but there are 21"),
        (_section(".symtab", entry=1), "section 18 should have symbols of 24 bytes, found 192"),
        (_section(".symtab", size=100), "section 18 should have symbols of 24 bytes, found 100"),
        (_section(".comment", type=2), "there should be one symbol table beside the dynamic one"),
        (_section(".comment", name=5000), "there should be a name at 5000 of a string table of"),
        (_section(".strtab", size=30), "there should be a name at 30 of a string table of 30"),
        (_section(".strtab", size=36), "the string at 34 doesn't end within its table of 36"),
        (_bytes(".symtab", 4 * 24 + 6, b"\xff\x0f"), "symbol 4 is in section 4095, but there are"),
    )
    def test_one_clear_line(self, damage: Callable[[bytes], bytes], message: str) -> None:
        file = damage(with_sections(built(), _EXTRA, _SYMBOLS))
        with self.assertRaises(RelocatableError) as caught:
            plan_of(file, debug_only=True)
        self.assertStartsWith(str(caught.exception), "x.so: damaged ELF file: ")
        self.assertIn(message, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))

    def test_no_section_with_names(self) -> None:
        file = bytearray(with_sections(built(), _EXTRA))
        file[62:64] = b"\x99\x00"
        with self.assertRaisesRegex(RelocatableError, "section 153 should have the names of the"):
            plan_of(bytes(file))
        file[62:64] = b"\0\0"  # None has them: nothing is known to be debug information.
        self.assertFalse(plan_of(bytes(file)))

    def test_truncated(self) -> None:
        file = with_sections(built(), _EXTRA, _SYMBOLS)
        for size in range(0, len(file), 64):
            with self.assertRaises(RelocatableError):
                plan_of(file[:size])

    def test_any_byte_may_be_wrong(self) -> None:
        random_bytes = random.Random(1)  # noqa: S311
        for shape in _SHAPES:
            file = with_sections(built(**shape | {"page": 64}), _EXTRA, _SYMBOLS)
            shoff = seen(file)["e_shoff"]
            for _ in range(700):
                wrong = bytearray(file)
                for _ in range(random_bytes.randint(1, 4)):
                    span = random_bytes.choice(((16, 400), (shoff, len(file))))
                    at = random_bytes.randrange(*span)
                    wrong[at] = random_bytes.choice((0, 1, 2, 0x7F, 0xFF, wrong[at] ^ 8))
                for debug_only in (False, True):
                    try:
                        plan = plan_of(bytes(wrong), debug_only=debug_only)
                    except RelocatableError:
                        continue
                    self.assertLessEqual(len(plan.apply(bytes(wrong))), len(wrong))

    def test_sections_that_overlap_make_no_larger_file(self) -> None:
        extra = [Extra(f".x{index}", b"x" * 100) for index in range(500)]
        file = bytearray(with_sections(built(), (*_EXTRA, *extra)))
        layout = Layout.of(file)
        at = seen(bytes(file))["e_shoff"] + names(bytes(file)).index(".x0") * layout.shdr.size
        for index in range(500):
            row = list(layout.shdr.unpack_from(file, at + index * layout.shdr.size))
            row[4:6] = 0, len(file)
            layout.shdr.pack_into(file, at + index * layout.shdr.size, *row)
        self.assertFalse(plan_of(bytes(file)))


if __name__ == "__main__":
    absltest.main()
