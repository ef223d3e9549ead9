"""One tree for several kinds of Mac."""

from collections.abc import Mapping
from pathlib import Path

from absl.testing import absltest

from relocatable import content, launcher, macho
from relocatable.errors import RelocatableError
from relocatable.launcher import Settings
from relocatable.tree import Tree
from relocatable.universal_tree import Part, merge
from relocatable.verify import verify
from support.macho_builder import ARM64, EXECUTE, X86_64
from support.macho_trees import ARM, INTEL, SYSTEM, signed, tree
from support.macho_trees import macho as built

LAUNCHERS = Path(__file__).absolute().parents[2] / "toolchains" / "launcher"
CPUS = {"arm64": ARM64, "x86_64": X86_64}


def dist(
    machine: str, changes: Mapping[str, bytes | str] | None = None, program: str = "libexec/tool"
) -> Part:
    cpu = CPUS[machine]
    files: dict[str, bytes | str] = {
        "bin/tool": launcher.patch(
            (LAUNCHERS / f"macos_{machine}").read_bytes(), Settings(1, program, None)
        ),
        "lib/liba.1.dylib": "liba.dylib",
        "lib/liba.dylib": signed(built("@rpath/liba.dylib", SYSTEM, cpu=cpu)),
        "libexec/tool": signed(
            built(
                None,
                "@rpath/liba.dylib",
                SYSTEM,
                rpaths=("@executable_path/../lib",),
                cpu=cpu,
                file_type=EXECUTE,
            )
        ),
        "share/text": b"text",
    }
    return Part(f"macos_{machine}", tree(files | dict(changes or {})))


def bytes_at(made: Tree, path: str) -> bytes:
    return content.read(made.file(path).content)


class MergeTest(absltest.TestCase):
    def test_each_machine_has_what_it_had(self) -> None:
        parts = [dist(machine) for machine in CPUS]
        merged = merge(parts)
        for target in (ARM, INTEL):
            self.assertEmpty(verify(merged, target).problems)
        for machine, part in zip(CPUS, parts, strict=True):
            for path, file in part.tree.files():
                data = memoryview(bytes_at(merged, path))
                if macho.is_universal(data):
                    data = memoryview(macho.plan_extract(data, path, machine).apply(data))
                self.assertEqual(data, content.read(file.content), path)
        (edit,) = merged.file("lib/liba.dylib").record.edits
        self.assertEqual(str(edit), "universal: arm64 -> arm64, x86_64")
        self.assertEqual(launcher.read(bytes_at(merged, "bin/tool")).program, "libexec/tool")

    def test_what_one_has(self) -> None:
        merged = merge([dist("arm64", {"share/arm": b"1"}), dist("x86_64", {"a": "share"})])
        self.assertContainsSubset({"share/arm", "a"}, merged.nodes)

    def test_what_differs(self) -> None:
        parts = [
            dist("arm64", {"lib/WHEEL": b"arm64", "share/text": b"1"}),
            dist("x86_64", {"lib/WHEEL": b"x86_64", "lib/liba.1.dylib": "./liba.dylib"}),
        ]
        with self.assertRaises(RelocatableError) as caught:
            merge(parts, ["lib/WHEEL", "nothing"])
        told = str(caught.exception)
        for path in ("share/text", "lib/liba.1.dylib"):
            self.assertIn(f"{path} is another in macos_arm64 than in macos_x86_64", told)
        self.assertIn("'nothing' matches no file that differs", told)
        self.assertNotIn("lib/WHEEL is", told)
        merged = merge(parts, ["lib/WHEEL", "share/*", "lib/*.1.dylib"])
        self.assertEqual(bytes_at(merged, "lib/WHEEL"), b"arm64")

    def test_one_machine_twice(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "arm64 is in .* too"):
            merge([dist("arm64"), dist("arm64", {"lib/liba.dylib": built("@rpath/x")})])

    def test_launchers_that_differ(self) -> None:
        parts = [dist("arm64"), dist("x86_64", program="libexec/other")]
        with self.assertRaisesRegex(
            RelocatableError, "bin/tool: launcher: its settings are others on other machines"
        ):
            merge(parts)


if __name__ == "__main__":
    absltest.main()
