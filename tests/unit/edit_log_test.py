"""Logged edits are proved, and nothing else passes."""

from collections.abc import Sequence

from absl.testing import absltest, parameterized

from relocatable import edit_log, elf
from relocatable.elf import Edits
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Package, Record
from relocatable.tree import File, Tree
from support.elf_builder import EM_AARCH64, ElfBuilder

LOADER = "/lib64/ld-linux-x86-64.so.2"
PROGRAM = ElfBuilder(
    interpreter=LOADER,
    soname=None,
    needed=("libm.so.6", "libc.so.6"),
    runpath="/usr/lib/foo",
    rpath="/old",
).build()

EDITS = (
    Edits(search_path="$ORIGIN", search_path_tag="runpath"),
    Edits(search_path="$ORIGIN/a/much/longer/path" * 20, search_path_tag="rpath"),
    Edits(search_path=None),
    Edits(search_path_tag="runpath"),
    Edits(search_path_tag="rpath"),
    Edits(interpreter="/ld"),
    Edits(interpreter="/a/longer/path/to" + LOADER),
    Edits(soname="libx.so"),
    Edits(replace_needed={"libm.so.6": "libother.so"}, remove_needed=["libc.so.6"]),
    Edits(add_needed=("libb.so", "liba.so")),
    Edits(executable_stack=True),
    Edits(clear_symbol_versions=["malloc"]),
    Edits(drop_build_id=True, no_default_libraries=True, add_debug_tag=True, os_abi=3),
)


def edited(data: bytes, edits: Edits) -> tuple[bytes, list[Edit]]:
    """A file after edits, and the log of a provenance."""
    view = memoryview(data)
    plan = elf.plan(elf.read(view, "p"), view, edits)
    return plan.apply(view), [Edit(edit.kind, edit.before, edit.after) for edit in plan.log]


def prove(before: bytes, after: bytes, log: Sequence[Edit]) -> edit_log.Proof:
    return edit_log.prove("p", memoryview(before), memoryview(after), log)


class ProveTest(parameterized.TestCase):
    @parameterized.parameters(*EDITS)
    def test_every_edit(self, edits: Edits) -> None:
        after, log = edited(PROGRAM, edits)
        proof = prove(PROGRAM, after, log)
        self.assertEqual(proof.added, len(after) - len(PROGRAM))

    def test_several_at_once(self) -> None:
        edits = Edits(
            search_path="$ORIGIN",
            search_path_tag="runpath",
            interpreter="/ld",
            add_needed=("liba.so",),
            replace_needed={"libc.so.6": "libc.so"},
            executable_stack=True,
        )
        after, log = edited(PROGRAM, edits)
        self.assertGreaterEqual(len(log), 5)
        prove(PROGRAM, after, log)

    def test_another_page_size(self) -> None:
        """The one that was asked for is in the log, so that the same plan can be made."""
        full = ElfBuilder(machine=EM_AARCH64, page=0x10000, spare=0, padding=False).build()
        view = memoryview(full)
        edits = Edits(search_path="/x" * 300, add_needed=("liba.so",))
        plan = elf.plan(elf.read(view, "p"), view, edits, page_size=0x1000)
        log = [Edit(edit.kind, edit.before, edit.after) for edit in plan.log]
        self.assertEqual(log[-1], Edit("page-size", None, "4096"))
        self.assertTrue(plan.append)
        prove(full, plan.apply(view), log)
        with self.assertRaises(RelocatableError):
            prove(full, plan.apply(view), log[:-1])

    @parameterized.parameters(True, False)
    def test_a_payload_that_has_moved(self, sections: bool) -> None:
        before = ElfBuilder(spare=0, payload=b"PK" * 50, sections=sections).build()
        view = memoryview(before)
        edits = Edits(search_path="/x" * 300)
        plan = elf.plan(elf.read(view, "p"), view, edits, keep_payload=True)
        after = plan.apply(view)
        log = [Edit(edit.kind, edit.before, edit.after) for edit in plan.log]
        self.assertEqual(prove(before, after, log).added, len(after) - len(before))
        for at in (len(after) - 1, len(after) - 100, len(before) - 101):
            wrong = bytearray(after)
            wrong[at] ^= 1
            with self.assertRaises(RelocatableError):
                prove(before, bytes(wrong), log)

    def test_no_edit(self) -> None:
        self.assertEqual(prove(PROGRAM, PROGRAM, []), edit_log.Proof(0, 0))

    def test_any_other_byte_is_found(self) -> None:
        """A property, over all bytes: the original's and those of the edit."""
        after, log = edited(PROGRAM, Edits(search_path="$ORIGIN", search_path_tag="runpath"))
        for at in range(len(after)):
            wrong = bytearray(after)
            wrong[at] ^= 1
            with self.assertRaisesRegex(RelocatableError, f"^p: the byte at {at:#x} is not that"):
                prove(PROGRAM, bytes(wrong), log)

    def test_whose_byte(self) -> None:
        after, log = edited(PROGRAM, Edits(search_path="$ORIGIN", search_path_tag="runpath"))
        at = after.index(b"$ORIGIN")
        for index, whose in ((at, "of the logged edits"), (200, "of the original")):
            wrong = bytearray(after)
            wrong[index] ^= 0x80
            with self.assertRaises(RelocatableError) as caught:
                prove(PROGRAM, bytes(wrong), log)
            self.assertEqual(
                str(caught.exception), f"p: the byte at {index:#x} is not that {whose}"
            )

    def test_a_log_that_leaves_something_out(self) -> None:
        edits = Edits(search_path="$ORIGIN", search_path_tag="runpath", add_needed=("liba.so",))
        after, log = edited(PROGRAM, edits)
        for left_out in log:
            with self.assertRaises(RelocatableError):
                prove(PROGRAM, after, [edit for edit in log if edit != left_out])

    @parameterized.parameters(
        (
            [Edit("runpath", "/wrong", "$ORIGIN")],
            "p: the log says runpath: /wrong -> $ORIGIN; made again, rpath: /old -> None; "
            "runpath: /usr/lib/foo -> $ORIGIN",
        ),
        (
            [Edit("soname", None, None)],
            "p: the log says soname: None -> None; made again, nothing",
        ),
        (
            [Edit("colour", "red", "green")],
            "p: no edit of ELF files is logged as colour: red -> green",
        ),
        (
            [Edit("executable-stack", None, "maybe")],
            "p: no edit of ELF files is logged as executable-stack: None -> maybe",
        ),
        (
            [Edit("sections", ".debug_info", None)],
            "p: the log says sections: .debug_info -> None, which stripping doesn't make",
        ),
    )
    def test_a_wrong_log(self, log: list[Edit], message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            prove(PROGRAM, PROGRAM, log)
        self.assertEqual(str(caught.exception), message)

    def test_a_longer_file(self) -> None:
        with self.assertRaisesRegex(RelocatableError, r"^p should have \d+ bytes by its log"):
            prove(PROGRAM, PROGRAM + b"x", [])

    def test_first_difference(self) -> None:
        data = bytes(3 << 20)
        for at in (None, 0, (1 << 20) - 1, 1 << 20, len(data) - 1):
            other = bytearray(data)
            if at is not None:
                other[at] = 1
            found = edit_log.first_difference(memoryview(data), memoryview(other))
            self.assertEqual(found, at)


class VerifyTest(absltest.TestCase):
    PACKAGE = Package("foo", "1", "amd64", "0" * 64)

    def setUp(self) -> None:
        super().setUp()
        self.original = Tree()
        self.tree = Tree()

    def add(self, path: str, before: bytes, after: bytes, *log: Edit) -> None:
        record = Record(Origin(self.PACKAGE, "usr/" + path))
        self.original.add("usr/" + path, File(before, record))
        self.tree.add(path, File(before, record).edited(after, *log))

    def test_sound(self) -> None:
        after, log = edited(PROGRAM, Edits(search_path="$ORIGIN", search_path_tag="runpath"))
        self.add("a", PROGRAM, after, *log)
        self.add("b", PROGRAM, PROGRAM)
        self.add("c.py", b"prefix = /usr", b"prefix = ?", Edit("prefix", "/usr", "?"))
        self.tree.add("made", File(b"", Record(Origin("//:rule", "made"))))
        report = edit_log.verify(self.tree, [Tree(), self.original])
        self.assertEqual((report.edited, report.unchanged, report.other), (1, 1, 2))
        self.assertGreater(report.changed, 0)
        self.assertEqual(report.problems, [])

    def test_all_problems_together(self) -> None:
        self.add("a", PROGRAM, PROGRAM, Edit("colour", None, "red"))
        self.add("b", PROGRAM, PROGRAM[:-1] + b"x")
        self.tree.add("c", File(b"", Record(Origin(self.PACKAGE, "nowhere"))))
        self.assertEqual(
            edit_log.verify(self.tree, [self.original]).problems,
            [
                "a: no edit of ELF files is logged as colour: None -> red",
                "b has other bytes than foo 1 amd64: usr/b, and no edit is logged",
                "c comes from foo 1 amd64: nowhere, which is in none of the trees",
            ],
        )

    def test_edited_twice(self) -> None:
        """The original may itself be a tree with edits: what was logged there is not done again."""
        once, log = edited(PROGRAM, Edits(search_path="$ORIGIN", search_path_tag="runpath"))
        twice, more = edited(once, Edits(soname="libx.so"))
        record = Record(Origin(self.PACKAGE, "p"))
        packages, original = Tree(), Tree()
        packages.add("p", File(PROGRAM, record))
        original.add("p", File(PROGRAM, record).edited(once, *log))
        self.tree.add("p", original.file("p").edited(twice, *more))
        self.assertEqual(edit_log.verify(self.tree, [packages, original]).problems, [])
        self.assertEqual(edit_log.verify(self.tree, [original]).edited, 1)


if __name__ == "__main__":
    absltest.main()
