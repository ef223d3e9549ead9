"""Tests of `relocatable.elf.start`: what changes in a file, and that the result is a sound one."""

import itertools
import struct
from dataclasses import replace

from absl.testing import absltest, parameterized

from relocatable import edit_log, elf, provenance
from relocatable.elf import constants as c
from relocatable.errors import RelocatableError
from support.elf_builder import EM_386, EM_AARCH64, EM_X86_64, ElfBuilder

LOADER = "../lib/ld-linux-x86-64.so.2"
PROGRAM = ElfBuilder(
    interpreter="/lib64/ld-linux-x86-64.so.2", soname=None, flags_1=c.DF_1_PIE, code=b"\x90" * 64
)


def program(**changes: object) -> bytes:
    """A program whose entry point is in a segment that can be executed."""
    data = bytearray(replace(PROGRAM, **changes).build())  # type: ignore[arg-type]
    file = elf.read(memoryview(data), "program")
    first = next(i for i, part in enumerate(file.segments) if part.type == c.PT_LOAD)
    struct.pack_into("<I", data, file.phoff + 56 * first + 4, c.PF_R | c.PF_X)
    struct.pack_into("<Q", data, 24, file.segments[first].vaddr + 0x100)
    return bytes(data)


def started(data: bytes, loader: str = LOADER) -> tuple[elf.Plan, bytes]:
    view = memoryview(data)
    plan = elf.plan_start(elf.read(view, "program"), view, loader)
    return plan, plan.apply(data)


class StartTest(parameterized.TestCase):
    @parameterized.parameters(
        {"machine": EM_X86_64},
        {"machine": EM_AARCH64, "page": 0x10000},
        {"machine": EM_X86_64, "sections": False},
        {"machine": EM_X86_64, "padding": False},
        {"machine": EM_X86_64, "bss": 100_000},
    )
    def test_what_the_file_says_then(self, **changes: object) -> None:
        data = program(**changes)
        plan, after = started(data)
        old, new = (elf.read(memoryview(each), "program") for each in (data, after))
        self.assertEqual(plan.log, (elf.Edit("start", "/lib64/ld-linux-x86-64.so.2", LOADER),))
        self.assertIsNone(new.interpreter)
        self.assertEqual(elf.read_start(new, memoryview(after)), LOADER)
        self.assertLen(new.segments, len(old.segments))
        self.assertEqual(new.dynamic, old.dynamic)
        load = new.load_of(new.entry)
        assert load is not None
        self.assertEqual(load.flags, c.PF_R | c.PF_X)
        # Nothing shares a page with another segment's memory, and addresses ascend.
        loads = [part for part in new.segments if part.type == c.PT_LOAD]
        self.assertEqual(loads, sorted(loads, key=lambda part: part.vaddr))
        for part, following in itertools.pairwise(loads):
            self.assertLessEqual(part.vaddr + part.memsz, following.vaddr)

    def test_a_payload_stays_if_there_is_room(self) -> None:
        plan, after = started(program(payload=b"a payload"))
        self.assertEmpty(plan.append)
        self.assertEndsWith(after, b"a payload")

    def test_edited_twice_is_stable(self) -> None:
        _, once = started(program())
        plan, twice = started(once)
        self.assertFalse(plan)
        self.assertEqual(once, twice)
        with self.assertRaisesRegex(RelocatableError, "it starts by .* already: edit the original"):
            started(once, "../other/ld.so")

    def test_its_section_covers_it(self) -> None:
        _, after = started(program())
        file = elf.read(memoryview(after), "program")
        (section,) = [
            each
            for each in elf.sections(file, memoryview(after))
            if each.flags == c.SHF_ALLOC | c.SHF_EXECINSTR and each.addr == file.entry
        ]
        names = elf.sections(file, memoryview(after))[file.shstrndx]
        name = after[names.offset + section.name :].partition(b"\0")[0]
        self.assertEqual(name, b"interp")

    def test_the_log_proves_it(self) -> None:
        data = program()
        view = memoryview(data)
        path = elf.plan(elf.read(view, "program"), view, elf.Edits(search_path="$ORIGIN/../lib"))
        plan, after = started(path.apply(data))
        log = [provenance.Edit(each.kind, each.before, each.after) for each in path.log + plan.log]
        edit_log.prove("program", view, memoryview(after), log)
        for wrong in (log[:1], [*log[:1], replace(log[1], after="../lib/other.so")]):
            with self.assertRaises(RelocatableError):
                edit_log.prove("program", view, memoryview(after), wrong)

    @parameterized.parameters(
        ({"interpreter": None}, LOADER, "wanted a program that asks for a loader, found none"),
        ({"machine": EM_386}, LOADER, "there is no start for"),
        (
            {"payload": b"a payload", "padding": False},
            LOADER,
            "9 bytes that the ELF headers don't know of",
        ),
        ({}, "/lib64/ld.so", "wanted the loader's path from the program's directory"),
        ({}, "", "wanted the loader's path from the program's directory"),
        ({}, "a\0b", "wanted the loader's path from the program's directory"),
        ({}, "a" * 4096, "wanted the loader's path from the program's directory"),
    )
    def test_refused(self, changes: dict[str, object], loader: str, message: str) -> None:
        with self.assertRaisesRegex(RelocatableError, message):
            started(program(**changes), loader)

    @parameterized.parameters(range(0, 60, 3))
    def test_damaged_settings(self, at: int) -> None:
        _, after = started(program())
        file = elf.read(memoryview(after), "program")
        begin = after.index(b"relocatable/run\0")
        damaged = bytearray(after)
        damaged[begin + at] ^= 0xFF
        try:
            found = elf.read_start(file, memoryview(damaged))
        except RelocatableError as error:
            self.assertIn("the settings of its start", str(error))
        else:
            self.assertNotEqual(found, LOADER)


if __name__ == "__main__":
    absltest.main()
