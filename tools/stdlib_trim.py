"""Takes the standard library out of a tree or an archive; the tool behind the rule of this name."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from absl import flags

from relocatable import cli, content, tree_tar
from relocatable.errors import RelocatableError
from relocatable.output import scratch_beside, whole
from relocatable.python import (
    compiling,
    detach,
    forms,
    interpreter,
    library,
    report,
    source,
    stdlib,
)
from relocatable.python.forms import Bytecode
from relocatable.python.library import Library
from relocatable.python.report import Compilation
from relocatable.python.stdlib import Options, Plan
from relocatable.tree import Tree

_TREE = flags.DEFINE_string("tree", None, "TAR=PROVENANCE: has the library.")
_ARCHIVE = flags.DEFINE_string("archive", None, "A .tar of any compression that has it.")
_ARCHIVE_LABEL = flags.DEFINE_string("archive_label", None, "What provenance calls the archive.")
_VERSION = flags.DEFINE_string("python_version", None, "MAJOR.MINOR.", required=True)
_EXCLUDE_FEATURES = flags.DEFINE_multi_string("exclude_feature", [], "A feature to leave out.")
_EXCLUDE = flags.DEFINE_multi_string("exclude", [], "A pattern of paths to leave out.")
_KEEP = flags.DEFINE_multi_string("keep", [], "A pattern of paths that stay in any case.")
_ROOTS = flags.DEFINE_multi_string("root", [], "A module; only what it imports stays.")
_ROOT_TREES = flags.DEFINE_multi_string("root_tree", [], "TAR=PROVENANCE: modules as roots.")
_ROOT_FILES = flags.DEFINE_multi_string("root_file", [], "A module as a root.")
_DEFERRED = flags.DEFINE_bool("deferred_imports", True, "Whether imports in functions count.")
_FORM = flags.DEFINE_enum("form", forms.SOURCE, forms.FORMS, "What modules are in the result.")
_OPTIMIZE = flags.DEFINE_integer("optimize", 0, "As python -O.", 0, 2)
_INTERPRETER = flags.DEFINE_string("interpreter", None, "TAR=PROVENANCE: compiles the modules.")
_JOBS = flags.DEFINE_integer("jobs", os.cpu_count() or 1, "Processes that compile.", 1)
_OUT = flags.DEFINE_string("out", None, "The trimmed library, as a tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)
_LICENSES = flags.DEFINE_string("licenses", None, "TAR=PROVENANCE: where the archive's are to go.")
_REPORT = flags.DEFINE_string("report", None, "What was done and why, as JSON.", required=True)


def main() -> None:
    """Reads the flags and trims."""
    label = cli.LABEL.value or "stdlib_trim"
    options = Options(
        exclude_features=_EXCLUDE_FEATURES.value,
        exclude=_EXCLUDE.value,
        keep=_KEEP.value,
        roots=_ROOTS.value,
        texts=dict(_texts()),
        deferred_imports=_DEFERRED.value,
    )
    licenses = Tree()
    plan = stdlib.plan(detach.library(_library(licenses)), options)
    bytecode, compilation = _compiled(plan)
    product = forms.produce(plan, _FORM.value, bytecode, label)
    document = report.make(plan, product, _FORM.value, compilation)
    with whole(Path(_REPORT.value)) as file:
        file.write((json.dumps(document, indent=1) + "\n").encode())
        tree_tar.write(product.tree, Path(_OUT.value), Path(_PROVENANCE.value))
        for tar, provenance in cli.pairs("licenses", filter(None, [_LICENSES.value])).items():
            tree_tar.write(licenses, Path(tar), Path(provenance))


def _library(licenses: Tree) -> Library:
    if (_TREE.value is None) == (_ARCHIVE.value is None):
        raise RelocatableError("one of --tree and --archive is wanted")
    if _TREE.value is not None:
        (tree,) = tree_tar.read_all([_TREE.value])
        return library.find(tree, _VERSION.value)
    path = Path(_ARCHIVE.value or "")
    return source.read(path, _VERSION.value, _ARCHIVE_LABEL.value or path.name, licenses)


def _texts() -> Iterator[tuple[str, bytes]]:
    for tree in tree_tar.read_all(_ROOT_TREES.value):
        for path, node in tree.files():
            if path.endswith(".py"):
                yield path, content.read(node.content)
    for name in _ROOT_FILES.value:
        yield name, Path(name).read_bytes()


def _compiled(plan: Plan) -> tuple[Bytecode | None, Compilation]:
    if _FORM.value == forms.SOURCE or _INTERPRETER.value is None:
        return None, Compilation()
    (tree,) = tree_tar.read_all([_INTERPRETER.value])
    compilation = Compilation(_OPTIMIZE.value)
    reason = interpreter.cannot_run(tree, _VERSION.value)
    if reason is not None:
        return None, replace(compilation, kept_as_source={"*": reason})
    with scratch_beside(Path(_OUT.value)) as directory:
        place = directory.absolute()
        python = interpreter.unpack(tree, plan.library.version, plan.library.placed(), place)
        home = library.directory(plan.library.version)
        result = compiling.compile_all(plan.texts(), home, python, _OPTIMIZE.value, _JOBS.value)
    compilation = replace(
        compilation,
        compiler=python.version,
        modules=len(result.files),
        kept_as_source=dict(sorted(result.failures.items())),
    )
    return Bytecode(result.files, python.version, _OPTIMIZE.value), compilation


if __name__ == "__main__":
    cli.run(main)
