"""Mach-O files: left with one machine's part, stripped, given names that lead to libraries, signed.

A library is called `@rpath/NAME`, and whoever needs it has a run path from its own place: so both a
program and a plug-in that somebody else's program opens find it. A name that leads there already
stays, and a file without any edit keeps its signature.
"""

import posixpath
from dataclasses import replace

from relocatable import content, macho
from relocatable.closure.dyld.process import EXECUTABLE, LOADER, RPATH, within
from relocatable.closure.dyld.roots import is_launcher
from relocatable.content import Content, Extent, Spliced
from relocatable.errors import RelocatableError, problems
from relocatable.macho import UNCHANGED, Edits, MachO, NotEditableError, edits
from relocatable.macho import constants as c
from relocatable.objects import MachObjects, thin_objects
from relocatable.policies import Policy
from relocatable.provenance import Edit
from relocatable.relink.macho_closure import MachoClosure
from relocatable.request import Libc, Request, Strip
from relocatable.tree import File, Tree

_STRIPS: dict[Strip, edits.Strip | None] = {
    Strip.NONE: None,
    Strip.DEBUG: "debug",
    Strip.ALL: "local",
}


class MachoRelinker:
    """Completes a tree of Mach-O files, and edits them."""

    def __init__(self, tree: Tree, pool: Tree, request: Request) -> None:
        """Prepares completing `tree` from `pool`.

        Raises:
            RelocatableError: if what belongs to a C library is to be the dist's own.
        """
        whose = {
            "libc": request.libc is Libc.BUNDLED,
            "gconv": request.policies.gconv is Policy.BUNDLED,
            "locales": request.policies.locales is Policy.BUNDLED,
        }
        problems(
            [
                f'{name}: wanted "host", as programs of {request.target.name} run on the system\'s'
                ' C library only; found "bundled"'
                for name, own in whose.items()
                if own
            ],
            "what is not for macOS:",
        )
        self._tree, self._request, self._target = tree, request, request.target
        libraries = request.layout.libraries
        self._closure = MachoClosure(
            tree, pool, request.target, libraries, universal=request.universal
        )
        self.missing = self._closure.missing
        self.loader: str | None = None
        self._names: dict[str, str] = {}
        """The install name that each library is to have, by its path."""
        self._paths: dict[str, str] = {}
        """The other way round."""

    def take_programs(self) -> dict[str, str]:
        """Moves programs to where launchers find them; returns where each was and is.

        A program in an application bundle (`X.app/Contents`) stays: macOS knows it by its place.
        """
        self._closure.look()
        moved: dict[str, str] = {}
        for path, program in list(MachObjects(self._tree, self._target.machine).all()):
            file = self._tree.file(path)
            if program.is_program and ".app/Contents/" not in path and not is_launcher(file):
                node = self._tree.nodes.pop(path)
                moved[path] = self._request.layout.program(path)
                self._tree.add(moved[path], node)
        self._closure.moved = {path: was for was, path in moved.items()}
        return moved

    def close(self) -> None:
        """Takes libraries from the pool, and decides what each is called."""
        self._closure.close()
        for path, name in self._closure.libraries_named():
            wanted = name if name.startswith(RPATH) else RPATH + posixpath.basename(path)
            if wanted in self._paths:
                wanted = RPATH + path  # Which no other is.
            self._names[path] = wanted
            self._paths[wanted] = path

    def loaded(self, path: str) -> set[str]:
        """The file names of all libraries that starting the program at `path` loads."""
        return self._closure.loaded(path)

    def edited(self, path: str, file: File) -> File:
        """The file at `path` as it is to be in the dist.

        Raises:
            RelocatableError: if it can't be edited as it has to be.
        """
        if path not in self._closure.needs or is_launcher(file):
            return file
        if not self._request.universal:
            file = self._thin(path, file)
        parts = self._closure.parts(path)
        names = _Names(self._tree, path, self._paths, self._closure.moved.get(path))
        rpaths, replaced = names.edits(parts, self._closure.needs[path])
        wanted = Edits(
            install_name=self._names.get(path, UNCHANGED),
            replace_dylibs=replaced,
            rpaths=UNCHANGED if all(part.rpaths == rpaths for part in parts) else rpaths,
            strip=_STRIPS[self._request.strip],
            sign="always" if any(map(_unsigned, parts)) else "changed",
        )
        return _edited(path, file, wanted)

    def _thin(self, path: str, file: File) -> File:
        """What a file for several machines has for the target's."""
        data = content.view(file.content)
        if not macho.is_universal(data[:8]):
            return file
        (wanted,) = self._closure.parts(path)
        one = next(
            each
            for each in macho.slices(data, path)
            if (each.cpu, each.subtype) == (wanted.cpu, wanted.subtype)
        )
        kinds = ", ".join(part.architecture for part, _ in thin_objects(data, path))
        part = Spliced.of(_base(file.content), [(one.offset, one.offset + one.size)])
        return file.edited(part, Edit("architectures", kinds, one.architecture))


class _Names:
    """What one file is to call its libraries, and where it looks for them."""

    def __init__(self, tree: Tree, path: str, paths: dict[str, str], was: str | None) -> None:
        """Prepares editing the file at `path`.

        Args:
            tree: what it is in.
            path: where it is now.
            paths: what each install name stands for.
            was: where it was, if it has moved.
        """
        self._tree, self._paths = tree, paths
        self._here = posixpath.dirname(path)
        self._before = self._here if was is None else posixpath.dirname(was)
        self._rpaths: dict[str, str | None] = {}
        """Run paths, and the directory that each leads to; None for one outside, the system's."""

    def edits(
        self, parts: list[MachO], needs: dict[str, str | None]
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """Run paths, and new names of libraries by old ones."""
        program = any(part.is_program for part in parts)
        self._first = EXECUTABLE if program else LOADER
        for text in dict.fromkeys(text for part in parts for text in part.rpaths):
            self._keep(text, program=program)
        replaced = {}
        for name, there in needs.items():
            new = self._name(name, there, program=program)
            if new != name:
                replaced[name] = new
        return tuple(self._rpaths), replaced

    def _keep(self, text: str, *, program: bool) -> None:
        """Keeps a run path that leads somewhere, in the words that are right from here."""
        first, _, rest = text.partition("/")
        if first == EXECUTABLE and not program:
            return  # Whose program it is, nobody knows; what it led to has been found.
        if first in (LOADER, EXECUTABLE):
            directory = within(self._before, rest)
            if directory is not None and (not directory or directory in self._tree.nodes):
                same = within(self._here, rest) == directory
                self._rpaths.setdefault(text if same else self._from_here(directory), directory)
        elif posixpath.normpath(text).startswith(("/usr/lib", "/System/Library")):
            self._rpaths.setdefault(text, None)

    def _from_here(self, directory: str) -> str:
        step = posixpath.relpath("/" + directory, "/" + self._here)
        return self._first if step == "." else f"{self._first}/{step}"

    def _name(self, name: str, there: str | None, *, program: bool) -> str:
        """The name that means the file at `there`; the old one, if that does."""
        base = posixpath.basename(name)
        if there is None:
            return name if name.startswith(RPATH) else RPATH + base
        first, _, rest = name.partition("/")
        if first == LOADER or (first == EXECUTABLE and program):
            if self._is(within(self._here, rest), there):
                return name
        elif first + "/" == RPATH and self._leads(name, there):
            return name
        directory = posixpath.dirname(there)
        if not self._is(posixpath.join(directory, base), there):
            base = posixpath.basename(there)
        new = RPATH + base
        if self._leads(new, there, directory):
            return new
        return f"{self._from_here(directory)}/{base}"

    def _leads(self, name: str, there: str, directory: str | None = None) -> bool:
        """Whether dyld finds the file at `there` by a name with `@rpath`, with a run path more.

        If something is loaded that has this install name, that is what it takes.
        """
        if self._paths.get(name, there) != there:
            return False
        rest = name[len(RPATH) :]
        if directory is None:
            directory = there.removesuffix(f"/{rest}") if there.endswith(f"/{rest}") else None
        for known in self._rpaths.values():
            found = None if known is None else posixpath.join(known, rest)
            if found in self._tree.nodes or known == directory:
                return self._is(found, there)
        if directory is None:
            return False
        self._rpaths[self._from_here(directory)] = directory
        return True

    def _is(self, path: str | None, there: str) -> bool:
        try:
            return path is not None and self._tree.follow(path) == there
        except RelocatableError:
            return False


def _unsigned(part: MachO) -> bool:
    return part.cpu == c.CPU_ARM64 and part.signature is None


def _edited(path: str, file: File, wanted: Edits) -> File:
    data = content.view(file.content)
    try:
        plan = macho.plan(data, path, wanted)
    except NotEditableError:
        if wanted.strip is None:
            raise
        # What can't be stripped is no worse than before.
        plan = macho.plan(data, path, replace(wanted, strip=None))
    if not plan:
        return file
    log = (Edit(edit.kind, edit.before, edit.after) for edit in plan.log)
    return file.edited(Spliced.of(_base(file.content), plan.parts), *log)


def _base(whole: Content) -> Extent | bytes:
    return whole if isinstance(whole, bytes | Extent) else content.read(whole)
