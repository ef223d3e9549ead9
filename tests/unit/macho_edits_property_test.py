"""Property tests for `relocatable.macho.plan`: any edits, one after the other, of any file."""

from typing import Any

from absl.testing import absltest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from relocatable import macho
from relocatable.macho import UNCHANGED, Edits, MachO
from support.macho_builder import (
    ARM64,
    BUNDLE,
    DYLIB,
    EXECUTE,
    I386,
    LOAD,
    REEXPORT,
    WEAK,
    X86_64,
    MachOBuilder,
)
from support.macho_symbols import indirect_names, symbol_names

_SETTINGS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
_NAMES = ("/usr/lib/libSystem.B.dylib", "@rpath/liba.dylib", "/install/lib/b", "c" * 90)
_names = st.sampled_from(_NAMES)
_paths = st.one_of(
    st.sampled_from(("@loader_path", "@loader_path/../lib", "/r")),
    st.integers(1, 150).map(lambda size: "/" + "x" * size),
)


@st.composite
def _builders(draw: st.DrawFn) -> MachOBuilder:
    names = draw(st.lists(_names, max_size=3, unique=True))
    kinds = st.sampled_from((LOAD, WEAK, REEXPORT))
    return MachOBuilder(
        cpu=draw(st.sampled_from((ARM64, X86_64, I386))),
        type=draw(st.sampled_from((DYLIB, BUNDLE, EXECUTE))),
        dylibs=[(draw(kinds), name) for name in names],
        rpaths=draw(st.lists(_paths, max_size=3, unique=True)),
        pad=4096,
        text=b"\x90" * draw(st.sampled_from((1, 100, 5000))),
    )


def _or_unchanged(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNCHANGED), values)


@st.composite
def _edits(draw: st.DrawFn) -> Edits:
    # New names that no library has: the same one twice is an error.
    new = draw(st.lists(st.integers(100, 200), max_size=2, unique=True))
    old = draw(st.lists(_names, min_size=len(new), max_size=len(new), unique=True))
    return Edits(
        install_name=draw(_or_unchanged(_paths)),
        replace_dylibs={name: "/" + "n" * size for name, size in zip(old, new, strict=True)},
        rpaths=draw(_or_unchanged(st.lists(_paths, max_size=3, unique=True).map(tuple))),
        strip=draw(st.sampled_from((None, None, "debug", "local"))),
        sign=draw(st.sampled_from(("changed", "changed", "always", "remove"))),
    )


def _names_of(file: MachO) -> tuple[Any, ...]:
    return file.install_name, file.dylibs, file.rpaths


def _expected(file: MachO, edits: Edits) -> tuple[Any, ...]:
    name: Any = edits.install_name
    rpaths: Any = edits.rpaths
    renamed = (
        dylib._replace(name=edits.replace_dylibs.get(dylib.name, dylib.name))
        for dylib in file.dylibs
    )
    return (
        file.install_name if name is UNCHANGED or file.install_name is None else name,
        tuple(renamed),
        file.rpaths if rpaths is UNCHANGED else rpaths,
    )


def _read(data: bytes) -> MachO:
    return macho.read(memoryview(data), "lib.dylib")


def _edit(data: bytes, edits: Edits) -> bytes:
    return macho.plan(memoryview(data), "lib.dylib", edits).apply(data)


class PropertyTest(absltest.TestCase):
    @_SETTINGS
    @given(st.data())
    def test_any_edits(self, choices: st.DataObject) -> None:
        data = choices.draw(_builders()).build()
        for _ in range(choices.draw(st.integers(1, 4))):
            edits = choices.draw(_edits())
            before = _read(data)
            assume(not {x.name for x in before.dylibs} & set(edits.replace_dylibs.values()))
            indirect = indirect_names(before, data)
            plan = macho.plan(memoryview(data), "lib.dylib", edits)
            self.assertEqual(bool(plan), bool(plan.log))
            new = plan.apply(data)
            after = _read(new)
            self.assertEqual(_names_of(after), _expected(before, edits))
            self.assertEqual(indirect_names(after, new), indirect)
            self.assertLessEqual(set(symbol_names(after, new)), set(symbol_names(before, data)))
            if after.signature is not None:
                self.assertEqual(macho.verify_signature(after, memoryview(new)), [])
            else:
                self.assertFalse(plan and edits.sign != "remove" and after.architecture == "arm64")
            linkedit = after.segment("__LINKEDIT")
            assert linkedit is not None
            self.assertEqual(linkedit.fileoff + linkedit.filesize, len(new))
            old = before.segments[0].sections[0].offset
            self.assertEqual(new[old : linkedit.fileoff], data[old : linkedit.fileoff])
            again = {old: old for old in edits.replace_dylibs}
            self.assertEqual(_edit(new, _without(edits, again)), new)
            data = new

    @_SETTINGS
    @given(st.data())
    def test_edits_undone_give_the_same_bytes(self, choices: st.DataObject) -> None:
        data = _edit(choices.draw(_builders()).build(), Edits(sign="always"))
        file = _read(data)
        edits = choices.draw(_edits())
        there = Edits(
            install_name=edits.install_name,
            replace_dylibs=edits.replace_dylibs,
            rpaths=edits.rpaths,
        )
        back = Edits(
            install_name=file.install_name or UNCHANGED,
            replace_dylibs={new: old for old, new in edits.replace_dylibs.items()},
            rpaths=file.rpaths,
        )
        undone = _read(_edit(_edit(data, there), back))
        self.assertEqual(_names_of(undone), _names_of(file))
        self.assertEqual(undone.size, file.size)


def _without(edits: Edits, names: dict[str, str]) -> Edits:
    return Edits(
        install_name=edits.install_name,
        replace_dylibs=names,
        rpaths=edits.rpaths,
        strip=edits.strip,
        sign=edits.sign,
    )


if __name__ == "__main__":
    absltest.main()
