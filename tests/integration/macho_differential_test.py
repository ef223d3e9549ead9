"""Mach-O files of two linkers, edited and signed, beside what LLVM's tools and LIEF make of them.

`--files=DIRECTORY` (see docs/macho_edit.md) tries other people's files as well.
"""

import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from absl import flags
from absl.testing import absltest

from relocatable import macho
from relocatable.macho import Edits
from support.elf_tools import Tools
from support.macho_symbols import symbol_names
from support.macho_tools import (
    INSTALL_NAME,
    Linked,
    install_name_tool,
    link,
    names_by_lief,
    names_by_us,
    seen_by_objdump,
)
from support.processes import run

_TOOLS = flags.DEFINE_string("tools", None, "The dist of //third_party/macho:tools.", required=True)
_WHEELS = flags.DEFINE_multi_string("wheel", [], "Wheels with Mach-O files, which are tried too.")
_FILES = flags.DEFINE_multi_string("files", [], "Directories with Mach-O files.")

_SOURCES = Path(__file__).parent / "macho"
_NEW = "@rpath/libother.dylib"
_RPATH = "@loader_path/../lib/somewhere"
_LARGEST = 64 << 20
_STRIPS: tuple[tuple[str, macho.Strip], ...] = (("-S", "debug"), ("-x", "local"))


def _plan(data: bytes, name: str, edits: Edits) -> bytes:
    return macho.plan(memoryview(data), name, edits).apply(data)


class MachODifferentialTest(absltest.TestCase):
    tools: Tools
    directory: Path
    linked: Linked
    files: tuple[Path, ...]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.directory = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)).resolve()
        cls.tools = Tools.unpack(Path(_TOOLS.value), cls.directory)
        cls.linked = link(cls.tools, _SOURCES, cls.directory)
        wheels = cls.directory / "wheels"
        for wheel in _WHEELS.value:
            zipfile.ZipFile(wheel).extractall(wheels / Path(wheel).parent.name)
        others = (wheels, *(Path(directory) for directory in _FILES.value))
        cls.files = (*cls.linked.all, *(path for each in others for path in _machos(each)))
        print(f"{len(cls.files)} files")

    def each(self, check: Callable[[Path, bytes], None]) -> None:
        for path in self.files:
            with self.subTest(path):
                check(path, path.read_bytes())

    def test_signatures_are_sound(self) -> None:
        count = 0

        def check(path: Path, data: bytes) -> None:
            nonlocal count
            for file, view in macho.thin_files(memoryview(data), path.name):
                if file.signature is not None:
                    self.assertEqual(macho.verify_signature(file, view), [])
                    count += 1

        self.each(check)
        self.assertGreaterEqual(count, 6)

    def test_the_signature_that_lld_makes(self) -> None:
        """Byte for byte: made anew, and made after there was none."""
        for path in self.linked.lld:
            data = path.read_bytes()
            self.assertFalse(macho.plan(memoryview(data), path.name, Edits(sign="always")))
            bare = _plan(data, path.name, Edits(sign="remove"))
            self.assertLess(len(bare), len(data))
            self.assertEqual(_plan(bare, path.name, Edits(sign="always")), data)

    def test_what_a_signature_says_stays(self) -> None:
        """Signed anew, a file has the claims and page hashes that its signer gave it."""

        def check(path: Path, data: bytes) -> None:
            new = memoryview(_plan(data, path.name, Edits(sign="always")))
            for old_file, new_file in zip(
                macho.thin_files(memoryview(data), path.name),
                macho.thin_files(new, path.name),
                strict=True,
            ):
                old, now = macho.read_signature(*old_file), macho.read_signature(*new_file)
                assert now is not None
                if old is None or old.directory.hash_type != now.directory.hash_type:
                    continue
                before, after = old.directory, now.directory
                self.assertEqual(after.identifier, before.identifier)
                self.assertEqual(after.code_limit, before.code_limit)
                self.assertEqual(now.blobs.get(5), old.blobs.get(5))
                if not old.by_identity:
                    self.assertEqual(after.flags, before.flags)
                    self.assertEqual(after.special, before.special)
                if after.page_size == before.page_size:  # The first has the signature's size.
                    self.assertEqual(after.pages[32:], before.pages[32:])

        self.each(check)

    def test_edits_agree_with_install_name_tool(self) -> None:
        def check(path: Path, data: bytes) -> None:
            file = macho.read_all(memoryview(data), path.name)[0]
            old = file.dylibs[0].name if file.dylibs else "none"
            new = "@rpath/new.dylib"
            options = ["-id", _NEW, "-add_rpath", _RPATH, "-change", old, new]
            theirs = install_name_tool(self.tools, path, options, self.directory / path.name)

            def edits(one: macho.MachO) -> Edits:
                rpaths = (*one.rpaths, _RPATH)
                return Edits(install_name=_NEW, replace_dylibs={old: new}, rpaths=rpaths)

            ours = macho.plan(memoryview(data), path.name, edits).apply(data)
            self.assertEqual(names_by_us(ours), names_by_us(theirs))
            edited = self.directory / "edited"
            edited.write_bytes(ours)
            self.assertEqual(names_by_lief(edited), names_by_us(ours))
            # It moves what is in __LINKEDIT, so its pages are others; but it signs as we do.
            if all(one.signature for one in macho.read_all(memoryview(theirs), path.name)):
                again = macho.plan(memoryview(theirs), path.name, Edits(sign="always"))
                self.assertFalse(again)

        self.each(check)

    def test_what_dyld_reads_stays(self) -> None:
        def check(path: Path, data: bytes) -> None:
            edits = Edits(install_name=_NEW, rpaths=(_RPATH,), strip="debug")
            edited = self.directory / "edited"
            edited.write_bytes(_plan(data, path.name, edits))
            self.assertEqual(seen_by_objdump(self.tools, edited), seen_by_objdump(self.tools, path))

        self.each(check)

    def test_symbols_that_strip_leaves(self) -> None:
        def check(path: Path, data: bytes) -> None:
            for option, kind in _STRIPS:
                output = self.directory / path.name
                output.unlink(missing_ok=True)
                done = run([self.tools.path("llvm-strip"), option, "-o", output, path], {})
                if done.status:  # It can't strip every file.
                    continue
                theirs = macho.thin_files(memoryview(output.read_bytes()), path.name)
                new = _plan(data, path.name, Edits(strip=kind))
                ours = macho.thin_files(memoryview(new), path.name)
                for (left, a), (right, b) in zip(ours, theirs, strict=True):
                    # LLVM 16's -S leaves the notes of where object files were.
                    wanted = symbol_names(right, bytes(b), stabs=False)
                    self.assertCountEqual(symbol_names(left, bytes(a)), wanted, option)

        self.each(check)

    def test_no_path_of_the_build_is_left(self) -> None:
        for path in self.linked.all:
            data = path.read_bytes()
            file = macho.read(memoryview(data), path.name)
            names = {name: f"@rpath/{Path(name).name}" for name in (INSTALL_NAME,)}
            edits = Edits(install_name=_NEW, rpaths=(), strip="debug", replace_dylibs=names)
            new = _plan(data, path.name, edits)
            self.assertNotIn(b"/install/", new)
            self.assertNotIn(b"/build/lib", new)
            if path in self.linked.lld:
                self.assertIn(os.fsencode(self.directory), data)
            self.assertNotIn(os.fsencode(self.directory), new)
            self.assertEqual(file.architecture, macho.read(memoryview(new), "a").architecture)

    def test_universal_files_are_those_of_lipo(self) -> None:
        lipo = self.tools.path("llvm-lipo")
        machines = [self.linked.lld[:2], self.linked.lld[2:]]
        for pair in zip(*machines, strict=True):
            fat = self.directory / "fat"
            run([lipo, "-create", *pair, "-output", fat], {}).check()
            theirs = fat.read_bytes()
            for files in (pair, pair[::-1]):
                views_of = [memoryview(path.read_bytes()) for path in files]
                made = macho.merge([(view, "file") for view in views_of])
                ours = b"".join(
                    part if isinstance(part, bytes) else views_of[part[0]][part[1] :][: part[2]]
                    for part in made
                )
                self.assertEqual(ours, theirs)
            for path in pair:
                wanted = path.read_bytes()
                name = macho.read(memoryview(wanted), "a").architecture
                plan = macho.plan_extract(memoryview(theirs), "fat", name)
                self.assertEqual(plan.apply(theirs), wanted)


def _machos(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < _LARGEST:
            with path.open("rb") as file:
                head = file.read(8)
            if macho.is_macho(head) or macho.is_universal(head):
                yield path


if __name__ == "__main__":
    absltest.main()
