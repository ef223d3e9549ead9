"""The command `elf_edit`: options as patchelf's, on files, directories and trees."""

import io
import os
import re
import stat
import struct
import threading
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

from absl.testing import absltest, parameterized

from relocatable import content, edit_log, elf, elf_edit, provenance, tree_tar
from relocatable.elf_edit import options, os_abi, wanted
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Record
from relocatable.tree import File, Link, Tree
from relocatable.version import VERSION
from support.elf_builder import EM_AARCH64, EM_X86_64, ET_EXEC, ElfBuilder
from support.elf_sections import SHF_ALLOC, SHT_NOBITS, SHT_NOTE, Extra, Symbol, with_sections

LOADER = "/lib64/ld-linux-x86-64.so.2"
LIBRARY = ElfBuilder(needed=("libm.so.6", "libc.so.6"), runpath="/usr/lib/foo").build()
DEBUG = b"debug" * 1000
WITH_DEBUG = with_sections(
    LIBRARY, [Extra(".debug_info", DEBUG)], [Symbol("main", ".dynstr"), Symbol("x", ".debug_info")]
)
PROGRAM = ElfBuilder(interpreter=LOADER, soname=None).build()


def run(*arguments: str | Path) -> str:
    """What the command prints."""
    out = io.StringIO()
    status = elf_edit.run([str(argument) for argument in arguments], out, io.StringIO())
    assert status == 0
    return out.getvalue()


def warnings(*arguments: str | Path) -> str:
    """What the command writes to stderr."""
    messages = io.StringIO()
    words = [str(argument) for argument in arguments]
    assert elf_edit.run(words, io.StringIO(), messages) == 0
    return messages.getvalue()


def only_debug_information() -> bytes:
    """What `objcopy --only-keep-debug` leaves: headers as they were, and nothing that is loaded."""
    data = bytearray(WITH_DEBUG)
    file = elf.read(memoryview(data), "a")
    for index, section in enumerate(elf.sections(file, memoryview(data))):
        if section.flags & SHF_ALLOC and section.type != SHT_NOTE:
            struct.pack_into("<I", data, file.shoff + index * 64 + 4, SHT_NOBITS)
    for index, _ in enumerate(file.segments):
        struct.pack_into("<Q", data, file.phoff + index * 56 + 32, 0)
    return bytes(data)


def object_file() -> bytes:
    """A file that no linker has seen: no program headers."""
    data = bytearray(with_sections(ElfBuilder(type=1).build(), [Extra(".data.rel", b"1")]))
    struct.pack_into("<QH", data, 32, 0, 0)
    struct.pack_into("<H", data, 56, 0)
    return bytes(data)


def read(path: Path) -> elf.Elf:
    return elf.read(memoryview(path.read_bytes()), str(path))


class EditTest(parameterized.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = Path(self.create_tempdir().full_path).resolve()

    def file(self, name: str, content: bytes = LIBRARY, mode: int = 0o644) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def assert_fails(self, message: str, *arguments: str | Path) -> None:
        """Fails with one line, and leaves every file as it was, and no other."""
        before = self.everything()
        with self.assertRaises(RelocatableError) as caught:
            run(*arguments)
        self.assertEqual(str(caught.exception).replace(f"{self.directory}/", ""), message)
        self.assertEqual(self.everything(), before)

    def everything(self) -> dict[str, bytes]:
        return {
            str(path): path.read_bytes() for path in self.directory.rglob("*") if path.is_file()
        }


class OptionsTest(parameterized.TestCase):
    def test_anywhere(self) -> None:
        words = ["a", "--set-rpath", "$ORIGIN", "b", "--replace-needed", "x", "y", "c"]
        found = options.parse(words)
        self.assertEqual(found.files, (Path("a"), Path("b"), Path("c")))
        self.assertEqual(found.set_rpath, "$ORIGIN")
        self.assertEqual(found.replace_needed, (("x", "y"),))

    def test_all(self) -> None:
        found = options.parse(
            [
                *("--page-size", "65536", "--set-interpreter", "/i", "--print-interpreter"),
                *("--print-os-abi", "--set-os-abi", " lInUx", "--print-soname"),
                *("--set-soname", "s", "--add-rpath", "r", "--print-rpath", "--force-rpath"),
                *("--add-needed", "a", "--add-needed", "b", "--remove-needed", "c"),
                *("--replace-needed", "d", "e", "--replace-needed", "f", "g", "--print-needed"),
                *("--no-default-lib", "--no-sort", "--clear-symbol-version", "h"),
                *("--add-debug-tag", "--print-execstack", "--clear-execstack"),
                *("--no-clobber-old-sections", "--output", "o", "--debug"),
                *("--print", "--strip-debug", "--drop-build-id", "file"),
            ]
        )
        self.assertEqual(
            found,
            options.Options(
                files=(Path("file"),),
                output=Path("o"),
                prints=("interpreter", "os_abi", "soname", "rpath", "execstack", "needed"),
                summary=True,
                debug=True,
                page_size=65536,
                interpreter="/i",
                os_abi=3,
                soname="s",
                add_rpath="r",
                force_rpath=True,
                add_needed=("a", "b"),
                remove_needed=("c",),
                replace_needed=(("d", "e"), ("f", "g")),
                clear_symbol_versions=("h",),
                executable_stack=False,
                no_default_libraries=True,
                add_debug_tag=True,
                drop_build_id=True,
                strip="debug",
            ),
        )

    def test_old_name_of_set_interpreter(self) -> None:
        self.assertEqual(options.parse(["--interpreter", "/i", "f"]).interpreter, "/i")

    def test_text_from_a_file(self) -> None:
        """As patchelf: all bytes of it, whatever they are."""
        file = Path(self.create_tempfile(content=b"/\xff\n").full_path)
        self.assertEqual(options.parse(["--set-rpath", f"@{file}", "f"]).set_rpath, "/\udcff\n")

    @parameterized.parameters(
        ((), "no file: name at least one ELF file, directory or tree (.tar)"),
        (("--foo", "f"), "unrecognized arguments: --foo; --help lists the options"),
        (
            ("f", "--set-rpath"),
            "argument --set-rpath: expected one argument; --help lists the options",
        ),
        (("--output", "o", "f", "g"), "--output takes one file, found 2"),
        (
            ("--remove-rpath", "--set-rpath", "x", "f"),
            "--set-rpath and --remove-rpath contradict each other: give one of them",
        ),
        (
            ("--set-execstack", "--clear-execstack", "f"),
            "--clear-execstack and --set-execstack contradict each other",
        ),
        (
            ("--replace-needed", "a", "b", "--remove-needed", "a", "f"),
            "--replace-needed and --remove-needed both name a",
        ),
        (("--page-size", "3000", "f"), "--page-size should be a power of two, found '3000'"),
        (
            ("--set-os-abi", "BeOS", "f"),
            "--set-os-abi: 'BeOS' is no operating system's ABI; these are: System V, HP-UX, "
            "NetBSD, Linux, GNU Hurd, Solaris, AIX, IRIX, FreeBSD, Tru64, OpenBSD, OpenVMS",
        ),
        (
            ("--rename-dynamic-symbols", "map", "f"),
            "--rename-dynamic-symbols is not supported: it takes new hash tables in each file with "
            "the symbol",
        ),
        (
            ("f", "--build-resolution-cache"),
            "--build-resolution-cache is not supported: no loader but that of NixOS reads such a "
            "cache",
        ),
    )
    def test_wrong(self, arguments: tuple[str, ...], message: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            options.parse(arguments)
        self.assertEqual(str(caught.exception), message)

    def test_version(self) -> None:
        """Its first words are patchelf's: what auditwheel (6.8) and others look for."""
        out = io.StringIO()
        with redirect_stdout(out), self.assertRaises(SystemExit):
            options.parse(["--version"])
        found = re.match(r"patchelf\s+(\d+(.\d+(.\d+)?)?)", out.getvalue())
        assert found is not None
        self.assertGreaterEqual(tuple(map(int, found[1].split("."))), (0, 14, 5))
        self.assertEqual(out.getvalue().split()[1], options.PATCHELF)
        self.assertIn(f"elf_edit {VERSION}", out.getvalue())

    def test_names_of_abis(self) -> None:
        for number in range(256):
            name = os_abi.name_of(number)
            if not name.startswith("0x"):
                self.assertEqual(os_abi.number_of(name), number)
                self.assertEqual(os_abi.number_of(name.upper().replace(" ", "-")), number)
        self.assertEqual(os_abi.name_of(0x40), "0x40")

    def test_no_arguments(self) -> None:
        messages = io.StringIO()
        self.assertEqual(elf_edit.run([], io.StringIO(), messages), 1)
        self.assertStartsWith(messages.getvalue(), "usage: elf_edit ")


class WantedTest(parameterized.TestCase):
    def edits(self, spec: ElfBuilder, *arguments: str) -> elf.Edits:
        found = elf.read(memoryview(spec.build()), "f")
        return wanted.edits(options.parse([*arguments, "f"]), found, lambda _: None)

    @parameterized.parameters(
        (("--set-rpath", "a:b"), None, "a:b", "runpath"),
        (("--set-rpath", "a:b"), "old", "a:b", "runpath"),
        (("--add-rpath", "a"), None, "a", elf.UNCHANGED),
        (("--add-rpath", "a", "--force-rpath"), "old", "old:a", "rpath"),
        (("--remove-rpath", "--force-rpath"), "old", None, elf.UNCHANGED),
        (("--set-rpath", ""), "old", None, elf.UNCHANGED),
        (("--force-rpath",), "old", elf.UNCHANGED, elf.UNCHANGED),
        (("--shrink-rpath",), None, elf.UNCHANGED, elf.UNCHANGED),
        (("--add-rpath", "a"), "old", "old:a", elf.UNCHANGED),
        (("--shrink-rpath",), "/a:$ORIGIN:/b", "$ORIGIN", elf.UNCHANGED),
    )
    def test_search_path(
        self, arguments: tuple[str, ...], old: str | None, path: object, tag: object
    ) -> None:
        for spec in (ElfBuilder(runpath=old), ElfBuilder(rpath=old)):
            found = self.edits(spec, *arguments)
            self.assertEqual((found.search_path, found.search_path_tag), (path, tag))

    def test_runpath_wins(self) -> None:
        spec = ElfBuilder(rpath="r", runpath="p")
        self.assertEqual(self.edits(spec, "--add-rpath", "a").search_path, "p:a")

    def test_a_program_at_a_fixed_address_gets_no_soname(self) -> None:
        spec = ElfBuilder(type=ET_EXEC, soname=None)
        self.assertEqual(self.edits(spec, "--set-soname", "s").soname, elf.UNCHANGED)
        self.assertEqual(self.edits(ElfBuilder(), "--set-soname", "s").soname, "s")

    @parameterized.parameters(
        ("/a:/b:/c", (), "/a:/c"),
        ("/b:/a:/a", (), "/a"),
        ("relative:$ORIGIN/x::/b", (), "relative:$ORIGIN/x"),
        ("/wrong:/a", (), "/a"),
        ("/a:/c:$ORIGIN", ("/c", "/d"), "/c:$ORIGIN"),
        ("/b", (), ""),
    )
    def test_shrink(self, path: str, allowed: tuple[str, ...], left: str) -> None:
        machines = {"/a/x": EM_X86_64, "/c/y": EM_X86_64, "/wrong/x": EM_AARCH64}
        found = wanted.shrink(path, ("x", "y"), EM_X86_64, allowed, machines.get)
        self.assertEqual(found, left)


class PrintTest(EditTest):
    def test_as_patchelf(self) -> None:
        """In patchelf's order, whatever that of the options is."""
        found = run(
            *("--print-needed", "--print-execstack", "--print-rpath", "--print-soname"),
            *("--print-os-abi", self.file("a")),
        )
        self.assertEqual(
            found,
            "System V\nlibtiny.so.1\n/usr/lib/foo\nexecstack: -\nlibm.so.6\nlibc.so.6\n",
        )

    def test_without(self) -> None:
        """No soname prints nothing, no search path an empty line."""
        path = self.file("program", PROGRAM)
        found = run("--print-soname", "--print-rpath", "--print-interpreter", path)
        self.assertEqual(found, f"{LOADER}\n\n")

    def test_no_interpreter(self) -> None:
        self.file("a")
        self.assert_fails(
            "a: no interpreter: it is a shared object, which programs load",
            "--print-interpreter",
            self.directory / "a",
        )

    def test_debug_file(self) -> None:
        """As patchelf: it is of a kind that has a search path, and there is none."""
        path = self.file("a.debug", only_debug_information())
        self.assertEqual(run("--print-rpath", "--print-needed", "--print-soname", path), "\n")
        self.assert_fails(
            "a.debug: no interpreter: the file has only debug information, and what is loaded is in"
            " another file",
            *("--print-interpreter", path),
        )

    @parameterized.parameters("--print-rpath", "--print-needed", "--print-soname")
    def test_object_file(self, option: str) -> None:
        self.assert_fails(
            "a.o: no dynamic section: it is an object file, which is not linked yet",
            *(option, self.file("a.o", object_file())),
        )

    @parameterized.parameters("--print-rpath", "--print-needed", "--print-interpreter")
    def test_static_program(self, option: str) -> None:
        data = bytearray(ElfBuilder(type=ET_EXEC, sections=False).build())
        data[64 + 2 * 56] = 0
        with self.assertRaisesRegex(RelocatableError, ": the file is linked statically$"):
            run(option, self.file("a", bytes(data)))

    def test_several(self) -> None:
        found = run("--print-rpath", self.file("a"), self.file("b", PROGRAM))
        self.assertEqual(found, "/usr/lib/foo\n\n")

    def test_a_directory(self) -> None:
        """Each line says of which file; files that have no such thing are left out."""
        self.file("d/b/lib")
        self.file("d/a", PROGRAM)
        self.file("d/text", b"text")
        self.file("d/empty", b"")
        (self.directory / "d/link").symlink_to("a")
        os.mkfifo(self.directory / "d/fifo")
        found = run("--print-needed", "--print-interpreter", self.directory / "d")
        self.assertEqual(
            found.replace(f"{self.directory}/", ""),
            f"d/a: {LOADER}\nd/a: libc.so.6\nd/b/lib: libm.so.6\nd/b/lib: libc.so.6\n",
        )

    def test_summary(self) -> None:
        path = self.file("a")
        self.assertEqual(
            run("--print", path),
            f"""{path}
  type           shared object, EM_X86_64, 64 bit, little endian
  OS ABI         System V
  size           {len(LIBRARY):,} bytes
  soname         libtiny.so.1
  runpath        /usr/lib/foo
  needed         libm.so.6
                 libc.so.6
  versions       libc.so.6: GLIBC_2.2.5 GLIBC_2.14
  stack          not executable
""",
        )

    @parameterized.product(bits=(32, 64), little=(True, False))
    def test_every_class(self, bits: int, little: bool) -> None:
        data = ElfBuilder(bits=bits, little=little, rpath="/r", sections=False).build()
        found = run("--print", "--print-execstack", self.file("a", data))
        self.assertIn(f"{bits} bit, {'little' if little else 'big'} endian\n", found)
        self.assertIn("no section headers\n", found)
        self.assertIn("execstack: -\n", found)


class WriteTest(EditTest):
    def test_in_place(self) -> None:
        path = self.file("a", mode=0o750)
        self.assertEqual(run("--set-rpath", "$ORIGIN", path), "")
        self.assertEqual(read(path).runpath, "$ORIGIN")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o750)
        self.assertEqual(list(self.directory.iterdir()), [path])

    def test_prints_what_was_before(self) -> None:
        path = self.file("a")
        self.assertEqual(run("--print-rpath", "--set-rpath", "x", path), "/usr/lib/foo\n")
        self.assertEqual(run("--print-rpath", path), "x\n")

    @parameterized.parameters("--add-rpath", "--shrink-rpath")
    def test_a_search_path_stays_of_its_kind(self, option: str) -> None:
        """A DT_RUNPATH in place of a DT_RPATH isn't inherited: others' libraries are lost."""
        data = ElfBuilder(rpath="$ORIGIN/../scipy.libs:/gone", needed=("libc.so.6",)).build()
        path = self.file("a", data)
        words = (option, "/more") if option == "--add-rpath" else (option,)
        self.assertEqual(warnings(*words, path), "")
        wanted = {
            "--add-rpath": "$ORIGIN/../scipy.libs:/gone:/more",
            "--shrink-rpath": "$ORIGIN/../scipy.libs",
        }
        self.assertEqual((read(path).rpath, read(path).runpath), (wanted[option], None))

    def test_another_kind_of_search_path_is_told(self) -> None:
        path = self.file("a", ElfBuilder(rpath="/old").build())
        self.assertEqual(
            warnings("--set-rpath", "/new", path),
            f"warning: {path}: its DT_RPATH becomes a DT_RUNPATH, which the libraries that it loads"
            " don't inherit; --force-rpath keeps it a DT_RPATH\n",
        )
        self.assertEqual((read(path).rpath, read(path).runpath), (None, "/new"))
        path = self.file("b", ElfBuilder(rpath="/old").build())
        self.assertEqual(warnings("--set-rpath", "/new", "--force-rpath", path), "")
        self.assertEqual((read(path).rpath, read(path).runpath), ("/new", None))
        path = self.file("c", ElfBuilder(rpath="/ignored", runpath="/old").build())
        self.assertEqual(warnings("--set-rpath", "/new", path), "")

    @parameterized.parameters("--set-rpath", "--add-rpath", "--set-soname", "--add-needed")
    def test_a_debug_file_is_left_alone(self, option: str) -> None:
        data = only_debug_information()
        path = self.file("a.debug", data)
        self.assertEqual(
            warnings(option, "x", path),
            f"warning: {path}: nothing that a loader reads is edited: it has only debug"
            " information\n",
        )
        self.assertEqual(path.read_bytes(), data)
        self.assertEqual(warnings(option, "x", self.directory), "")

    def test_nothing_to_do_writes_nothing(self) -> None:
        path = self.file("a")
        before = path.stat()
        run("--set-rpath", "/usr/lib/foo", path)
        self.assertEqual(path.stat().st_ino, before.st_ino)
        self.assertEqual(path.stat().st_mtime_ns, before.st_mtime_ns)

    def test_output(self) -> None:
        """Written in any case, with the input's mode."""
        path, out = self.file("a", mode=0o755), self.directory / "out"
        run("--output", out, path)
        self.assertEqual(out.read_bytes(), LIBRARY)
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o755)
        run("--remove-rpath", "--output", out, path)
        self.assertIsNone(read(out).runpath)
        self.assertEqual(path.read_bytes(), LIBRARY)

    def test_links(self) -> None:
        """A symbolic link stays one; names of one file that are both edited stay one file."""
        path = self.file("a")
        (self.directory / "link").symlink_to("a")
        (self.directory / "b").hardlink_to(path)
        (self.directory / "c").hardlink_to(path)
        run("--set-rpath", "x", self.directory / "link", self.directory / "b", path)
        self.assertTrue((self.directory / "link").is_symlink())
        self.assertTrue(path.samefile(self.directory / "b"))
        self.assertEqual(read(path).runpath, "x")
        self.assertEqual((self.directory / "c").read_bytes(), LIBRARY)
        self.assertLen(list(self.directory.iterdir()), 4)

    def test_output_is_no_file(self) -> None:
        """A device or pipe is written into, and has no provenance beside it."""
        path, pipe = self.file("a"), self.directory / "pipe"
        tar, lines = self.directory / "t.tar", self.directory / "t.provenance.jsonl"
        tree_tar.write(Tree({"a": File(LIBRARY, Record(Origin("//:x", "a")))}), tar, lines)
        os.mkfifo(pipe)
        for source in (path, tar):
            with self.subTest(source=source.name):
                before = self.everything()
                found: list[bytes] = []
                thread = threading.Thread(
                    target=lambda f=found: f.append(pipe.read_bytes()),
                    daemon=True,
                )
                thread.start()
                run("--set-rpath", "/x", "--output", pipe, source)
                thread.join()
                self.assertIn(b"/x\0", found[0])
                self.assertTrue(pipe.is_fifo())
                self.assertEqual(self.everything(), before)
                self.assertCountEqual(self.directory.iterdir(), [path, tar, lines, pipe])

    def test_output_is_a_device(self) -> None:
        path, device = self.file("a"), self.directory / "null"
        try:
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            device.write_bytes(b"")
        except PermissionError:
            self.skipTest("a device node can't be made or used here")
        run("--set-rpath", "/x", "--output", device, path)
        self.assertEqual(device.lstat().st_rdev, os.makedev(1, 3))
        self.assertTrue(device.is_char_device())

    def test_output_is_a_directory(self) -> None:
        path = self.file("a")
        (self.directory / "d").mkdir()
        self.assert_fails(
            "d is a directory; a file, a device, a pipe or nothing is wanted there: "
            "name another path",
            *("--set-rpath", "x", "--output", self.directory / "d", path),
        )

    def test_output_is_write_protected(self) -> None:
        path, out = self.file("a"), self.file("b", b"old", mode=0o444)
        with mock.patch("os.access", return_value=False):  # For root, too.
            self.assert_fails(
                "b may not be written: chmod u+w it, or write elsewhere with --output",
                *("--set-rpath", "x", "--output", out, path),
            )

    def test_extended_attributes(self) -> None:
        """Those of a file that is edited stay, its access control list among them."""
        path, out = self.file("a", mode=0o640), self.directory / "out"
        # user:: rw-, user:1 r--, group:: ---, mask:: r--, other:: ---; see acl(5), acl_ea.h.
        entries = [(1, 6, -1), (2, 4, 1), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
        wanted = {"user.note": b"by hand", "system.posix_acl_access": acl}
        try:
            for name, value in wanted.items():
                os.setxattr(path, name, value)
        except OSError:
            self.skipTest("this file system has none")
        run("--set-rpath", "/x", "--output", out, path)
        run("--set-rpath", "/x", path)
        for edited in (path, out):
            self.assertEqual(read(edited).runpath, "/x")
            self.assertEqual({name: os.getxattr(edited, name) for name in wanted}, wanted)
            self.assertEqual(stat.S_IMODE(edited.stat().st_mode), 0o640)

    def test_no_access_control_list_of_the_directory(self) -> None:
        """What a new file would be given there is not what the old one had."""
        path = self.file("a", mode=0o640)
        entries = [(1, 7, -1), (2, 7, 1), (4, 7, -1), (16, 7, -1), (32, 0, -1)]
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
        try:
            os.setxattr(self.directory, "system.posix_acl_default", acl)
        except OSError:
            self.skipTest("this file system has none")
        run("--set-rpath", "/x", path)
        self.assertNotIn("system.posix_acl_access", os.listxattr(path))
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)

    def test_rights_of_the_program(self) -> None:
        """Set-user-ID stays as with a write by root; capabilities go, as with any write."""
        path, out = self.file("a", mode=0o4755), self.directory / "out"
        capabilities = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw=ep
        try:
            os.setxattr(path, "security.capability", capabilities)
        except OSError:
            self.skipTest("a file's capabilities can't be set here")
        run("--set-rpath", "/x", "--output", out, path)
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o755)
        self.assertNotIn("security.capability", os.listxattr(out))
        run("--set-rpath", "/x", path)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o4755)
        self.assertNotIn("security.capability", os.listxattr(path))

    def test_write_protected(self) -> None:
        path = self.file("a", mode=0o444)
        with mock.patch("os.access", return_value=False):  # For root, too.
            self.assert_fails(
                "a may not be written: chmod u+w it, or write elsewhere with --output",
                *("--set-rpath", "x", path),
            )
            run("--set-rpath", "x", "--output", self.directory / "b", path)
        self.assertEqual(stat.S_IMODE((self.directory / "b").stat().st_mode), 0o444)

    def test_all_or_nothing(self) -> None:
        a, b, c = self.file("a"), self.file("b", b"text"), self.file("c", LIBRARY[:100])
        self.assert_fails("b: not an ELF file: it starts with b'text'", "--set-rpath", "x", a, b)
        self.assert_fails(
            "nothing is written:\n"
            "  b: not an ELF file: it starts with b'text'\n"
            "  c: damaged ELF file: program headers should be 224 bytes at offset 64, but the file"
            " has 100 bytes; is it complete?",
            *("--set-rpath", "x", a, b, c),
        )

    def test_an_error_while_writing(self) -> None:
        a, b = self.file("a"), self.file("b")
        with (
            mock.patch("os.fchmod", side_effect=[None, OSError(28, "No space left")]),
            self.assertRaises(OSError),
        ):
            run("--set-rpath", "x", a, b)
        self.assertEqual(self.everything(), {str(a): LIBRARY, str(b): LIBRARY})

    def test_no_elf_file(self) -> None:
        """A directory without any is fine."""
        self.assertEqual(run("--remove-rpath", self.directory), "")
        os.mkfifo(self.directory / "f")
        message = "f is a device or the like; a file or directory is wanted"
        self.assert_fails(message, "--remove-rpath", self.directory / "f")

    def test_missing(self) -> None:
        with self.assertRaises(FileNotFoundError):
            run("--print-rpath", self.directory / "none")

    def test_a_directory(self) -> None:
        """Edits what the files have a place for, and leaves the others."""
        library, program = self.file("d/lib"), self.file("d/bin/program", PROGRAM, 0o755)
        text = self.file("d/text", b"text")
        run("--set-interpreter", "/ld", "--set-rpath", "$ORIGIN", self.directory / "d")
        self.assertEqual(read(library).runpath, "$ORIGIN")
        self.assertEqual(read(program).runpath, "$ORIGIN")
        self.assertEqual(stat.S_IMODE(program.stat().st_mode), 0o755)
        self.assertEqual(text.read_bytes(), b"text")
        loader = self.file("e/ld-linux.so.2", ElfBuilder(soname="ld-linux.so.2").build())
        run("--set-rpath", "$ORIGIN", self.directory / "e")
        self.assertIsNone(read(loader).runpath)
        self.assert_fails(
            "--output takes a file, but d is a directory",
            *("--remove-rpath", "--output", self.directory / "o", self.directory / "d"),
        )

    @parameterized.parameters(("--strip-debug", True), ("--strip-all", False))
    def test_strip_then_edit(self, option: str, symbols: bool) -> None:
        """What is removed is so before anything else, so that offsets are those of the new file."""
        path, tar = self.file("a", WITH_DEBUG), self.directory / "t.tar"
        tree = Tree()
        tree.add("a", File(WITH_DEBUG, Record(Origin("//:x", "a"))))
        tree_tar.write(tree, tar, self.directory / "t.provenance.jsonl")
        run(option, "--set-rpath", "$ORIGIN", path, tar)
        shown = run("--print", path)
        self.assertNotIn("debug sections", shown)
        self.assertEqual("symbol table" in shown, symbols)
        self.assertEqual(read(path).runpath, "$ORIGIN")
        packed = tree_tar.read(tar, self.directory / "t.provenance.jsonl").file("a")
        self.assertEqual(content.read(packed.content), path.read_bytes())
        proved = edit_log.prove(
            "a",
            memoryview(WITH_DEBUG),
            content.view(packed.content),
            packed.record.edits,
        )
        self.assertLess(proved.added, -len(DEBUG))

    def test_what_cannot_be_stripped(self) -> None:
        """An error if it is named, and left as it is in a directory."""
        self.file("d/a", WITH_DEBUG + b"payload")
        with self.assertRaisesRegex(RelocatableError, "d/a: can't be stripped, because something"):
            run("--strip-all", self.directory / "d/a")
        self.assertEqual(run("--strip-all", self.directory / "d"), "")

    @parameterized.parameters("--strip-debug", "--strip-all", "--add-debug-tag")
    def test_payload(self, other: str) -> None:
        payload = b"PK" + bytes(5000) + b"end"
        full = ElfBuilder(spare=0, code=bytes(4000)).build()
        data = with_sections(full, [Extra(".debug_info", DEBUG)], [Symbol("main", ".text")])
        path = self.file("program", data + payload)
        words = (other, "--set-rpath", "/" + "x" * 5000)
        self.assertRaisesRegex(RelocatableError, "--keep-payload", run, *words, path)
        self.assertEqual(path.read_bytes(), data + payload)
        run(*words, "--keep-payload", path)
        edited = path.read_bytes()
        self.assertEqual(edited[-len(payload) :], payload)
        self.assertEqual(read(path).runpath, words[2])
        if other != "--add-debug-tag":
            self.assertNotIn(DEBUG, edited)
        run(*words, "--keep-payload", path)
        self.assertEqual(path.read_bytes(), edited)

    def test_build_id(self) -> None:
        note = struct.pack("<III", 4, 4, 3) + b"GNU\0" + bytes.fromhex("01ab02cd")
        noted = with_sections(LIBRARY, [Extra(".note.gnu.build-id", note, SHT_NOTE, align=4)])
        path = self.file("a", noted)
        run("--drop-build-id", path)
        self.assertNotIn(bytes.fromhex("01ab02cd"), path.read_bytes())

    def test_debug_tells(self) -> None:
        messages = io.StringIO()
        path = self.file("a")
        elf_edit.run(["--set-rpath", "x", "--debug", str(path)], io.StringIO(), messages)
        self.assertEqual(messages.getvalue(), f"{path}: runpath: /usr/lib/foo -> x\n")


class TreeTest(EditTest):
    def setUp(self) -> None:
        super().setUp()
        record = Record(Origin("//:x", "from"))
        tree = Tree()
        tree.add("lib/a.so", File(LIBRARY, record))
        tree.add("lib/b.so", Link("a.so", record))
        tree.add("bin/p", File(PROGRAM, record, executable=True))
        tree.add("text", File(b"text", record))
        self.tar = self.directory / "t.tar"
        self.lines = self.directory / "t.provenance.jsonl"
        tree_tar.write(tree, self.tar, self.lines)

    def test_prints(self) -> None:
        found = run("--print-rpath", self.tar)
        self.assertEqual(found, f"{self.tar}:bin/p: \n{self.tar}:lib/a.so: /usr/lib/foo\n")

    def test_edits_with_provenance(self) -> None:
        run("--set-rpath", "$ORIGIN", self.tar)
        tree = tree_tar.read(self.tar, self.lines)
        file = tree.file("lib/a.so")
        self.assertEqual(file.record.edits, (Edit("runpath", "/usr/lib/foo", "$ORIGIN"),))
        self.assertTrue(tree.file("bin/p").executable)
        self.assertEqual(tree.nodes["lib/b.so"], Link("a.so", Record(Origin("//:x", "from"))))
        self.assertEqual(provenance.read(self.lines)["text"].edits, ())

    def test_without_provenance(self) -> None:
        self.lines.unlink()
        out = self.directory / "out.tar"
        run("--remove-rpath", "--output", out, self.tar)
        data = content.view(tree_tar.read_paths(out).file("lib/a.so").content)
        self.assertIsNone(elf.read(data, "a").runpath)
        self.assertFalse((self.directory / "out.provenance.jsonl").exists())

    def test_no_tree(self) -> None:
        self.file("x.tar", b"x")
        self.assert_fails(
            "x.tar is not a tree in normal form: x.tar is truncated: 511 more bytes are wanted at"
            " offset 1",
            *("--print", self.directory / "x.tar"),
        )


if __name__ == "__main__":
    absltest.main()
