"""The library of the Python that runs this test, whatever its version, trimmed and imported."""

import functools
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import directory, tree_read
from relocatable.python import compiling, dynamic, forms, library, reach, stdlib
from relocatable.python.features import FEATURES, Since
from relocatable.python.forms import Bytecode
from relocatable.python.imports import Kind
from relocatable.python.interpreter import Interpreter
from relocatable.python.library import Library
from relocatable.python.reach import Graph, Start
from relocatable.python.stdlib import Options
from relocatable.tree import Tree
from support.import_all import import_all, read_only

VERSION = "{}.{}".format(*sys.version_info)
HERE = Interpreter((sys.executable,), Path(sys.base_prefix), sys.version.split()[0])
DROPPED = ("distutils", "ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtledemo")

ROOTS = (
    *("argparse", "asyncio", "base64", "concurrent.futures", "configparser", "csv", "ctypes"),
    *("dataclasses", "datetime", "decimal", "difflib", "email.message", "fractions", "hashlib"),
    *("http.client", "http.server", "importlib.metadata", "importlib.resources", "inspect"),
    *("json", "logging", "multiprocessing", "optparse", "pathlib", "pdb", "pickle", "platform"),
    *("pkgutil", "plistlib", "pydoc", "random", "shelve", "shutil", "socket", "sqlite3", "ssl"),
    *("statistics", "subprocess", "tarfile", "tempfile", "tomllib", "typing", "unittest.mock"),
    *("urllib.request", "uuid", "venv", "xml.etree.ElementTree", "xmlrpc.server", "zipfile"),
    "zoneinfo",
)

# Debian's, and what is not in sys.stdlib_module_names.
_UNLISTED = frozenset({"_distutils_system_mod", "__hello__", "__phello__", "**"})
# Features that modules of no feature, or of another, import as they are imported, in some version.
_NEEDED = frozenset(
    {"asyncio", "ctypes", "idlelib", "pyrepl", "readline", "tkinter", "unittest", "xml"}
)

# Imports a module while others of the library are hidden.
_ALONE = """
import sys
hidden, name = eval(sys.stdin.read())
class Hider:
    def find_spec(self, name, path=None, target=None):
        if name in hidden:
            raise ModuleNotFoundError(f"{name} is hidden", name=name)
sys.meta_path.insert(0, Hider())
for known in hidden & sys.modules.keys():
    del sys.modules[known]
__import__(name)
"""


@functools.cache
def own() -> Library:
    tree = Tree()
    home = library.directory(VERSION)
    for path, node in tree_read.read(Path(sysconfig.get_path("stdlib"))):
        tree.nodes[f"{home}/{path}"] = node
    return library.inside(tree, home, VERSION)


class OwnPythonTest(parameterized.TestCase):
    @parameterized.parameters(
        (Options(exclude_features=DROPPED), forms.ZIP),
        (Options(exclude_features=DROPPED, roots=["sqlite3", "ssl"]), forms.SOURCE_AND_PYC),
        (Options(roots=["argparse", "code", "pydoc"], deferred_imports=False), forms.PYC),
    )
    def test_every_module_can_be_imported(self, options: Options, form: str) -> None:
        plan = stdlib.plan(own(), options)
        made = compiling.compile_all(
            plan.texts(), library.directory(VERSION), HERE, optimize=0, jobs=2
        )
        self.assertEmpty(made.failures)
        product = forms.produce(plan, form, Bytecode(made.files, HERE.version, 0), "//:own")
        place = Path(tempfile.mkdtemp(dir=absltest.TEST_TMPDIR.value)) / "a place"
        place.mkdir()
        directory.unpack(product.tree, place)
        read_only(place)
        modules = plan.library.modules
        kept = [
            name
            for name, module in modules.items()
            if module.path in plan.kept
            and not name.endswith("__main__")
            and "windows" not in plan.features[module.path]
            and name not in {"antigravity", "sitecustomize", "this"}
        ]
        found = import_all(HERE.argv, place, kept)
        failed = {name: outcome for name, outcome in found.items() if outcome.error}
        # What may be missing was never part of the library, but of another system, or not built.
        wrong = [name for name, each in failed.items() if each.missing in modules]
        self.assertEmpty({name: failed[name].error for name in wrong})
        self.assertLess(len(failed), 12, failed)
        outside = [
            str(outcome.file)
            for outcome in found.values()
            if outcome.file and not Path(outcome.file).is_relative_to(place)
        ]
        self.assertEmpty(outside)

    def test_each_root_needs_no_more_than_it_reaches(self) -> None:
        graph = Graph(own())
        start_up = [Start(name, "") for each in dynamic.START_UP for name in graph.expand(each)]
        modules = frozenset(graph.library.modules)
        wrong = {}
        for root in ROOTS:
            if root not in modules:
                continue
            starts = [Start(root, ""), *start_up]
            hidden = modules - reach.reach(graph, starts, (), deferred=False).keys()
            done = subprocess.run(
                [sys.executable, "-s", "-S", "-c", _ALONE],
                input=repr((set(hidden), root)),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                wrong[root] = done.stderr
        self.assertEmpty(wrong)

    def test_the_table_of_features_holds(self) -> None:
        """By what this Python says that it has on any platform, and by what is here."""
        found = own()
        wrong = []
        for name, feature in FEATURES.items():
            for each in (*feature.modules, *feature.extensions):
                since = each if isinstance(each, Since) else Since(each)
                package, below, _ = since.name.partition(".")
                if below:
                    # The packages of tests are many; what only Windows has is not always installed.
                    known = package in found.modules and name != "windows"
                    there = since.name in found.modules
                else:
                    known = name != "test" and package not in _UNLISTED
                    there = package in sys.stdlib_module_names
                if known and there != (since.first <= found.minor <= since.last):
                    wrong.append(f"{name}: {since.name}")
        self.assertEmpty(wrong)

    def test_most_features_can_go_alone(self) -> None:
        graph = Graph(own())
        features = {
            name: {
                feature
                for feature, each in FEATURES.items()
                if each.match(module.path, graph.library.minor)
            }
            for name, module in graph.library.modules.items()
        }
        needed = {
            (feature, importer)
            for importer in graph.library.modules
            if "test" not in features[importer]
            for edge in graph.edges(importer)
            if edge.kind is Kind.REQUIRED and edge.imported in features
            for feature in features[edge.imported] - features[importer]
        }
        self.assertEmpty({each for each in needed if each[0] not in _NEEDED})


if __name__ == "__main__":
    absltest.main()
