"""Compares an edited ELF file with what its edit should have made of it."""

import struct
from collections.abc import Iterator, Sequence

from relocatable import elf
from relocatable.elf_edit import options
from relocatable.elf_edit.change import plan_change
from support.elf_cases import Case, anonymous, unversioned
from support.elf_facts import Facts

_CHANGING = frozenset({".dynamic", ".dynstr", ".interp"})
"""Sections that edits are about; the others keep their bytes, wherever they are then."""

_STT_SECTION = 3

_ALSO_CHANGING = {
    "symbol version": ".gnu.version",
    "needed renamed": ".gnu.version_r",
    "build ID": ".note.gnu.build-id",
}


def edited(arguments: Sequence[str], name: str, data: bytes | memoryview) -> bytes:
    """What elf_edit makes of a file.

    Raises:
        RelocatableError: if it can't be edited so.
    """
    parsed = options.parse([*arguments, name])
    view = memoryview(data)
    change = plan_change(parsed, elf.read(view, name), view, lambda _: None, named=True)
    return change.edit.apply(view)


def differences(case: Case, expected: Facts, after: Facts) -> Iterator[str]:
    """Where readelf doesn't agree with the intent, or something else isn't as it was."""
    same = {"symbol version": unversioned, "build ID": anonymous}.get(case.name)
    tables = same(after.tables) if same else after.tables
    for what, want, got in (
        ("header", expected.header, after.header),
        ("interpreter", expected.interpreter, after.interpreter),
        ("dynamic entries", sorted(expected.dynamic), sorted(after.dynamic)),
        ("needed", expected.values("NEEDED"), after.values("NEEDED")),
        ("segments", sorted(expected.segments), sorted(after.segments)),
        ("tables", expected.tables, tables),
        ("warnings", [], [text for text in after.warnings if text not in expected.warnings]),
    ):
        if want != got:
            yield f"{what}: {different(want, got)}"


def unlike(theirs: Facts, ours: Facts) -> Iterator[str]:
    """Where what another tool has made means something else."""
    for what, want, got in (
        ("interpreter", theirs.interpreter, ours.interpreter),
        ("dynamic entries", sorted(theirs.dynamic), sorted(ours.dynamic)),
        ("needed", theirs.values("NEEDED"), ours.values("NEEDED")),
    ):
        if want != got:
            yield f"unlike patchelf: {what}: {different(want, got)}"


def changed_sections(
    case: Case, before: Facts, after: Facts, old: bytes | memoryview, new: bytes
) -> Iterator[str]:
    """Sections with other bytes than before, although the edit isn't about them."""
    about = _CHANGING | {_ALSO_CHANGING.get(case.name, "")}
    names = [section.name for section in after.sections]
    if names != [section.name for section in before.sections]:
        yield f"sections are {names}"
        return
    for was, is_now in zip(before.sections, after.sections, strict=True):
        if was.kind in {"NOBITS", "NULL"} or was.name in about:
            continue
        left = bytes(old[was.offset : was.offset + was.size])
        right = new[is_now.offset : is_now.offset + is_now.size]
        if was.name == ".symtab":
            table = next(section for section in before.sections if section.name == ".strtab")
            strings = bytes(old[table.offset : table.offset + table.size])
            for name in _changed_symbols(left, right, strings):
                yield f"symbol {name} has changed"
        elif left != right:
            yield f"section {was.name} has other bytes"


def _changed_symbols(left: bytes, right: bytes, strings: bytes) -> Iterator[str]:
    """Symbols that differ although they don't stand for a section, which may have moved.

    Source: gABI chapter 4, "Symbol Table" (ELF64).
    """
    symbol = struct.Struct("<IBBHQQ")
    for old, new in zip(symbol.iter_unpack(left), symbol.iter_unpack(right), strict=True):
        name = strings[old[0] : strings.index(0, old[0])].decode()
        if old != new and old[1] & 0xF != _STT_SECTION and name != "_DYNAMIC":
            yield name


def unstable(case: Case, arguments: Sequence[str], data: bytes) -> Iterator[str]:
    """Whether the same edit again changes the file, or others make it grow again and again."""
    if "--add-rpath" not in arguments and (again := edited(arguments, "again", data)) != data:
        yield f"made again, it changes {_first_difference(data, again)}"
    sizes = []
    for path in ("$ORIGIN/one", "$ORIGIN/another/that/is/longer") * 3:
        data = edited(("--set-rpath", path), "again", data)
        sizes.append(len(data))
    if sizes[-1] != sizes[1]:
        yield f"keeps growing: {sizes}"


def different(want: object, got: object) -> str:
    """Says shortly what is missing and what is too much."""
    if isinstance(want, list) and isinstance(got, list):
        missing = [item for item in want if item not in got][:3]
        more = [item for item in got if item not in want][:3]
        return f"missing {missing}, too much {more}" if missing or more else "other order or number"
    if isinstance(want, dict) and isinstance(got, dict):
        keys = [key for key in {**want, **got} if want.get(key) != got.get(key)]
        return "; ".join(f"{key}: {different(want.get(key), got.get(key))}" for key in keys[:3])
    return f"wanted {want!r}, got {got!r}"


def _first_difference(left: bytes, right: bytes) -> str:
    if len(left) != len(right):
        return f"{len(left)} bytes to {len(right)}"
    pairs = enumerate(zip(left, right, strict=True))
    return f"offset {next(index for index, (old, new) in pairs if old != new):#x}"
