"""The command dist_diff on real dists: all forms of one, and the flagship for two machines."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from absl.testing import absltest, parameterized
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerSymSection
from elftools.elf.sections import SymbolTableSection

from relocatable import trial

# What the build made, as Bazel puts it before the test.
TOOL = Path("tools/dist_diff").absolute()
UNPACKERS = Path("third_party/unpackers").absolute()
LLDB = {cpu: Path(f"dist/lldb_linux_{cpu}.tar.zst").absolute() for cpu in ("x86_64", "arm64")}
LIBRARY = "lib/libcrypto.so.3"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    """Runs the command; returns its status and what it says."""
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def exported(library: Path) -> set[str]:
    """What a shared object defines for others, as pyelftools reads it: `NAME@VERSION`."""
    found = set()
    with library.open("rb") as file:
        elf = ELFFile(file)
        symbols = elf.get_section_by_name(".dynsym")
        numbers = elf.get_section_by_name(".gnu.version")
        definitions = elf.get_section_by_name(".gnu.version_d")
        assert isinstance(symbols, SymbolTableSection)
        assert isinstance(numbers, GNUVerSymSection)
        assert isinstance(definitions, GNUVerDefSection)
        names = {d["vd_ndx"]: next(names).name for d, names in definitions.iter_versions()}
        for index, symbol in enumerate(symbols.iter_symbols()):
            bound = symbol["st_info"]["bind"] in {"STB_GLOBAL", "STB_WEAK"}
            if bound and symbol["st_shndx"] not in {"SHN_UNDEF", "SHN_ABS"}:
                number = int(numbers.get_symbol(index)["ndx"]) & 0x7FFF
                found.add(f"{symbol.name}@{names[number]}")
    return found


class DistDiffTest(parameterized.TestCase):
    @parameterized.parameters("tar.gz", "tar.xz", "zip")
    def test_another_format_is_the_same_dist(self, form: str) -> None:
        name = UNPACKERS.name
        status, text, errors = run(UNPACKERS / f"{name}.tar.zst", UNPACKERS / f"{name}.{form}")
        self.assertEqual((status, errors), (0, ""), text)
        self.assertIn("no difference in what was compared", text)
        self.assertNotIn("not compared:", text)

    def test_unpacked_it_is_the_same_dist(self) -> None:
        where = Path(self.create_tempdir().full_path)
        archive = UNPACKERS / f"{UNPACKERS.name}.tar.zst"
        root = trial.unpack(archive, where)
        status, text, _ = run("--json", archive, root)
        self.assertEqual(status, 0, text)
        (missing,) = json.loads(text)["not_compared"]
        self.assertEndsWith(missing, f"packages: there is no {UNPACKERS.name}.json beside it")
        shutil.copy(UNPACKERS / f"{UNPACKERS.name}.json", where)
        self.assertEmpty(json.loads(run("--json", archive, root)[1])["not_compared"])
        changed = next(path for path in sorted(root.rglob("*.so.*")) if not path.is_symlink())
        changed.write_bytes(changed.read_bytes() + b"\0")
        status, text, _ = run("--json", archive, root)
        self.assertEqual(status, 1)
        paths = json.loads(text)["paths"]
        self.assertEqual(list(paths["changed"]), [str(changed.relative_to(root))])

    def test_another_machine(self) -> None:
        status, text, errors = run("--json", LLDB["x86_64"], LLDB["arm64"])
        self.assertEqual((status, errors), (1, ""))
        found: dict[str, Any] = json.loads(text)
        self.assertEqual(found["about"]["changed"], {"platform": ["linux_x86_64", "linux_arm64"]})
        self.assertEqual(list(found["sonames"]["added"]), ["ld-linux-aarch64.so.1"])
        self.assertEqual(list(found["sonames"]["removed"]), ["ld-linux-x86-64.so.2"])
        self.assertEmpty(found["packages"]["changed"])
        self.assertEmpty(found["entry_points"]["added"])
        # Another reader of ELF files finds the same symbols gone.
        roots = [
            trial.unpack(archive, Path(self.create_tempdir().full_path))
            for archive in LLDB.values()
        ]
        before, after = (exported(root / LIBRARY) for root in roots)
        self.assertNotEmpty(before - after)
        self.assertEqual(
            found["exports"]["changed"][Path(LIBRARY).name],
            {"added": sorted(after - before), "removed": sorted(before - after)},
        )

    def test_metadata_alone(self) -> None:
        old, new = (path.parent / path.name.replace("tar.zst", "json") for path in LLDB.values())
        self.assertEqual(run(old, old)[0], 0)
        status, text, _ = run(old, new)
        self.assertEqual(status, 1)
        self.assertIn("platform  linux_x86_64 → linux_arm64\n", text)

    def test_trouble(self) -> None:
        status, text, errors = run(UNPACKERS / "none.tar", UNPACKERS / "none.tar")
        self.assertEqual((status, text), (2, ""))
        self.assertRegex(errors, r"\Aerror: .*none\.tar: No such file or directory\n\Z")
        status, text, errors = run("a")
        self.assertEqual((status, text), (2, ""))
        self.assertStartsWith(errors, "error: the following arguments are required: NEW; wanted:")


if __name__ == "__main__":
    absltest.main()
