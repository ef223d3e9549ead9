"""What is meant is said with a reason, and holds for what it names and nothing else."""

import json
from collections.abc import Mapping

from absl.testing import absltest, parameterized

from relocatable import content, metadata, verify
from relocatable.errors import RelocatableError
from relocatable.macho.constants import CPU_X86_64
from relocatable.metadata import Facts
from relocatable.provenance import Origin, Package, Record
from relocatable.relocate import Request, Strip, relocate
from relocatable.target import ObjectFormat, Target
from relocatable.tree import File, Link, Tree
from relocatable.waivers import Check, Waiver, Waivers, parse
from support.elf_builder import EM_AARCH64, EM_X86_64, ElfBuilder
from support.macho_builder import MachOBuilder

TARGET = Target("linux_x86_64", EM_X86_64, "ld-linux-x86-64.so.2", "x86_64-linux-gnu", 4096)
MAC = Target(
    "macos_x86_64", CPU_X86_64, "", "", 4096, (), ObjectFormat.MACH_O, "11.0", ("/usr/lib/",)
)
RECORD = Record(Origin(Package("p", "1", "amd64", "0" * 64), "x"))
FIRMWARE = ElfBuilder(soname=None, needed=("libnone.so",), versions={}, machine=EM_AARCH64).build()
PROGRAM = ElfBuilder(
    interpreter="/lib/ld-linux-aarch64.so.1",
    soname=None,
    needed=("libc.so.6",),
    versions={},
    machine=EM_AARCH64,
).build()
BIG_ENDIAN = b"\x7fELF\2\2\1" + bytes(9) + b"\0\2\0\x15" + b"damaged, or is it?"
BUILT = b"A path: /build/vim-h3Xq1R/vim-9.0.1378/src\n"


def tree(nodes: Mapping[str, File | Link]) -> Tree:
    made = Tree()
    for path, node in nodes.items():
        made.add(path, node)
    return made


def waivers(**texts: str) -> tuple[Waiver, ...]:
    return parse(json.dumps(texts))


class ParseTest(parameterized.TestCase):
    def test_what_is_said(self) -> None:
        said = {
            "share/**": "foreign-machine, build-path: firmware: boots guests",
            "etc/x": "dangling-link:the machine's",
        }
        self.assertEqual(
            parse(json.dumps(said)),
            (
                Waiver("share/**", Check.FOREIGN_MACHINE, "firmware: boots guests"),
                Waiver("share/**", Check.BUILD_PATH, "firmware: boots guests"),
                Waiver("etc/x", Check.DANGLING_LINK, "the machine's"),
            ),
        )

    @parameterized.parameters(
        ("share", "it is meant", 'wanted "CHECK: REASON", on one line and with a reason, found'),
        ("share", "build-path:", 'wanted "CHECK: REASON"'),
        ("share", "build-path:  ", 'wanted "CHECK: REASON"'),
        ("share", "build-path: a\nb", 'wanted "CHECK: REASON"'),
        (
            "share",
            "rpath: x",
            "there is no check 'rpath'; these are: build-path, dangling-link, foreign-machine",
        ),
        ("share", ": x", "there is no check ''"),
        ("../x", "build-path: x", "pattern '../x' can match no path"),
    )
    def test_what_can_not_be(self, pattern: str, text: str, message: str) -> None:
        with self.assertRaises(RelocatableError) as raised:
            parse(json.dumps({pattern: text}))
        self.assertStartsWith(
            str(raised.exception), f"waivers that can't be: waivers[{pattern!r}]: {message}"
        )

    @parameterized.parameters("", "[]", "{")
    def test_no_json(self, flag: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "waivers: wanted a JSON object"):
            parse(flag)


class VerifyTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = tree(
            {
                "share/firmware.elf": File(FIRMWARE, RECORD),
                "share/openbios": File(BIG_ENDIAN + BUILT, RECORD),
                "share/vim.txt": File(BUILT, RECORD),
                "etc/localtime": Link("../usr/share/zoneinfo/UTC", RECORD),
            }
        )

    def problems(self, **texts: str) -> list[str]:
        return verify.verify(self.tree, TARGET, None, Waivers(waivers(**texts))).problems

    def test_what_is_meant_is_no_problem(self) -> None:
        said = {
            "share/*.elf": "foreign-machine: a guest's",
            "share/openbios": "foreign-machine: a guest's",
            "**/vim.txt": "build-path: told in bug reports",
            "etc": "dangling-link: the machine's",
        }
        report = verify.verify(self.tree, TARGET, None, Waivers(waivers(**said)))
        self.assertEmpty(report.problems)
        self.assertEqual((report.files, report.links, report.objects), (3, 1, 0))
        self.assertEqual(
            report.waived[2:],
            [
                {
                    "pattern": "**/vim.txt",
                    "check": "build-path",
                    "reason": "told in bug reports",
                    "paths": ["share/vim.txt"],
                },
                {
                    "pattern": "etc",
                    "check": "dangling-link",
                    "reason": "the machine's",
                    "paths": ["etc/localtime"],
                },
            ],
        )
        # What was verified is as it was.
        self.assertEqual(content.read(self.tree.file("share/firmware.elf").content), FIRMWARE)

    def test_another_check_or_path_stays_one(self) -> None:
        found = self.problems(
            **{
                "share/vim.txt": "foreign-machine: x",
                "share/openbios": "foreign-machine: x",
                "share/firmware.elf": "build-path: x",
                "var": "dangling-link: x",
            }
        )
        for start in (
            "link etc/localtime",
            "share/firmware.elf (p 1 amd64) is for EM_AARCH64",
            "share/vim.txt (p 1 amd64), line 1, names a path",
            "waivers['share/vim.txt']: foreign-machine is found nowhere there; take it out",
            "waivers['share/firmware.elf']: build-path is found nowhere there",
            "waivers['var']: dangling-link is found nowhere there",
        ):
            self.assertTrue(any(line.startswith(start) for line in found), f"{start}: {found}")

    def test_messages_say_what_to_waive(self) -> None:
        found = self.problems(**{"share/openbios": "foreign-machine: a guest's"})
        self.assertIn("; if that is meant, waive dangling-link", found[0])
        self.assertIn("; if that is meant, waive build-path", found[-1])

    def test_the_own_machines_programs_stay_programs(self) -> None:
        own = ElfBuilder(soname="a.so", needed=("b.so",), versions={}).build()
        found = tree({"share/a.so": File(own, RECORD), "share/b": File(FIRMWARE, RECORD)})
        said = Waivers(waivers(share="foreign-machine: x"))
        (problem,) = verify.verify(found, TARGET, None, said).problems
        self.assertStartsWith(problem, "share/a.so needs b.so")
        self.assertEqual(said.used()[0]["paths"], ["share/b"])

    def test_other_macs(self) -> None:
        data = MachOBuilder().build()
        found = tree({"share/agent": File(data, RECORD)})
        self.assertNotEmpty(verify.verify(found, MAC).problems)
        said = Waivers(waivers(share="foreign-machine: copied to the phone"))
        self.assertEmpty(verify.verify(found, MAC, None, said).problems)


class RelocateTest(absltest.TestCase):
    def test_data_stays_as_it_is(self) -> None:
        layer = tree(
            {
                "share/guest/init": File(PROGRAM, RECORD, executable=True),
                "share/guest/sh": Link("init", RECORD),
            }
        )
        request = Request("//:x", TARGET, None, strip=Strip.ALL)
        with self.assertRaisesRegex(
            RelocatableError, "is for EM_AARCH64; linux_x86_64 is wanted; if it is data, waive"
        ):
            relocate([layer], [], request)
        meant = waivers(**{"share/guest/**": "foreign-machine: a guest's"})
        layer = tree({path: node for path, node in layer if isinstance(node, File | Link)})
        made = relocate([layer], [], Request("//:x", TARGET, None, strip=Strip.ALL, waivers=meant))
        self.assertEqual(made, layer)
        self.assertEqual(content.read(made.file("share/guest/sh").content), PROGRAM)


class MetadataTest(absltest.TestCase):
    def test_reasons_are_kept(self) -> None:
        used = [{"pattern": "a", "check": "build-path", "reason": "r", "paths": ["a/b"]}]
        facts = Facts("x", TARGET, "host", None, None, "1", None, used)
        told = json.loads(metadata.metadata(Tree(), facts, []))
        self.assertEqual(told["waivers"], used)


if __name__ == "__main__":
    absltest.main()
