"""The tools on bad input: each says in one clear line what is wrong, and leaves nothing behind."""

import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import tree_tar
from relocatable.provenance import Origin, Record
from relocatable.tree import File, Tree
from support import deb_builder as build
from support import wheel_builder
from support.elf_builder import ElfBuilder

TOOLS = Path("tools").resolve()
LAUNCHER = Path("toolchains/launcher/linux_x86_64").resolve()
FACTS = {
    "name": "linux_x86_64",
    "machine": 62,
    "loader": "ld-linux-x86-64.so.2",
    "multiarch": "x86_64-linux-gnu",
    "object_format": "elf",
    "page_size": 4096,
    "system_libraries": ["libc.so.6", "ld-linux-x86-64.so.2"],
}


# What verify_dist writes of a dist that requires nothing.
_VERIFIED = '{"requires": {}, "waived": []}'


class BadInputTest(parameterized.TestCase):
    """What all tools have in common."""

    def setUp(self) -> None:
        super().setUp()
        self.inputs = Path(self.create_tempdir().full_path)
        self.outputs = Path(self.create_tempdir().full_path)

    def refused(self, tool: str, *flags: str) -> list[str]:
        """Runs a tool that is to refuse its input, in the directory for outputs.

        Returns:
            Its complaint: a line, or a heading and several problems.
        """
        done = subprocess.run(
            [TOOLS / tool, "--label=//:x", *flags],
            cwd=self.outputs,
            env={**os.environ, "TMPDIR": str(self.outputs)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertEqual(list(self.outputs.iterdir()), [])
        first, *others = done.stderr.splitlines()
        self.assertStartsWith(first, "error: //:x: ")
        self.assertNotEqual(len(others), 1, done.stderr)
        self.assertEqual(bool(others), first.endswith(":"), done.stderr)
        for line in others:
            self.assertStartsWith(line, "  ")
        return [first.removeprefix("error: //:x: "), *map(str.strip, others)]

    def tree(self, files: Mapping[str, bytes], name: str = "tree") -> str:
        """Writes a tree; returns it as `TAR=PROVENANCE`."""
        tree = Tree()
        for path, data in files.items():
            tree.add(path, File(data, Record(Origin("//:tree", path))))
        tar, provenance = self.inputs / f"{name}.tar", self.inputs / f"{name}.jsonl"
        tree_tar.write(tree, tar, provenance)
        return f"{tar}={provenance}"

    def file(self, name: str, data: bytes) -> Path:
        """Writes an input."""
        path = self.inputs / name
        path.write_bytes(data)
        return path


class DebExtractTest(BadInputTest):
    ENTRIES = (build.file("./usr/bin/tool", b"#!" + os.urandom(2000), 0o755),)

    def extract(self, *debs: Path, flags: tuple[str, ...] = ()) -> list[str]:
        return self.refused(
            "deb_extract",
            *(f"--deb={path}" for path in debs),
            "--out=x.tar",
            "--provenance=x.jsonl",
            *flags,
        )

    def good(self, name: str = "good", *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
        return build.deb(self.inputs / f"{name}.deb", entries or self.ENTRIES, name=name)

    @parameterized.parameters(0, 7, 8, 30, 70, 150, 1000, -4)
    def test_truncated(self, length: int) -> None:
        whole = self.good("whole")
        bad = self.file("bad.deb", whole.read_bytes()[:length])
        (line,) = self.extract(whole, bad)
        self.assertRegex(line, rf"\A{bad} (is truncated|is not an ar archive|is not a \.deb): ")

    @parameterized.parameters(*build.COMPRESSIONS)
    def test_data_that_ends_early(self, compression: str) -> None:
        data = build.COMPRESSIONS[compression](build.tar(self.ENTRIES))
        told = b"Package: x\nVersion: 1\nArchitecture: all\n"
        control = build.COMPRESSIONS[".gz"](build.tar([build.file("control", told)]))
        bad = self.file(
            "bad.deb",
            build.ar(
                [
                    ("debian-binary", b"2.0\n"),
                    ("control.tar.gz", control),
                    (f"data.tar{compression}", data[: len(data) // 8]),
                ]
            ),
        )
        (line,) = self.extract(bad)
        self.assertStartsWith(line, str(bad))

    def test_a_flipped_bit(self) -> None:
        data = bytearray(self.good().read_bytes())
        data[-100] ^= 0x10
        bad = self.file("bad.deb", bytes(data))
        (line,) = self.extract(bad)
        self.assertStartsWith(line, f"{bad} is corrupt: ")

    def test_not_a_deb(self) -> None:
        page = self.file("page.deb", b"<html>404 Not Found</html>")
        self.assertEqual(
            self.extract(page),
            [f"{page} is not an ar archive: it doesn't start with b'!<arch>\\n'"],
        )
        library = self.file("library.deb", build.ar([("x.o/", b"\x7fELF")]))
        self.assertEqual(
            self.extract(library),
            [f"{library} is not a .deb: it has no debian-binary of version 2"],
        )

    def test_a_file_that_is_not_there(self) -> None:
        gone = self.inputs / "gone.deb"
        self.assertEqual(self.extract(gone), [f"{gone}: No such file or directory"])

    def test_a_link_that_leaves_the_tree(self) -> None:
        link = build.special("./usr/lib/x", tarfile.SYMTYPE, "../../../etc/passwd")
        self.assertEqual(
            self.extract(self.good("bad", link)),
            [
                "the packages don't make a tree: bad 1.0-1 amd64: link usr/lib/x -> "
                "../../../etc/passwd leaves the tree; exclude it, or remap what it points to"
            ],
        )

    @parameterized.parameters("../../etc/passwd", "/etc/passwd", "./usr/../../etc/passwd")
    def test_a_path_that_leaves_the_tree(self, path: str) -> None:
        bad = self.good("bad", build.file(path))
        self.assertEqual(self.extract(bad), [f"{bad}: path {path!r} leaves the package's root"])

    def test_packages_that_disagree(self) -> None:
        one = self.good("one", build.file("./usr/bin/tool", b"1"))
        two = self.good("two", build.file("./usr/bin/tool", b"22"))
        self.assertEqual(
            self.extract(one, two),
            [
                "the packages don't make a tree: two 1.0-1 amd64: two layers disagree on "
                "usr/bin/tool: it is a file of 1 bytes (one 1.0-1 amd64: usr/bin/tool) and a file "
                "of 2 bytes (two 1.0-1 amd64: usr/bin/tool); exclude one of them"
            ],
        )

    def test_all_problems_are_told_together(self) -> None:
        bad = self.good(
            "bad",
            build.special("./dev/null", tarfile.CHRTYPE),
            build.file("./usr/bin/su", mode=0o4755),
        )
        self.assertEqual(
            self.extract(bad, flags=("--include=dev", "--include=usr/*/su", "--exclude=opt")),
            [
                "the packages don't make a tree:",
                "bad 1.0-1 amd64: dev/null is of the tar type b'3'; exclude it",
                "bad 1.0-1 amd64: usr/bin/su is setuid or setgid; exclude it",
                "exclude 'opt' matches nothing in bad.deb; in the root there are: dev, usr",
            ],
        )

    @parameterized.parameters("include", "exclude")
    def test_a_pattern_that_matches_nothing(self, flag: str) -> None:
        self.assertEqual(
            self.extract(self.good(), flags=("--include=usr/bin/*", f"--{flag}=usr/lib")),
            [
                f"the packages don't make a tree: {flag} 'usr/lib' matches nothing in good.deb; "
                "in usr there are: bin",
            ],
        )

    def test_a_pattern_that_can_not_match(self) -> None:
        (line,) = self.extract(self.good(), flags=("--exclude=../etc",))
        self.assertStartsWith(line, "pattern '../etc' can match no path: ")

    def test_wrong_flags(self) -> None:
        (line,) = self.extract(flags=())
        self.assertStartsWith(line, "wrong flags: flag --deb=None: ")
        (line,) = self.extract(self.good(), flags=("--remap=usr",))
        self.assertEqual(line, "--remap=usr: KEY=VALUE is wanted, each key once")

    def test_an_output_that_can_not_be(self) -> None:
        gone = self.outputs / "gone"
        (line,) = self.extract(self.good(), flags=(f"--provenance={gone}/x.jsonl",))
        self.assertStartsWith(line, str(gone))


class StdlibTrimTest(BadInputTest):
    def trim(self, tree: str, *flags: str) -> list[str]:
        return self.refused(
            "stdlib_trim",
            f"--tree={tree}",
            "--python_version=3.11",
            "--out=x.tar",
            "--provenance=x.jsonl",
            "--report=x.json",
            *flags,
        )

    def test_an_unknown_feature(self) -> None:
        (line,) = self.trim(self.tree({"python3.11/os.py": b""}), "--exclude_feature=idle")
        self.assertStartsWith(
            line, "unknown feature of the standard library: idle; there are asyncio, "
        )

    def test_no_library(self) -> None:
        self.assertEqual(
            self.trim(self.tree({"python3.12/os.py": b""})),
            ["one python3.11/os.py is wanted in the tree, there is that of python3.12"],
        )

    def test_patterns_and_roots_that_are_not_there(self) -> None:
        tree = self.tree({"python3.11/os.py": b""})
        flags = ("--exclude=jsn/**", "--keep=xml", "--root=os")
        heading, *problems = self.trim(tree, *flags)
        self.assertEqual(heading, "wrong patterns:")
        self.assertEqual([line.partition(":")[0] for line in problems], ["exclude", "keep"])
        (line,) = self.trim(tree, "--root=jsn")
        self.assertEqual(line, "wrong roots: jsn is no module of Python 3.11's standard library")

    def test_an_import_of_what_is_left_out(self) -> None:
        tree = self.tree({"python3.11/os.py": b"import ssl", "python3.11/ssl.py": b""})
        (line,) = self.trim(tree, "--exclude_feature=ssl")
        self.assertEqual(
            line,
            "these imports would fail in the trimmed library of Python 3.11: os (line 1) imports "
            "ssl, which is left out: feature ssl; leave out os too, or keep ssl",
        )

    def test_a_source_of_another_version(self) -> None:
        files = [
            build.file("Python-3.12.1/Include/patchlevel.h", b'#define PY_VERSION "3.12.1"'),
            build.file("Python-3.12.1/Lib/os.py"),
        ]
        archive = self.file("python.tar", build.tar(files))
        flags = ("--python_version=3.11", "--out=x.tar", "--provenance=x.jsonl", "--report=x.json")
        (line,) = self.refused("stdlib_trim", f"--archive={archive}", *flags)
        self.assertEqual(line, "python.tar is CPython 3.12.1; 3.11 is wanted")

    def test_interpreters_that_are_none(self) -> None:
        tree = self.tree({"python3.11/os.py": b""})
        other = self.tree({"bin/python3.12": b""}, "other")
        (line,) = self.trim(tree, "--form=pyc", f"--interpreter={other}")
        self.assertEqual(
            line, "one bin/python3.11 is wanted in the interpreter's tree, there is none"
        )

    def test_a_version_that_is_none(self) -> None:
        (line,) = self.trim(self.tree({}), "--python_version=3.11.2")
        self.assertEqual(line, "Python version '3.11.2': MAJOR.MINOR is wanted, such as 3.11")

    def test_a_tar_that_is_not_in_normal_form(self) -> None:
        tree = self.tree({"python3.11/os.py": b""})
        bad = self.file("tree.tar", build.tar([build.file("python3.11/os.py")]))
        self.assertEqual(
            self.trim(tree),
            [
                f"{bad} is not a tree in normal form: the header of python3.11/os.py has other "
                "fields than it should"
            ],
        )

    @parameterized.parameters(0, 700, 1024, -1)
    def test_a_truncated_tree(self, length: int) -> None:
        tree = self.tree({"python3.11/os.py": b"x" * 600})
        tar = self.inputs / "tree.tar"
        tar.write_bytes(tar.read_bytes()[:length])
        (line,) = self.trim(tree)
        self.assertRegex(line, rf"\A{tar} is not a tree in normal form: .* truncated")

    def test_provenance(self) -> None:
        tree = self.tree({"python3.11/os.py": b""})
        tar, provenance = tree.split("=")
        (line,) = self.trim(tar)
        self.assertEqual(line, f"TAR=PROVENANCE is wanted for a tree, found {tar!r}")
        self.file("tree.jsonl", b"")
        (line,) = self.trim(tree)
        self.assertEqual(line, f"{provenance} has no line for 'python3.11/os.py' of {tar}")
        self.file("tree.jsonl", b"PK\3\4")
        (line,) = self.trim(tree)
        self.assertStartsWith(line, f"{provenance}:1: not a provenance line: ")
        Path(provenance).unlink()
        self.assertEqual(self.trim(tree), [f"{provenance}: No such file or directory"])


class DistTest(BadInputTest):
    """The tools behind relocatable_dist, and those that take a tree apart."""

    def relocate(self, tree: str, *flags: str) -> list[str]:
        return self.refused(
            "relocate_tree",
            f"--layer={tree}",
            f"--target={self.file('facts.json', json.dumps(FACTS).encode())}",
            f"--launcher={LAUNCHER}",
            "--out=x.tar",
            "--provenance=x.jsonl",
            *flags,
        )

    @parameterized.parameters(b"", b"[]", b"{}", b'{"name": "linux_x86_64"}', b"\x7fELF")
    def test_facts_that_are_none(self, data: bytes) -> None:
        tree, bad = self.tree({}), self.file("bad.json", data)
        tar = tree.partition("=")[0]
        archive = ("--name=x", "--format=zip", "--level=1", "--out=x", "--sha256=y")
        for found in (
            self.relocate(tree, f"--target={bad}"),
            self.refused("verify_dist", f"--tree={tree}", f"--target={bad}", "--out=x"),
            self.refused("dist_archive", f"--tar={tar}", f"--target={bad}", *archive),
        ):
            self.assertLen(found, 1)
            self.assertStartsWith(found[0], f"target facts {bad}: ")

    @parameterized.parameters(
        ("[]", "", "not what verify_dist writes"),
        ("{", "", "not what verify_dist writes"),
        (
            _VERIFIED,
            "--archive=x.zip",
            "FILE=CHECKSUM is wanted for an archive",
        ),
        (
            _VERIFIED,
            "--archive=x.zip={bad}",
            "a line of sha256sum is wanted, found 'abc",
        ),
    )
    def test_metadata_of_something_else(self, verified: str, flag: str, problem: str) -> None:
        bad = self.file("bad.sha256", b"abc  x.zip")
        (line,) = self.refused(
            "dist_metadata",
            f"--tree={self.tree({})}",
            f"--verified={self.file('verified.json', verified.encode())}",
            f"--target={self.file('facts.json', json.dumps(FACTS).encode())}",
            "--name=x",
            "--libc=bundled",
            "--tool_version=1",
            "--out=x.json",
            *([flag.format(bad=bad)] if flag else []),
        )
        self.assertIn(problem, line)

    @parameterized.parameters(
        ("--column=owner", "columns are kind, package, version, size, sha256; there is no owner"),
        ("--exclude=nowhere", "these match no path: nowhere"),
    )
    def test_a_listing_of_what_is_not_there(self, flag: str, problem: str) -> None:
        tree = self.tree({"a": b""})
        self.assertEqual(self.refused("dist_listing", f"--tree={tree}", "--out=x", flag), [problem])

    def test_a_report_that_lacks_something(self) -> None:
        facts = f"--target={self.file('facts.json', json.dumps(FACTS).encode())}"
        tree = f"--tree={self.tree({'a': b''})}"
        bad = self.file("bad.json", b"{}")
        for flags, problem in (
            (("--linkage=x", "--kept=x"), "--kept=x: PROVENANCE=LABEL is wanted"),
            (("--page=x",), "--page wants --metadata"),
            (("--page=x", f"--metadata={bad}"), f"{bad}: "),
        ):
            with self.subTest(problem):
                (line,) = self.refused("dist_report", tree, facts, *flags)
                self.assertStartsWith(line, problem)

    def test_a_bill_of_materials_of_what_says_nonsense_of_itself(self) -> None:
        info = "lib/python3.11/site-packages/x-1.dist-info"
        about = {f"{info}/METADATA": b"Name: x\nVersion: 1\n", f"{info}/RECORD": b"a,b\n"}
        facts = self.file("facts.json", json.dumps(FACTS).encode())
        for tool, flags in (
            ("dist_sbom", (f"--target={facts}", "--format=spdx", "--out=x.json")),
            ("dist_licenses", (f"--own={facts}", "--zip=x.zip")),
        ):
            with self.subTest(tool):
                tree = f"--tree={self.tree(about)}"
                (line,) = self.refused(tool, tree, "--name=x", "--tool_version=1", *flags)
                self.assertEqual(
                    line, f"{info}/RECORD: wanted PATH,DIGEST,SIZE once for each, found ['a', 'b']"
                )

    def test_licences_where_none_can_be(self) -> None:
        own = self.file("LICENSE", b"x")
        for into, problem in (
            ("/x", "path '/x/index.json' is not allowed in a tree: "),
            ("a", "a/index.json can't be added: a is a file of 0 bytes"),
        ):
            (line,) = self.refused(
                "dist_licenses",
                f"--tree={self.tree({'a': b''})}",
                f"--own={own}",
                f"--into={into}",
                "--name=x",
                "--tool_version=1",
                "--out=x.tar",
                "--provenance=x.jsonl",
            )
            self.assertStartsWith(line, problem)

    def test_a_dist_that_is_not_complete(self) -> None:
        library = ElfBuilder(soname="liba.so", needed=(), versions={}).build()
        (line,) = self.relocate(self.tree({"lib/liba.so": library}))
        self.assertStartsWith(line, "the dist is not complete: ")
        self.assertIn("ld-linux-x86-64.so.2", line)

    def test_a_launcher_without_a_program(self) -> None:
        (line,) = self.relocate(self.tree({"a": b""}), "--start=bin/x=usr/bin/x")
        self.assertStartsWith(
            line, "launchers without a program: launcher bin/x is to start usr/bin/x, "
        )

    def test_a_bundle_without_sysconfig(self) -> None:
        (line,) = self.refused(
            "py_runtime_bundle",
            "--python_version=3.11",
            f"--stdlib={self.tree({'lib/python3.11/sysconfig.py': b''}, 'library')}",
            f"--runtime={self.tree({'bin/python3.11': b''})}",
            "--out=x.tar",
            "--provenance=x.jsonl",
        )
        self.assertStartsWith(line, "lib/python3.11 has no _sysconfigdata*.py")

    def bundle(self, *flags: str, runtime: str = "bin/python3.11") -> list[str]:
        library = {
            "lib/python3.11/site.py": b"",
            "lib/python3.11/_sysconfigdata_x.py": b"build_time_vars = {'VERSION': '3.11'}",
        }
        return self.refused(
            "py_runtime_bundle",
            "--python_version=3.11",
            f"--target={self.file('facts.json', json.dumps(FACTS).encode())}",
            f"--stdlib={self.tree(library, 'library')}",
            f"--runtime={self.tree({runtime: b''}, 'runtime')}",
            "--out=x.tar",
            "--provenance=x.jsonl",
            *flags,
        )

    def test_a_bundle_of_another_version(self) -> None:
        (line,) = self.bundle(runtime="usr/bin/python3.12")
        self.assertEqual(
            line,
            "no runtime tree has libpython3.11.so or bin/python3.11; one of them is wanted; "
            "found python3.12",
        )

    def test_a_bundle_without_the_library_that_is_wanted(self) -> None:
        (line,) = self.bundle("--component=libpython")
        self.assertEqual(
            line,
            "wanted of Python 3.11, and not there: libpython: no runtime tree has "
            "libpython3.11.so.1.0; found python3.11",
        )

    def test_wheels_for_another_python_or_platform(self) -> None:
        names = ("cp312-cp312-manylinux_2_17_x86_64", "cp311-cp311-macosx_11_0_arm64")
        wheels = [wheel_builder.wheel(self.inputs, {"a.py": b""}, tag=tag) for tag in names]
        found = self.bundle(*(f"--wheel={wheel}" for wheel in wheels))
        self.assertEqual(
            found,
            [
                "wheels that can't be for CPython 3.11 on linux_x86_64:",
                *sorted(f"demo-1.0-{name}.whl is for {name}" for name in names),
            ],
        )

    def test_two_wheels_with_one_file(self) -> None:
        wheels = [
            wheel_builder.wheel(self.inputs, {"a.py": name.encode()}, name=name)
            for name in ("one", "three")
        ]
        (line,) = self.bundle(*(f"--wheel={wheel}" for wheel in wheels))
        self.assertRegex(
            line,
            r"\Apackages bring different files for one path; py_runtime_bundle\(exclude = .* "
            r"a\.py: from one-1\.0-py3-none-any\.whl: a\.py and three-1\.0-py3-none-any\.whl: a",
        )

    def test_a_wheel_that_leads_out(self) -> None:
        wheel = wheel_builder.wheel(self.inputs, {"../../bin/sh": b""})
        (line,) = self.bundle(f"--wheel={wheel}")
        self.assertIn("holds what no wheel may: path '../../bin/sh' is not allowed", line)

    def test_a_bundle_that_is_not_what_it_says(self) -> None:
        found = self.refused(
            "verify_py_runtime",
            "--python_version=3.11",
            f"--tree={self.tree({'bin/python3.11': b'#!/bin/sh'})}",
            "--out=x.json",
        )
        self.assertEqual(
            found,
            [
                "the bundle is no Python 3.11 that works: bin/python3.11 is no ELF file; "
                "CPython 3.11 is wanted"
            ],
        )

    def test_a_path_that_the_tree_has_not(self) -> None:
        tar, _ = self.tree({"a": b""}).split("=")
        (line,) = self.refused("tree_file", f"--tar={tar}", "--path=b", "--out=x")
        self.assertEqual(line, "b leads to b, which does not exist")

    def test_a_tree_that_is_none(self) -> None:
        bad = self.file("bad.tar", b"x" * 512)
        (line,) = self.refused("tree_directory", f"--tar={bad}", f"--out={self.outputs}")
        self.assertStartsWith(line, f"{bad} is not a tree in normal form: ")


if __name__ == "__main__":
    absltest.main()
