"""Trimming the standard library: what stays, what goes, and why."""

from collections.abc import Mapping

from absl.testing import absltest, parameterized

from relocatable.errors import RelocatableError
from relocatable.provenance import Origin, Record
from relocatable.python import library, stdlib
from relocatable.python.stdlib import Options, Plan
from relocatable.tree import File, Link, Tree

RECORD = Record(Origin("//:x", "x"))

# What start-up imports, as far as these tests care.
BASE = {"os.py": "", "site.py": "import os", "encodings/__init__.py": "", "encodings/utf_8.py": ""}


def made(files: Mapping[str, str], root: str = "usr/lib/python3.11") -> Tree:
    tree = Tree()
    for path, text in {"os.py": "", **files}.items():
        tree.add(f"{root}/{path}", File(text.encode(), RECORD))
    return tree


def planned(files: Mapping[str, str], version: str = "3.11", **options: object) -> Plan:
    found = library.find(made(files, f"lib/python{version}"), version)
    return stdlib.plan(found, Options(**options))  # type: ignore[arg-type]


class FindTest(parameterized.TestCase):
    def test_links_stay_inside(self) -> None:
        source = made({"_sysconfigdata_x.py": ""})
        home = "usr/lib/python3.11"
        source.add(f"{home}/sitecustomize.py", Link("../../../etc/python3.11/s.py", RECORD))
        source.add(f"{home}/_sysconfigdata_y.py", Link("../python3.11/_sysconfigdata_x.py", RECORD))
        source.add(f"{home}/dangling.py", Link("test/x.py", RECORD))
        plan = stdlib.plan(library.find(source, "3.11"), Options())
        links = {
            path: node.target
            for path, node in plan.library.nodes.items()
            if isinstance(node, Link) and path in plan.kept
        }
        self.assertEqual(links, {"_sysconfigdata_y.py": "_sysconfigdata_x.py"})
        self.assertEqual(plan.library.strays, ("sitecustomize.py",))
        self.assertEqual(plan.dropped, {"dangling.py": "a link to what is left out"})

    def test_what_is_of_others_is_no_part(self) -> None:
        files = ("__pycache__/os.cpython-311.pyc", "site-packages/pip/__init__.py", "os.pyc")
        found = library.find(made(dict.fromkeys(files, "")), "3.11")
        self.assertEqual(list(found.nodes), ["os.py"])

    @parameterized.parameters(
        ("3.12", "one python3.12/os.py is wanted in the tree, there is that of python3.11"),
        ("3", "Python version '3': MAJOR.MINOR is wanted, such as 3.11"),
    )
    def test_wrong_versions(self, version: str, message: str) -> None:
        with self.assertRaisesWithLiteralMatch(RelocatableError, message):
            library.find(made({}), version)

    def test_none(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError, "one python3.11/os.py is wanted in the tree, none is there"
        ):
            library.find(Tree(), "3.11")

    def test_two(self) -> None:
        source = made({})
        source.merge(made({}, root="opt/lib/python3.11"))
        with self.assertRaisesRegex(
            RelocatableError, "several are there: opt/lib/python3.11, usr/"
        ):
            library.find(source, "3.11")

    @parameterized.parameters(
        ("json/__init__.py", "json"),
        ("json/decoder.py", "json.decoder"),
        ("lib-dynload/_bz2.cpython-311-x86_64-linux-gnu.so", "_bz2"),
        ("lib-dynload/_bz2.so", "_bz2"),
        ("pydoc_data/_pydoc.css", None),
        ("config-3.11-x86_64-linux-gnu/python-config.py", None),
        ("lib-dynload/README", None),
    )
    def test_module_names(self, path: str, name: str | None) -> None:
        self.assertEqual(library.module_name(path), name)

    def test_a_package_hides_a_module_of_its_name(self) -> None:
        found = library.find(made({"x.py": "", "x/__init__.py": ""}), "3.11")
        self.assertEqual(found.modules["x"].path, "x/__init__.py")

    def test_data_belongs_to_the_package_above_it(self) -> None:
        found = library.find(
            made({"venv/__init__.py": "", "venv/scripts/common/activate": "", "LICENSE.txt": ""}),
            "3.11",
        )
        self.assertEqual(found.owners["venv/scripts/common/activate"], "venv")
        self.assertEqual(found.owners["LICENSE.txt"], "")


class ChoiceTest(parameterized.TestCase):
    def test_features(self) -> None:
        files = ("idlelib/a.py", "idlelib/icons/b.gif", "unittest/test/c.py", "unittest/d.py")
        plan = planned(dict.fromkeys(files, ""), exclude_features=["test", "idlelib", "turtledemo"])
        self.assertEqual(
            plan.dropped,
            {
                "idlelib/a.py": "feature idlelib",
                "idlelib/icons/b.gif": "feature idlelib",
                "unittest/test/c.py": "feature test",
            },
        )
        self.assertEqual(
            plan.kept, {"os.py": ("not left out",), "unittest/d.py": ("not left out",)}
        )
        self.assertEqual(plan.features["unittest/test/c.py"], ("test", "unittest"))

    def test_unknown_features_are_named_with_those_that_exist(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError,
            "unknown feature of the standard library: ilde, tests; there are asyncio,",
        ):
            planned({}, exclude_features=["tests", "test", "ilde"])

    def test_patterns(self) -> None:
        plan = planned(
            {"xml/sax/a.py": "", "xml/dom/b.py": "", "xml/c.py": ""},
            exclude=["xml/*"],
            keep=["xml/dom"],
        )
        self.assertEqual(sorted(plan.kept), ["os.py", "xml/dom/b.py"])
        self.assertEqual(plan.kept["xml/dom/b.py"], ("keep xml/dom",))
        self.assertEqual(plan.dropped["xml/c.py"], "exclude xml/*")

    def test_patterns_that_match_nothing(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "wrong patterns:\n"
            "  exclude: 'jsn' matches nothing in the library of Python 3.11\n"
            "  keep: 'nothing' matches nothing in the library of Python 3.11",
        ):
            planned({"json.py": ""}, exclude=["json.py", "jsn"], keep=["nothing"])

    def test_roots(self) -> None:
        plan = planned(
            BASE
            | {
                "json/__init__.py": "from . import decoder",
                "json/decoder.py": "import re\ndef f():\n    import struct",
                "json/tool.py": "",
                "json/schema.txt": "",
                "re.py": "try:\n    import _locale\nexcept ImportError:\n    pass",
                "struct.py": "",
                "lib-dynload/_locale.so": "",
                "antigravity.py": "",
                "LICENSE.txt": "",
                "README": "",
            },
            roots=["json"],
            deferred_imports=False,
        )
        self.assertEqual(plan.kept["re.py"], ["root json", "json", "json.decoder", "re"])
        self.assertEqual(plan.kept["lib-dynload/_locale.so"][-1], "_locale")
        self.assertEqual(plan.kept["json/schema.txt"], ["root json", "json"])
        self.assertEqual(plan.kept["encodings/utf_8.py"], ["start-up", "encodings.utf_8"])
        self.assertEqual(plan.kept["LICENSE.txt"], ("licence",))
        self.assertEqual(
            plan.dropped,
            {
                "json/tool.py": "no root reaches it",
                "struct.py": "no root reaches it",
                "antigravity.py": "no root reaches it",
                "README": "data of no module",
            },
        )

    def test_deferred_imports(self) -> None:
        plan = planned(BASE | {"a.py": "def f():\n    import b", "b.py": ""}, roots=["a"])
        self.assertEqual(plan.kept["b.py"], ["root a", "a", "b"])

    def test_all_of_a_package(self) -> None:
        files = {"encodings/idna.py": "", "encodings/ascii.py": ""}
        plan = planned(BASE | files, roots=["encodings.*"])
        self.assertEqual(plan.kept["encodings/idna.py"], ["root encodings.*", "encodings.idna"])

    def test_texts_of_others_are_roots(self) -> None:
        plan = planned(
            BASE | {"a.py": "", "b.py": "", "c.py": ""},
            texts={"lldb/__init__.py": b"import a, numpy\nfrom . import c\ndef f():\n  import b"},
            deferred_imports=False,
        )
        self.assertEqual(plan.kept["a.py"], ["imported by lldb/__init__.py", "a"])
        # What one's own functions import is as good as called.
        self.assertIn("b.py", plan.kept)
        self.assertNotIn("c.py", plan.kept)

    def test_what_is_kept_is_a_root(self) -> None:
        plan = planned(
            BASE | {"a.py": "", "b.py": "import c", "c.py": ""}, roots=["a"], keep=["b.py"]
        )
        self.assertEqual(plan.kept["c.py"], ["keep b.py", "b", "c"])

    def test_links_among_modules(self) -> None:
        source = made(BASE | {"sysconfig.py": "", "_sysconfigdata__x.py": ""})
        link = "usr/lib/python3.11/_sysconfigdata__linux_x.py"
        source.add(link, Link("_sysconfigdata__x.py", RECORD))
        plan = stdlib.plan(library.find(source, "3.11"), Options(roots=["sysconfig"]))
        self.assertIn("_sysconfigdata__linux_x.py", plan.kept)
        self.assertIn("_sysconfigdata__x.py", plan.kept)

    def test_accelerators_make_their_fallbacks_superfluous(self) -> None:
        text = "try:\n    from {} import *\nexcept ImportError:\n    from _py import *"
        files = BASE | {
            "a.py": text.format("_datetime"),
            "b.py": text.format("_other"),
            "_py.py": "",
        }
        self.assertNotIn("_py.py", planned(files, roots=["a"]).kept)
        self.assertIn("_py.py", planned(files, roots=["b"]).kept)

    def test_unknown_roots(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "wrong roots:\n"
            "  jsn is no module of Python 3.11's standard library\n"
            "  xml.* is no module of Python 3.11's standard library",
        ):
            planned(BASE, roots=["jsn", "os", "sys", "xml.*"])


class CheckTest(parameterized.TestCase):
    def test_an_import_that_would_fail(self) -> None:
        with self.assertRaisesWithLiteralMatch(
            RelocatableError,
            "these imports would fail in the trimmed library of Python 3.11: idlelib.a (line 2) "
            "imports tkinter, which is left out: feature tkinter (and 2 more like it); "
            "leave out idlelib.a too, or keep tkinter",
        ):
            planned(
                {
                    "idlelib/__init__.py": "",
                    "idlelib/a.py": "\nimport tkinter",
                    "idlelib/b.py": "from tkinter import ttk",
                    "tkinter/__init__.py": "",
                    "tkinter/ttk.py": "",
                },
                exclude_features=["tkinter"],
            )

    @parameterized.parameters(
        "try:\n    import ssl\nexcept ImportError:\n    ssl = None",
        "try:\n    import ssl\nexcept:\n    pass\nelse:\n    import os",
        "with suppress(ImportError):\n    import ssl",
        "import sys\nif sys.platform == 'darwin':\n    import ssl",
    )
    def test_imports_that_may_fail(self, text: str) -> None:
        plan = planned({"http.py": text, "ssl.py": ""}, exclude_features=["ssl"])
        self.assertLen(plan.warnings, 1)
        self.assertRegex(plan.warnings[0], r"http \(line \d\) imports ssl \(feature ssl\), when it")

    @parameterized.parameters(
        "def f():\n    import ssl",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import ssl",
        "import os\nif os.name == 'nt':\n    import ssl",
        "import sys\nif not sys.platform.startswith('win'):\n    pass\nelse:\n    import ssl",
        "if __name__ == '__main__':\n    import ssl",
    )
    def test_imports_that_do_not_happen(self, text: str) -> None:
        plan = planned({"http.py": text, "ssl.py": ""}, exclude_features=["ssl"])
        self.assertEmpty(plan.warnings)

    @parameterized.parameters(
        "try:\n    import ssl\nexcept ImportError as e:\n    raise OSError from e",
        "try:\n    import ssl\nexcept OSError:\n    pass",
        "class A:\n    import ssl",
        "if x:\n    import ssl",
        "try:\n    pass\nfinally:\n    import ssl",
    )
    def test_imports_that_happen(self, text: str) -> None:
        with self.assertRaisesRegex(RelocatableError, "http .* imports ssl, which is left out"):
            planned({"http.py": text, "ssl.py": ""}, exclude_features=["ssl"])

    def test_a_package_that_is_left_out_but_not_all_of_it(self) -> None:
        with self.assertRaisesRegex(
            RelocatableError, "a.b imports a, which is left out: exclude a/"
        ):
            planned({"a/__init__.py": "", "a/b.py": ""}, exclude=["a/__init__.py"])

    def test_what_c_code_imports(self) -> None:
        with self.assertRaisesRegex(RelocatableError, "_pickle imports _compat_pickle, which"):
            planned(
                {"lib-dynload/_pickle.so": "", "_compat_pickle.py": ""},
                exclude=["_compat_pickle.py"],
            )

    def test_a_text_that_is_no_python(self) -> None:
        """CPython's tests have some; nobody can import them, so nothing of theirs is missing."""
        (warning,) = planned({"bad.py": "import ]"}).warnings
        self.assertRegex(warning, r"^bad can't be parsed: .*; what it imports is not known$")

    def test_a_root_that_is_no_python(self) -> None:
        (warning,) = planned({"os.py": ""}, texts={"x.py": b"import ]"}).warnings
        self.assertRegex(warning, r"^x.py can't be parsed: .*; what it imports is not known$")


if __name__ == "__main__":
    absltest.main()
