"""Compiling, the forms of a library, and the report of them."""

import hashlib
import importlib.util
import io
import json
import marshal
import sys
import zipfile
from pathlib import Path
from types import CodeType

from absl.testing import absltest, parameterized

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.provenance import Edit, Origin, Record
from relocatable.python import compiling, forms, interpreter, report, report_table, stdlib
from relocatable.python.forms import Bytecode, Product
from relocatable.python.interpreter import Interpreter
from relocatable.python.library import Library
from relocatable.python.report import Compilation
from relocatable.python.stdlib import Options, Plan
from relocatable.tree import File, Link, Tree
from support.elf_builder import EM_386, ElfBuilder

RECORD = Record(Origin("//:x", "x"))
VERSION = "{}.{}".format(*sys.version_info)
HERE = Interpreter((sys.executable,), Path(sys.base_prefix), VERSION)
FILES = {
    "os.py": b"x = 1\n",
    "json/__init__.py": b"from . import decoder\n",
    "json/decoder.py": b"def f(x):\n    'what it is for'\n    assert x > 1\n",
    "data/__init__.py": b"",
    "data/x.txt": b"x",
    "lib-dynload/_bz2.so": b"\x7fELF",
    "bad.py": b"x = 1\n",
}


def planned() -> Plan:
    nodes: dict[str, File | Link] = {path: File(text, RECORD) for path, text in FILES.items()}
    nodes["alias.py"] = Link("bad.py", RECORD)
    nodes["other.py"] = Link("os.py", RECORD)
    return stdlib.plan(Library("3.11", nodes), Options())


def produced(form: str, optimize: int = 0) -> Product:
    files = {path: b"P" + path.encode() for path in FILES if path.endswith(".py")}
    del files["bad.py"]
    return forms.produce(planned(), form, Bytecode(files, "3.11.2", optimize), "//:stdlib")


class CompileTest(parameterized.TestCase):
    def compiled(
        self, texts: dict[str, bytes], optimize: int = 0, jobs: int = 2
    ) -> compiling.Compiled:
        return compiling.compile_all(texts, "lib/python3.11", HERE, optimize, jobs)

    def test_a_pyc_is_as_the_import_system_wants_it(self) -> None:
        text = FILES["json/decoder.py"]
        data = self.compiled({"json/decoder.py": text}).files["json/decoder.py"]
        self.assertEqual(data[:4], importlib.util.MAGIC_NUMBER)
        self.assertEqual(data[4:8], b"\1\0\0\0")  # By hash, never checked: PEP 552.
        self.assertEqual(data[8:16], importlib.util.source_hash(text))
        code: CodeType = marshal.loads(data[16:])  # noqa: S302
        self.assertEqual(code.co_filename, "lib/python3.11/json/decoder.py")

    def test_optimization(self) -> None:
        text = {"a.py": FILES["json/decoder.py"]}
        sizes = [len(self.compiled(text, level).files["a.py"]) for level in (0, 1, 2)]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertLen(set(sizes), 3)

    def test_the_same_bytes_whatever_else_is_compiled(self) -> None:
        texts = {
            f"m{number}.py": f"x{number} = ('a{number}', 'shared')\ndef f(shared): pass".encode()
            for number in range(20)
        }
        digests = set()
        for jobs in (1, 2, 7, 30):
            files = self.compiled(texts, jobs=jobs).files
            digests.add(hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())
        self.assertLen(digests, 1)
        self.assertEqual(self.compiled({"m3.py": texts["m3.py"]}).files["m3.py"], files["m3.py"])

    def test_what_can_not_be_compiled(self) -> None:
        result = self.compiled({"a.py": b"x =", "b.py": b"", "c.py": b"\0"})
        self.assertEqual(list(result.files), ["b.py"])
        self.assertStartsWith(result.failures["a.py"], "SyntaxError: invalid syntax")
        self.assertIn("null bytes", result.failures["c.py"])

    def test_an_interpreter_that_fails(self) -> None:
        with self.assertRaisesRegex(RelocatableError, r"ended with status 3: oh no$"):
            HERE.run("import sys; print('oh', 'no', file=sys.stderr); sys.exit(3)", b"")


class InterpreterTest(parameterized.TestCase):
    def tree(self, data: bytes, path: str = "usr/bin/python3.11") -> Tree:
        tree = Tree()
        tree.add(path, File(data, RECORD, executable=True))
        return tree

    def test_of_another_machine(self) -> None:
        reason = interpreter.cannot_run(self.tree(ElfBuilder(machine=EM_386).build()), "3.11")
        self.assertRegex(str(reason), r"^usr/bin/python3.11 is for EM_386, this is EM_\w+$")

    def test_of_another_format(self) -> None:
        reason = interpreter.cannot_run(self.tree(b"MZ"), "3.11")
        self.assertEqual(reason, "usr/bin/python3.11 is no ELF file")

    def test_none(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "one bin/python3.12 is wanted in the interpreter's tree, there is none",
        ):
            interpreter.cannot_run(self.tree(b""), "3.12")

    def test_of_another_version(self) -> None:
        program = b"#!/bin/sh\necho 2.7.18\n"
        place = Path(self.create_tempdir().full_path)
        library = Library("3.11", {"os.py": File(b"", RECORD)})
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "usr/bin/python3.11 is Python 2.7.18; 3.11 is wanted"
        ):
            interpreter.unpack(self.tree(program), library.version, library.placed(), place)


class FormsTest(parameterized.TestCase):
    def files(self, product: Product) -> dict[str, bytes]:
        return {
            path.removeprefix("lib/python3.11/"): content.read(node.content)
            for path, node in product.tree.files()
        }

    def links(self, product: Product) -> dict[str, str]:
        return {
            path.removeprefix("lib/python3.11/"): node.target
            for path, node in product.tree
            if isinstance(node, Link)
        }

    def test_source(self) -> None:
        self.assertEqual(self.files(produced(forms.SOURCE)), FILES)

    def test_source_and_pyc(self) -> None:
        product = produced(forms.SOURCE_AND_PYC)
        self.assertEqual(
            self.files(product),
            FILES
            | {
                "__pycache__/os.cpython-311.pyc": b"Pos.py",
                "data/__pycache__/__init__.cpython-311.pyc": b"Pdata/__init__.py",
                "json/__pycache__/__init__.cpython-311.pyc": b"Pjson/__init__.py",
                "json/__pycache__/decoder.cpython-311.pyc": b"Pjson/decoder.py",
            },
        )
        cached = product.tree.file("lib/python3.11/__pycache__/os.cpython-311.pyc")
        self.assertEqual(cached.record.edits, (Edit("compile", None, "CPython 3.11.2 -O0"),))

    def test_optimized_ones_have_their_own_names(self) -> None:
        files = self.files(produced(forms.SOURCE_AND_PYC, optimize=2))
        self.assertIn("json/__pycache__/decoder.cpython-311.opt-2.pyc", files)

    def test_pyc(self) -> None:
        product = produced(forms.PYC)
        self.assertEqual(
            sorted(self.files(product)),
            [
                "bad.py",
                "data/__init__.pyc",
                "data/x.txt",
                "json/__init__.pyc",
                "json/decoder.pyc",
                "lib-dynload/_bz2.so",
                "os.pyc",
            ],
        )
        self.assertEqual(self.links(product), {"alias.py": "bad.py", "other.pyc": "os.pyc"})

    def test_zip(self) -> None:
        files = self.files(produced(forms.ZIP))
        self.assertEqual(
            sorted(files),
            [
                "data/__init__.pyc",
                "data/x.txt",
                "lib-dynload/_bz2.so",
                "lib/python311.zip",
                "os.pyc",
            ],
        )
        with zipfile.ZipFile(io.BytesIO(files["lib/python311.zip"])) as archive:
            infos = archive.infolist()
            self.assertEqual(
                [info.filename for info in infos],
                ["alias.py", "bad.py", "json/__init__.pyc", "json/decoder.pyc", "other.pyc"],
            )
            self.assertEqual({info.compress_type for info in infos}, {zipfile.ZIP_STORED})
            self.assertEqual(archive.read("other.pyc"), b"Pos.py")
            self.assertEqual(archive.read("alias.py"), b"x = 1\n")

    @parameterized.parameters(*forms.FORMS)
    def test_nothing_compiled(self, form: str) -> None:
        product = forms.produce(planned(), form, None, "//:stdlib")
        self.assertEmpty([path for path, _ in product.tree if path.endswith(".pyc")])


class ReportTest(absltest.TestCase):
    def document(self, form: str = forms.PYC) -> report_table.Document:
        compilation = Compilation(0, "3.11.2", 4, {"bad.py": "SyntaxError: oh"})
        made = report.make(planned(), produced(form), form, compilation)
        return json.loads(json.dumps(made))  # type: ignore[no-any-return]

    def test_numbers(self) -> None:
        document = self.document()
        self.assertEqual(document["before"]["files"], 7)
        self.assertEqual(document["before"]["bytes"], sum(map(len, FILES.values())))
        self.assertEqual(document["after"]["files"], 7)
        features = {feature["name"]: feature for feature in document["features"]}
        self.assertEqual(features["bz2"]["before"]["bytes"], 4)
        self.assertEqual(features["xml"]["before"], {"files": 0, "bytes": 0, "compressed": 0})
        files = {file["path"]: file for file in document["files"]}
        self.assertEqual(files["os.py"]["bytes"], 6)
        self.assertEqual(files["os.py"]["bytes_after"], 6)
        self.assertEqual(files["json/decoder.py"]["module"], "json.decoder")
        self.assertEqual(files["json/decoder.py"]["bytes_after"], len("Pjson/decoder.py"))
        self.assertEqual(files["data/x.txt"]["why"], ["not left out"])

    def test_table(self) -> None:
        lines = list(report_table.summary(self.document()))
        self.assertEqual(
            lines[0],
            "Python 3.11, pyc: 4 modules by CPython 3.11.2 -O0; "
            "bad.py stays source: SyntaxError: oh",
        )
        self.assertRegex("\n".join(lines), r"\nbefore +7 +0\.00 +0\.00\n")
        self.assertRegex("\n".join(lines), r"\nbz2 +1 +0\.00 +0\.00   yes\n")

    def test_not_compiled(self) -> None:
        compilation = Compilation(kept_as_source={"*": "bin/x is for EM_ARM, this is EM_X86_64"})
        made = report.make(planned(), produced(forms.PYC), forms.PYC, compilation)
        self.assertEqual(
            next(report_table.summary(made)),
            "Python 3.11, pyc, but not compiled: bin/x is for EM_ARM, this is EM_X86_64",
        )

    def test_why(self) -> None:
        nodes = planned().library.nodes
        options = Options(roots=["json"], exclude=["data"])
        plan = stdlib.plan(Library("3.11", nodes), options)
        product = forms.produce(plan, forms.SOURCE, None, "//:x")
        document = report.make(plan, product, forms.SOURCE, Compilation())
        self.assertEqual(
            report_table.why(document, "json.decoder"),
            ["json/decoder.py is kept:", "  root json", "  json", "  json.decoder"],
        )
        self.assertEqual(
            report_table.why(document, "data/x.txt"),
            ["data/x.txt is left out:", "  exclude data"],
        )
        self.assertEmpty(report_table.why(document, "nothing"))
        self.assertIn("out          1 ", "\n".join(report_table.files(document)))


if __name__ == "__main__":
    absltest.main()
