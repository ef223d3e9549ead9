"""Tests for `relocatable.macho.replay`: a log alone makes the same bytes again."""

from absl.testing import absltest

from relocatable import edit_log, macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edit, Edits
from relocatable.provenance import Edit as Logged
from support.macho_builder import ARM64, X86_64, MachOBuilder, universal
from support.macho_signature import signed

_ROUNDS = (
    Edits(install_name="@rpath/x", rpaths=("/a", "/b")),
    Edits(replace_dylibs={"/usr/lib/libSystem.B.dylib": "b"}),
    Edits(replace_dylibs={"b": "c"}, strip="debug"),
    Edits(rpaths=("/b",), strip="local"),
    Edits(sign="always"),
    Edits(sign="remove", install_name="y"),
)
_FAT = universal([(X86_64, MachOBuilder(cpu=X86_64).build()), (ARM64, MachOBuilder().build())])


def _rounds(data: bytes, name: str = "lib/a.dylib") -> tuple[bytes, list[Edit]]:
    log: list[Edit] = []
    for edits in _ROUNDS:
        plan = macho.plan(memoryview(data), name, edits)
        data = plan.apply(data)
        log += plan.log
    return data, log


class ReplayTest(absltest.TestCase):
    def check(self, data: bytes) -> None:
        after, log = _rounds(data)
        self.assertEqual(macho.replay(memoryview(data), "a", log), after)

    def test_rounds_of_edits(self) -> None:
        for data in (
            MachOBuilder().build(),
            MachOBuilder(cpu=X86_64).build(),
            signed(MachOBuilder(), flags=0, cms=b"somebody"),
            _FAT,
        ):
            self.check(data)

    def test_an_architecture_is_taken_out_between_edits(self) -> None:
        after, log = _rounds(_FAT)
        plan = macho.plan_extract(memoryview(after), "a", "arm64")
        thin = plan.apply(after)
        last, more = _rounds(thin)
        whole = [*log, *plan.log, *more]
        self.assertEqual(macho.replay(memoryview(_FAT), "a", whole), last)

    def test_a_byte_that_no_edit_made(self) -> None:
        data = MachOBuilder().build()
        plan = macho.plan(memoryview(data), "a.dylib", _ROUNDS[0])
        new = bytearray(plan.apply(data))
        log = [Logged(*edit) for edit in plan.log]
        proof = edit_log.prove("a", memoryview(data), memoryview(new), log)
        self.assertGreater(proof.changed, 10)
        self.assertEqual(proof.added, len(new) - len(data))
        new[0x4000] ^= 1
        with self.assertRaisesRegex(RelocatableError, "the byte at 0x4000 is not that"):
            edit_log.prove("a", memoryview(data), memoryview(new), log)

    def test_a_log_of_something_else(self) -> None:
        data = memoryview(MachOBuilder().build())
        with self.assertRaisesRegex(RelocatableError, "logged as runpath: a -> b"):
            macho.replay(data, "a", [Edit("runpath", "a", "b")])
        with self.assertRaisesRegex(RelocatableError, "made again, install-name"):
            macho.replay(data, "a", [Edit("install-name", "other", "b")])
        with self.assertRaisesRegex(RelocatableError, "logged as install-name: a -> b"):
            macho.replay(memoryview(_FAT), "a", [Edit("install-name", "a", "b")])
        with self.assertRaisesRegex(RelocatableError, "should be a list, found 'x'"):
            macho.replay(data, "a", [Edit("rpaths", "[]", "x")])
        with self.assertRaisesRegex(RelocatableError, "edits of i386 are logged"):
            macho.replay(memoryview(_FAT), "a", [Edit("install-name (i386)", "a", "b")])


if __name__ == "__main__":
    absltest.main()
