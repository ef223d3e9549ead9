"""The forms that a library can be shipped in, from what a plan keeps and what was compiled."""

import io
import posixpath
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from relocatable import content
from relocatable.content import Content
from relocatable.provenance import Edit, Origin, Record
from relocatable.python.compiling import cache_path
from relocatable.python.library import EXTENSIONS, LANDMARK, archive, directory
from relocatable.python.stdlib import Plan
from relocatable.tree import File, Link, Tree

SOURCE, SOURCE_AND_PYC, PYC, ZIP = FORMS = ("source", "source_and_pyc", "pyc", "zip")

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""
_ZIP_MODE = 0o100644 << 16
_UNIX = 3


@dataclass(frozen=True, slots=True)
class Bytecode:
    """What was compiled.

    Attributes:
        files: The bytes of a .pyc by the path of its module.
        compiler: The version of the interpreter, MAJOR.MINOR.PATCH.
        optimize: 0 to 2.
    """

    files: Mapping[str, bytes]
    compiler: str
    optimize: int


@dataclass(slots=True)
class Product:
    """A library in its form.

    Attributes:
        tree: It, at `lib/pythonX.Y` and, as a zip, `lib/pythonXY.zip`.
        parts: What became of each path that the plan keeps.
    """

    tree: Tree
    parts: dict[str, list[Content]]


def produce(plan: Plan, form: str, bytecode: Bytecode | None, label: str) -> Product:
    """Returns what a plan keeps in a form of `FORMS`; a module without bytecode stays as it is.

    Args:
        plan: What to keep.
        form: In which form.
        bytecode: Of the modules; None if nothing could compile them.
        label: Who asks, for the provenance of the zip.
    """
    product = Product(Tree(), {})
    made = _Made(plan, bytecode)
    home = directory(plan.library.version)
    zipped = _zipped(plan) if form == ZIP else frozenset[str]()
    inside: dict[str, bytes] = {}
    for path in sorted(plan.kept):
        files = dict(_FORMS[form](made, path))
        product.parts[path] = [node.content for node in files.values() if isinstance(node, File)]
        for name, node in files.items():
            if path in zipped:
                inside[name] = made.read(path, node)
            else:
                product.tree.add(f"{home}/{name}", node)
    if form == ZIP:
        # The interpreter looks for modules in C beside its archive.
        name = archive(plan.library.version)
        product.tree.add(name, File(_zip(inside), Record(Origin(label, posixpath.basename(name)))))
    return product


@dataclass(frozen=True, slots=True)
class _Made:
    plan: Plan
    bytecode: Bytecode | None

    def as_source(self, path: str) -> dict[str, File | Link]:
        return {path: self.plan.library.nodes[path]}

    def as_source_and_pyc(self, path: str) -> dict[str, File | Link]:
        files = self.as_source(path)
        compiled = self._compiled(path)
        if compiled is not None and self.bytecode is not None:
            cache = cache_path(path, self.plan.library.version, self.bytecode.optimize)
            files[cache] = compiled
        return files

    def as_pyc(self, path: str) -> dict[str, File | Link]:
        node = self.plan.library.nodes[path]
        if isinstance(node, Link):
            there = self.plan.library.target(path)
            if there is not None and self._compiled(there) is not None:
                return {f"{path}c": Link(f"{node.target}c", node.record)}
        compiled = self._compiled(path)
        return {path: node} if compiled is None else {f"{path}c": compiled}

    def read(self, path: str, node: File | Link) -> bytes:
        """The bytes that stand for a path in an archive, which has no links."""
        if isinstance(node, File):
            return content.read(node.content)
        there = self.plan.library.target(path) or path
        return content.read((self._compiled(there) or self.plan.library.file(there)).content)

    def _compiled(self, path: str) -> File | None:
        if self.bytecode is None or path not in self.bytecode.files:
            return None
        file = self.plan.library.file(path)
        why = Edit("compile", None, f"CPython {self.bytecode.compiler} -O{self.bytecode.optimize}")
        return replace(file.edited(self.bytecode.files[path], why), executable=False)


_FORMS: Mapping[str, Callable[[_Made, str], Mapping[str, File | Link]]] = {
    SOURCE: _Made.as_source,
    SOURCE_AND_PYC: _Made.as_source_and_pyc,
    PYC: _Made.as_pyc,
    ZIP: _Made.as_pyc,
}


def _zipped(plan: Plan) -> frozenset[str]:
    """The modules that work in an archive: not where a package opens its data as files."""
    modules = {module.path for module in plan.library.modules.values() if module.is_source}
    on_disk = {
        path.partition("/")[0]
        for path in plan.kept
        if path not in modules and plan.library.owners[path] and not path.startswith(EXTENSIONS)
    }
    # By this file the interpreter knows the directory.
    on_disk.add(LANDMARK)
    return frozenset(
        path for path in plan.kept if path in modules and path.partition("/")[0] not in on_disk
    )


def _zip(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as archive:
        for name, text in sorted(files.items()):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.create_system, info.external_attr = _UNIX, _ZIP_MODE
            archive.writestr(info, text)
    return data.getvalue()
