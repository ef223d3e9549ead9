"""Which symbol versions a tree requires at most: how old a system may be, and whose fault it is."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from relocatable.closure.answers import Baseline
from relocatable.closure.files import Files
from relocatable.elf.versions import Requirement
from relocatable.errors import RelocatableError
from relocatable.objects import ElfObjects
from relocatable.tree import Tree

# What decides how old a system may be: the libraries that everything uses and none likes to ship.
_VERSION: Final = re.compile(r"(GLIBC|GLIBCXX|CXXABI|GCC)_(\d{1,9}(?:\.\d{1,9})*)", re.ASCII)


class Newer(NamedTuple):
    """What a file requires: a version of a family, for these symbols."""

    path: str
    version: str
    symbols: tuple[str, ...]


# Versions of glibc's that stand for what its loader can do, and since when it can.
_MARKS: Final = {"GLIBC_ABI_DT_RELR": "GLIBC_2.36"}


def baselines(files: Files, paths: Sequence[str]) -> tuple[Baseline, ...]:
    """Returns the newest version that any of `paths` requires, of each family.

    Of the parts of the library that supplies a family, each has the others' version: they don't
    count for that family. Nor do requirements that a loader does without.
    """
    required: dict[str, tuple[Requirement, ...]] = {}
    for path in paths:
        try:
            required[path] = files.requirements(path)
        except RelocatableError:
            continue  # Loading it says what is wrong with it.
    suppliers: dict[str, set[str]] = defaultdict(set)
    for requirement in {r for requirements in required.values() for r in requirements}:
        suppliers[_parse(requirement.version)[0]].add(requirement.library)
    newest: dict[str, tuple[tuple[int, ...], str]] = {}
    users: dict[str, dict[str, set[int]]] = defaultdict(dict)
    for path, requirements in required.items():
        elf = files.elf(path)
        soname = elf.soname if elf is not None else None
        private = {r.version.removesuffix("_PRIVATE") for r in requirements}
        for library, version, _, weak, number in requirements:
            family, order = _parse(version)
            if not order or weak or family in private or soname in suppliers[family]:
                continue
            best = newest.get(family, ((), ""))[0]
            if order > best:
                newest[family] = order, library
                users[family] = {}
            if order >= best:
                users[family].setdefault(path, set()).add(number)
    return tuple(
        Baseline(
            family,
            ".".join(map(str, order)),
            library,
            {path: _symbols(files, path, numbers) for path, numbers in users[family].items()},
        )
        for family, (order, library) in sorted(newest.items())
    )


def newer(tree: Tree, objects: ElfObjects, family: str, limit: str) -> Iterator[Newer]:
    """Finds all that a tree requires of a family's library and that is newer than `limit`.

    Args:
        tree: what is there.
        objects: its ELF files.
        family: such as `GLIBC`.
        limit: such as `2.28`.
    """
    files = Files(tree, objects, whole_system=False)
    most = tuple(map(int, limit.split(".")))
    for path, elf in objects.all():
        if not elf.dynamic:
            continue
        try:
            requirements = files.requirements(path)
        except RelocatableError:
            continue  # Loading it says what is wrong with it.
        found: dict[tuple[int, ...], set[int]] = {}
        for requirement in requirements:
            known, order = _parse(requirement.version)
            if known == family and order > most and not requirement.weak:
                found.setdefault(order, set()).add(requirement.number)
        for order, numbers in sorted(found.items()):
            yield Newer(path, ".".join(map(str, order)), _symbols(files, path, numbers))


def _parse(version: str) -> tuple[str, tuple[int, ...]]:
    """Family and number of a version; of one without a number, an empty family."""
    match = _VERSION.fullmatch(_MARKS.get(version, version))
    if match is None:
        return "", ()
    return match[1], tuple(map(int, match[2].split(".")))


def _symbols(files: Files, path: str, numbers: set[int]) -> tuple[str, ...]:
    """The symbols that a file wants in one of the versions that `numbers` mean."""
    try:
        found = {symbol.name for symbol in files.symbols(path, numbers)}
    except RelocatableError:
        return ()
    return tuple(sorted(found))
