"""The standard library as it lies in a tree: its files, and which module each of them is."""

import keyword
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from relocatable import content
from relocatable.errors import RelocatableError
from relocatable.tree import Directory, File, Link, Tree, link_destination, link_target

LANDMARK = "os.py"
"""The file by which CPython itself recognises its library (Modules/getpath.py)."""
EXTENSIONS = "lib-dynload"
"""The directory of the extension modules."""

_VERSION = re.compile(r"3\.[0-9]+")
_NATIVE = re.compile(r"(\w+)\.(?:[\w-]+\.)?so")
# Packages of others, which distributions put there, and compiled files of unknown origin.
_FOREIGN = frozenset({"__pycache__", "dist-packages", "site-packages"})


@dataclass(frozen=True, slots=True)
class Module:
    """One importable thing.

    Attributes:
        name: As in an import statement.
        path: Of its file, relative to the library's directory.
    """

    name: str
    path: str

    @property
    def is_package(self) -> bool:
        """Whether modules can be below it."""
        return self.path.endswith("/__init__.py")

    @property
    def is_source(self) -> bool:
        """Whether it is Python's text, not machine code."""
        return self.path.endswith(".py")

    @property
    def parent(self) -> str:
        """The package that it is in, or nothing."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Library:
    """The standard library of one version.

    Attributes:
        version: MAJOR.MINOR.
        nodes: Its files, and links among them, by their paths in its directory.
        strays: Links that lead out of it (Debian's `sitecustomize.py` leads to /etc).
    """

    version: str
    nodes: dict[str, File | Link]
    strays: tuple[str, ...] = ()

    @property
    def minor(self) -> int:
        """The second part of the version."""
        return int(self.version.partition(".")[2])

    def placed(self) -> Iterator[tuple[str, File | Link]]:
        """Its files and links, with their paths in a prefix."""
        home = directory(self.version)
        return ((f"{home}/{path}", node) for path, node in self.nodes.items())

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Its modules by name; where there are two of one name, the one that Python takes."""
        found: dict[str, Module] = {}
        for path in self.nodes:
            name = module_name(path)
            if name is not None:
                module = Module(name, path)
                there = found.get(name)
                if there is None or _precedence(module) < _precedence(there):
                    found[name] = module
        return found

    @cached_property
    def owners(self) -> dict[str, str]:
        """For each path, the module that it is, or the package that it is data of, or nothing."""
        by_path = {module.path: module.name for module in self.modules.values()}
        packages = {
            posixpath.dirname(module.path): module.name
            for module in self.modules.values()
            if module.is_package
        }
        owners = {}
        for path in self.nodes:
            directory = posixpath.dirname(path)
            while directory and directory not in packages:
                directory = posixpath.dirname(directory)
            owners[path] = by_path.get(path) or packages.get(directory, "")
        return owners

    def target(self, path: str) -> str | None:
        """Returns the path of the file at `path`, links followed; none if they lead nowhere."""
        for _ in range(len(self.nodes)):
            node = self.nodes.get(path)
            if not isinstance(node, Link):
                return path if node is not None else None
            path = link_destination(path, node.target)
        return None

    def file(self, path: str) -> File:
        """Returns the file at `path`, links followed.

        Raises:
            RelocatableError: if it is a link that leads nowhere.
        """
        there = self.target(path)
        node = self.nodes[there] if there is not None else None
        if not isinstance(node, File):
            raise RelocatableError(f"{path} is a link that leads to no file of the library")
        return node

    def read(self, path: str) -> bytes:
        """Returns the bytes of the file at `path`; errors as for `file`."""
        return content.read(self.file(path).content)


def module_name(path: str) -> str | None:
    """Returns the name of the module at a path in the library; none if it is not one."""
    directory, _, file = path.rpartition("/")
    if directory == EXTENSIONS or not directory:
        native = _NATIVE.fullmatch(file)
        if native:
            return native[1]
    if not file.endswith(".py"):
        return None
    parts = [*filter(None, directory.split("/")), file.removesuffix(".py")]
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if all(map(_is_name, parts)) else None


def directory(version: str) -> str:
    """Returns where the standard library of `version` (for example "3.11") is below a prefix.

    Raises:
        RelocatableError: if `version` is not of that form.
    """
    if not _VERSION.fullmatch(version):
        raise RelocatableError(f"Python version {version!r}: MAJOR.MINOR is wanted, such as 3.11")
    return f"lib/python{version}"


def archive(version: str) -> str:
    """Returns where a standard library in a zip is below a prefix; errors as for `directory`."""
    return f"{directory(version).replace('.', '')}.zip"


def find(source: Tree, version: str) -> Library:
    """Returns the library that a tree has, wherever in it.

    Raises:
        RelocatableError: if the tree has none of this version, or several.
    """
    name = posixpath.basename(directory(version))
    found = list(_directories(source, f"{name}/{LANDMARK}"))
    if len(found) != 1:
        others = sorted(
            {
                posixpath.basename(posixpath.dirname(path))
                for path, _ in source.files()
                if re.fullmatch(rf"(?:.*/)?python3\.[0-9]+/{re.escape(LANDMARK)}", path)
            }
        )
        raise RelocatableError(
            f"one {name}/{LANDMARK} is wanted in the tree, "
            + (
                f"several are there: {', '.join(found)}"
                if found
                else f"there is that of {', '.join(others)}"
                if others
                else "none is there"
            )
        )
    return inside(source, found[0], version)


def inside(source: Tree, root: str, version: str) -> Library:
    """Returns the library at directory `root` of a tree."""
    nodes: dict[str, File | Link] = {}
    strays = []
    for path, node in source:
        if isinstance(node, Directory) or not path.startswith(root + "/"):
            continue
        name = path[len(root) + 1 :]
        if _FOREIGN.intersection(name.split("/")) or name.endswith(".pyc"):
            continue
        if isinstance(node, Link):
            there = link_destination(path, node.target)
            if not there.startswith(root + "/"):
                strays.append(name)
                continue
            nodes[name] = Link(link_target(name, there[len(root) + 1 :]), node.record)
        else:
            nodes[name] = node
    return Library(version, nodes, tuple(strays))


def _directories(source: Tree, landmark: str) -> Iterator[str]:
    for path, _ in source:
        if path == landmark or path.endswith("/" + landmark):
            yield posixpath.dirname(path)


def _is_name(part: str) -> bool:
    # `sysconfig` computes the name of one module from that of the platform, which has hyphens.
    if part.startswith("_sysconfigdata"):
        return True
    return part.isidentifier() and not keyword.iskeyword(part)


def _precedence(module: Module) -> int:
    """Python's own order in one directory: package, extension module, source."""
    return 0 if module.is_package else 1 if not module.is_source else 2
