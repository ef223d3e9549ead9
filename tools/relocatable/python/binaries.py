"""Programs, libraries and extension modules of a Python, whatever their object format."""

import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from relocatable import content, elf, macho
from relocatable.target import Target
from relocatable.tree import File, Tree

# Where macOS has its own libraries, for who has no target's facts.
_SYSTEM = ("/System/Library/", "/usr/lib/")
_RUN_PATH = "@rpath/"


@dataclass(frozen=True, slots=True)
class Binary:
    """What a file of machine code says.

    Attributes:
        machines: `e_machine` or `cputype`: one, or those of a universal file.
        machine_names: the same for messages.
        name: what it calls itself, its soname or install name; None if it is not for linking.
        needed: the libraries that it makes a loader load, as they stand in it.
        beside: directories in the tree in which a loader looks for these.
    """

    machines: frozenset[int]
    machine_names: str
    name: str | None
    needed: tuple[str, ...]
    beside: tuple[str, ...] = ()

    def is_for(self, target: Target) -> bool:
        """Whether machines of `target` run it."""
        return target.machine in self.machines

    @property
    def links_libpython(self) -> bool:
        """Whether the interpreter itself is in a library that it loads."""
        return any(posixpath.basename(name).startswith("libpython") for name in self.needed)


def read_all(tree: Tree, target: Target | None) -> dict[str, Binary]:
    """Reads all of them in a tree, by path, as a machine of `target` would.

    Raises:
        RelocatableError: if one is damaged.
    """
    found = {}
    for path, file in tree.files():
        binary = _read(path, file, target)
        if binary is not None:
            found[path] = binary
    return found


def wanted_name(soname: str, target: Target | None) -> str:
    """What a shared library that others find by their run paths calls itself."""
    return soname if target is None or target.is_elf else _RUN_PATH + soname


def outside(tree: Tree, binaries: Mapping[str, Binary], target: Target | None) -> Collection[str]:
    """The libraries that are needed, not in the tree, and not the system's own."""
    names = {posixpath.basename(path) for path in binaries}
    found = set()
    for binary in binaries.values():
        for name in binary.needed:
            base = posixpath.basename(name)
            inside = base in names or any(
                posixpath.normpath(posixpath.join(place, base)) in tree.nodes
                for place in binary.beside
            )
            if not inside and not name.startswith(target.system_prefixes if target else _SYSTEM):
                found.add(name)
    return found


def _read(path: str, file: File, target: Target | None) -> Binary | None:
    data = content.view(file.content)
    head = data[:8]
    if elf.is_elf(head[:4]):
        return _elf(path, elf.read(data, path))
    # A static library may be universal too, and nothing loads it.
    if (macho.is_macho(head) or macho.is_universal(head)) and not path.endswith(".a"):
        files = macho.read_all(data, path)
        own = [each for each in files if target is None or each.cpu == target.machine]
        return Binary(
            machines=frozenset(each.cpu for each in files),
            machine_names=" and ".join(each.architecture for each in files),
            name=next((each.install_name for each in files), None),
            needed=tuple(_loaded(own or files)),
        )
    return None


def _elf(path: str, file: elf.Elf) -> Binary:
    steps = [step.partition("/") for step in (file.runpath or file.rpath or "").split(":")]
    return Binary(
        machines=frozenset([file.machine]),
        machine_names=file.machine_name,
        name=file.soname,
        needed=tuple(file.needed),
        beside=tuple(
            posixpath.join(posixpath.dirname(path), rest)
            for first, _, rest in steps
            if first == "$ORIGIN"
        ),
    )


def _loaded(files: Collection[macho.MachO]) -> Iterator[str]:
    seen = set()
    for each in files:
        for dylib in each.dylibs:
            # Of what is loaded if it is there, nothing has to be.
            if dylib.kind != "weak" and dylib.name not in seen:
                seen.add(dylib.name)
                yield dylib.name
