"""Programs and libraries for macOS, freed from the prefix that their Python was built for."""

from absl.testing import absltest, parameterized

from relocatable import content, macho
from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import dylibs
from relocatable.tree import File
from support.macho_builder import ARM64, EXECUTE, LOAD, OBJECT, X86_64, MachOBuilder, universal

SYSTEM = (LOAD, "/usr/lib/libSystem.B.dylib")
LIBPYTHON = (LOAD, "/install/lib/libpython3.11.dylib")


def file(data: bytes) -> File:
    return File(data, Record(Origin("//:x", "from")))


class DylibsTest(parameterized.TestCase):
    def relocated(self, path: str, **fields: object) -> macho.MachO:
        builder = MachOBuilder(**({"install_name": None} | fields))  # type: ignore[arg-type]
        self.file = dylibs.relocated(path, file(builder.build()))
        data = content.view(self.file.content)
        found = macho.read(data, path)
        if self.file.record.edits:
            self.assertEmpty(macho.verify_signature(found, data))
        return found

    def test_a_library(self) -> None:
        found = self.relocated("lib/libpython3.11.dylib", install_name=LIBPYTHON[1])
        self.assertEqual(found.install_name, "@rpath/libpython3.11.dylib")
        self.assertEqual(found.rpaths, ())
        edit = self.file.record.edits[0]
        self.assertEqual((edit.before, edit.after), (LIBPYTHON[1], found.install_name))

    @parameterized.parameters(
        ("bin/python3.11", "@loader_path/../lib"),
        ("lib/python3.11/lib-dynload/x.so", "@loader_path/../.."),
        ("lib/libother.dylib", "@loader_path/."),
        ("program", "@loader_path/lib"),
    )
    def test_who_links_it(self, path: str, run_path: str) -> None:
        found = self.relocated(path, type=EXECUTE, dylibs=(LIBPYTHON, SYSTEM))
        names = [dylib.name for dylib in found.dylibs]
        self.assertEqual(names, ["@rpath/libpython3.11.dylib", SYSTEM[1]])
        self.assertEqual(found.rpaths, (run_path,))

    def test_run_paths(self) -> None:
        """One in the prefix becomes relative, others stay, and none is there twice."""
        found = self.relocated(
            "bin/tool",
            type=EXECUTE,
            dylibs=((LOAD, "@rpath/libx.dylib"), LIBPYTHON),
            rpaths=("@loader_path/x", "/install/lib", "/install"),
        )
        wanted = ("@loader_path/x", "@loader_path/../lib", "@loader_path/..")
        self.assertEqual(found.rpaths, wanted)

    @parameterized.parameters(
        {"dylibs": (SYSTEM, (LOAD, "@rpath/libpython3.11.dylib")), "rpaths": ("@loader_path",)},
        {"dylibs": ((LOAD, "/installed/lib/liba.dylib"),)},
        {"type": OBJECT, "dylibs": ()},
    )
    def test_what_is_free_stays(self, **fields: object) -> None:
        self.relocated("lib/x", **fields)
        self.assertEmpty(self.file.record.edits)

    def test_universal(self) -> None:
        thin = {
            cpu: MachOBuilder(cpu=cpu, install_name=LIBPYTHON[1]).build() for cpu in (X86_64, ARM64)
        }
        both = universal(list(thin.items()))
        found = dylibs.relocated("lib/libpython3.11.dylib", file(both))
        files = macho.read_all(content.view(found.content), "x")
        self.assertEqual([each.architecture for each in files], ["x86_64", "arm64"])
        self.assertEqual({each.install_name for each in files}, {"@rpath/libpython3.11.dylib"})

    def test_without_room(self) -> None:
        builder = MachOBuilder(
            install_name=None, type=EXECUTE, dylibs=((LOAD, "/install/a"),) * 9, pad=0
        )
        with self.assertRaisesRegex(RelocatableError, r"bin/x.*: it is to be free of /install/"):
            dylibs.relocated("bin/x", file(builder.build()))


if __name__ == "__main__":
    absltest.main()
