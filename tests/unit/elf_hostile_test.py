"""Hostile files for `relocatable.elf`: an edit that reads back as wanted, or one clear error."""

import random
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from absl.testing import absltest

from relocatable import elf
from relocatable.elf import Edits
from relocatable.errors import RelocatableError
from support.elf_builder import EM_386, EM_AARCH64, EM_MIPS, ET_EXEC, PT_LOAD, ElfBuilder

_EDITS = (
    Edits(
        search_path="$ORIGIN/../lib/some/where",
        soname="libother.so.12345",
        replace_needed={"libc.so.6": "libother-c.so.6"},
        add_needed=("liba.so", "libb.so"),
        executable_stack=False,
        clear_symbol_versions=("malloc",),
        drop_build_id=True,
        add_debug_tag=True,
    ),
    Edits(search_path=None, remove_needed=("libc.so.6",), soname=None),
)
_INTERPRETER = Edits(interpreter="/a/path/that/is/longer/than/ld.so")

_LIBRARY = ElfBuilder(runpath="/a/b", build_id=bytes(20), symtab=True)
_PROGRAM = ElfBuilder(interpreter="/lib/ld.so", spare=0, stack=None, build_id=bytes(20))
_SMALL = ElfBuilder(
    bits=32, little=False, machine=EM_MIPS, rpath="/a/b", spare=0, padding=False, page=0x1000
)
_BUILDERS = (
    _LIBRARY,
    _PROGRAM,
    _SMALL,
    ElfBuilder(bits=32, machine=EM_386, type=ET_EXEC, interpreter="/lib/ld.so", padding=False),
    ElfBuilder(machine=EM_AARCH64, page=0x1000, sections=False, spare=0, bss=100),
    ElfBuilder(type=ET_EXEC, interpreter="/lib/ld.so", spare=0, bss=100, headers="front"),
)
_HUGE = ((1 << 32) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1)

# What an attempt may need beside twice the file: tables of numbers, exceptions.
_CONSTANT = 4 << 20


class HostileTest(absltest.TestCase):
    tried = 0
    planned = 0

    @classmethod
    def tearDownClass(cls) -> None:
        print(f"{cls.tried} hostile files: {cls.tried - cls.planned} refused, {cls.planned} edited")
        super().tearDownClass()

    def attempt(self, data: bytes) -> None:
        type(self).tried += 1
        try:
            self.edit(data)
            type(self).planned += 1
        except RelocatableError as error:
            self.assertStartsWith(str(error), "lib.so: ")
            self.assertNotIn("\n", str(error))

    @contextmanager
    def limited_memory(self, size: int) -> Iterator[None]:
        """Not more than twice the file, where memory is traced."""
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        try:
            yield
        finally:
            _, peak = tracemalloc.get_traced_memory()
            if tracemalloc.is_tracing():
                self.assertLess(peak - start, 2 * size + _CONSTANT)

    def edit(self, data: bytes) -> None:
        view = memoryview(data)
        with self.limited_memory(len(data)):
            found = elf.read(view, "lib.so")
        last = [_INTERPRETER] if found.interpreter is not None else []
        for edits in (*_EDITS, *last):
            with self.limited_memory(len(data)):
                plan = elf.plan(found, view, edits)
            end = 0
            for offset, patch in plan.patches:
                self.assertGreaterEqual(offset, end)
                end = offset + len(patch)
            self.assertLessEqual(end, len(data))
            after = plan.apply(data)
            new = elf.read(memoryview(after), "lib.so")
            if edits is _EDITS[0]:
                self.assertIn(edits.search_path, (new.rpath, new.runpath))
                self.assertEqual(new.soname, edits.soname)

    def test_files_that_are_cut_off_at_every_64_bytes(self) -> None:
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for builder in _BUILDERS:
            data = builder.build()
            for size in range(0, len(data), 64):
                self.attempt(data[:size])

    def test_each_number_of_each_header_and_table(self) -> None:
        for builder in _BUILDERS:
            data = builder.build()
            for at, size in _fields(data):
                old = int.from_bytes(data[at : at + size], "little" if builder.little else "big")
                for value in (0, 1, old + 64, len(data), *_HUGE):
                    new = (value % (1 << 8 * size)).to_bytes(
                        size, "little" if builder.little else "big"
                    )
                    if value != old:
                        self.attempt(data[:at] + new + data[at + size :])

    def test_segments_and_sections_that_overlap(self) -> None:
        """Each header says that its bytes are where those of another are."""
        for builder in _BUILDERS:
            data = builder.build()
            found = elf.read(memoryview(data), "lib.so")
            sections = elf.sections(found, memoryview(data))
            for start, count, size, place in (
                (found.phoff, len(found.segments), found.shape.phdr.size, slice(8, 40)),
                (found.shoff, len(sections), found.shape.shdr.size, slice(16, 40)),
            ):
                for one in range(count):
                    for other in range(count):
                        changed = bytearray(data)
                        at, source = start + one * size, start + other * size
                        changed[at + place.start : at + place.stop] = data[
                            source + place.start : source + place.stop
                        ]
                        self.attempt(bytes(changed))

    def test_version_tables_that_lead_back_or_share(self) -> None:
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        versions = dict[str, tuple[str, ...]]()
        versions |= {f"lib{number}.so": ("A", "B", "C") for number in range(40)}
        data = ElfBuilder(needed=("lib0.so",), versions=versions).build()
        found = elf.read(memoryview(data), "lib.so")
        at = found.value(0x6FFFFFFE)
        assert at is not None
        for distance in (1, 2, 4, 8, 16, 64, 0xFFFFFFFF, 0xFFFFFFF0):
            for field in (8, 12, 16 + 12):
                for items in (1, 3, 0xFFFF):
                    changed = bytearray(data)
                    for head in range(at, at + 40 * 64, 64):
                        struct.pack_into("<H", changed, head + 2, items)
                        struct.pack_into("<I", changed, head + field, distance)
                    self.attempt(bytes(changed))

    def test_tables_of_megabytes(self) -> None:
        """Each is valid by itself, but would be many times as large in memory."""
        size = 2 << 20
        many = b"\x55" * size
        sections = bytearray(ElfBuilder(payload=many).build())
        struct.pack_into("<Q", sections, 40, len(sections) - size)
        struct.pack_into("<H", sections, 60, 0)  # The first header has the number.
        struct.pack_into("<Q", sections, len(sections) - size + 32, size // 64)
        entries = tuple((0x70000000 + index, index) for index in range(20_000))
        versions = dict[str, tuple[str, ...]]()
        versions |= {f"lib{index}": ("A",) for index in range(10_000)}
        files = (
            bytes(sections),
            ElfBuilder(more=entries).build(),
            ElfBuilder(runpath="/a", sections=False, code=many, spare=0).build(),
            ElfBuilder(versions={"libc.so.6": ("A",) * 10_000}).build(),
            ElfBuilder(versions=versions).build(),
            ElfBuilder(runpath="/" + "x" * size, symbols=("a" * size,)).build(),
            # Libraries whose names are the tails of one long name.
            ElfBuilder(
                symbols=("a" * (size >> 2),), more=tuple((1, index) for index in range(100, 5000))
            ).build(),
        )
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for data in files:
            self.attempt(data)

    def test_wrong_bytes_anywhere(self) -> None:
        randomness = random.Random(2)  # noqa: S311
        values = (0, 1, 0x7F, 0x80, 0xFF)
        for builder in _BUILDERS:
            data = builder.build()
            places = [index for index, byte in enumerate(data) if byte or index < 1024]
            for _ in range(200):
                damaged = bytearray(data)
                for _ in range(randomness.choice((1, 2, 8))):
                    place = randomness.choice(places)
                    for index in range(place, min(place + randomness.choice((1, 1, 8)), len(data))):
                        damaged[index] = randomness.choice(values)
                self.attempt(bytes(damaged))


def _fields(data: bytes) -> Iterator[tuple[int, int]]:
    """Offset and size of the numbers in the headers, the dynamic section and the versions."""
    found = elf.read(memoryview(data), "lib.so")
    shape, word = found.shape, found.bits // 8
    for at in range(16, 16 + shape.ehdr.size, 2):
        yield at, 2
    for at in range(24, 24 + 3 * word, word):
        yield at, word
    headers = len(elf.sections(found, memoryview(data))) * shape.shdr.size
    needs = found.value(0x6FFFFFFE)
    first = next(part for part in found.segments if part.type == PT_LOAD)
    for start, size, step in (
        (found.phoff, len(found.segments) * shape.phdr.size, word),
        (found.shoff, headers, word),
        (found.dynamic_offset, found.dynamic_slots * shape.dyn.size, word),
        # The version requirements are in the first segment.
        ((needs or 0) - first.vaddr + first.offset, 48 if needs else 0, 4),
    ):
        for at in range(start, start + size, step):
            if at + step <= len(data):
                yield at, step


if __name__ == "__main__":
    absltest.main()
