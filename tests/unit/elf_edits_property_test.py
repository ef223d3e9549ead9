"""Property tests for `relocatable.elf.plan`: any edits, one after the other, of any file."""

from typing import Any

from absl.testing import absltest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from relocatable import elf
from relocatable.elf import UNCHANGED, Edits
from support.elf_builder import (
    EM_386,
    EM_AARCH64,
    EM_MIPS,
    EM_X86_64,
    ET_DYN,
    ET_EXEC,
    SHT_NOBITS,
    ElfBuilder,
)
from support.elf_meaning import expected, meaning, unsound

_SETTINGS = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
_LIBRARIES = ("libc.so.6", "libm.so.6", "liba.so", "lib" + "b" * 60 + ".so.1")
_names = st.sampled_from(_LIBRARIES)
_paths = st.one_of(
    st.sampled_from(("$ORIGIN", "$ORIGIN/../lib", "/r", "ny", "libc.so.6")),
    st.integers(1, 150).map(lambda size: "/" + "x" * size),
)


@st.composite
def _builders(draw: st.DrawFn) -> ElfBuilder:
    bits, little, machine, page = draw(
        st.sampled_from(
            (
                (64, True, EM_X86_64, 0x1000),
                (64, True, EM_AARCH64, 0x10000),
                (64, False, EM_AARCH64, 0x10000),
                (32, True, EM_386, 0x1000),
                (32, False, 20, 0x10000),
                (32, False, EM_MIPS, 0x10000),
            )
        )
    )
    needed = tuple(draw(st.lists(_names, max_size=3, unique=True)))
    tail = draw(st.booleans())
    return ElfBuilder(
        bits=bits,
        little=little,
        machine=machine,
        page=page,
        type=draw(st.sampled_from((ET_DYN, ET_EXEC))),
        interpreter=draw(st.sampled_from((None, "/lib/ld.so", "/lib64/ld-linux-x86-64.so.2"))),
        needed=needed,
        soname=draw(st.sampled_from((None, "libtiny.so.1"))),
        rpath=None if tail else draw(st.sampled_from((None, "/some/rpath"))),
        runpath="ny" if tail else draw(st.sampled_from((None, "/some/runpath"))),
        shared_tail="tiny" if tail else None,
        versions=dict.fromkeys(needed[:2], ("GLIBC_2.2.5", "V_1")),
        sections=draw(st.booleans()),
        spare=draw(st.sampled_from((0, 1, 5))),
        padding=draw(st.booleans()),
        # Often there is room for one of the tables only, or for none.
        code=b"\x90" * draw(st.sampled_from((0, 10, page - 900, page - 700, page - 600))),
        bss=draw(st.sampled_from((0, 100, 100_000))),
        flags_1=draw(st.sampled_from((0, 1))),
        # Zeros are as much a section's as other bytes are.
        lead=draw(st.sampled_from((b"", b"", b"\1" * 8, bytes(100)))),
        build_id=draw(st.sampled_from((None, bytes(range(20))))),
        stack=draw(st.sampled_from((None, 6, 7))),
        symtab=draw(st.booleans()),
        headers=draw(st.sampled_from(("end", "front", "strings"))),
        payload=draw(
            st.sampled_from((b"", b"PK\3\4" + bytes(100) + b"PK\5\6", bytes(5000) + b"D"))
        ),
    )


def _or_unchanged(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNCHANGED), values)


@st.composite
def _edits(draw: st.DrawFn, *, program: bool) -> Edits:
    removed = draw(st.lists(_names, max_size=1))
    return Edits(
        search_path=draw(_or_unchanged(st.one_of(st.none(), _paths))),
        search_path_tag=draw(_or_unchanged(st.sampled_from(("runpath", "rpath")))),
        interpreter=draw(_or_unchanged(_paths)) if program else UNCHANGED,
        soname=draw(_or_unchanged(st.one_of(st.none(), _paths))),
        replace_needed=draw(st.dictionaries(_names, _paths, max_size=2)),
        remove_needed=removed,
        add_needed=draw(st.lists(_paths, max_size=3, unique=True)),
        executable_stack=draw(_or_unchanged(st.booleans())),
        drop_build_id=draw(st.booleans()),
        no_default_libraries=draw(st.booleans()),
        add_debug_tag=draw(st.booleans()),
        os_abi=draw(_or_unchanged(st.integers(0, 255))),
    )


def _plan(data: bytes, edits: Edits) -> elf.Plan:
    view = memoryview(data)
    return elf.plan(elf.read(view, "lib.so"), view, edits, keep_payload=True)


def _behind(data: bytes) -> bytes:
    """What follows the section headers if they come last; else what follows the last section."""
    view = memoryview(data)
    found = elf.read(view, "lib.so")
    sections = elf.sections(found, view)
    ends = [found.shoff + len(sections) * found.shape.shdr.size]
    ends += [part.offset + part.filesz for part in found.segments]
    ends += [part.offset + part.size for part in sections if part.type != SHT_NOBITS]
    # Where section headers don't come last, zeros fill a page up.
    return data[ends[0] :] if max(ends) == ends[0] else data[max(ends) :].lstrip(b"\0")


class PropertyTest(absltest.TestCase):
    @settings(_SETTINGS, max_examples=200)
    @given(st.data())
    def test_any_edits(self, choices: st.DataObject) -> None:
        builder = choices.draw(_builders())
        data = builder.build()
        self.assertEqual([*unsound(data)], [])
        for _ in range(choices.draw(st.integers(1, 4))):
            edits = choices.draw(_edits(program=builder.interpreter is not None))
            before = meaning(data)
            plan = _plan(data, edits)
            edited = plan.apply(data)
            wanted = expected(before, edits)
            self.assertEqual(meaning(edited), wanted)
            self.assertEqual([*unsound(edited)], [])
            self.assertEqual(bool(plan), bool(plan.log))
            if builder.payload:
                self.assertEqual(_behind(edited), _behind(data))
                self.assertEqual((len(edited) - len(data)) % 0x1000, 0)
            again = _plan(edited, edits)
            self.assertEqual(expected(wanted, edits) == wanted, not again)
            data = edited

    @settings(_SETTINGS, max_examples=200)
    @given(st.data())
    def test_the_same_edits_again_and_again_do_not_make_a_file_grow(
        self, choices: st.DataObject
    ) -> None:
        builder = choices.draw(_builders())
        data = builder.build()
        rounds = choices.draw(
            st.lists(_edits(program=builder.interpreter is not None), min_size=1, max_size=3)
        )
        sizes = []
        meanings = []
        for _ in range(6):
            for edits in rounds:
                data = _plan(data, edits).apply(data)
            sizes.append(len(data))
            meanings.append(meaning(data))
        # What is added and then renamed is added each time.
        assume(meanings[-1] == meanings[2])
        self.assertEqual(sizes[-1], sizes[2])


if __name__ == "__main__":
    absltest.main()
