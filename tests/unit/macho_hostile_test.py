"""Hostile files for `relocatable.macho`: an edit that reads back as wanted, or one clear error."""

import random
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from absl.testing import absltest

from relocatable import macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edits
from support.macho_builder import ARM64, EXECUTE, I386, X86_64, MachOBuilder, universal
from support.macho_signature import signed

_EDITS = (
    Edits(
        install_name="@rpath/libother.dylib",
        replace_dylibs={"/usr/lib/libSystem.B.dylib": "/usr/lib/libOther.dylib"},
        rpaths=("@loader_path/../lib",),
    ),
    Edits(strip="debug"),
    Edits(strip="local", sign="remove"),
    Edits(sign="always"),
)
_LIBRARY = MachOBuilder(rpaths=("/a",), source_version=True).build()
_FILES = (
    _LIBRARY,
    signed(MachOBuilder(cpu=X86_64), flags=2, cms=b"x" * 30),
    MachOBuilder(cpu=I386, type=EXECUTE, dylinker="/usr/lib/dyld", environment=("a",)).build(),
    MachOBuilder(cpu=(18, 0), order=">", encrypted=0).build(),
    universal([(X86_64, MachOBuilder(cpu=X86_64).build()), (ARM64, _LIBRARY)]),
    universal([(ARM64, _LIBRARY)], wide=True),
)
_HUGE = (1 << 32) - 8

# What an attempt may need beside some copies of the file: tables of numbers, exceptions.
_CONSTANT = 8 << 20


class HostileTest(absltest.TestCase):
    tried = 0
    edited = 0

    @classmethod
    def tearDownClass(cls) -> None:
        print(f"{cls.tried} hostile files: {cls.tried - cls.edited} refused, {cls.edited} edited")
        super().tearDownClass()

    def attempt(self, data: bytes) -> None:
        type(self).tried += 1
        refused = False
        for edits in _EDITS:
            try:
                with self.limited_memory(len(data)):
                    self.edit(data, edits)
            except RelocatableError as error:
                refused = True
                self.assertStartsWith(str(error), "a.dylib")
                self.assertNotIn("\n", str(error))
        type(self).edited += not refused

    @contextmanager
    def limited_memory(self, size: int) -> Iterator[None]:
        """Not more than a few times the file, where memory is traced."""
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        try:
            yield
        finally:
            _, peak = tracemalloc.get_traced_memory()
            if tracemalloc.is_tracing():
                self.assertLess(peak - start, 8 * size + _CONSTANT)

    def edit(self, data: bytes, edits: Edits) -> None:
        view = memoryview(data)
        for file, thin in macho.thin_files(view, "a.dylib"):
            macho.verify_signature(file, thin)
        new = memoryview(macho.plan(view, "a.dylib", edits).apply(data))
        for file, thin in macho.thin_files(new, "a.dylib"):
            if edits.sign == "always":
                self.assertEqual(macho.verify_signature(file, thin), [])
            if edits.rpaths == ("@loader_path/../lib",):
                self.assertEqual(file.rpaths, edits.rpaths)

    def test_files_that_are_cut_off(self) -> None:
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for data in _FILES:
            for size in [*range(0, 1200, 40), *range(1200, len(data), 8192)]:
                self.attempt(data[:size])

    def test_each_number_of_the_header_and_the_commands(self) -> None:
        for data in _FILES:
            order = ">" if data[:2] in (b"\xca\xfe", b"\xfe\xed") else "<"
            for at in _numbers(data):
                (old,) = struct.unpack_from(order + "I", data, at)
                for value in (0, old + 64, _HUGE):
                    if value != old:
                        new = struct.pack(order + "I", value % (1 << 32))
                        self.attempt(data[:at] + new + data[at + 4 :])

    def test_random_bytes(self) -> None:
        chance = random.Random(1)  # noqa: S311  (no secret)
        for data in _FILES:
            for _ in range(60):
                new = bytearray(data)
                for _ in range(chance.choice((1, 4, 20))):
                    new[chance.choice(_interesting(data))] = chance.randrange(256)
                self.attempt(bytes(new))

    def test_names_that_share_a_long_string(self) -> None:
        """Each symbol's name is a tail of one string: together they'd be gigabytes."""
        size = 1 << 20
        data = bytearray(MachOBuilder(cpu=X86_64).build())
        file = macho.read(memoryview(data), "a")
        symtab, linkedit = file.command(2), file.segment("__LINKEDIT")
        assert symtab is not None
        assert linkedit is not None
        count = 20000
        symbols = b"".join(
            struct.pack("<IBBHQ", number, 0x64 if number == 5 else 0x0F, 1, 0, 0)
            for number in range(count)
        )
        at = len(data)
        data += symbols + b"a" * (size - 1) + b"\0"
        values = (at, count, at + len(symbols), size)
        struct.pack_into("<4I", data, symtab.offset + 8, *values)
        for command in (file.command(0xB), file.command(0x26)):
            assert command is not None
            data[command.offset + 8 : command.offset + command.size] = bytes(command.size - 8)
        data[linkedit.fileoff : at] = bytes(at - linkedit.fileoff)
        end = len(data) - linkedit.fileoff
        struct.pack_into("<Q", data, linkedit.command.offset + 48, end)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        with self.limited_memory(len(data)):
            plan = macho.plan(memoryview(data), "a", Edits(strip="debug"))
        self.assertIn(("symbols", str(count), str(count - 1)), plan.log)


def _numbers(data: bytes) -> range:
    """Where the numbers of the header, the load commands and a table of architectures are."""
    if data[:2] == b"\xca\xfe":
        return range(0, 48, 4)
    return range(0, macho.read(memoryview(data), "a").commands_end, 4)


def _interesting(data: bytes) -> list[int]:
    """Where bytes mean something."""
    return [at for at, byte in enumerate(data[:-4]) if byte or at < 1024 or data[at + 3]]


if __name__ == "__main__":
    absltest.main()
