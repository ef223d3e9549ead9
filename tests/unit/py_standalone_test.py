"""Archives of python-build-standalone: both layouts, and what is not such an archive."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import zstandard
from absl.testing import absltest, parameterized

from relocatable import content, macho
from relocatable.errors import RelocatableError
from relocatable.python import standalone
from relocatable.python.standalone import Component, Standalone
from relocatable.tree import File
from support.macho_builder import ARM64, MachOBuilder, universal

OS = "lib/python3.11/os.py"
DESCRIPTION = {"version": "8", "python_version": "3.11.9", "target_triple": "x-linux-gnu"}


def pack(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """A tar archive."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755 if "/bin/" in name else 0o644
            tar.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return raw.getvalue()


class StandaloneTest(parameterized.TestCase):
    def extract(self, data: bytes, name: str = "python.tar", version: str = "3.11") -> Standalone:
        self.archive = Path(self.create_tempfile(name, data).full_path)
        return standalone.extract(self.archive, version, "//:x")

    def full(self, description: object, **files: bytes) -> Standalone:
        described = {"python/PYTHON.json": json.dumps(description).encode()}
        return self.extract(pack(described | {f"python/install/{OS}": b"os"} | files))

    @parameterized.parameters(
        ("python/install", "python.tar.zst"), ("python", "python.tar.gz"), ("python", "python.tar")
    )
    def test_layouts(self, root: str, name: str) -> None:
        packed = pack(
            {f"{root}/{OS}": b"os", f"{root}/bin/python3.11": b"elf", "python/build/x": b""}
        )
        compress: dict[str, Callable[[bytes], bytes]] = {
            "zst": zstandard.compress,
            "gz": gzip.compress,
        }
        data = compress.get(name.rpartition(".")[2], bytes)(packed)
        tree = self.extract(data, name).tree
        self.assertEqual(content.read(tree.file(OS).content), b"os")
        self.assertTrue(tree.file("bin/python3.11").executable)
        self.assertEqual(str(tree.file(OS).record.origin), f"//:x: {root}/{OS}")
        self.assertEqual("build/x" in tree.nodes, root == "python")

    @parameterized.parameters(
        (b"'/install'", b"'/usr'"),
        (b"/install/lib /install", b"/usr/lib /usr"),
        (b"-L/install/lib -I/install", b"-L/usr/lib -I/usr"),
        (b"/tools/clang-linux64/bin/clang -x", b"clang -x"),
        (b"/tools/host/usr/bin/clang++", b"clang++"),
        (b"-I/tools/deps/include -L/tools/deps/lib -lz", b"  -lz"),
        (b"./install /installed /my/install /tools", b"./install /installed /my/install /tools"),
    )
    def test_texts(self, before: bytes, after: bytes) -> None:
        names = (
            "lib/python3.11/_sysconfigdata__linux_x86_64-linux-gnu.py",
            "lib/python3.11/config-3.11/Makefile",
            "lib/pkgconfig/python-3.11.pc",
            "bin/python3.11-config",
        )
        files = {f"python/{name}": before for name in (*names, OS)}
        tree = self.extract(pack(files)).tree
        for name in names:
            file = tree.file(name)
            self.assertEqual(content.read(file.content), after)
            self.assertEqual(
                [edit.what for edit in file.record.edits], ["prefix"] * (before != after)
            )
        self.assertEqual(content.read(tree.file(OS).content), before)

    def test_programs_are_left_alone(self) -> None:
        files = {f"python/{OS}": b"", "python/bin/x-config": b"\x7fELF /install"}
        file = self.extract(pack(files)).tree.file("bin/x-config")
        self.assertEqual(content.read(file.content), b"\x7fELF /install")

    def test_links(self) -> None:
        links = {
            "python/bin/python3": "python3.11",
            "python/lib/dangling": "nothing",
            "python/lib/out": "../../../etc",
            "python/share/here": "there",
            "python/share/there": "here",
            "python/share/x/above": "..",
            "python/share/x/root": "../..",
        }
        files = {f"python/{OS}": b"", "python/bin/python3.11": b"elf"}
        tree = self.extract(pack(files, links)).tree
        kept = [path for path, node in tree if not isinstance(node, File)]
        self.assertEqual(kept, ["bin", "bin/python3", "lib", "lib/python3.11", "share", "share/x"])
        self.assertEqual(tree.follow("bin/python3"), "bin/python3.11")

    def test_licenses(self) -> None:
        extensions = {
            "zlib": [{"licenses": ["Zlib"], "license_paths": ["licenses/LICENSE.zlib.txt"]}],
            "_sqlite3": [{"license_public_domain": True}],
            "math": [{}],
        }
        description = DESCRIPTION | {
            "licenses": ["Python-2.0", "CNRI-Python"],
            "license_path": "licenses/LICENSE.cpython.txt",
            "build_info": {"extensions": extensions},
        }
        found = self.full(description, **{"python/licenses/LICENSE.zlib.txt": b"text"})
        self.assertEqual(
            found.components,
            {
                "python": Component(
                    ("CNRI-Python", "Python-2.0"), ("share/licenses/python/LICENSE.cpython.txt",)
                ),
                "_sqlite3": Component(public_domain=True),
                "zlib": Component(("Zlib",), ("share/licenses/python/LICENSE.zlib.txt",)),
            },
        )
        text = found.tree.file("share/licenses/python/LICENSE.zlib.txt")
        self.assertEqual(content.read(text.content), b"text")
        self.assertIn("LICENSE.zlib.txt", found.texts().nodes)

    def test_for_macos(self) -> None:
        """Of what a program or library links, none is at a place in the prefix afterwards."""
        prefix = "python/install"
        made = MachOBuilder(install_name="/install/lib/libpython3.11.dylib").build()
        archive = universal([(ARM64, b"!<arch>\n")])
        found = self.full(
            DESCRIPTION | {"target_triple": "aarch64-apple-darwin"},
            **{
                f"{prefix}/lib/libpython3.11.dylib": made,
                f"{prefix}/lib/libpython3.11.a": archive,
            },
        )
        library = content.view(found.tree.file("lib/libpython3.11.dylib").content)
        name = macho.read(library, "libpython").install_name
        self.assertEqual(name, "@rpath/libpython3.11.dylib")
        self.assertEqual(content.read(found.tree.file("lib/libpython3.11.a").content), archive)

    @parameterized.parameters(
        ({"python_version": "3.12.1"}, " is Python 3.12.1; 3.11 is wanted"),
        ({"python_version": "3.1.1"}, " is Python 3.1.1; 3.11 is wanted"),
        (
            {"target_triple": "x86_64-unknown-linux-musl"},
            " is for x86_64-unknown-linux-musl; one for linux-gnu or apple-darwin is wanted",
        ),
        ({"version": "9"}, ": python/PYTHON.json is of format 9; 5 to 8 are known"),
    )
    def test_another_python(self, fields: dict[str, str], problem: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            self.full(DESCRIPTION | fields)
        self.assertEqual(str(caught.exception), f"{self.archive}{problem}")

    @parameterized.parameters(b"", b"{", b"[]", b'{"version": "x"}', b"{}", b"\xff")
    def test_a_broken_description(self, data: bytes) -> None:
        with self.assertRaisesRegex(RelocatableError, r"PYTHON\.json can't be read: "):
            self.extract(pack({"python/PYTHON.json": data, f"python/install/{OS}": b""}))

    @parameterized.parameters(
        ({"build_info": []},),
        ({"build_info": {"extensions": {"zlib": [1]}}},),
        ({"license_path": 1},),
        ({"licenses": 1},),
    )
    def test_broken_licenses(self, fields: dict[str, object]) -> None:
        with self.assertRaisesRegex(RelocatableError, "says of licences what can't be read: "):
            self.full(DESCRIPTION | fields)

    @parameterized.parameters(
        ({"python/lib/python3.12/os.py": b""}, "found Python 3.12"),
        ({"python/python.exe": b""}, "neither has a Python for Linux or macOS"),
        ({OS: b""}, "neither has a Python for Linux or macOS"),
    )
    def test_no_such_python(self, files: dict[str, bytes], found: str) -> None:
        with self.assertRaises(RelocatableError) as caught:
            self.extract(pack(files))
        self.assertEqual(
            str(caught.exception),
            f"{self.archive}: lib/python3.11/os.py is wanted in python/install or python, {found}",
        )

    def test_damaged_archives(self) -> None:
        data = pack({f"python/{OS}": b"x" * 2000})
        for cut in (0, 100, 700, 2000):
            with self.subTest(cut), self.assertRaises(RelocatableError):
                self.extract(data[:cut])
        with self.assertRaises(RelocatableError):
            self.extract(zstandard.compress(data)[:-9], "python.tar.zst")
        with self.assertRaisesRegex(RelocatableError, "not allowed in a tree"):
            self.extract(pack({"python/../../x": b""}))


class InstalledTest(absltest.TestCase):
    def test_files(self) -> None:
        place = Path(self.create_tempdir().full_path)
        files = {
            "bin/python3.11": b"",
            "lib/python3.11/os.py": b"",
            "lib/pkgconfig/python-3.11.pc": b"prefix=/install\n",
        }
        paths = {}
        for number, (name, data) in enumerate(files.items()):
            paths[name] = place / str(number)
            paths[name].write_bytes(data)
        tree = standalone.installed(paths, "3.11", "//:x")
        self.assertEqual(
            [path for path, file in tree.files() if file.executable], ["bin/python3.11"]
        )
        text = tree.file("lib/pkgconfig/python-3.11.pc")
        self.assertEqual(content.read(text.content), b"prefix=/usr\n")
        self.assertEqual(str(text.record.origin), "//:x: lib/pkgconfig/python-3.11.pc")

    def test_of_another_version(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "lib/python3.12/os.py is wanted among the runtime's files, found Python 3.11",
        ):
            standalone.installed({"lib/python3.11/os.py": Path("x")}, "3.12", "//:x")

    def test_none(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "runtime's files, 1 have no Python$"):
            standalone.installed({"lib/os.py": Path("x")}, "3.12", "//:x")


if __name__ == "__main__":
    absltest.main()
