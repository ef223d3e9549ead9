"""Tests for `relocatable.elf.plan`, with pyelftools as the second opinion."""

import io
import itertools
import random
from typing import Any

from absl.testing import absltest, parameterized
from elftools.elf.dynamic import DynamicSection, DynamicSegment
from elftools.elf.elffile import ELFFile

from relocatable import elf
from relocatable.errors import RelocatableError
from support.elf_builder import (
    EM_386,
    EM_AARCH64,
    EM_MIPS,
    EM_X86_64,
    ET_DYN,
    ET_EXEC,
    PT_DYNAMIC,
    PT_LOAD,
    PT_PHDR,
    ElfBuilder,
)

_NEW = "$ORIGIN/../lib/some/where"
_SHAPES: tuple[dict[str, Any], ...] = tuple(
    {"bits": bits, "little": little, "machine": machine, "page": page}
    for bits, little, machine, page in (
        (64, True, EM_X86_64, 0x1000),
        (64, True, EM_AARCH64, 0x10000),
        (64, False, EM_AARCH64, 0x10000),
        (32, True, EM_386, 0x1000),
        (32, False, 20, 0x10000),
    )
)
_KINDS: tuple[dict[str, Any], ...] = tuple(
    {"type": kind, "interpreter": interpreter, "bss": bss}
    for kind, interpreter, bss in (
        (ET_DYN, None, 0),
        (ET_DYN, "/lib/ld.so", 70000),
        (ET_EXEC, "/lib/ld.so", 0),
    )
)


def read(data: bytes) -> elf.Elf:
    return elf.read(memoryview(data), "lib.so")


def plan(data: bytes, runpath: str | None) -> elf.Plan:
    return elf.plan_runpath(read(data), memoryview(data), runpath)


def edit(data: bytes, runpath: str | None) -> bytes:
    return plan(data, runpath).apply(data)


def meaning(data: bytes) -> dict[str, Any]:
    """What pyelftools says about everything that an edit must keep."""
    file: Any = ELFFile(io.BytesIO(data))
    segment: Any = next(part for part in file.iter_segments() if isinstance(part, DynamicSegment))
    tags = list(segment.iter_tags())
    found: dict[str, Any] = {
        "needed": [tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"],
        "soname": [tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"],
        "symbols": [symbol.name for symbol in segment.iter_symbols()],
        "relocations": [
            (name, relocation.entry)
            for name, table in segment.get_relocation_tables().items()
            for relocation in table.iter_relocations()
        ],
        "segments": [part.header.p_type for part in file.iter_segments()],
    }
    needs = file.get_section_by_name(".gnu.version_r")
    if needs is not None:
        found["versions"] = [
            (library.name, [version.name for version in versions])
            for library, versions in needs.iter_versions()
        ]
        found["symbol versions"] = [
            symbol.entry.ndx for symbol in file.get_section_by_name(".gnu.version").iter_symbols()
        ]
    return found


def search_paths(data: bytes) -> list[tuple[str, str]]:
    """DT_RPATH and DT_RUNPATH as pyelftools reads them, from the segment and from the section."""
    file: Any = ELFFile(io.BytesIO(data))
    parts: list[Any] = [part for part in file.iter_segments() if isinstance(part, DynamicSegment)]
    parts += [part for part in file.iter_sections() if isinstance(part, DynamicSection)]
    answers = [
        [
            (tag.entry.d_tag, getattr(tag, tag.entry.d_tag[3:].lower()))
            for tag in part.iter_tags()
            if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH")
        ]
        for part in parts
    ]
    assert all(answer == answers[0] for answer in answers), answers
    return answers[0]


class EditTestCase(parameterized.TestCase):
    """What is true of every edit."""

    def assert_edited(self, data: bytes, runpath: str | None) -> bytes:
        """The edited file, after all that is true of any edit was checked."""
        edits = plan(data, runpath)
        edited = edits.apply(data)
        found = read(edited)
        self.assertEqual((found.rpath, found.runpath), (None, runpath))
        wanted = [] if runpath is None else [("DT_RUNPATH", runpath)]
        self.assertEqual(search_paths(edited), wanted)
        before, after = meaning(data), meaning(edited)
        more = len(after.pop("segments")) - len(before.pop("segments"))
        # The new segment, and sometimes PT_PHDR comes or goes.
        self.assertIn(more, (0, 1, 2) if edits.append else (0,))
        self.assertEqual(after, before)
        self.assertEqual(
            elf.version_needs(found, memoryview(edited)),
            elf.version_needs(read(data), memoryview(data)),
        )
        self.assert_sound(found, edited)
        self.assertFalse(plan(edited, runpath), "a second edit should change nothing")
        self.assert_minimal(edits, data)
        return edited

    def assert_more(self, data: bytes, runpath: str | None) -> bytes:
        """The file after an edit that isn't its first."""
        edited = edit(data, runpath)
        found = read(edited)
        self.assertEqual(found.runpath, runpath)
        self.assert_sound(found, edited)
        before, after = meaning(data), meaning(edited)
        more = len(after.pop("segments")) - len(before.pop("segments"))
        self.assertIn(more, (0, 1))
        self.assertEqual(after, before)
        return edited

    def assert_minimal(self, edits: elf.Plan, data: bytes) -> None:
        """Patches ascend, don't touch, and begin and end with a byte that changes."""
        end = -1
        for offset, patch in edits.patches:
            self.assertGreater(offset, end)
            end = offset + len(patch)
            self.assertLessEqual(end, len(data))
            self.assertNotEqual(data[offset], patch[0])
            self.assertNotEqual(data[end - 1], patch[-1])

    def assert_sound(self, found: elf.Elf, data: bytes) -> None:
        """The rules that loaders rely on (gABI, chapter 5, program header)."""
        loads = [part for part in found.segments if part.type == PT_LOAD]
        self.assertEqual(loads, sorted(loads, key=lambda part: part.vaddr))
        for part, following in itertools.pairwise(loads):
            self.assertLessEqual(part.vaddr + part.memsz, following.vaddr)
            page = min(part.align, following.align)
            self.assertLess((part.vaddr + part.memsz - 1) // page, following.vaddr // page)
        for part in loads:
            self.assertEqual(part.offset % part.align, part.vaddr % part.align)
            self.assertLessEqual(part.offset + part.filesz, len(data))
        for kind in (PT_PHDR, PT_DYNAMIC):
            for part in found.segments:
                if part.type == kind:
                    load = found.load_of(part.vaddr)
                    assert load is not None
                    self.assertEqual(part.vaddr - load.vaddr, part.offset - load.offset)
                    self.assertLessEqual(part.vaddr + part.filesz, load.vaddr + load.filesz)
                    if kind == PT_PHDR:
                        self.assertEqual(part.offset, found.phoff)
        if found.is_program:  # Where old kernels say that the program headers are.
            told = loads[0].vaddr - loads[0].offset + found.phoff
            load = found.load_of(told)
            assert load is not None
            self.assertEqual(told - load.vaddr + load.offset, found.phoff)


class InPlaceTest(EditTestCase):
    """Edits that add no byte."""

    @parameterized.parameters(*_SHAPES)
    def test_files_that_do_not_grow(self, **shape: Any) -> None:
        for kind in _KINDS:
            for sections in (True, False):
                for code in (b"", b"\x90" * 50):
                    builder = ElfBuilder(**shape, **kind, sections=sections, code=code)
                    data = builder.build()
                    with self.subTest(kind=kind, sections=sections, code=bool(code)):
                        edited = self.assert_edited(data, _NEW)
                        self.assertLen(edited, len(data))

    def test_sections_stay_apart(self) -> None:
        for code in (b"", b"\x90" * 50):
            edited = edit(ElfBuilder(code=code).build(), _NEW)
            found = sorted(
                (section.offset, section.offset + section.size)
                for section in elf.sections(read(edited), memoryview(edited))
            )
            for (_, end), (start, _) in itertools.pairwise(found):
                self.assertLessEqual(end, start)

    def test_code_does_not_move(self) -> None:
        code = bytes(range(1, 200))
        data = ElfBuilder(code=code).build()
        self.assertEqual(edit(data, _NEW).index(code), data.index(code))

    def test_nothing_else_changes(self) -> None:
        data = ElfBuilder(runpath="/some/long/path").build()
        edits = plan(data, "$ORIGIN")
        self.assertEqual(
            edits,
            elf.Plan(
                ((data.index(b"/some/long/path"), b"$ORIGIN\0\0\0\0\0\0\0\0"),),
                log=(elf.Edit("runpath", "/some/long/path", "$ORIGIN"),),
            ),
        )
        self.assert_edited(data, "$ORIGIN")

    def test_the_same_length(self) -> None:
        data = ElfBuilder(runpath="/abc").build()
        self.assertEqual(self.assert_edited(data, "/xyz"), data.replace(b"/abc", b"/xyz"))

    def test_an_rpath_becomes_a_runpath(self) -> None:
        data = ElfBuilder(rpath="/some/long/path").build()
        edits = plan(data, "/some/long/path")
        self.assertEqual([patch for _, patch in edits.patches], [b"\x1d"])  # One byte: the tag.
        self.assertEqual(
            edits.log,
            (
                elf.Edit("rpath", "/some/long/path", None),
                elf.Edit("runpath", None, "/some/long/path"),
            ),
        )
        self.assert_edited(data, "/some/long/path")
        self.assert_edited(data, "/other")

    def test_both_become_one(self) -> None:
        data = ElfBuilder(rpath="/first", runpath="/second").build()
        for runpath in ("/first", "/second", "/x", _NEW):
            edited = self.assert_edited(data, runpath)
            self.assertLen(read(edited).dynamic, len(read(data).dynamic) - 1)

    def test_the_empty_plan(self) -> None:
        for runpath in ("/a:$ORIGIN/b", None):
            data = ElfBuilder(runpath=runpath).build()
            self.assertEqual(plan(data, runpath), elf.Plan())
            self.assertFalse(plan(data, runpath))
            self.assertEqual(edit(data, runpath), data)

    def test_a_string_that_is_there_already(self) -> None:
        data = ElfBuilder(soname="lib/extra").build()
        edited = self.assert_edited(data, "lib/extra")
        self.assertEqual(edited.count(b"extra\0"), 1)

    def test_many_edits_do_not_use_up_the_padding(self) -> None:
        data = ElfBuilder(code=b"\x90").build()
        size = len(data)
        first = edit(data, _NEW)
        for runpath in (*("/x", None, _NEW, "/y", _NEW, None) * 300, _NEW):
            data = edit(data, runpath)
        self.assertLen(data, size)
        self.assertEqual(read(data).segments, read(first).segments)

    def test_a_tight_gap_is_used_to_the_last_byte(self) -> None:
        for length in range(1, 64):
            data = ElfBuilder(code=b"\x90" * (0x1000 - 0x200 - 48)).build()
            self.assert_edited(data, "x" * length)


class SharedTest(EditTestCase):
    """Bytes that something else may use stay as they are."""

    @parameterized.parameters("lib", "$ORIGIN/new", None)
    def test_a_symbol_that_ends_with_the_runpath(self, runpath: str | None) -> None:
        data = ElfBuilder(runpath="lib/x", shared_tail="my_lib/x").build()
        edited = self.assert_edited(data, runpath)
        self.assertIn(b"\0my_lib/x\0", edited)

    @parameterized.parameters("symbol", "needed", "soname", "version", "library", "inside")
    def test_the_whole_string(self, user: str) -> None:
        text = "very_long_name"
        uses: dict[str, dict[str, Any]] = {
            "symbol": {"symbols": ("a", text)},
            "inside": {"symbols": ("a", text)},
            "needed": {"needed": (text,)},
            "soname": {"soname": text},
            "version": {"versions": {"libc.so.6": (text,)}},
            "library": {"versions": {text: ("V",)}},
        }
        # RUNPATH is made to point at the other string, or into it.
        data = bytearray(ElfBuilder(runpath="/r", **uses[user]).build())
        found = read(bytes(data))
        index = [entry.tag for entry in found.dynamic].index(29)
        value = bytes(data).index(text.encode() + b"\0") - found.strtab
        old = text[5:] if user == "inside" else text
        value += len(text) - len(old)
        at = found.dynamic_offset + index * 16 + 8
        data[at : at + 8] = value.to_bytes(8, "little")
        self.assertEqual(read(bytes(data)).runpath, old)
        for runpath in ("x", _NEW, None):
            edited = self.assert_edited(bytes(data), runpath)
            self.assertIn(text.encode() + b"\0", edited)

    def test_an_unknown_user_of_the_string_table(self) -> None:
        data = bytearray(ElfBuilder(runpath="/long/path").build())
        found = read(bytes(data))
        headers = elf.sections(found, memoryview(bytes(data)))
        index = next(i for i, part in enumerate(headers) if part.type == 0x6FFFFFFE)
        data[found.shoff + index * 64 + 4] = 0x7F  # A type that nobody knows.
        self.assertIn(b"\0/long/path\0", self.assert_not_removed(bytes(data)))

    def test_symbols_of_an_unknown_size(self) -> None:
        data = bytearray(ElfBuilder(runpath="/long/path").build())
        found = read(bytes(data))
        index = [entry.tag for entry in found.dynamic].index(11)
        data[found.dynamic_offset + index * 16 + 8] = 32
        self.assertIn(b"\0/long/path\0", self.assert_not_removed(bytes(data)))

    def assert_not_removed(self, data: bytes) -> bytes:
        edited = edit(data, None)
        self.assertIsNone(read(edited).runpath)
        return edited


class MipsTest(EditTestCase):
    """DT_MIPS_RLD_MAP_REL holds the distance from its own place to a word in memory."""

    def test_the_entry_follows_its_place(self) -> None:
        for spare in (0, 5):
            for bits, little in ((64, False), (32, True)):
                builder = ElfBuilder(
                    bits=bits, little=little, machine=EM_MIPS, page=0x10000, spare=spare
                )
                builder.more = ((0x70000035, 0x1234),)
                data = builder.build()
                edits = elf.Edits(add_needed=("liba.so",), search_path=_NEW)
                new = elf.plan(read(data), memoryview(data), edits).apply(data)
                with self.subTest(spare=spare, bits=bits):
                    self.assertEqual(self.target(new), self.target(data))

    def target(self, data: bytes) -> int:
        found = read(data)
        index = [entry.tag for entry in found.dynamic].index(0x70000035)
        address = next(part.vaddr for part in found.segments if part.type == PT_DYNAMIC)
        place = address + index * found.bits // 4
        return (place + found.dynamic[index].value) % (1 << found.bits)


class RemoveTest(EditTestCase):
    """No search path at all."""

    @parameterized.parameters(*_SHAPES)
    def test_remove(self, **shape: Any) -> None:
        for spare in (0, 5):
            data = ElfBuilder(**shape, rpath="/build/a", runpath="/build/b", spare=spare).build()
            edited = self.assert_edited(data, None)
            self.assertNotIn(b"/build", edited)
            self.assertLen(edited, len(data))
            self.assertLen(read(edited).dynamic, len(read(data).dynamic) - 2)

    def test_the_log(self) -> None:
        data = ElfBuilder(runpath="/a").build()
        self.assertEqual(plan(data, None).log, (elf.Edit("runpath", "/a", None),))


class AppendTest(EditTestCase):
    """Files without room."""

    @parameterized.parameters(*_SHAPES)
    def test_no_spare_entry_and_no_padding(self, **shape: Any) -> None:
        for kind in _KINDS:
            for sections in (True, False):
                for spare, padding in ((0, True), (5, False), (0, False)):
                    builder = ElfBuilder(
                        **shape, **kind, sections=sections, spare=spare, padding=padding, code=b"\1"
                    )
                    with self.subTest(kind=kind, sections=sections, spare=spare, padding=padding):
                        self.check(builder.build())

    def check(self, data: bytes) -> None:
        edited = self.assert_edited(data, _NEW)
        old, new = read(data), read(edited)
        added = [part for part in new.segments if part.type == PT_LOAD][-1]
        if added.offset < old.size:  # The last segment has grown.
            self.assertLen(new.segments, len(old.segments))
            self.assertEqual(added.offset + added.filesz, len(edited))
            return
        self.assertEqual(added.align, 0x1000 if old.machine in (EM_386, EM_X86_64) else 0x10000)
        self.assertEqual(edited[old.size : added.offset], bytes(added.offset - old.size))
        # Later edits happen inside the new segment, which may become longer and not more.
        again = edited
        for runpath in ("/x", None, _NEW + "/longer", None, "/z", _NEW + "/longer", "/y"):
            again = self.assert_more(again, runpath)
        self.assertLen(read(again).segments, len(new.segments))
        self.assertLessEqual(len(again), len(edited) + len("/longer"))

    def test_a_library_gets_no_zeros_before_its_new_segment(self) -> None:
        data = ElfBuilder(spare=0, machine=EM_AARCH64, bss=1 << 30).build()
        self.assertLess(len(plan(data, _NEW).append), 1000)

    def test_what_was_replaced_is_gone(self) -> None:
        data = ElfBuilder(runpath="/build/x", padding=False, code=b"\1").build()
        self.assertNotIn(b"/build", self.assert_edited(data, _NEW))


class SequenceTest(EditTestCase):
    """Edits of edited files."""

    def test_any_sequence_of_edits(self) -> None:
        randomness = random.Random(1)  # noqa: S311
        for _ in range(30):
            shape, kind = randomness.choice(_SHAPES), randomness.choice(_KINDS)
            page = shape["page"]
            builder = ElfBuilder(
                **shape,
                **kind,
                runpath=randomness.choice((None, "/r", "ny")),
                shared_tail=randomness.choice((None, "tiny/r")),
                sections=randomness.random() < 0.7,
                spare=randomness.choice((0, 3)),
                padding=randomness.random() < 0.8,
                # Often there is room for one of the tables only, or for none.
                code=b"\x90" * randomness.choice((0, 10, page - 900, page - 700, page - 600)),
            )
            if builder.runpath == "ny":
                builder.shared_tail = "tiny"
            data = builder.build()
            with self.subTest(builder=builder):
                for _ in range(8):
                    length = randomness.choice((1, 9, 40, 90))
                    runpath = randomness.choice((None, "/x" * length, "y" * length))
                    data = self.assert_more(data, runpath)


class RefusedTest(parameterized.TestCase):
    """What can't be edited."""

    def assert_refused(self, message: str, data: bytes, runpath: str | None) -> None:
        with self.assertRaises(RelocatableError) as caught:
            plan(data, runpath)
        self.assertEqual(str(caught.exception), f"lib.so: {message}")

    def test_a_static_file(self) -> None:
        data = bytearray(ElfBuilder(sections=False).build())
        data[64 + 2 * 56] = 0
        self.assert_refused(
            "no dynamic section to edit: the file is linked statically",
            bytes(data),
            "/x",
        )

    @parameterized.parameters("", "/a\0b")
    def test_bad_paths(self, runpath: str) -> None:
        self.assert_refused(
            f"a search path should have at least one character and no NUL, found {runpath!r}",
            ElfBuilder().build(),
            runpath,
        )

    def test_a_program_with_a_huge_bss(self) -> None:
        builder = ElfBuilder(interpreter="/lib/ld.so", spare=0, bss=1 << 30)
        self.assertLess(len(plan(builder.build(), "/x").append), 1000)
        # What follows the program headers can't make way for one more.
        builder.lead = b"\1"
        with self.assertRaisesRegex(
            RelocatableError,
            "^lib.so: no room inside, and adding a segment would need 10737.* bytes of padding,"
            " at most 67108864 are allowed",
        ):
            plan(builder.build(), "/x")

    def test_no_address_is_left(self) -> None:
        data = ElfBuilder(bits=32, machine=EM_386, spare=0, bss=0xFFFFDFF0).build()
        self.assert_refused(
            "no room inside, and none after it: its segments reach the end of memory;"
            " link the file with a longer RUNPATH",
            data,
            "/x",
        )


if __name__ == "__main__":
    absltest.main()
