"""Dynamic symbols and their versions, of both classes and byte orders, whole and damaged."""

import struct

from absl.testing import absltest, parameterized

from relocatable import elf
from relocatable.elf.names import Names
from relocatable.elf.symbols import Symbol, defines, symbols
from relocatable.elf.versions import Definition, Requirement, definitions, requirements
from relocatable.errors import RelocatableError
from support.shared_object import SharedObject, sysv_hash

SHAPES = [(bits, little) for bits in (32, 64) for little in (True, False)]


def made(**more: object) -> SharedObject:
    given = {
        "soname": "libx.so",
        "needed": ("liby.so",),
        "defines": {"f": "V_1", "g": "V_2", "h": ""},
        "wants": {"w": ("liby.so", "Y_1"), "?v": None},
        "requires": (("liby.so", "?Y_2"),),
    }
    return SharedObject(**given | more)  # type: ignore[arg-type]


def read(spec: SharedObject) -> tuple[elf.Elf, memoryview]:
    data = memoryview(spec.build())
    return elf.read(data, "x"), data


class SymbolsTest(parameterized.TestCase):
    @parameterized.product(
        shape=SHAPES,
        tables=[
            {"sysv_hash": True, "gnu_hash": False},
            {"sysv_hash": True},
            {},
            {"gnu_hash": False, "sections": True},
            {"gnu_hash": False},  # Then the table that follows ends that of the symbols.
        ],
    )
    def test_all(self, shape: tuple[int, bool], tables: dict[str, bool]) -> None:
        found = list(symbols(*read(made(bits=shape[0], little=shape[1], **tables))))
        self.assertEqual(found[:2], [Symbol("w", False, False, 4), Symbol("v", False, True, 1)])
        self.assertCountEqual(
            found[2:],
            [Symbol("f", True, False, 2), Symbol("g", True, False, 3), Symbol("h", True, False, 1)],
        )

    def test_some_versions(self) -> None:
        self.assertEqual(
            [symbol.name for symbol in symbols(*read(made()), versions={3, 4})], ["w", "g"]
        )

    def test_none_are_defined(self) -> None:
        """Then DT_GNU_HASH doesn't tell how many are wanted."""
        spec = made(defines={}, sections=True)
        self.assertEqual([symbol.name for symbol in symbols(*read(spec))], ["w", "v"])

    @parameterized.product(shape=SHAPES, sysv=[True, False])
    def test_defines(self, shape: tuple[int, bool], sysv: bool) -> None:
        names = {f"name{i}": "" for i in range(40)}
        file = read(
            made(bits=shape[0], little=shape[1], defines=names, sysv_hash=sysv, gnu_hash=not sysv)
        )
        for name in names:
            self.assertTrue(defines(*file, name), name)
        for name in ("w", "v", "name", "name40", "", "naïve"):
            self.assertFalse(defines(*file, name), name)

    def test_defines_nothing(self) -> None:
        self.assertFalse(defines(*read(made(defines={})), "f"))
        self.assertFalse(defines(*read(made(gnu_hash=False)), "f"))

    def test_a_circle_in_a_hash_chain(self) -> None:
        data = bytearray(made(defines={"f": ""}, wants={}, requires=(), sysv_hash=True).build())
        start = data.index(struct.pack("<2I", 3, 2))
        # Every bucket begins with symbol 1, which follows itself.
        data[start + 8 : start + 28] = struct.pack("<5I", 1, 1, 1, 0, 1)
        gnu = data.index(struct.pack("<Q", 0x6FFFFEF5))
        data[gnu : gnu + 8] = struct.pack("<Q", 0x6FFFFEF4)
        file = elf.read(memoryview(bytes(data)), "x")
        self.assertFalse(defines(file, memoryview(bytes(data)), "g"))

    def test_damage_is_one_clear_error(self) -> None:
        """Each byte of the tables, set to values that mislead most."""
        data = made(sysv_hash=True).build()
        tried = 0
        for position in range(64, len(data)):
            for value in (0, 1, 0x7F, 0xFF):
                damaged = bytearray(data)
                damaged[position] = value
                view = memoryview(bytes(damaged))
                try:
                    file = elf.read(view, "x")
                    list(symbols(file, view))
                    defines(file, view, "f")
                    requirements(file, view)
                    definitions(file, view)
                except RelocatableError as error:
                    self.assertNotIn("\n", str(error))
                tried += 1
        self.assertGreater(tried, 1000)

    @parameterized.parameters(*range(64, 900, 64))
    def test_truncated(self, size: int) -> None:
        data = made(sysv_hash=True).build()
        with self.assertRaises(RelocatableError):
            view = memoryview(data[: min(size, len(data) - 1)])
            list(symbols(elf.read(view, "x"), view))


class VersionsTest(parameterized.TestCase):
    @parameterized.parameters(*SHAPES)
    def test_requirements(self, bits: int, little: bool) -> None:
        self.assertEqual(
            requirements(*read(made(bits=bits, little=little))),
            (
                Requirement("liby.so", "Y_1", sysv_hash("Y_1"), False, 4),
                Requirement("liby.so", "Y_2", sysv_hash("Y_2"), True, 5),
            ),
        )

    @parameterized.parameters(*SHAPES)
    def test_definitions(self, bits: int, little: bool) -> None:
        self.assertEqual(
            definitions(*read(made(bits=bits, little=little))),
            (
                Definition("libx.so", sysv_hash("libx.so"), 1, True),
                Definition("V_1", sysv_hash("V_1"), 2, False),
                Definition("V_2", sysv_hash("V_2"), 3, False),
            ),
        )

    def test_none(self) -> None:
        plain = read(SharedObject())
        self.assertEqual((requirements(*plain), definitions(*plain)), ((), ()))


class NamesTest(absltest.TestCase):
    def test_tails_of_one_long_name(self) -> None:
        """Each is a name that a table may hold; read together, they are its square."""
        file, data = read(SharedObject(soname="x" * 20_000))
        names = Names(file, data)
        self.assertEqual(names.at(1), "x" * 20_000)
        self.assertEqual(names.at(19_999), "xx")
        with self.assertRaisesRegex(
            RelocatableError, "x: damaged ELF file: its names together are 16 times as long as the"
        ):
            for offset in range(2, 20_000):
                names.at(offset)

    def test_outside(self) -> None:
        file, data = read(SharedObject(soname="x"))
        with self.assertRaisesRegex(RelocatableError, "the string at 99 doesn't end within its"):
            Names(file, data).at(99)


if __name__ == "__main__":
    absltest.main()
