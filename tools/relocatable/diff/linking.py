"""What the programs and libraries of a tree offer and ask for."""

from dataclasses import dataclass, field

from relocatable import content
from relocatable.closure.baseline import baselines
from relocatable.closure.dyld import Dyld, most_common_cpu
from relocatable.closure.files import Files
from relocatable.closure.options import Options
from relocatable.elf.reader import Elf
from relocatable.elf.symbols import symbols
from relocatable.elf.versions import definitions
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects, MachObjects
from relocatable.tree import Tree

_PRIVATE = "_PRIVATE"
"""Ends the names of symbol versions that a library keeps for its own parts."""


@dataclass(slots=True)
class Linking:
    """The dynamic ELF files of a tree, or what dyld loads of it; an install name is a soname.

    Attributes:
        tree: what they are in.
        sonames: the path of each shared object, by its soname; of several, the first.
        needed: the sonames that each file asks for, by its path.
        requires: symbol versions that any of them requires, by the library that is to have them.
        defines: symbol versions that each library defines, by its soname.
        baselines: the newest version that any of them requires, of each family such as `GLIBC`.
        notes: which of them can't be read, and why.
    """

    tree: Tree
    objects: ElfObjects
    sonames: dict[str, str] = field(default_factory=dict)
    needed: dict[str, frozenset[str]] = field(default_factory=dict)
    requires: dict[str, frozenset[str]] = field(default_factory=dict)
    defines: dict[str, frozenset[str]] = field(default_factory=dict)
    baselines: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def exports(self, soname: str) -> frozenset[str]:
        """The symbols that a shared object defines for others, as `NAME` or `NAME@VERSION`.

        Raises:
            RelocatableError: if its tables are damaged.
        """
        path = self.sonames[soname]
        elf = self.objects.at(path)
        return frozenset() if elf is None else _exports(elf, self.data(path))

    def data(self, path: str) -> memoryview:
        """The bytes of the file at a path."""
        return content.view(self.tree.file(path).content)


def read(tree: Tree) -> Linking:
    """Reads the programs and libraries of a tree; one that is damaged is noted and left out.

    Which symbols they have is read of ELF files only.
    """
    objects = ElfObjects(tree)
    files = Files(tree, objects, whole_system=False)
    found = Linking(tree, objects)
    for path, _ in tree.files():
        try:
            elf = objects.at(path)
            if elf is None or not elf.dynamic:
                continue
            requires = files.requirements(path)
            defines = definitions(elf, found.data(path))
        except RelocatableError as error:
            found.notes.append(str(error))
            continue
        found.needed[path] = frozenset(elf.needed)
        for requirement in requires:
            _add(found.requires, requirement.library, requirement.version)
        if elf.soname:
            found.sonames.setdefault(elf.soname, path)
            for definition in defines:
                if not definition.base:
                    _add(found.defines, elf.soname, definition.version)
    found.baselines = {b.family: b.version for b in baselines(files, list(found.needed))}
    if not found.needed:
        _read_machos(found)
    return found


def _read_machos(found: Linking) -> None:
    cpu = most_common_cpu(found.tree)
    if cpu is None:
        return
    objects = MachObjects(found.tree, cpu)
    for path, _ in found.tree.files():
        try:
            macho = objects.at(path)
        except RelocatableError as error:
            found.notes.append(str(error))
            continue
        if macho is not None:
            found.needed[path] = frozenset(dylib.name for dylib in macho.dylibs)
            if macho.install_name:
                found.sonames.setdefault(macho.install_name, path)
    newest = Dyld(found.tree, objects, Options()).baselines(list(found.needed))
    found.baselines = {each.family: each.version for each in newest}


def _add(sets: dict[str, frozenset[str]], key: str, item: str) -> None:
    sets[key] = sets.get(key, frozenset()) | {item}


def _exports(elf: Elf, data: memoryview) -> frozenset[str]:
    versions = {d.number: d.version for d in definitions(elf, data) if not d.base}
    names = set()
    for symbol in symbols(elf, data):
        version = versions.get(symbol.version, "")
        # Linkers make a symbol for each version, which has its name.
        if symbol.defined and symbol.name != version and not version.endswith(_PRIVATE):
            names.add(f"{symbol.name}@{version}" if version else symbol.name)
    return frozenset(names)
