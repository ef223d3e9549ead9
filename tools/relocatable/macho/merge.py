"""Takes universal files apart and puts them together, as lipo does.

Slices are sorted by their alignment, arm64 last; each is at the next multiple of its own, and the
file ends with the last one.

Source: lipo(1); llvm-lipo for the order (facts, no code).
"""

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from relocatable.errors import RelocatableError
from relocatable.macho import constants as c
from relocatable.macho.edits import Edit
from relocatable.macho.plan import Plan
from relocatable.macho.reader import MachO, read
from relocatable.macho.universal import Slice, is_universal, lay_out, slices

SourcePart: TypeAlias = tuple[int, int, int] | bytes
"""`(input, offset, size)`: a range of one of several files; or new bytes."""

_ALIGNMENTS: Final = {
    **dict.fromkeys((c.CPU_X86, c.CPU_X86_64, c.CPU_PPC, c.CPU_PPC64), 12),
    **dict.fromkeys((c.CPU_ARM, c.CPU_ARM64, c.CPU_ARM64_32), 14),
}


def plan_extract(data: memoryview, name: str, wanted: str) -> Plan:
    """Plans to make a thin file of one architecture; empty if the file is that already.

    Raises:
        RelocatableError: if it isn't in the file.
    """
    if not is_universal(data[:8]):
        file = read(data, name)
        if file.architecture != wanted:
            raise _missing(name, wanted, [file.architecture])
        return Plan()
    table = slices(data, name)
    for one in table:
        if one.architecture == wanted:
            log = Edit("architectures", " ".join(x.architecture for x in table), wanted)
            return Plan(((one.offset, one.offset + one.size),), (log,))
    raise _missing(name, wanted, [one.architecture for one in table])


def merge(inputs: Sequence[tuple[memoryview, str]]) -> list[SourcePart]:
    """What a universal file of all architectures of some files is made of.

    Args:
        inputs: files, thin or universal, and how errors call each.

    Raises:
        RelocatableError: if an architecture is there twice, or a file is no Mach-O file.
    """
    found: list[tuple[Slice, int]] = []
    for number, (data, name) in enumerate(inputs):
        if is_universal(data[:8]):
            found += [(one, number) for one in slices(data, name)]
        else:
            found.append((_slice_of(read(data, name)), number))
    names: dict[str, int] = {}
    for one, number in found:
        if one.architecture in names:
            other = inputs[names[one.architecture]][1]
            raise RelocatableError(
                f"{inputs[number][1]}: {one.architecture} is in {other} too;"
                " take it out of one of them with --extract"
            )
        names[one.architecture] = number
    found.sort(key=lambda item: (item[0].cpu == c.CPU_ARM64, *_rank(item[0])))
    table = [one for one, _ in found]
    made = lay_out("the merged file", table, [((0, one.size),) for one in table])
    return list(_sources(made, found))


def _sources(
    made: Iterator[tuple[int, int] | bytes], found: Sequence[tuple[Slice, int]]
) -> Iterator[SourcePart]:
    left = iter(found)
    for part in made:
        if isinstance(part, bytes):
            yield part
        else:
            one, number = next(left)
            yield number, one.offset, one.size


def _rank(one: Slice) -> tuple[int, int]:
    if one.cpu == c.CPU_ARM64:
        return 0, one.subtype & c.CPU_SUBTYPE_MASK
    return one.align, 0


def _slice_of(file: MachO) -> Slice:
    return Slice(file.cpu, file.subtype, 0, file.size, _ALIGNMENTS.get(file.cpu, 12))


def _missing(name: str, wanted: str, there: Sequence[str]) -> RelocatableError:
    return RelocatableError(f"{name}: should have {wanted}, found {', '.join(there)}")
