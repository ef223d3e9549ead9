"""What proves the log of edits of Mach-O files, and what doesn't."""

from absl.testing import absltest, parameterized

from relocatable import edit_log, macho
from relocatable.errors import RelocatableError
from relocatable.macho import Edits
from relocatable.provenance import Edit
from support.macho_builder import ARM64, X86_64, MachOBuilder, universal
from support.macho_trees import signed

OLD = "/usr/lib/libSystem.B.dylib"
EVERYTHING = Edits(
    install_name="@rpath/libtiny.dylib",
    replace_dylibs={OLD: "@rpath/libother.dylib"},
    rpaths=("@loader_path/../lib",),
)


def edited(before: bytes, edits: Edits) -> tuple[bytes, tuple[Edit, ...]]:
    plan = macho.plan(memoryview(before), "lib/x", edits)
    return plan.apply(before), tuple(Edit(e.kind, e.before, e.after) for e in plan.log)


def prove(before: bytes, after: bytes, log: tuple[Edit, ...]) -> edit_log.Proof:
    return edit_log.prove("lib/x", memoryview(before), memoryview(after), log)


class ProvedTest(parameterized.TestCase):
    @parameterized.parameters(
        EVERYTHING,
        Edits(strip="debug"),
        Edits(strip="local", rpaths=("@loader_path",)),
        Edits(sign="remove"),
        Edits(sign="always"),
        Edits(rpaths=()),
    )
    def test_thin(self, edits: Edits) -> None:
        before = signed(MachOBuilder(rpaths=["/opt/lib"]).build())
        if edits.sign == "always":
            before = MachOBuilder(cpu=X86_64).build()
        after, log = edited(before, edits)
        self.assertNotEmpty(log)
        self.assertGreater(prove(before, after, log).changed, 0)

    def both(self) -> bytes:
        files = [(cpu, signed(MachOBuilder(cpu=cpu).build())) for cpu in (X86_64, ARM64)]
        return universal(files)

    def test_universal(self) -> None:
        before = self.both()
        prove(before, *edited(before, EVERYTHING))

    def test_one_part_of_a_universal_file(self) -> None:
        before = self.both()
        part = next(x for x in macho.slices(memoryview(before), "x") if x.architecture == "arm64")
        thin = bytes(part.view(memoryview(before)))
        first = Edit("architectures", "x86_64, arm64", "arm64")
        prove(before, thin, (first,))
        after, log = edited(thin, EVERYTHING)
        prove(before, after, (first, *log))
        for other in ("x86_64", "i386", None):
            with self.assertRaises(RelocatableError):
                prove(before, thin, (Edit("architectures", "x86_64, arm64", other),))


class RefusedTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.before = signed(MachOBuilder().build())
        self.after, self.log = edited(self.before, EVERYTHING)

    def test_other_bytes(self) -> None:
        for at in (0x200, 0x4000, len(self.after) - 40):
            wrong = bytearray(self.after)
            wrong[at] ^= 1
            with self.assertRaisesRegex(
                RelocatableError, f"the byte at {at:#x} is not that of the"
            ):
                prove(self.before, bytes(wrong), self.log)
        with self.assertRaisesRegex(RelocatableError, "should have .* bytes by its log"):
            prove(self.before, self.after + b"x", self.log)

    @parameterized.parameters(
        Edit("soname", None, "x"),
        Edit("rpaths", None, "[1"),
        Edit("rpaths", None, "[1]"),
        Edit("dylib", "/nothing", "/x"),
        Edit("install-name", "x", None),
    )
    def test_what_nobody_logs(self, edit: Edit) -> None:
        with self.assertRaisesRegex(RelocatableError, "the log says|logged|no edit of"):
            prove(self.before, self.after, (*self.log, edit))

    def test_an_edit_that_is_not_logged(self) -> None:
        for left_out in range(len(self.log)):
            log = (*self.log[:left_out], *self.log[left_out + 1 :])
            with self.assertRaises(RelocatableError):
                prove(self.before, self.after, log)


if __name__ == "__main__":
    absltest.main()
