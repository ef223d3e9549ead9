"""The library of the Python that runs this test, whatever its version, trimmed and imported."""

import sys
import sysconfig
import tempfile
from pathlib import Path

from absl.testing import absltest, parameterized

from relocatable import directory, tree_read
from relocatable.python import compiling, forms, library, stdlib
from relocatable.python.forms import Bytecode
from relocatable.python.interpreter import Interpreter
from relocatable.python.library import Library
from relocatable.python.stdlib import Options
from relocatable.tree import Tree
from support.import_all import import_all, read_only

VERSION = "{}.{}".format(*sys.version_info)
HERE = Interpreter((sys.executable,), Path(sys.base_prefix), sys.version.split()[0])
DROPPED = ("ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtledemo")


def own() -> Library:
    tree = Tree()
    home = library.directory(VERSION)
    for path, node in tree_read.read(Path(sysconfig.get_path("stdlib"))):
        tree.nodes[f"{home}/{path}"] = node
    return library.inside(tree, home, VERSION)


class OwnPythonTest(parameterized.TestCase):
    @parameterized.parameters(
        (Options(exclude_features=DROPPED), forms.SOURCE),
        (Options(exclude_features=DROPPED), forms.PYC),
        (Options(exclude_features=DROPPED), forms.ZIP),
        (Options(roots=["json", "pydoc", "argparse", "sqlite3", "ssl"]), forms.SOURCE_AND_PYC),
        (
            Options(roots=["json", "pydoc", "argparse", "code", "re"], deferred_imports=False),
            forms.PYC,
        ),
    )
    def test_every_module_can_be_imported(self, options: Options, form: str) -> None:
        plan = stdlib.plan(own(), options)
        bytecode = None
        if form != forms.SOURCE:
            made = compiling.compile_all(
                plan.texts(), library.directory(VERSION), HERE, optimize=0, jobs=2
            )
            self.assertEmpty(made.failures)
            bytecode = Bytecode(made.files, HERE.version, 0)
        product = forms.produce(plan, form, bytecode, "//:own")
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
        # What may be missing was never part of the library, but another system's.
        wrong = [name for name, each in failed.items() if each.missing in {*modules, None}]
        self.assertEmpty({name: failed[name].error for name in wrong})
        self.assertLess(len(failed), 10, failed)
        outside = [
            str(outcome.file)
            for outcome in found.values()
            if outcome.file and not Path(outcome.file).is_relative_to(place)
        ]
        self.assertEmpty(outside)


if __name__ == "__main__":
    absltest.main()
