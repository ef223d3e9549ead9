"""Tests for `relocatable.macho.plan`: names, room, symbols."""

import json

from absl.testing import absltest, parameterized

from relocatable import macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edits, NotEditableError
from support.macho_builder import (
    ARM64,
    BUNDLE,
    EXTERNALS,
    I386,
    LOAD,
    OBJECT,
    UNDEFINED,
    WEAK,
    X86_64,
    MachOBuilder,
    Symbol,
    universal,
)
from support.macho_symbols import indirect_names, symbol_names

_ID = Edits(install_name="@rpath/libtiny.dylib")


def _edit(data: bytes, edits: Edits, name: str = "lib/a.dylib") -> tuple[macho.MachO, bytes]:
    new = macho.plan(memoryview(data), name, edits).apply(data)
    file = macho.read(memoryview(new), name)
    if file.signature is not None:
        assert not macho.verify_signature(file, memoryview(new))
    return file, new


def _log(data: bytes, edits: Edits) -> list[tuple[str, str | None, str | None]]:
    plan = macho.plan(memoryview(data), "a.dylib", edits)
    return [(*edit,) for edit in plan.log if not edit.kind.startswith("signature")]


class NamesTest(parameterized.TestCase):
    def test_install_name(self) -> None:
        data = MachOBuilder().build()
        file, new = _edit(data, _ID)
        self.assertEqual(file.install_name, "@rpath/libtiny.dylib")
        self.assertNotIn(b"/install", new)
        self.assertEqual(
            _log(data, _ID),
            [("install-name", "/install/lib/libtiny.dylib", "@rpath/libtiny.dylib")],
        )

    def test_a_plug_in_has_no_install_name(self) -> None:
        data = MachOBuilder(type=BUNDLE).build()
        self.assertFalse(macho.plan(memoryview(data), "a", _ID))

    def test_libraries_keep_kind_and_versions(self) -> None:
        data = MachOBuilder(dylibs=((LOAD, "a"), (WEAK, "/usr/b"))).build()
        before = macho.read(memoryview(data), "a")
        file, _ = _edit(data, Edits(replace_dylibs={"/usr/b": "@rpath/b", "c": "d"}))
        self.assertEqual(
            file.dylibs, (before.dylibs[0], before.dylibs[1]._replace(name="@rpath/b"))
        )

    def test_a_library_twice(self) -> None:
        data = MachOBuilder(dylibs=((LOAD, "a"), (WEAK, "b"))).build()
        with self.assertRaisesRegex(RelocatableError, "would load b twice"):
            _edit(data, Edits(replace_dylibs={"a": "b"}))

    @parameterized.parameters(
        ((), ("a",)), (("a",), ()), (("a", "b"), ("b",)), (("a",), ("c", "a", "b")), ((), ())
    )
    def test_run_paths(self, old: tuple[str, ...], new: tuple[str, ...]) -> None:
        data = MachOBuilder(rpaths=old).build()
        file, edited = _edit(data, Edits(rpaths=new))
        self.assertEqual(file.rpaths, new)
        wanted = [("rpaths", json.dumps(old), json.dumps(new))]
        self.assertEqual(_log(data, Edits(rpaths=new)), wanted if old != new else [])
        self.assertEqual(old == new, data == edited)

    def test_a_run_path_twice(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "each be there once"):
            _edit(MachOBuilder().build(), Edits(rpaths=("a", "a")))

    @parameterized.parameters("", "a\0b")
    def test_a_name_that_cannot_be(self, name: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "characters and no zero"):
            _edit(MachOBuilder().build(), Edits(install_name=name))

    def test_an_object_file(self) -> None:
        with self.assertRaisesRegex(NotEditableError, "of type OBJECT"):
            _edit(MachOBuilder(type=OBJECT).build(), _ID)

    def test_all_architectures_of_a_universal_file(self) -> None:
        files = [(cpu, MachOBuilder(cpu=cpu).build()) for cpu in (X86_64, ARM64)]
        data = universal(files)
        plan = macho.plan(memoryview(data), "a", _ID)
        new = memoryview(plan.apply(data))
        found = list(macho.thin_files(new, "a"))
        self.assertEqual([x.install_name for x, _ in found], ["@rpath/libtiny.dylib"] * 2)
        self.assertEqual([x.signature is not None for x, _ in found], [False, True])
        self.assertEqual(macho.verify_signature(*found[1]), [])
        self.assertIn(
            ("install-name (arm64)", "/install/lib/libtiny.dylib", "@rpath/libtiny.dylib"),
            [tuple(edit) for edit in plan.log],
        )


class RoomTest(parameterized.TestCase):
    def test_what_is_no_use_makes_room(self) -> None:
        data = MachOBuilder(cpu=X86_64, pad=0).build()
        edits = Edits(rpaths=("/a",))  # 16 bytes: those of LC_SOURCE_VERSION.
        file, _ = _edit(data, edits)
        self.assertEqual(file.rpaths, ("/a",))
        self.assertEqual(_log(data, edits)[1:], [("load-command", "LC_DATA_IN_CODE", None)])

    def test_no_room(self) -> None:
        data = MachOBuilder(cpu=X86_64, pad=0).build()
        with self.assertRaisesRegex(
            NotEditableError,
            r"^lib/a.dylib: the load commands should take \d+ bytes, but the first section leaves"
            r" room for \d+: 72 too few; use shorter names, or link the file with -headerpad",
        ):
            _edit(data, Edits(rpaths=("/" + "a" * 90,)))

    def test_nobody_elses_bytes_are_taken_for_padding(self) -> None:
        data = bytearray(MachOBuilder(cpu=X86_64, pad=64).build())
        end = macho.read(memoryview(data), "a").commands_end
        data[end + 8] = 1
        with self.assertRaisesRegex(NotEditableError, "room for"):
            _edit(bytes(data), Edits(rpaths=("/" + "a" * 50,)))

    def test_what_is_mapped_stays_where_it_is(self) -> None:
        data = MachOBuilder(pad=100).build()
        file, new = _edit(data, _ID)
        start, end = file.segments[0].sections[0].offset, file.segment("__LINKEDIT")
        assert end is not None
        self.assertEqual(new[start : end.fileoff], data[start : end.fileoff])


class StripTest(parameterized.TestCase):
    @parameterized.product(cpu=(ARM64, X86_64, I386, (18, 0)))
    def test_notes_for_debuggers(self, cpu: tuple[int, int]) -> None:
        data = MachOBuilder(cpu=cpu, order=">" if cpu[0] == 18 else "<").build()
        before = macho.read(memoryview(data), "a")
        self.assertIn(b"/build/secret", data)
        file, new = _edit(data, Edits(strip="debug"))
        self.assertNotIn(b"/build/secret", new)
        self.assertEqual(
            symbol_names(file, new),
            [b"_local", b"_stubbed", b"_entry", b"_exported", b"_malloc", b"_printf"],
        )
        self.assertEqual(indirect_names(file, new), indirect_names(before, data))

    def test_local_symbols_but_those_that_are_called_through(self) -> None:
        data = MachOBuilder().build()
        file, new = _edit(data, Edits(strip="local"))
        names = [b"_stubbed", b"_entry", b"_exported", b"_malloc", b"_printf"]
        self.assertEqual(symbol_names(file, new), names)
        self.assertEqual(_log(data, Edits(strip="local")), [("symbols", "10", "5")])

    def test_nothing_to_strip(self) -> None:
        data = MachOBuilder(symbols=((), EXTERNALS, UNDEFINED), indirect=(2,)).build()
        self.assertFalse(macho.plan(memoryview(data), "a", Edits(strip="local")))

    def test_an_indirect_symbol_behind_the_end(self) -> None:
        data = MachOBuilder(indirect=(99,)).build()
        with self.assertRaisesRegex(RelocatableError, "indirect symbol 99 of 10 symbols"):
            _edit(data, Edits(strip="debug"))

    def test_something_appended(self) -> None:
        data = MachOBuilder(cpu=X86_64).build() + b"payload"
        with self.assertRaisesRegex(NotEditableError, "something is appended"):
            _edit(data, Edits(strip="debug"))
        _, new = _edit(data, _ID)  # Nothing moves, so it may stay.
        self.assertEndsWith(new, b"payload")

    def test_only_stabs(self) -> None:
        symbols = ((Symbol(name=b"/a", kind=0x66),), (), ())
        data = MachOBuilder(symbols=symbols, indirect=()).build()
        file, new = _edit(data, Edits(strip="debug"))
        self.assertEqual(symbol_names(file, new), [])


if __name__ == "__main__":
    absltest.main()
