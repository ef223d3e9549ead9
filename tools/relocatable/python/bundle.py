"""One Python home that works from anywhere, out of a distribution's interpreter and library."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources

from relocatable import content
from relocatable.errors import RelocatableError, problems
from relocatable.provenance import Origin, Record
from relocatable.python import (
    caches,
    components,
    detach,
    metadata,
    pip_scripts,
    record,
    scripts,
    stdlib,
    wheel,
)
from relocatable.python.caches import Compiler
from relocatable.python.exclusion import Exclusion
from relocatable.python.library import archive
from relocatable.python.metadata import Distribution
from relocatable.python.sources import Installed
from relocatable.python.tags import Python
from relocatable.python.wheel import Wheel
from relocatable.tree import File, Link, Node, Tree, same

STARTUP = "_relocatable"
"""The module that `site` runs through a .pth file of this name, the hook meant for it."""
_CHILDREN = f"{STARTUP}_children"
_OURS = "@rules_relocatable//tools/relocatable"

# By its presence pip leaves the Python alone, which is apt's. This one is not.
_MARKER = "EXTERNALLY-MANAGED"
# In whichever form it is; in a zip, what it wants is beside it.
_SYSCONFIG = {f"sysconfig{rest}" for rest in (".py", ".pyc", "/__init__.py", "/__init__.pyc")}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bundle is made of.

    Attributes:
        library: The standard library as `stdlib.trim` gives it.
        runtime: Trees in which the components are found.
        site_packages: Trees whose roots go to `lib/pythonX.Y/site-packages`.
        wheels: Distributions to install.
        sources: What Python targets bring, by import root.
        exclude: Patterns of what site-packages is to have of none of these, or, as `NAME:PATTERN`,
            not of the distribution NAME.
        commands: Console scripts of one's own: from names to MODULE:FUNCTION.
        components: Of `components.NAMES`; empty for what there is of a program and its library.
        compiler: What makes the bytecode of packages; None for none.
        is_default: Whether `bin/python3` is this Python.
    """

    library: Tree
    runtime: Sequence[Tree]
    site_packages: Sequence[Tree] = ()
    wheels: Sequence[Wheel] = ()
    sources: Sequence[Installed] = ()
    exclude: Sequence[str] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    components: Collection[str] = ()
    compiler: Compiler | None = None
    is_default: bool = True


def bundle(python: Python, parts: Parts, label: str) -> Tree:
    """Returns a prefix: `lib/pythonX.Y`, `lib/libpythonX.Y.so*`, `bin` and what else was asked for.

    Args:
        python: Which Python it is.
        parts: What to make it of.
        label: Who asks, for the provenance of what is made here.

    Raises:
        RelocatableError: if a part is missing, is there twice, or is not for this Python.
    """
    version = python.version
    home = stdlib.directory(version)
    tree = Tree()
    tree.merge(parts.library)
    tree.nodes.pop(f"{home}/{_MARKER}", None)
    detach.tree(tree, home, version)
    _check_sysconfig(tree, version)
    tree.merge(components.take(version, parts.runtime, parts.components))
    if parts.is_default and f"bin/python{version}" in tree.nodes:
        for name in ("python", "python3"):
            tree.add(f"bin/{name}", Link(f"python{version}", Record(Origin(label, name))))
    _add_packages_link(tree, version, label)
    ours = {
        f"{STARTUP}.pth": f"import {STARTUP}\n".encode(),
        f"{STARTUP}.py": _text("startup.py"),
        f"{_CHILDREN}.py": _text("children.py"),
    }
    for name, data in ours.items():
        tree.add(f"{home}/site-packages/{name}", File(data, Record(Origin(_OURS, name))))
    install(tree, python, parts, label)
    return tree


class _Adding:
    """Adds what packages bring, but for what is left out, and remembers where two disagree."""

    def __init__(self, tree: Tree, packages: str, parts: Parts) -> None:
        names = [each.name for each in parts.wheels]
        names += [name for root in parts.sources for name in root.names()]
        self.left_out = Exclusion(parts.exclude, names)
        self._tree = tree
        self._packages = f"{packages}/"
        self._disagree: list[str] = []

    def add(self, path: str, node: Node, names: Collection[str]) -> bool:
        """Adds what one of the named distributions brings; tells whether it is not left out."""
        inside = path.removeprefix(self._packages)
        if inside != path:
            if self.left_out.matches(inside, names):
                return False
            there = self._tree.nodes.get(path)
            match there, node:
                case (File() | Link()) as one, (File() | Link()) as other if not same(one, other):
                    self._disagree.append(
                        f"{inside}: from {one.record.origin} and {other.record.origin}"
                    )
                    return True
        self._tree.add(path, node)
        return True

    def check(self) -> None:
        """Raises RelocatableError for all that is wrong."""
        problems(
            self._disagree,
            "packages bring different files for one path; py_runtime_bundle(exclude = ...) takes "
            "the path, or NAME:PATH for the one of package NAME alone:",
        )
        self.left_out.check()


def _text(name: str) -> bytes:
    return resources.files("relocatable.python").joinpath(name).read_bytes()


def install(tree: Tree, python: Python, parts: Parts, label: str) -> None:
    """Installs packages and commands of `parts` into a prefix; errors as for `bundle`."""
    home = stdlib.directory(python.version)
    packages = f"{home}/site-packages"
    wheel.check_fits(parts.wheels, python)
    adding = _Adding(tree, packages, parts)
    for layer in parts.site_packages:
        for path, node in layer:
            adding.add(f"{packages}/{path}", node, ())
    distributions = []
    for each in parts.wheels:
        files = [
            path
            for path, file in wheel.install(each, home, python)
            if adding.add(path, file, [each.name])
        ]
        adding.left_out.matches(f"{each.dist_info}/{record.NAME}", [each.name])
        distributions.append(Distribution(f"{packages}/{each.dist_info}", files))
    for root in parts.sources:
        names = root.names()
        for path, file in root.files.items():
            adding.add(f"{packages}/{path}", file, names)
        distributions += [
            Distribution(f"{packages}/{directory}", [f"{packages}/{path}" for path in owned])
            for directory, owned in root.distributions()
        ]
    adding.check()
    pip_scripts.free(tree, packages)
    if parts.compiler is not None:
        compiled = caches.add(tree, packages, python.version, parts.compiler)
        for found in distributions:
            found.files += [compiled[path] for path in found.files if path in compiled]
    metadata.complete(tree, distributions, python.version, label)
    for name, called in parts.commands.items():
        _add_command(tree, name, called, python, label)


def _add_command(tree: Tree, name: str, called: str, python: Python, label: str) -> None:
    data = scripts.text(name, called, "commands", python.version)
    interpreter = f"{scripts.DIRECTORY}/python{python.version}"
    if interpreter not in tree.nodes:
        raise RelocatableError(f"commands: {name} needs {interpreter}, which no runtime tree has")
    module = called.partition(":")[0].strip()
    place = f"{stdlib.directory(python.version)}/site-packages/{module.replace('.', '/')}"
    # A module is a text, an extension module with tags after its name, or a package.
    if not any(path.startswith((f"{place}.", f"{place}/__init__.")) for path in tree.nodes):
        raise RelocatableError(
            f"commands: {name} calls {module}, which is not in site-packages; add what has it to "
            "deps or wheels"
        )
    record = Record(Origin(label, f"command {name}"))
    tree.add(f"{scripts.DIRECTORY}/{name}", File(data, record, executable=True))


def _check_sysconfig(tree: Tree, version: str) -> None:
    home = stdlib.directory(version)
    names = {path.removeprefix(f"{home}/") for path in tree.nodes if path.startswith(home)}
    if not names & _SYSCONFIG or any(name.startswith(detach.SYSCONFIG_DATA) for name in names):
        return
    raise RelocatableError(f"{home} has no {detach.SYSCONFIG_DATA}*.py: its sysconfig wants it")


def _add_packages_link(tree: Tree, version: str, label: str) -> None:
    """Lets `site` find packages where Python's manual says they are."""
    home = stdlib.directory(version)
    # Bytecode has the name in it as well, and a stored zip has the bytecode as it is.
    for path in (f"{home}/site.py", f"{home}/site.pyc", archive(version)):
        node = tree.nodes.get(path)
        if isinstance(node, File) and detach.PACKAGES.encode() in content.read(node.content):
            link = Link("site-packages", Record(Origin(label, detach.PACKAGES)))
            tree.add(f"{home}/{detach.PACKAGES}", link)
            return
