"""Makes one tree of Python modules for several interpreters; the tool behind the rule."""

import os
from collections.abc import Iterator
from pathlib import Path

from absl import flags

from relocatable import cli, content, tree_tar
from relocatable.errors import RelocatableError, problems
from relocatable.output import scratch_beside
from relocatable.python import shared, sources, syntax
from relocatable.tree import Tree

_PACKAGE = flags.DEFINE_string("package", None, "Name of the package.", required=True)
_PACKAGE_VERSION = flags.DEFINE_string("package_version", None, "Its version.", required=True)
_DIRECTORY = flags.DEFINE_string("directory", None, "Such as site-packages.", required=True)
_VERSIONS = flags.DEFINE_multi_string("python_version", [], "MAJOR.MINOR of an interpreter.")
_REQUIRES = flags.DEFINE_string("requires_python", "", "The range of those that get links.")
_MODULES = flags.DEFINE_multi_string("modules", [], "TAR=PROVENANCE: as in site-packages.")
_EXTENSIONS = flags.DEFINE_multi_string("extensions", [], "VERSION=TAR=PROVENANCE: of one version.")
_INTERPRETERS = flags.DEFINE_multi_string(
    "interpreter", [], "VERSION=TAR=PROVENANCE: has the interpreter that judges the syntax."
)
_SOURCES = flags.DEFINE_string("sources", None, "File with a line SHORT_PATH<tab>PATH for each.")
_IMPORTS = flags.DEFINE_multi_string("import", [], "Import root of the sources.")
_WORKSPACE = flags.DEFINE_string("workspace", "_main", "The main repository among the runfiles.")
_JOBS = flags.DEFINE_integer("jobs", os.cpu_count() or 1, "Processes that compile.", 1)
_OUT = flags.DEFINE_string("out", None, "The tree.", required=True)
_PROVENANCE = flags.DEFINE_string("provenance", None, "Where its paths came from.", required=True)


def main() -> None:
    """Reads the flags, makes the tree, and checks its modules' syntax."""
    label = cli.LABEL.value or "py_shared_modules"
    package = shared.Package(_PACKAGE.value, _PACKAGE_VERSION.value, _DIRECTORY.value)
    versions = shared.supported(_VERSIONS.value, _REQUIRES.value)
    modules = [*tree_tar.read_all(_MODULES.value), *_installed(label)]
    own = _by_version("extensions", _EXTENSIONS.value)
    tree = shared.combine(package, modules, own, versions, label)
    _check(tree, package, versions)
    tree_tar.write(tree, Path(_OUT.value), Path(_PROVENANCE.value))


def _installed(label: str) -> Iterator[Tree]:
    if not _SOURCES.value:
        return
    with Path(_SOURCES.value).open(encoding="utf-8", errors="surrogateescape") as lines:
        installed = sources.install(sources.read(lines, _WORKSPACE.value), _IMPORTS.value, label)
    for root in installed:
        tree = Tree()
        for path, file in root.files.items():
            tree.add(path, file)
        yield tree


def _by_version(flag: str, values: list[str]) -> dict[str, list[Tree]]:
    found: dict[str, list[Tree]] = {}
    for value in values:
        version, _, pair = value.partition("=")
        if version not in _VERSIONS.value:
            known = ", ".join(_VERSIONS.value)
            raise RelocatableError(f"{flag}: wanted one of {known}, found {version!r}")
        found.setdefault(version, []).extend(tree_tar.read_all([pair]))
    return found


def _check(tree: Tree, package: shared.Package, versions: list[str]) -> None:
    interpreters = _by_version("interpreters", _INTERPRETERS.value)
    found = []
    with scratch_beside(Path(_OUT.value)) as scratch:
        for version in versions:
            place = package.packages(version) + "/"
            texts = {
                path.removeprefix(place): content.read(tree.file(path).content)
                for path in tree.nodes
                if path.startswith(place) and path.endswith(".py")
            }
            if version in interpreters:
                (own,) = interpreters[version]
                refused = syntax.refused_by(own, texts, version, scratch, _JOBS.value)
            else:
                refused = syntax.refused(texts, version)
            found += [
                f"{path}: Python {version} can't compile it: {why}" for path, why in refused.items()
            ]
    problems(found, "modules that a version in the range of requires_python can't have:")


if __name__ == "__main__":
    cli.run(main)
