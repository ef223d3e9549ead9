"""The files of a tree as dyld meets them."""

from enum import Enum

from relocatable import content
from relocatable.closure.places import Places
from relocatable.errors import RelocatableError
from relocatable.macho import MachO
from relocatable.macho import constants as c
from relocatable.objects import MachObjects, thin_objects
from relocatable.tree import Directory, Tree

_MACOS = "macos"


class Load(Enum):
    """Who loads a file: dlopen takes plug-ins too."""

    LINKED = 1
    OPENED = 2


class Files(Places):
    """Looks up and reads the Mach-O files of one tree."""

    def __init__(self, tree: Tree, objects: MachObjects) -> None:
        """Prepares look-ups in `tree`, whose Mach-O files `objects` reads."""
        super().__init__(tree)
        self._objects = objects
        self._names: dict[str, bytes] = {}

    def macho(self, path: str) -> MachO | None:
        """The Mach-O file at the real path `path`, or None; raises RelocatableError if damaged."""
        return self._objects.at(path)

    def refusal(self, path: str, load: Load) -> str:
        """Why dyld doesn't take the file at a real path; empty if it does."""
        if isinstance(self.tree.nodes.get(path), Directory):
            return "it is a directory"
        try:
            found = self.macho(path)
        except RelocatableError as error:
            return str(error).removeprefix(f"{path}: ")
        if found is None:
            return "it is no Mach-O file that dyld loads"
        if found.cpu != self._objects.cpu:
            return f"it is for {found.architecture}"
        if found.subtype & c.CPU_SUBTYPE_MASK == c.SUBTYPE_ARM64E and found.cpu == c.CPU_ARM64:
            return "it is for arm64e, which only the system's own programs are"
        if found.builds and all(build.platform != _MACOS for build in found.builds):
            return f"it is for {found.builds[0].platform}"
        if found.is_program:
            return "it is a program"
        if found.type == c.MH_BUNDLE and load is Load.LINKED:
            return "it is a plug-in, which only dlopen takes"
        return ""

    def mentions(self, path: str, symbol: str) -> bool:
        """Whether the symbol names of the Mach-O file at `path` have `symbol` among them.

        It may define it or ask for it. Of a file without names, nobody can tell: then it may.
        """
        if path not in self._names:
            self._names[path] = self._symbol_names(path)
        names = self._names[path]
        return not names or b"\0_" + symbol.encode() + b"\0" in names

    def _symbol_names(self, path: str) -> bytes:
        file = self.macho(path)
        data = content.view(self.tree.file(path).content)
        view = next((v for f, v in thin_objects(data, path) if f == file), None)
        command = file.command(c.LC_SYMTAB) if file else None
        if file is None or view is None or command is None or command.size < 24:
            return b""
        start, size = file.shape.words(2).unpack_from(view, command.offset + 16)
        return b"\0" + bytes(view[start : start + size])
