"""ELF files: stripped, and given the RUNPATH that leads to what each needs."""

from relocatable import content, elf, policies
from relocatable.content import Extent, Patched, Spliced
from relocatable.elf import Edits
from relocatable.objects import ElfObjects
from relocatable.provenance import Edit
from relocatable.relink.elf_closure import ElfClosure
from relocatable.request import Libc, Request, Strip
from relocatable.tree import File, Tree


class ElfRelinker:
    """Completes a tree of ELF files, and edits them."""

    def __init__(self, tree: Tree, pool: Tree, request: Request) -> None:
        """Prepares completing `tree` from `pool`."""
        self._tree, self._request = tree, request
        libraries = request.layout.libraries
        self._closure = ElfClosure(tree, pool, request.target, libraries, request.host)
        self.missing = self._closure.missing
        self.loader: str | None = None

    def take_programs(self) -> dict[str, str]:
        """Moves programs to where launchers find them; returns where each was and is."""
        self._closure.look()
        moved: dict[str, str] = {}
        for path, program in list(ElfObjects(self._tree).all()):
            if program.wants_loader:
                node = self._tree.nodes.pop(path)
                moved[path] = self._request.layout.program(path)
                self._tree.add(moved[path], node)
        self._closure.moved = {path: was for was, path in moved.items()}
        return moved

    def close(self) -> None:
        """Takes libraries from the pool, and the loader, if what it loads is to run on its own."""
        self._closure.close()
        if self._request.libc is Libc.BUNDLED:
            self._closure.take_loader(self._request.label)
            self.loader = self._closure.loader

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        return self._closure.loaded(path)

    def edited(self, path: str, file: File) -> File:
        """The file at `path` as it is to be in the dist."""
        file = _stripped(path, file, self._request.strip)
        runpath = self._closure.runpath(path)
        if runpath is not None:
            edits = Edits(search_path=runpath or None, search_path_tag="runpath")
            return _edited(path, file, edits)
        found = self._closure.elf(path)
        edit = policies.edits(found, self._request.policies) if found else None
        return _edited(path, file, edit) if edit else file


def _stripped(path: str, file: File, strip: Strip) -> File:
    if strip is Strip.NONE:
        return file
    data = content.view(file.content)
    if not elf.is_elf(data[:4]):
        return file
    try:
        plan = elf.plan_strip(elf.read(data, path), data, debug_only=strip is Strip.DEBUG)
    except elf.NotStrippableError:
        return file  # What can't be stripped is no worse than before: an object file, …
    if not plan:
        return file
    base = file.content if isinstance(file.content, bytes | Extent) else content.read(file.content)
    edits = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Spliced.of(base, plan.parts), *edits)


def _edited(path: str, file: File, edits: Edits) -> File:
    data = content.view(file.content)
    plan = elf.plan(elf.read(data, path), data, edits)
    if not plan:
        return file
    base = content.read(file.content) if isinstance(file.content, Patched) else file.content
    log = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Patched(base, plan.patches, plan.append), *log)
